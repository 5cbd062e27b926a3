import type { BodyInput, HeadInput } from './input.ts';
import type { Place } from './rule.ts';
import { isUsual } from './usual-headers.ts';

/** One string that is judged. `where` is for people: a place, and a name only where it cannot itself be an attack. */
export interface Judged {
  readonly place: Place;
  readonly where: string;
  readonly text: string;
}

/** Deepest body; `parseJsonText` refuses such bodies too. */
export const deepest = 128;

/** One word, which is no attack whatever it is; most values of an API are. */
const word = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
const saysNothing = (text: string): boolean => text === '' || word.test(text) || timestamp.test(text);
/** Of a query or a cookie less is left out: there are few of them, and a name with an underscore may be a table's. */
const bare = /^[A-Za-z0-9-]{0,64}$/;

/** A name as it may be shown. */
const shown = (name: string): string => (/^[\w.-]{1,64}$/.test(name) ? name : '…');

/**
 * What of path, query and headers is judged.
 * @param wanted the places that some rule looks at
 */
export function* headStrings(
  { path, query, rawHeaders }: HeadInput,
  wanted: ReadonlySet<Place>,
): Generator<Judged> {
  yield { place: 'path', where: 'path', text: path };
  yield { place: 'line', where: 'request line', text: query ? `${path}?${query}` : path };
  if (query) yield* pairs(query, '&', 'value', 'query');
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase();
    const text = rawHeaders[at + 1] ?? '';
    const alone: Place = `header:${name}`;
    if (wanted.has('header-name')) yield { place: 'header-name', where: 'a header name', text: name };
    if (wanted.has(alone)) yield { place: alone, where: `header ${shown(name)}`, text };
    if (name === 'cookie') yield* pairs(text, ';', 'cookie', 'cookie');
    else if (name === 'user-agent') yield { place: 'agent', where: 'header user-agent', text };
    else if (name === 'referer') yield { place: 'referer', where: 'header referer', text };
    else if (!isUsual(name, text)) yield { place: 'header', where: `header ${shown(name)}`, text };
  }
}

function* pairs(text: string, separator: string, place: 'value' | 'cookie', part: string): Generator<Judged> {
  for (const pair of text.split(separator)) {
    const equals = pair.indexOf('=');
    const name = readPart(equals < 0 ? pair : pair.slice(0, equals), place);
    const value = equals < 0 ? '' : readPart(pair.slice(equals + 1), place);
    if (name) yield { place: 'name', where: `a name in the ${part}`, text: name };
    if (!bare.test(value)) yield { place, where: `${part} ${shown(name)}`, text: value };
  }
}

/** A plus is a blank in a query, and itself in a cookie. Percent-encoding is for the views to read. */
const readPart = (text: string, place: 'value' | 'cookie'): string =>
  place === 'value' ? text.replaceAll('+', ' ') : text.trim();

/** Told each string, where it stands for people, and its place. @returns false when that is enough */
type Found = (place: 'name' | 'value', where: string, text: string) => boolean;

/**
 * Tells what of a parsed body is judged: each name and each string that is not content. Most bodies have nothing of it, and are walked for nothing but that.
 * @returns why it was not told whole: nested too deep, or `found` had enough
 */
export const bodyStrings = ({ value, content }: BodyInput, found: Found): 'depth' | 'size' | undefined =>
  walk(value, '', 0, content, found);

function walk(
  value: unknown,
  pointer: string,
  depth: number,
  content: BodyInput['content'],
  found: Found,
): 'depth' | 'size' | undefined {
  if (typeof value === 'string') {
    if (saysNothing(value) || content?.has(pointer)) return undefined;
    return found('value', `body ${shownPointer(pointer)}`, value) ? undefined : 'size';
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= deepest) return 'depth';
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const member: unknown = value[index];
      if (typeof member !== 'string' && typeof member !== 'object') continue;
      const stopped = walk(member, `${pointer}/${index}`, depth + 1, content, found);
      if (stopped) return stopped;
    }
    return undefined;
  }
  for (const name of Object.keys(value)) {
    if (!saysNothing(name) && !found('name', 'a name in the body', name)) return 'size';
    const member: unknown = Reflect.get(value, name);
    if (typeof member !== 'string' && typeof member !== 'object') continue;
    const step = /[~/]/.test(name) ? name.replaceAll('~', '~0').replaceAll('/', '~1') : name;
    const stopped = walk(member, `${pointer}/${step}`, depth + 1, content, found);
    if (stopped) return stopped;
  }
  return undefined;
}

const shownPointer = (pointer: string): string =>
  pointer
    .split('/')
    .map((part) => part && shown(part))
    .join('/')
    .slice(0, 200);
