import { commonBases } from './common-bases.ts';

/**
 * How many guesses a password is worth is judged by what it is made of: a word that guessing tries first, a run of the keyboard, a sequence, a year or a repetition counts as one piece, like
 * any other single character. `Summer2024!!` has three pieces, `Xq7$vLm2#pRt` twelve.
 */

/** Fewer are found within the guesses that somebody who has stolen the table can afford. */
const piecesNeeded = 8;
const shortestWord = 3;
const shortestRun = 3;

const rows = [
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'yxcvbnm',
  'azertyuiop',
  'qsdfghjklm',
  'wxcvbn',
  '`1234567890-=',
  '^1234567890',
  '!@#$%^&*()_+',
  '!"§$%&/()=',
];
const columns = [
  '1qaz',
  '2wsx',
  '3edc',
  '4rfv',
  '5tgb',
  '6yhn',
  '7ujm',
  '8ik,',
  '9ol.',
  '0p;/',
  'qaz',
  'wsx',
  'edc',
  'rfv',
  'tgb',
  'yhn',
  'ujm',
];
const reversed = (text: string): string => [...text].reverse().join('');
const lines = [...rows, ...columns].flatMap((line) => [line, reversed(line)]);

/** What letters are replaced with. A digit may stand for two of them, so both are read. */
const replacements: readonly Readonly<Record<string, string>>[] = [
  {
    '0': 'o',
    '1': 'i',
    '3': 'e',
    '4': 'a',
    '5': 's',
    '7': 't',
    '8': 'b',
    '@': 'a',
    $: 's',
    '!': 'i',
    '€': 'e',
  },
  {
    '0': 'o',
    '1': 'l',
    '3': 'e',
    '4': 'a',
    '5': 's',
    '6': 'g',
    '7': 't',
    '9': 'g',
    '@': 'a',
    $: 's',
    '!': 'l',
    '|': 'l',
  },
];

const words = new Set(commonBases);
const longestWord = Math.max(...commonBases.map(({ length }) => length));

/** The words that somebody's own password must not be made of: of their address, their name, their organization. */
export const ownWords = (...texts: readonly string[]): string[] =>
  texts
    .flatMap((text) => text.toLowerCase().split(/[^\p{L}\p{N}]+/u))
    .filter(({ length }) => length >= shortestWord);

/**
 * In how few pieces a password can be said.
 * @param password of at most a few hundred characters: time is linear in it.
 */
export function piecesOf(password: string, own: readonly string[] = []): number {
  // By UTF-16 unit throughout, so that places in all the readings are the same: lower-casing is by unit, too.
  const text = Array.from({ length: password.length }, (_, at) => lowerUnit(password.charAt(at))).join('');
  const readings = [text, ...replacements.map((by) => text.replaceAll(/./gsu, (unit) => by[unit] ?? unit))];
  const ownSet = new Set(own);
  const longest = Math.max(longestWord, ...own.map(({ length }) => length));
  const runBefore = createRuns(text);
  const fewest = [0];
  for (let end = 1; end <= text.length; end += 1) {
    let best = (fewest[end - 1] ?? 0) + 1;
    for (let begin = Math.max(0, end - longest); begin <= end - shortestWord; begin += 1) {
      const so = (fewest[begin] ?? 0) + 1;
      if (so < best && isWord(readings, begin, end, ownSet)) best = so;
    }
    const run = runBefore(end);
    for (let begin = end - run; begin <= end - shortestRun; begin += 1)
      best = Math.min(best, (fewest[begin] ?? 0) + 1);
    if (/(?:19|20)\d\d$/.test(text.slice(Math.max(0, end - 4), end)))
      best = Math.min(best, (fewest[end - 4] ?? 0) + 1);
    const unit = repetitionBefore(text, end);
    if (unit) best = Math.min(best, (fewest[unit.from] ?? 0) + 1);
    fewest.push(best);
  }
  return fewest[text.length] ?? 0;
}

/** Whether a password is too easily guessed, whoever has it. */
export const isWeak = (password: string, own: readonly string[] = []): boolean =>
  piecesOf(password, own) < piecesNeeded;

function lowerUnit(unit: string): string {
  const lower = unit.toLowerCase();
  return lower.length === 1 ? lower : unit;
}

const isWord = (readings: readonly string[], begin: number, end: number, own: ReadonlySet<string>): boolean =>
  readings.some((reading) => {
    const part = reading.slice(begin, end);
    return words.has(part) || own.has(part);
  });

/** For each place, from the first on: how many characters before it follow each other in the alphabet, among the digits, or along a line of the keyboard. */
function createRuns(text: string): (end: number) => number {
  const follows = [
    ...[1, -1].map((step) => (at: number) => text.charCodeAt(at) - text.charCodeAt(at - 1) === step),
    // No key is there twice in a line, so pairs that lie in it side by side are one part of it.
    ...lines.map((line) => (at: number) => line.includes(text.slice(at - 1, at + 1))),
  ];
  const lengths = follows.map(() => 0);
  return (end) => {
    for (const [which, isNext] of follows.entries())
      lengths[which] = end > 1 && isNext(end - 1) ? (lengths[which] ?? 0) + 1 : 1;
    return Math.max(...lengths);
  };
}

/** The longest part before a place that is one unit, of at most eight characters, three times or more, or twice where it has three or more. */
function repetitionBefore(text: string, end: number): { readonly from: number } | undefined {
  let from = end;
  for (let size = 1; size <= 8; size += 1) {
    let at = end - size;
    while (at >= size && text.slice(at - size, at) === text.slice(end - size, end)) at -= size;
    const times = (end - at) / size;
    if (times >= (size >= 3 ? 2 : 3)) from = Math.min(from, at);
  }
  return from < end ? { from } : undefined;
}
