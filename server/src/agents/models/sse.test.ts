import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataOf, eventOf, SseSplitter } from './sse.ts';

interface Event {
  readonly bytes: string;
  readonly data: string | undefined;
}

/** The events of a stream that arrives in these chunks. */
function eventsOf(...chunks: (string | Buffer)[]): Event[] {
  const events: Event[] = [];
  const splitter = new SseSplitter();
  for (const chunk of chunks)
    splitter.push(Buffer.from(chunk), (bytes, data) => {
      events.push({ bytes: bytes.toString('latin1'), data });
    });
  return events;
}

const dataIn = (...chunks: (string | Buffer)[]) => eventsOf(...chunks).map(({ data }) => data);

/** A buffer cut at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [
    0,
    ...[...places].map((place) => place % (bytes.length + 1)).sort((a, b) => a - b),
    bytes.length,
  ];
  return sorted.slice(1).map((to, i) => bytes.subarray(sorted[i], to));
}

/** Streams of what the format knows and of what it does not, with every kind of line end. */
const anyStream = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('\n', '\r\n', '\r', '\n\n', '\r\n\r\n', '\r\r', '\n\r\n') },
      {
        weight: 4,
        arbitrary: fc.constantFrom('data: ', 'data:', 'data', ': aside', 'event: x', 'id: 1', '\ufeff', ' '),
      },
      { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
      { weight: 1, arbitrary: fc.constantFrom('{"content":"Grüße 🎉"}', 'data: {"a":1}\n\n', ': ping\n\n') },
    ),
    { maxLength: 30 },
  )
  .map((parts) => Buffer.from(parts.join('')));

describe('SseSplitter', () => {
  it('gives the same events however a stream is cut, also within a character and a line end', () => {
    fc.assert(
      fc.property(anyStream, fc.array(fc.nat(), { maxLength: 12 }), (stream, places) => {
        expect(eventsOf(...cut(stream, places))).toEqual(eventsOf(stream));
      }),
      { numRuns: 3000 },
    );
  });

  it('gives the same events when every byte comes alone', () => {
    fc.assert(
      fc.property(anyStream, (stream) => {
        expect(eventsOf(...[...stream].map((byte) => Buffer.of(byte)))).toEqual(eventsOf(stream));
      }),
      { numRuns: 1000 },
    );
  });

  it('gives the data that the format defines', () => {
    fc.assert(
      fc.property(anyStream, (stream) => {
        expect(dataIn(stream).filter((data) => data !== undefined)).toEqual(
          byTheBook(stream.toString('utf8')),
        );
      }),
      { numRuns: 3000 },
    );
  });

  it('gives only bytes that hold the data and nothing else', () => {
    fc.assert(
      fc.property(anyStream, (stream) => {
        for (const { bytes, data } of eventsOf(stream)) {
          const event = Buffer.from(bytes, 'latin1');
          expect(dataOf(event)).toBe(data);
          if (data === undefined) expect(bytes).toBe(':\n\n');
          else expect(dataIn(event)).toEqual([data]);
          for (const line of event
            .toString('utf8')
            .trimEnd()
            .split(/[\r\n]+/))
            expect(line).toMatch(/^(data:|:$)/);
        }
      }),
    );
  });

  it('does not copy an event that lies within one chunk', () => {
    const chunk = Buffer.from('data: {"a":1}\n\ndata: {"b":2}\n\n');
    const seen: Buffer[] = [];
    new SseSplitter().push(chunk, (bytes) => seen.push(bytes));
    expect(
      seen.map(({ buffer, byteOffset }) => [buffer === chunk.buffer, byteOffset - chunk.byteOffset]),
    ).toEqual([
      [true, 0],
      [true, 15],
    ]);
  });

  it.each([
    ['data: a\n\ndata: b\n\n', ['a', 'b']],
    ['data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
    ['data: a\r\rdata: b\r\r', ['a', 'b']],
    ['\ufeffdata: a\n\n', ['a']],
    ['data: a\ndata: b\n\n', ['a\nb']],
    ['data:a\n\n', ['a']],
    ['data:  a\n\n', [' a']],
    ['event: e\nid: 1\ndata: a\n\n', ['a']],
    [': comment\n\n', [undefined]],
    ['data:\n\n', [undefined]],
    ['\n\n\n\n', []],
    ['data: not finished', []],
    ['data: not finished\n', []],
  ])('reads %j as %j', (stream, data) => {
    expect(dataIn(stream)).toEqual(data);
  });

  it('refuses an event over 1 MiB, in one chunk or in many, so that no provider can fill the memory', () => {
    const line = `data: ${'x'.repeat(1024 * 1024)}`;
    const tooLarge = expect.objectContaining({ code: 'upstream-failed' });
    expect(() => eventsOf(`${line}\n\n`)).toThrow(tooLarge);
    expect(() => eventsOf(...cut(Buffer.from(line), [1000, 500_000, 1_000_000]))).toThrow(tooLarge);
    expect(dataIn(`${line.slice(0, 1024 * 1024 - 2)}\n\n`).length).toBe(1);
  });
});

describe('eventOf', () => {
  it('makes bytes whose data is read back, whatever lines it has', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1 }), (lines) => {
        const data = lines.map((line) => line.replace(/[\r\n]/g, '')).join('\n');
        fc.pre(data !== '');
        expect(dataIn(eventOf(data))).toEqual([data]);
        expect(dataOf(eventOf(data))).toBe(data);
      }),
    );
  });
});

/** WHATWG HTML, section 9.2.6, line by line: slow and plain, to compare with. */
function byTheBook(stream: string): string[] {
  const found: string[] = [];
  let data: string[] = [];
  const lines = stream.replace(/^\ufeff/, '').split(/\r\n|\n|\r/);
  lines.pop();
  for (const line of lines) {
    if (line === '') {
      if (data.join('\n') !== '') found.push(data.join('\n'));
      data = [];
      continue;
    }
    const colon = line.indexOf(':');
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') data.push(value);
  }
  return found;
}
