import { expect, it } from 'vitest';
import { createMarks } from './high-water.ts';

it('moves on only, since a mark that went back would hide what a restore takes away', async () => {
  const written: string[] = [];
  const marks = createMarks({
    read: async () => undefined,
    write: (text) => void written.push(text),
    flush: async () => {},
  });
  marks.advance(0, { origin: 'first', size: 5 }, 'first, 5');
  marks.advance(0, { origin: 'first', size: 4 }, 'first, 4');
  marks.advance(5, { origin: 'second', size: 1 }, 'second, 1');
  // Anybody may ask for the head of a log that has ended.
  marks.advance(0, { origin: 'first', size: 5 }, 'first, 5');
  marks.advance(5, { origin: 'second', size: 2 }, 'second, 2');
  expect(written).toEqual(['0\nfirst, 5', '5\nsecond, 1', '5\nsecond, 2']);
});
