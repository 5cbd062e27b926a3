import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UsageError } from './usage-error.ts';

const besideThis = new URL('../../server/src/main.ts', import.meta.url);

/**
 * `vallum config`: the server prints its own settings, since only it knows them. Takes the Node that runs this, which in an installation is
 * the pinned one.
 * @param server the installation's main file
 * @returns the server's exit code
 * @throws UsageError outside of an installation
 */
export async function printConfig(server: URL = besideThis): Promise<number> {
  if (!existsSync(server))
    throw new UsageError(
      'this vallum is not part of an installation, so there are no settings to print: run `npx vallum config` in the folder of one',
    );
  const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(server), 'config'], {
    stdio: 'inherit',
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
