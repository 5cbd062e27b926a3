import { stat } from 'node:fs/promises';

/** What a file is: another one in its place, or another content, has another mark. */
async function markOf(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeMs } = await stat(file);
    return `${dev} ${ino} ${size} ${mtimeMs}`;
  } catch {
    return 'absent';
  }
}

const marksOf = async (files: readonly string[]): Promise<string> =>
  (await Promise.all(files.map(markOf))).join();

export interface FileWatch {
  /** Loads once. @throws what `load` throws */
  start(): Promise<void>;
  /** Waits for a load under way. */
  stop(): Promise<void>;
}

/**
 * Loads files at the start, and again when one of them is another than it was: looked for by name each time, so that it is seen when a file is moved into the place of another
 * or a link on the way to it is turned, which watching the file itself would miss.
 * @param load must leave what was there before where it throws.
 * @param onTrouble told of what a later load throws. It is tried again when a file changes again.
 */
export function watchFiles(
  files: readonly string[],
  everyMs: number,
  load: () => Promise<void>,
  onTrouble: (error: unknown) => void,
): FileWatch {
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let marks = '';

  async function look(): Promise<void> {
    const now = await marksOf(files);
    if (now === marks) return;
    // Before the load: what changes while it reads is seen at the next look.
    marks = now;
    await load();
  }

  return {
    async start() {
      marks = await marksOf(files);
      await load();
      if (files.length === 0) return;
      timer = setInterval(() => {
        looking ??= look()
          .catch(onTrouble)
          .finally(() => {
            looking = undefined;
          });
      }, everyMs);
    },
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}
