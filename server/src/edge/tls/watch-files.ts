import { stat } from 'node:fs/promises';

export interface FileWatch {
  start(): void;
  stop(): void;
}

/**
 * Calls `onChange` when what these names stand for has changed, and then has not for a while: a certificate and its key are not written at once. It looks
 * at what a name leads to in the end, time and again, so that files that are renamed into place and links that are moved (Kubernetes) are seen like any
 * others, which a watch by the system is not.
 */
export function watchFiles(files: readonly string[], everyMs: number, onChange: () => void): FileWatch {
  let timer: NodeJS.Timeout | undefined;
  let looking = false;
  let before: string | undefined;
  let told: string | undefined;

  async function look(): Promise<void> {
    if (looking) return;
    looking = true;
    const seen = (await Promise.all(files.map(stampOf))).join();
    looking = false;
    told ??= seen;
    if (seen === before && seen !== told) {
      told = seen;
      onChange();
    }
    before = seen;
  }

  return {
    start() {
      void look();
      timer = setInterval(() => void look(), everyMs).unref();
    },
    stop: () => clearInterval(timer),
  };
}

async function stampOf(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = await stat(file);
    return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  } catch {
    return 'absent';
  }
}
