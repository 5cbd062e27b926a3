import { execFile } from 'node:child_process';
import type { Vallum } from './vallum.ts';

/** The command that the newest start has printed for who wants to try it, exactly as it stands there. */
function printedCurl(stderr: string): string {
  const line = stderr.split('\n').findLast((each) => /^ *curl /.test(each));
  if (line === undefined) throw new Error(`no curl was printed:\n${stderr}`);
  return line;
}

/** Runs it as a person does who pastes it into a terminal. @returns what the model said */
export function pasteCurl({ output }: Pick<Vallum, 'output'>, user: { uid?: number } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('sh', ['-c', printedCurl(output.stderr)], { ...user, cwd: '/' }, (error, stdout, stderr) => {
      if (error) reject(new Error(`the printed curl failed: ${stderr}`, { cause: error }));
      else resolve(stdout);
    });
  });
}
