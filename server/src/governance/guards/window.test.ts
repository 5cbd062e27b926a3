import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heldUnits, type Scan, type Step, type StreamGuard, streamGuard } from './guard.ts';
import { injectionGuard } from './injection.ts';
import { createGuards } from './pipeline.ts';
import { edited } from './redaction.ts';
import { secretsGuard } from './secrets.ts';
import { plantedSecrets } from './testing/planted-secrets.ts';
import type { Verdict } from './verdict.ts';
import { createWindow, type Release } from './window.ts';

/** A guard on output with a scan of its own. */
const scanning = (push: Scan['push'], name = 'odd'): StreamGuard =>
  streamGuard({ name, channels: ['output'], open: () => ({ push }) });

const settledAll: Scan['push'] = (piece) => ({
  findings: [],
  settled: piece.originBefore(piece.start + piece.text.length),
});

/** Streams a text in pieces, checks each release, and gives what came out. */
function streamed(guards: readonly StreamGuard[], text: string, cuts: readonly number[]) {
  const window = createWindow(guards, '/reply');
  let out = '';
  let released = 0;
  let held = 0;
  let arrived = 0;
  let last: Release | undefined;
  const take = (release: Release) => {
    expect(release.released).toBeGreaterThanOrEqual(released);
    expect(release.released).toBeLessThanOrEqual(arrived);
    const part = text.slice(released, release.released);
    const own = release.edits.map(({ start, end, replacement }) => ({
      start: start - released,
      end: end - released,
      replacement,
    }));
    expect(own.every(({ start, end }) => start >= 0 && start < end && end <= part.length)).toBe(true);
    out += edited(part, own);
    released = release.released;
    last = release;
  };
  for (const cut of [...new Set([...cuts, text.length])]
    .filter((at) => at <= text.length)
    .sort((a, b) => a - b)) {
    const piece = text.slice(arrived, cut);
    arrived = cut;
    take(window.push(piece));
    held = Math.max(held, arrived - released);
  }
  take(window.finish());
  return { out, held, released, decision: last?.decision };
}

const whole = (guards: readonly StreamGuard[], text: string) => {
  const verdict = createGuards({ guards, deadlineMs: 1000 }).inspect([
    { channel: 'output', pointer: '/reply', text },
  ]);
  const { decision, replacements } = verdict as Verdict;
  return { decision, out: replacements[0]?.text ?? text };
};

/** Texts with secrets of all kinds between prose, half-begun secrets, and characters that are hard to cut. */
const planted = fc
  .array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc
          .tuple(fc.nat(1000), fc.nat(1000))
          .map(([seed, at]) => pick(plantedSecrets(seed), at).text),
      },
      fc.constantFrom(
        'hello world ',
        ' ',
        '\n',
        '. ',
        ', ',
        '"',
        '\\n',
        '%3D',
        ': ',
        ' = ',
        '=',
        'é',
        'пароль ',
        '🎉',
        '中文',
      ),
      fc.constantFrom(
        'sk-',
        'eyJ',
        'AKIA',
        '-----',
        '-----BEGIN ',
        'https://a:',
        '@',
        'password=',
        'Bearer ',
        '12345678:AA',
      ),
      fc.constantFrom(
        '\u200b',
        '\u200b'.repeat(300),
        '\u0301'.repeat(40),
        'e\u0301',
        '\ud83d',
        '\udc00',
        'p\u0430ssword=',
      ),
      fc.constantFrom(
        '-----END PRIVATE KEY-----',
        'a'.repeat(300),
        '\u{1d42c}\u{1d424}-ant-',
        'ｓｋ-ant-',
        '\u202e',
        'ﬁ',
      ),
      fc.string({ unit: 'binary', maxLength: 8 }),
    ),
    { maxLength: 14 },
  )
  .map((parts) => parts.join(''));

const pick = <T>(list: readonly T[], at: number): T => {
  const found = list[at % list.length];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
};

const guards = [secretsGuard, injectionGuard];

/** A stream that goes on gives all that whole-text redaction leaves; one that ends gives the beginning of it. */
function expectSame(stream: ReturnType<typeof streamed>, text: string) {
  const { out, decision } = whole(guards, text);
  expect(stream.decision).toBe(decision);
  expect(stream.out).toBe(decision === 'block' ? out.slice(0, stream.out.length) : out);
  expect(stream.held).toBeLessThanOrEqual(decision === 'block' ? text.length : heldUnits);
}

