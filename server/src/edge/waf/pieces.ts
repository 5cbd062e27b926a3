import { stringBytes } from './libddwaf.ts';

/** What an attack may span and still lie whole in one piece. */
export const overlapBytes = 1_024;
/** UTF-16 units that are never more than `stringBytes` in UTF-8: three bytes each at most. */
const unitsOfAny = Math.floor(stringBytes / 3);

/** A string as pieces that libddwaf does not cut; the string itself where it is short enough. */
export function piecesOf(text: string): readonly string[] {
  if (text.length <= unitsOfAny || Buffer.byteLength(text) <= stringBytes) return [text];
  const ascii = Buffer.byteLength(text) === text.length;
  const size = ascii ? stringBytes : unitsOfAny;
  const step = size - Math.floor(ascii ? overlapBytes : overlapBytes / 3);
  const pieces: string[] = [];
  for (let from = 0; ; from += step) {
    pieces.push(text.slice(from, from + size));
    if (from + size >= text.length) return pieces;
  }
}
