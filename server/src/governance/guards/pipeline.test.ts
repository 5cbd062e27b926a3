import { describe, expect, it } from 'vitest';
import type { Segment } from '../../kernel/index.ts';
import { type Finding, type Guard, streamGuard } from './guard.ts';
import { createGuards } from './pipeline.ts';
import { findingsKept, type Verdict } from './verdict.ts';

const segment = (text: string, channel: Segment['channel'] = 'user', pointer = '/messages/0'): Segment => ({
  channel,
  pointer,
  text,
});

/** A guard that finds each `X` and asks for one thing. */
const finds = (
  action: Finding['action'],
  name = 'finder',
  channels: Guard['channels'] = ['user'],
): Guard => ({
  name,
  channels,
  check: ({ text }, { pointer }) =>
    [...text.matchAll(/X+/g)].map(({ index, 0: found }) => ({
      guard: name,
      kind: 'letter',
      pointer,
      start: index,
      end: index + found.length,
      action,
      text: 'The letter X.',
    })),
});

const guardsOf = (...guards: Guard[]) => createGuards({ guards, deadlineMs: 50 });
const answering = (answer: unknown): Guard => ({
  name: 'odd',
  channels: ['user'],
  check: () => answer as Finding[],
});

const refusal = {
  decision: 'block',
  reasons: [{ by: 'guard:odd', code: 'guard-failed', text: expect.any(String) }],
};

describe('createGuards', () => {
  it('is not made without guards, since an empty list would let everything through', () => {
    expect(() => guardsOf()).toThrow('the list is empty');
  });

  it('is not made of guards that would never be asked, or that reasons could not tell apart', () => {
    expect(() => guardsOf({ ...finds('note'), channels: [] })).toThrow('finder names no channel');
    expect(() => guardsOf(finds('note'), finds('block'))).toThrow('two guards are called finder');
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])(
    'is not made with a deadline of %d ms',
    (deadlineMs) => {
      expect(() => createGuards({ guards: [finds('note')], deadlineMs })).toThrow('deadlineMs');
    },
  );
});

