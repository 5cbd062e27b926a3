import { Fault } from '../../kernel/index.ts';

const quote = 34;
const backslash = 92;

/**
 * The bytes of a JSON object with another string as its `model`, and nothing else changed: to parse and write the whole anew would alter
 * numbers that JavaScript cannot hold.
 * @throws Fault `input-invalid` where there is no such member, or two: providers differ in which of them they read.
 */
export function withModel(bytes: Buffer, model: string): Buffer {
  const found = topLevelStrings(bytes, 'model');
  const [place] = found;
  if (!place || found.length > 1)
    throw new Fault('input-invalid', {
      param: 'model',
      detail: 'expected the member model once, as a string',
    });
  return Buffer.concat([
    bytes.subarray(0, place.start),
    Buffer.from(JSON.stringify(model)),
    bytes.subarray(place.end),
  ]);
}

/** Where the string values of an object's own members of this name begin and end, quotes included. The bytes are valid JSON. */
function topLevelStrings(bytes: Buffer, name: string): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  let depth = 0;
  /** The last string at depth 1 with nothing but white space after it. */
  let last: { start: number; end: number } | undefined;
  let afterName = false;
  for (let at = 0; at < bytes.length; at += 1) {
    switch (bytes[at]) {
      case quote: {
        const end = endOfString(bytes, at);
        if (depth === 1 && afterName) found.push({ start: at, end });
        else if (depth === 1) last = { start: at, end };
        afterName = false;
        at = end - 1;
        break;
      }
      case 58: // :
        afterName = depth === 1 && last !== undefined && textOf(bytes, last) === name;
        last = undefined;
        break;
      case 123: // {
      case 91: // [
        depth += 1;
        afterName = false;
        break;
      case 125: // }
      case 93: // ]
        depth -= 1;
        break;
      case 44: // ,
        afterName = false;
        break;
    }
  }
  return found;
}

const textOf = (bytes: Buffer, { start, end }: { start: number; end: number }): unknown =>
  JSON.parse(bytes.toString('utf8', start, end));

/** Behind the quote that ends the string which begins here. */
function endOfString(bytes: Buffer, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at + 1;
}
