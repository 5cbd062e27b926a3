import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { addLines } from '../list-text.ts';
import { createRangeBuilder } from '../ranges.ts';
import type { ListSource, ReadingAnswer, ReadList } from './list-files.ts';

/* The thread that reads address lists: it is given what to read, answers once, and ends. */

function read({ name, entries, files }: ListSource): ReadList | string {
  const builder = createRangeBuilder();
  for (const [index, entry] of entries.entries()) {
    const problem = builder.add(entry);
    if (problem) return `${name}.${index} ${problem}`;
  }
  for (const file of files) {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      return `${name}: ${file} cannot be read (${Reflect.get(error as Error, 'code')})`;
    }
    const problem = addLines(text, builder);
    if (problem) return `${name}: ${file} ${problem}`;
  }
  return { ranges: builder.build(), count: builder.count() };
}

function answer(sources: readonly ListSource[]): ReadingAnswer {
  const lists: ReadList[] = [];
  for (const source of sources) {
    const list = read(source);
    if (typeof list === 'string') return { problem: list };
    lists.push(list);
  }
  return { lists };
}

const answered = answer(workerData as readonly ListSource[]);
const moved =
  'lists' in answered ? answered.lists.flatMap(({ ranges: { v4, v6 } }) => [v4.buffer, v6.buffer]) : [];
parentPort?.postMessage(answered, moved as ArrayBuffer[]);
