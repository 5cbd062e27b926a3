import { Fault } from '../../../kernel/index.ts';

/**
 * What a prompt may ask of the rehearsal model: `[[rehearse: delay=200ms chunk=5 say="Good morning"]]`. The guide is `docs/guides/rehearsal.md`.
 */
export interface Directives {
  /** Before each event of a stream, and once before a complete reply. */
  readonly delayMs: number;
  /** Characters in one event. */
  readonly chunk: number;
  /** Characters in the reply. */
  readonly length?: number;
  /** The reply, word for word. */
  readonly say?: string;
  /** The tool to call. */
  readonly tool?: string;
  /** The status with which the call fails. */
  readonly error?: number;
  /** The number of events after which the stream breaks off. */
  readonly cut?: number;
}

const none: Directives = { delayMs: 0, chunk: 20 };
const longestBlock = 20_000;
const opening = '[[rehearse:';
/** One `name=value` or `name="value"`, or the end. */
const item = /\s*(?:(\]\])|([a-z]{1,20})=(?:"((?:[^"\\]|\\.)*)"|([^\s"\]]+)))/y;

const number = (value: string, from: number, to: number): number | undefined => {
  const n = /^\d{1,7}$/.test(value) ? Number(value) : Number.NaN;
  return n >= from && n <= to ? n : undefined;
};

const readers: Readonly<Record<string, (value: string) => Partial<Directives> | undefined>> = {
  delay: (value) => {
    const ms = number(value.replace(/ms$/, ''), 0, 60_000);
    return ms === undefined ? undefined : { delayMs: ms };
  },
  chunk: (value) => only('chunk', number(value, 1, 100_000)),
  length: (value) => only('length', number(value, 1, 100_000)),
  say: (value) => ({ say: value }),
  tool: (value) => ({ tool: value }),
  error: (value) => only('error', number(value, 400, 599)),
  cut: (value) => only('cut', number(value, 0, 1_000_000)),
};

const only = (name: 'chunk' | 'length' | 'error' | 'cut', value: number | undefined) =>
  value === undefined ? undefined : { [name]: value };

/**
 * The directives in a text, and the text without them.
 * @throws Fault `input-invalid` for one that is not known or has a value that it cannot have.
 */
export function directivesIn(text: string): { directives: Directives; rest: string } {
  const start = text.indexOf(opening);
  if (start === -1) return { directives: none, rest: text };
  let directives = none;
  const block = text.slice(start, start + longestBlock);
  item.lastIndex = opening.length;
  for (let match = item.exec(block); match; match = item.exec(block)) {
    const [, end, name = '', quoted, bare] = match;
    if (end) {
      const rest =
        `${text.slice(0, start).trimEnd()} ${text.slice(start + item.lastIndex).trimStart()}`.trim();
      return { directives, rest };
    }
    const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
    const read = reader?.(quoted?.replace(/\\(.)/gs, '$1') ?? bare ?? '');
    if (!read) throw wrong(`\`${name}\` is not known, or not with that value`);
    directives = { ...directives, ...read };
  }
  throw wrong('it does not end with ]], or has something that is not name=value');
}

const wrong = (what: string): Fault =>
  new Fault('input-invalid', {
    param: 'messages',
    detail: `The directive [[rehearse: …]] cannot be followed: ${what}. Known are delay=200ms, chunk=20, length=2000, say="…", tool=name, error=500, cut=10.`,
  });
