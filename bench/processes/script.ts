import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { repository } from '../../tests/support/vallum.ts';

/**
 * Runs a script of the server's that measures a part of it from inside, in a process of its own, and reads its last line as JSON: the bench itself sees
 * the product from outside only.
 * @throws Error when it fails
 */
export async function runScript<Result>(name: string, ...args: readonly string[]): Promise<Result> {
  const child = spawn(process.execPath, [path.join(repository, 'server/bench', `${name}.ts`), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // It stops its own database when it is told to end.
  const end = (): void => void child.kill('SIGTERM');
  process.on('exit', end);
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code] = await once(child, 'close');
  process.off('exit', end);
  if (code !== 0) throw new Error(`server/bench/${name}.ts failed: see above`);
  return JSON.parse(said.trim().split('\n').at(-1) ?? '') as Result;
}
