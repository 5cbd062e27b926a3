import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../../../shared/data', import.meta.url));

/** A folder or file of test vectors that lie beside the repository, or undefined, with a line that says what is missing. */
export function sharedData(name: string): string | undefined {
  const at = path.join(folder, name);
  if (existsSync(at)) return at;
  process.stderr.write(`skipped: no test vectors at ../shared/data/${name}, beside the repository\n`);
  return undefined;
}
