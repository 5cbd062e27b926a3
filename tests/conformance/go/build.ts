import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { programs, runToEnd, skipping } from '../programs.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const binary = fileURLToPath(new URL('../../../dist/go-verifier/verify', import.meta.url));

/**
 * Builds the verifier in this folder, which shares no code with Vallum.
 * @returns the program's path, or undefined, with a line that says why, where there is no Go or its one module cannot be had
 * @throws Error when it does not compile
 */
export async function buildVerifier(): Promise<string | undefined> {
  const [go] = programs('go');
  if (!go) {
    skipping('the Go verifier', 'no go on the PATH');
    return undefined;
  }
  try {
    runToEnd(go, ['mod', 'download'], folder);
  } catch (error) {
    skipping('the Go verifier', String(error).replace(/\s*\n\s*/g, ' '));
    return undefined;
  }
  mkdirSync(path.dirname(binary), { recursive: true });
  runToEnd(go, ['build', '-buildvcs=false', '-o', binary, '.'], folder);
  return binary;
}
