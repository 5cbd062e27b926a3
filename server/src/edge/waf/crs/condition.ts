import type { Condition, Place, Transformer } from '../rule.ts';
import type { SecRule } from './seclang.ts';

/** Why a rule, or a part of it, cannot be taken. */
export class NotTaken extends Error {
  override readonly name = 'NotTaken';
}

/** Data files by name, as `@pmFromFile` asks for them. */
export type DataFiles = ReadonlyMap<string, string>;

/** One SecRule, without what is chained to it. @throws NotTaken */
export function conditionOf(rule: SecRule, data: DataFiles): Condition {
  if (rule.negated) throw new NotTaken(`matches where @${rule.operator} does not`);
  const on = placesOf(rule.variables);
  const transformers = transformersOf(rule);
  return { on, test: testOf(rule, data), ...(transformers.length > 0 && { transformers }) };
}

const placesByVariable: Readonly<Record<string, readonly Place[]>> = {
  ARGS: ['value'],
  ARGS_GET: ['value'],
  ARGS_POST: ['value'],
  ARGS_NAMES: ['name'],
  ARGS_GET_NAMES: ['name'],
  ARGS_POST_NAMES: ['name'],
  // Bodies are judged as their parsed parts.
  REQUEST_BODY: ['value', 'name'],
  XML: ['value'],
  JSON: ['value'],
  REQUEST_COOKIES: ['cookie'],
  REQUEST_COOKIES_NAMES: ['name'],
  REQUEST_FILENAME: ['path'],
  REQUEST_BASENAME: ['path'],
  REQUEST_URI: ['line'],
  REQUEST_URI_RAW: ['line'],
  // Without method and version, which other checks are about.
  REQUEST_LINE: ['line'],
  QUERY_STRING: ['line'],
  REQUEST_HEADERS_NAMES: ['header-name'],
  REQUEST_HEADERS: ['header', 'agent', 'referer'],
};
/** We take no forms: what is only of them is left out of a rule that has more. */
const ofForms = /^(?:FILES|FILES_NAMES|MULTIPART_\w+|FILES_COMBINED_SIZE)$/;

function placesOf(variables: readonly string[]): Place[] {
  const places = new Set<Place>();
  for (const variable of variables) {
    // What a rule leaves out, such as a tracker's cookie, is judged all the same: the stricter of the two.
    if (variable.startsWith('!')) continue;
    if (variable.startsWith('&')) throw new NotTaken(`counts ${variable.slice(1)}`);
    const [name = '', selector = ''] = variable.split(':', 2);
    if (ofForms.test(name)) continue;
    if (name === 'REQUEST_HEADERS' && selector) places.add(headerPlace(selector));
    else if (selector && name !== 'XML') throw new NotTaken(`reads ${variable}, one member alone`);
    else {
      const known = placesByVariable[name];
      if (!known) throw new NotTaken(`reads ${name}, which has no counterpart`);
      for (const place of known) places.add(place);
    }
  }
  if (places.size === 0) throw new NotTaken('is about forms, which no route takes');
  return [...places];
}

function headerPlace(selector: string): Place {
  const name = selector.toLowerCase();
  if (name === 'user-agent') return 'agent';
  if (name === 'referer') return 'referer';
  if (!/^[a-z0-9_.-]{1,60}$/.test(name)) throw new NotTaken(`reads headers by a pattern, ${selector}`);
  return `header:${name}`;
}

const ours: Readonly<Record<string, Transformer>> = {
  lowercase: 'lowercase',
  cmdLine: 'cmdLine',
  cssDecode: 'cssDecode',
  base64Decode: 'base64Decode',
  normalizePath: 'normalizePath',
  normalisePath: 'normalizePath',
  normalizePathWin: 'normalizePathWin',
  normalisePathWin: 'normalizePathWin',
};
/** The views have done these. */
const done = new Set([
  'none',
  'urlDecode',
  'urlDecodeUni',
  'htmlEntityDecode',
  'utf8toUnicode',
  'jsDecode',
  'escapeSeqDecode',
  'removeNulls',
  'compressWhitespace',
  'replaceComments',
  'removeComments',
  'removeCommentsChar',
  'trim',
  'trimLeft',
  'trimRight',
]);

function transformersOf({ actions }: SecRule): Transformer[] {
  const transformers: Transformer[] = [];
  for (const { name, value } of actions) {
    if (name !== 't' || done.has(value)) continue;
    const transformer = ours[value];
    if (!transformer) throw new NotTaken(`needs the transformation ${value}`);
    transformers.push(transformer);
  }
  return transformers;
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

function testOf({ operator, argument }: SecRule, data: DataFiles): Condition['test'] {
  // Macros are filled from the state of a transaction, which there is none of.
  if (/%\{[\w.:-]+\}/.test(argument) && operator !== 'rx')
    throw new NotTaken('compares with a value of the transaction');
  switch (operator) {
    case 'rx':
      return { regex: argument, caseSensitive: true };
    case 'pm':
      return { phrases: phrasesOf(argument.split(/\s+/)) };
    case 'pmf':
    case 'pmFromFile':
      return { phrases: argument.split(/\s+/).flatMap((name) => fromFile(name, data)) };
    case 'contains':
      return { regex: escaped(argument), caseSensitive: true };
    case 'streq':
      return { regex: `^${escaped(argument)}$`, caseSensitive: true };
    case 'beginsWith':
      return { regex: `^${escaped(argument)}`, caseSensitive: true };
    case 'endsWith':
      return { regex: `${escaped(argument)}$`, caseSensitive: true };
    case 'detectSQLi':
      return { libinjection: 'sqli' };
    case 'detectXSS':
      return { libinjection: 'xss' };
    default:
      throw new NotTaken(`uses @${operator}`);
  }
}

function fromFile(name: string, data: DataFiles): string[] {
  const text = data.get(name.split('/').at(-1) ?? name);
  if (text === undefined) throw new NotTaken(`needs the file ${name}, which is not there`);
  return phrasesOf(
    text
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => !line.startsWith('#')),
  );
}

const phrasesOf = (lines: readonly string[]): string[] => [...new Set(lines.filter(Boolean))];
