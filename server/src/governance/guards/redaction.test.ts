import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Edit, edited, Redaction, redacted, type Span } from './redaction.ts';

const spans = fc.array(
  fc
    .tuple(fc.constantFrom('key', 'name'), fc.nat(60), fc.integer({ min: 1, max: 20 }))
    .map(([kind, start, length]): Span => ({ kind, start, end: start + length })),
  { maxLength: 8 },
);
const text = Array.from({ length: 80 }, (_, at) => String.fromCharCode(0x4e00 + at)).join('');

describe('redacted', () => {
  it('names what was there, and leaves the rest as it is', () => {
    expect(
      redacted('from ann to bob', [
        { kind: 'name', start: 12, end: 15 },
        { kind: 'name', start: 5, end: 8 },
      ]),
    ).toBe('from [redacted:name] to [redacted:name]');
  });

  it('makes one redaction of spans that overlap, named after the first, so that no piece of either is left between', () => {
    const overlapping = [
      { kind: 'url', start: 2, end: 8 },
      { kind: 'key', start: 5, end: 12 },
    ];
    expect(redacted('0123456789abcdef', overlapping)).toBe('01[redacted:url]cdef');
  });

  it('keeps spans apart that only touch', () => {
    const touching = [
      { kind: 'a', start: 0, end: 2 },
      { kind: 'b', start: 2, end: 4 },
    ];
    expect(redacted('0123', touching)).toBe('[redacted:a][redacted:b]');
  });

  it('leaves exactly the characters that no span covers', () => {
    fc.assert(
      fc.property(spans, (given) => {
        const left = [...text].filter((_, at) => !given.some(({ start, end }) => at >= start && at < end));
        expect(redacted(text, given).replace(/\[redacted:[a-z]+\]/g, '')).toBe(left.join(''));
      }),
    );
  });
});

describe('Redaction', () => {
  it('gives the same text in parts as at once, wherever it is cut, so that a stream can be edited as it goes', () => {
    const cuts = fc.array(fc.nat(text.length), { maxLength: 6 });
    fc.assert(
      fc.property(spans, cuts, (given, limits) => {
        const redaction = new Redaction();
        for (const span of given.toSorted((a, b) => a.start - b.start)) redaction.add({ ...span });
        const edits: Edit[] = [];
        let before = 0;
        for (const limit of [...limits, text.length].sort((a, b) => a - b)) {
          const part = redaction.upTo(limit);
          expect(part.every(({ start, end }) => start >= before && start < end && end <= limit)).toBe(true);
          edits.push(...part);
          before = limit;
        }
        expect(edited(text, edits)).toBe(redacted(text, given));
      }),
    );
  });
});
