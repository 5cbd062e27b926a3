import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Anomaly, Normaliser, normalise } from './normalise.ts';

const tags = (text: string) =>
  [...text].map((character) => String.fromCodePoint(0xe0000 + character.charCodeAt(0))).join('');

/** Texts full of what normalisation is about. */
const awkward = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 5 }),
      fc.constantFrom('hello world', 'e\u0301', '\u1100\u1161\u11a8', '\ufb01', '\u200b', '\u00ad', '\ufeff'),
      fc.constantFrom(
        '\ud835',
        '\udc00',
        '\u{1d42c}',
        '\ufdfa',
        'ｐａｓｓ',
        '\uff76\uff9e',
        '\u0301'.repeat(40),
      ),
      fc.constantFrom(
        'p\u0430ssword',
        '\u043f\u0430\u0440\u043e\u043b\u044c',
        '\u03bcm',
        '\u043e'.repeat(30),
      ),
      fc.constantFrom(tags('ignore'), '\u{1f3f4}', '\u202e', '\u200d'.repeat(50), '\u2764\ufe0f', '<\u0338'),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

/** Normalises in pieces, and says where each unit came from. */
function inPieces(text: string, cuts: readonly number[]) {
  const normaliser = new Normaliser();
  const out = {
    text: '',
    origins: [] as { start: number; end: number }[],
    anomalies: [] as Anomaly[],
    known: true,
  };
  let from = 0;
  for (const to of [...new Set([...cuts.map((cut) => cut % (text.length + 1)), text.length])].sort(
    (a, b) => a - b,
  )) {
    const ended = to === text.length;
    const piece = normaliser.push(text.slice(from, to), ended);
    out.known &&=
      piece.start === out.text.length && piece.originBefore(piece.start + piece.text.length) <= to;
    for (let at = 0; at < piece.text.length; at++)
      out.origins.push(piece.originOf(piece.start + at, piece.start + at + 1));
    out.text += piece.text;
    out.anomalies.push(...piece.anomalies);
    from = to;
  }
  return out;
}

describe('normalise', () => {
  it('gives ASCII back as it is', () => {
    const text = 'Ignore the noise; x = 3 < 4.\n';
    expect(normalise(text)).toMatchObject({ text, start: 0, anomalies: [] });
    expect(normalise(text).originOf(3, 9)).toEqual({ start: 3, end: 9 });
  });

  it.each([
    ['ig\u200bno\u00adre\ufeff', 'ignore'],
    ['\uff49\uff47\uff4e\uff4f\uff52\uff45', 'ignore'],
    ['\u{1d422}\u{1d420}\u{1d427}\u{1d428}\u{1d42b}\u{1d41e}', 'ignore'],
    ['ign\u043er\u0435', 'ignore'],
    ['\u0456gnore', 'ignore'],
    [tags('ignore'), 'ignore'],
    ['\u2168 \ufb01nd cafe\u0301', 'IX find caf\u00e9'],
  ])('reads %j as %j, as a model would', (hidden, read) => {
    expect(normalise(hidden).text).toBe(read);
  });

  it('leaves words of one script alone, so that Russian and Greek stay what they are', () => {
    const text = 'Скоро осень. Το νερό ρέει, 10 km от \u043e\u0440\u0430.';
    expect(normalise(text).text).toBe(text);
  });

  it('says where a character came from, past what was dropped and through what was made', () => {
    const text = 'a\u200bb\ufb01c';
    const normal = normalise(text);
    expect(normal.text).toBe('abfic');
    expect(normal.originOf(0, 2)).toEqual({ start: 0, end: 3 });
    expect(normal.originOf(3, 4)).toEqual({ start: 3, end: 4 });
    expect(normal.originOf(1, 5)).toEqual({ start: 2, end: 5 });
  });

  it('reports tag characters and direction overrides, which honest text does not have', () => {
    expect(normalise(`see ${tags('x')}`).anomalies).toEqual([{ kind: 'tag-characters', start: 4, end: 6 }]);
    expect(normalise('a\u202eb').anomalies).toEqual([{ kind: 'bidi-override', start: 1, end: 2 }]);
  });

  it('knows flags of regions, soft hyphens, emoji, marks, joined scripts and padded e-mails for what they are', () => {
    const scotland = `\u{1f3f4}${tags('gbsct')}\u{e007f}`;
    const family = '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}'.repeat(60);
    const hyphenated = 'Donau\u00addampf\u00adschiff\u00adfahrt '.repeat(60);
    const persian = '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 '.repeat(60);
    const korean = '각각 한글 맞춤법 '.normalize('NFD').repeat(60);
    const vietnamese = 'Đường phố ở Việt Nam đông đúc '.normalize('NFD').repeat(60);
    const padded = '\u2007\ufeff\u034f'.repeat(200);
    const flags = `${scotland}`.repeat(40);
    const hearts = '\u2764\ufe0f'.repeat(200);
    const text = [flags, family, hyphenated, persian, korean, vietnamese, padded, hearts].join(' ');
    expect(normalise(text).anomalies).toEqual([]);
    expect(normalise(scotland).text).toBe('\u{1f3f4}gbsct');
  });

  it('reports a flood of invisible characters and stops dropping them, so that what is dropped stays bounded', () => {
    const normal = normalise(`key${'\u200b'.repeat(1000)}word`);
    expect(normal.anomalies).toMatchObject([{ kind: 'invisible-flood' }]);
    expect(normal.text.length).toBeGreaterThan(900);
  });

  it('is NFKC where nothing is hidden and no word is of mixed script', () => {
    const plain = fc
      .string({ unit: 'binary', maxLength: 30 })
      .filter(
        (text) => !/[\p{Default_Ignorable_Code_Point}\u0370-\u052f]/u.test(text.normalize('NFKC') + text),
      )
      // The ligatures that stand for a sentence are left alone, and longer rows of marks are cut.
      .filter((text) => !/[\ufdfa\ufdfb]/.test(text))
      .filter((text) => !/\p{M}{8}/u.test(text));
    fc.assert(
      fc.property(plain, (text) => {
        expect(normalise(text).text).toBe(text.normalize('NFKC'));
      }),
      { numRuns: 2000 },
    );
  });

  it('is the same in pieces, wherever they are cut: also inside of a pair, a cluster or a word', () => {
    fc.assert(
      fc.property(awkward, fc.array(fc.nat(200), { maxLength: 8 }), (text, cuts) => {
        const whole = inPieces(text, []);
        const pieces = inPieces(text, cuts);
        const single = inPieces(
          text,
          Array.from({ length: text.length }, (_, at) => at),
        );
        expect(pieces).toEqual(whole);
        expect(single).toEqual(whole);
        expect(whole.known).toBe(true);
        expect(normalise(text).text).toBe(whole.text);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads a pair of surrogates only when both have come, also when the piece is a slice of a longer text', () => {
    const text = tags('a').repeat(400);
    // Many times, since the engine's own reading of pairs went wrong only once it was compiled.
    for (let round = 0; round < 100_000; round++) {
      const start = (round % 300) * 2;
      const piece = new Normaliser().push(text.slice(start, start + 19), false);
      if (piece.originBefore(piece.text.length) !== 18) expect(piece).toBe(`18 units read in round ${round}`);
    }
  });
});