describe('createWindow', () => {
  it('lets out, edited, what whole-text redaction leaves, wherever the stream is cut, and never holds more than it may', () => {
    const cuts = fc.array(fc.nat(4000), { maxLength: 60 });
    fc.assert(
      fc.property(planted, cuts, (text, at) => {
        const stream = streamed(guards, text, at);
        expectSame(stream, text);
      }),
      { numRuns: 3000 },
    );
  });

  it('does so for a stream of single characters too', () => {
    fc.assert(
      fc.property(planted, (text) => {
        const each = Array.from({ length: text.length }, (_, at) => at);
        const stream = streamed(guards, text, each);
        expectSame(stream, text);
      }),
      { numRuns: 500 },
    );
  });

  it.each([7, 11])('takes out secrets that are longer than the window, whole (seed %i)', (seed) => {
    const long = plantedSecrets(seed).filter(({ secret }) => secret.length > 4 * heldUnits);
    expect(new Set(long.map(({ kind }) => kind))).toEqual(new Set(['json-web-token', 'private-key']));
    for (const { kind, text, secret } of long) {
      const stream = streamed(
        guards,
        `Here it is: ${text} Keep it safe.`,
        Array.from({ length: 4000 }, (_, at) => at * 3),
      );
      expect(stream.out).toBe(`Here it is: ${text.replace(secret, `[redacted:${kind}]`)} Keep it safe.`);
      expect(stream.held).toBeLessThanOrEqual(heldUnits);
    }
  });

  it('lets prose out word by word: of plain text only what may begin a secret waits', () => {
    const text =
      'Hello world, how are you? The password is something you should never share. 12:30 at https://example.com/a?b=c. ';
    const window = createWindow(guards);
    const held: number[] = [];
    let arrived = 0;
    for (const word of text.repeat(20).match(/\S+\s*/g) ?? []) {
      arrived += word.length;
      held.push(arrived - window.push(word).released);
    }
    held.sort((a, b) => a - b);
    expect(held[Math.floor(held.length / 2)]).toBeLessThanOrEqual(3);
    expect(held[Math.floor(held.length * 0.99)]).toBeLessThanOrEqual(32);
  });

  it('says what it found and why, in the place of the whole stream', () => {
    const [key] = plantedSecrets(3);
    const window = createWindow([secretsGuard], '/choices/0');
    const text = `The key is ${key?.text ?? ''}. `;
    const [first, last] = [window.push(text), window.finish()];
    const found = {
      guard: 'secrets',
      kind: 'anthropic-key',
      pointer: '/choices/0',
      start: 11,
      end: text.length - 2,
    };
    expect(first).toMatchObject({ released: text.length, findings: [found], decision: 'restrict' });
    expect(first.reasons).toMatchObject([{ by: 'guard:secrets', code: 'anthropic-key' }]);
    expect(last).toMatchObject({
      released: text.length,
      edits: [],
      findings: [],
      reasons: [],
      decision: 'restrict',
    });
  });

  it.each(['block', 'hold'] as const)(
    'ends the stream at a finding that asks to %s, since a stream cannot wait',
    (action) => {
      const finding = { guard: 'odd', kind: 'stop', pointer: '', start: 0, end: 1, action } as const;
      const stops = scanning((piece, ended) => ({
        ...settledAll(piece, ended),
        findings: piece.text.includes('!') ? [finding] : [],
      }));
      const window = createWindow([stops, secretsGuard]);
      expect(window.push('one ')).toMatchObject({ released: 4, decision: 'allow' });
      const refused = { released: 4, edits: [], decision: action };
      expect(window.push('two! ')).toMatchObject({ ...refused, findings: [finding] });
      expect(window.push('three ')).toMatchObject({ ...refused, findings: [] });
      expect(window.finish()).toMatchObject(refused);
    },
  );

  it('lets nothing out after it was finished', () => {
    const window = createWindow([secretsGuard]);
    window.push('one ');
    expect(window.finish()).toMatchObject({ released: 4 });
    expect(window.push('two ')).toMatchObject({ released: 4, edits: [] });
  });

  it('is not made without a guard for output, or with one that cannot judge a stream', () => {
    expect(() => createWindow([])).toThrow('the list is empty');
    expect(() => createWindow([{ ...secretsGuard, channels: ['user'] }])).toThrow('the list is empty');
    const { open: _, ...whole } = secretsGuard;
    expect(() => createWindow([whole as StreamGuard])).toThrow('cannot judge a stream');
  });

  const one = { guard: 'odd', kind: 'x', pointer: '', start: 4, end: 6, action: 'redact' } as const;
  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('out of state');
      },
    ],
    ['says nothing', () => undefined],
    ['says how far it is with no number', () => ({ findings: [], settled: Number.NaN })],
    ['goes back', () => ({ findings: [], settled: 2 })],
    ['settles what has not arrived', () => ({ findings: [], settled: 5000 })],
    ['holds more than a window may', () => ({ findings: [], settled: 10 })],
    ['finds something in what is gone already', () => ({ findings: [{ ...one, start: 1 }], settled: 300 })],
    ['finds something beyond the text', () => ({ findings: [{ ...one, end: 5000 }], settled: 300 })],
    ['finds something without a shape', () => ({ findings: [{}], settled: 300 })],
    [
      'opens what is no redaction',
      () => ({ findings: [], settled: 300, open: { ...one, end: 300, action: 'note' } }),
    ],
    ['opens a redaction that ends elsewhere', () => ({ findings: [], settled: 300, open: one })],
  ])('ends the stream when a scan %s, so a broken guard is never a bypass', (_, step) => {
    let pushed = 0;
    const odd = scanning((piece, ended) => (pushed++ === 0 ? settledAll(piece, ended) : (step() as Step)));
    const window = createWindow([odd]);
    expect(window.push('one ')).toMatchObject({ released: 4 });
    expect(window.push('x'.repeat(400))).toMatchObject({
      released: 4,
      edits: [],
      decision: 'block',
      reasons: [{ by: 'guard:odd', code: 'guard-failed' }],
    });
    expect(window.finish()).toMatchObject({ released: 4, decision: 'block' });
  });

  it('ends the stream when a scan forgets a redaction that it began, since the rest of the secret would get out', () => {
    let pushed = 0;
    const forgets = scanning((piece, ended) => {
      const { settled } = settledAll(piece, ended);
      const open = { ...one, start: 0, end: settled };
      return pushed++ === 0 ? { findings: [], settled, open } : { findings: [], settled };
    });
    const window = createWindow([forgets]);
    expect(window.push('abc ')).toMatchObject({
      released: 4,
      edits: [{ start: 0, end: 4, replacement: '[redacted:x]' }],
    });
    expect(window.push('def ')).toMatchObject({ released: 4, decision: 'block' });
  });

  it('ends the stream when a scan does not finish its redaction with the text', () => {
    const endless = scanning((piece) => {
      const { settled } = settledAll(piece, false);
      return { findings: [], settled, open: { ...one, start: 0, end: settled } };
    });
    const window = createWindow([endless]);
    expect(window.push('abc ')).toMatchObject({ released: 4 });
    expect(window.finish()).toMatchObject({ decision: 'block' });
  });

  it('refuses the first piece when a guard cannot even begin', () => {
    const broken: StreamGuard = {
      ...secretsGuard,
      open: () => {
        throw new Error('no model');
      },
    };
    expect(createWindow([broken]).push('hello ')).toMatchObject({ released: 0, decision: 'block' });
  });

  it('makes one redaction of what two guards find in one place', () => {
    const all = (name: string, kind: string, from: number, to: number) =>
      scanning((piece, ended) => {
        const { settled } = settledAll(piece, ended);
        const finding = {
          guard: name,
          kind,
          pointer: '/reply',
          start: from,
          end: to,
          action: 'redact',
        } as const;
        if (settled < to) return { findings: [], settled: Math.min(settled, from) };
        return { findings: piece.start < to ? [finding] : [], settled };
      }, name);
    const both = [all('one', 'first', 4, 9), all('two', 'second', 6, 14)];
    const each = Array.from({ length: 20 }, (_, at) => at);
    expect(streamed(both, '0123456789abcdefgh', each).out).toBe('0123[redacted:first]efgh');
    expect(streamed(both, '0123456789abcdefgh', []).out).toBe('0123[redacted:first]efgh');
  });
});
