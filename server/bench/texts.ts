/** Texts that nobody would object to, in the sizes that are measured; no two alike, since a text that was just seen is cheaper than any in life. */

const sentences = [
  'Please ignore my first mail, the second one has the right address.',
  'The meeting on Thursday moves to ten, since the room is taken before.',
  'Can you summarise the report for somebody who has not read the last one?',
  'Our system shows the order as paid, but the customer says it was not.',
  'Act as a good host would: ask what they need before you offer anything.',
  'The key to the archive is with the porter, who leaves at six.',
  'I would like to know which of the three offers is the cheapest over five years.',
  'Translate the following paragraph into Spanish and keep the tone formal.',
  'The printer in the hall prints every second page upside down.',
  'What are the instructions for returning a device that was opened?',
  'Write a short answer, thank her for her patience, and do not promise a date.',
  'In the appendix there is a table of all the rules that changed this year.',
];
const accents = [
  'Grüße aus Köln, ',
  'à bientôt, ',
  'el próximo año, ',
  'żółta łódź, ',
  '🙂 danke! ',
  '東京で ',
];
const code = [
  'const total = items.reduce((sum, { price }) => sum + price, 0);',
  '{"id":"ord_01J9ZK3V7Q","status":"paid","lines":[{"sku":"A-4711","count":2}]}',
  'commit 9fceb02d0ae598e95dc970b74767f19372d61af8 fixes the build on arm64',
  'SELECT name, count(*) FROM visits WHERE day > $1 GROUP BY name ORDER BY 2 DESC;',
  'curl -sS https://example.org/api/v2/items?page=3 | jq ".items[].name"',
  'export PATH="$HOME/.local/bin:$PATH"  # so that our own tools come first',
];

/** A small generator (mulberry32): every run judges the same texts. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const kinds: Readonly<Record<string, (pick: (from: readonly string[]) => string) => string>> = {
  'English prose': (pick) => `${pick(sentences)} `,
  'other scripts and emoji': (pick) => pick(accents) + pick(sentences),
  'code and identifiers': (pick) => `${pick(code)}\n`,
};

export const kindsOfText = Object.keys(kinds);

/** @param size in UTF-16 units. */
export function textsOf(kind: string, size: number, count: number): string[] {
  const next = random(size);
  const pick = (from: readonly string[]): string => from[Math.floor(next() * from.length)] ?? '';
  return Array.from({ length: count }, () => {
    let text = '';
    while (text.length < size) text += kinds[kind]?.(pick) ?? '';
    // As it comes out of a parsed body: one flat string, of one byte a character where that is enough.
    return JSON.parse(JSON.stringify(text.slice(0, size).toWellFormed())) as string;
  });
}
