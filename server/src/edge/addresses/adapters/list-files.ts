import { Worker } from 'node:worker_threads';
import { Fault } from '../../../kernel/index.ts';
import type { Ranges } from '../ranges.ts';

/** A list before it is read: what the settings name, in the words that an error uses. */
export interface ListSource {
  /** Where the settings have it: `addresses.deny`. */
  readonly name: string;
  /** Addresses and CIDRs. */
  readonly entries: readonly string[];
  readonly files: readonly string[];
}

export interface ReadList {
  readonly ranges: Ranges;
  /** Entries, before those that lie in others were left out. */
  readonly count: number;
}

export type ReadingAnswer = { readonly lists: readonly ReadList[] } | { readonly problem: string };

/**
 * Reads lists and makes sets of them, in a thread of its own: half a million lines take a second or two, in which nobody else could be served.
 * @throws Fault whose message, for operators, names the list, the file and the line which is wrong, and not what it says.
 */
export function readLists(sources: readonly ListSource[]): Promise<readonly ReadList[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./list-worker.ts', import.meta.url), { workerData: sources });
    worker.once('message', (answer: ReadingAnswer) => {
      if ('problem' in answer) reject(new Fault('input-invalid', { because: answer.problem }));
      else resolve(answer.lists);
    });
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('address lists: their reader ended without an answer')));
  });
}