describe('inspect', () => {
  it('allows what no guard objects to, and answers at once when all guards do', () => {
    const nothing = { decision: 'allow', reasons: [], findings: [], replacements: [] };
    expect(guardsOf(finds('block')).inspect([segment('hello')])).toEqual(nothing);
    expect(guardsOf(finds('block')).inspect([])).toEqual(nothing);
  });

  it('redacts in place and goes on restricted, with the reason once and every finding', () => {
    expect(guardsOf(finds('redact')).inspect([segment('a X b XX'), segment('clean', 'user', '/1')])).toEqual({
      decision: 'restrict',
      reasons: [{ by: 'guard:finder', code: 'letter', text: 'The letter X.' }],
      findings: [
        expect.objectContaining({ start: 2, end: 3 }),
        expect.objectContaining({ start: 6, end: 8 }),
      ],
      replacements: [{ pointer: '/messages/0', text: 'a [redacted:letter] b [redacted:letter]' }],
    });
  });

  it.each([
    ['note', 'allow'],
    ['redact', 'restrict'],
    ['hold', 'hold'],
    ['block', 'block'],
  ] as const)('takes a finding that asks to %s as %s', (action, decision) => {
    expect(guardsOf(finds(action)).inspect([segment('X')])).toMatchObject({ decision });
  });

  it('decides as the worst finding asks, and gives its reason first', () => {
    const verdict = guardsOf(
      finds('note', 'mild'),
      finds('block', 'strict'),
      finds('redact', 'middle'),
    ).inspect([segment('X')]) as Verdict;
    expect(verdict.decision).toBe('block');
    expect(verdict.reasons.map(({ by }) => by)).toEqual(['guard:strict', 'guard:middle', 'guard:mild']);
  });

  it('asks a guard about its own channels only', () => {
    const guards = guardsOf(finds('block', 'input', ['user']), finds('redact', 'output', ['output']));
    expect(guards.inspect([segment('X', 'output')])).toMatchObject({ decision: 'restrict' });
    expect(guards.inspect([segment('X', 'system')])).toMatchObject({ decision: 'allow' });
  });

  it('refuses a channel that it does not know, since no guard would have been asked', () => {
    const unknown = segment('hello', 'smoke-signals' as Segment['channel']);
    expect(guardsOf(finds('note')).inspect([unknown])).toMatchObject({ decision: 'block' });
  });

  it('denies when a guard throws, so an outage is never a bypass', () => {
    const broken: Guard = {
      name: 'odd',
      channels: ['user'],
      check: () => {
        throw new Error('model down');
      },
    };
    expect(guardsOf(broken, finds('note')).inspect([segment('hello')])).toMatchObject(refusal);
  });

  const one = { guard: 'odd', kind: 'x', pointer: '/messages/0', start: 0, end: 1, action: 'redact' };
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a word', 'allow'],
    ['one finding and no list', one],
    ['an empty slot', [undefined]],
    ['a finding of another guard', [{ ...one, guard: 'secrets' }]],
    ['a finding in another text', [{ ...one, pointer: '/messages/1' }]],
    ['an action nobody knows', [{ ...one, action: 'allow' }]],
    ['a kind that could carry text along', [{ ...one, kind: 'x] and more [' }]],
    ['an end past the text', [{ ...one, end: 6 }]],
    ['an end before the start', [{ ...one, start: 3, end: 2 }]],
    ['a negative start', [{ ...one, start: -1 }]],
    ['half a character', [{ ...one, end: 1.5 }]],
    ['a redaction of nothing', [{ ...one, end: 0 }]],
    ['an explanation long enough to be content', [{ ...one, text: 'x'.repeat(1000) }]],
    ['one good and one bad finding', [one, { ...one, start: Number.NaN }]],
  ])('denies when a guard answers %s', (_, answer) => {
    expect(guardsOf(answering(answer)).inspect([segment('hello')])).toMatchObject({
      ...refusal,
      replacements: [],
    });
  });

  it('waits for a guard that takes its time, and judges its answer like any other', async () => {
    const slow: Guard = {
      ...finds('redact', 'slow'),
      check: async (...given) => finds('redact', 'slow').check(...given),
    };
    const verdict = guardsOf(slow, finds('note')).inspect([segment('a X')]);
    expect(verdict).toBeInstanceOf(Promise);
    expect(await verdict).toMatchObject({
      decision: 'restrict',
      replacements: [{ pointer: '/messages/0', text: 'a [redacted:letter]' }],
    });
  });

  it.each([
    ['never answers', () => new Promise<never>(() => undefined)],
    ['rejects', () => Promise.reject(new Error('model down'))],
    ['rejects with nothing', () => Promise.reject()],
    ['promises nonsense', () => Promise.resolve([{ ...one, end: 99 }])],
    [
      'is a thenable that throws',
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: the point is a guard that makes its own promise, and badly.
        then: () => {
          throw new Error('not a promise after all');
        },
      }),
    ],
  ])('denies when a guard that promised an answer %s', async (_, check) => {
    expect(await guardsOf(answering(undefined), finds('note')).inspect([segment('hello')])).toMatchObject(
      refusal,
    );
    const odd = { ...answering(undefined), check: check as Guard['check'] };
    expect(await guardsOf(odd).inspect([segment('hello')])).toMatchObject(refusal);
  });

  it('keeps reasons and findings in bounds however much there is, and redacts all of it', () => {
    const many: Guard = {
      name: 'many',
      channels: ['user'],
      check: ({ text }, { pointer }) =>
        Array.from(text, (_, at) => ({
          guard: 'many',
          kind: `kind-${at}`,
          pointer,
          start: at,
          end: at + 1,
          action: 'redact' as const,
        })),
    };
    const verdict = guardsOf(many).inspect([segment('a'.repeat(3000))]) as Verdict;
    expect(verdict.reasons.length).toBe(16);
    expect(verdict.findings.length).toBe(findingsKept);
    expect(verdict.replacements[0]?.text).not.toContain(']a');
    expect(verdict.replacements[0]?.text.startsWith('a')).toBe(false);
  });

  it('looks at all of a long text, in slices, with the verdict that one look would give', async () => {
    const scanning = streamGuard({
      name: 'finder',
      channels: ['user'],
      open: ({ pointer }) => ({
        push: (piece) => ({
          findings: [...piece.text.matchAll(/X/g)].map(({ index }) => ({
            guard: 'finder',
            kind: 'letter',
            pointer,
            ...piece.originOf(piece.start + index, piece.start + index + 1),
            action: 'redact' as const,
          })),
          settled: piece.originBefore(piece.start + piece.text.length),
        }),
      }),
    });
    const places = [0, 32_766, 32_768, 131_072, 399_999];
    const text = Array.from({ length: 400_000 }, (_, at) =>
      places.includes(at) ? 'X' : 'e\u0301'.charAt(at % 2),
    ).join('');
    const verdict = await guardsOf(scanning, finds('note', 'whole')).inspect([segment(text)]);
    const found = verdict.findings.filter(({ guard }) => guard === 'finder').map(({ start }) => start);
    expect(found).toEqual(places);
    expect(verdict.findings.filter(({ guard }) => guard === 'whole').length).toBe(places.length);
    expect(verdict.replacements[0]?.text.split('[redacted:letter]').length).toBe(places.length + 1);
  });

  it('lets others have their turn while it looks at many texts that are long together', async () => {
    let turns = 0;
    let done = false;
    const verdict = Promise.resolve(
      guardsOf(finds('redact')).inspect(
        Array.from({ length: 4000 }, (_, at) => segment('a'.repeat(100), 'user', `/${at}`)),
      ),
    ).then((judged) => {
      done = true;
      return judged;
    });
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve));
      turns++;
    }
    expect(await verdict).toMatchObject({ decision: 'allow' });
    expect(turns).toBeGreaterThan(5);
  });

  it('denies when a scan breaks in the middle of a long text', async () => {
    let pieces = 0;
    const fragile = streamGuard({
      name: 'odd',
      channels: ['user'],
      open: () => ({
        push: ({ start, text }) => {
          pieces++;
          if (pieces > 2) throw new Error('out of state');
          return { findings: [], settled: start + text.length };
        },
      }),
    });
    expect(await guardsOf(fragile).inspect([segment('a'.repeat(400_000))])).toMatchObject(refusal);
  });
});
