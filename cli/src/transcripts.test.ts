import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/*
 * `cli/testdata/*.txt` are transcripts: what somebody types, and what they see. Prose first; then commands (`$`, with `< file` for
 * standard input), each with its output (`>` standard output, `!` standard error) and exit code (`=`); then the files, behind
 * `-- name --`. All of it must be exact.
 */

interface Transcript {
  readonly steps: readonly { readonly command: string; readonly expected: string }[];
  readonly files: ReadonlyMap<string, string>;
}

const bin = fileURLToPath(new URL('../bin/vallum.mjs', import.meta.url));
const testdata = fileURLToPath(new URL('../testdata', import.meta.url));

function parse(text: string): Transcript {
  const [script = '', ...sections] = text.split(/^(?=-- .+ --\n)/m);
  const files = sections.map((section) => {
    const head = section.indexOf('\n');
    return [section.slice(3, head - 3), section.slice(head + 1)] as const;
  });
  const [, ...steps] = script.split(/^\$ /m);
  return {
    files: new Map(files),
    steps: steps.map((step) => {
      const [command = '', ...lines] = step.trimEnd().split('\n');
      return { command, expected: lines.join('\n') };
    }),
  };
}

function run(command: string, cwd: string): string {
  const [words = '', stdin] = command.split(' < ');
  const [vallum, ...args] = words.split(' ');
  expect(vallum).toBe('vallum');
  const { stdout, stderr, status } = spawnSync(process.execPath, [bin, ...args], {
    cwd,
    encoding: 'utf8',
    input: stdin ? readFileSync(path.join(cwd, stdin)) : '',
  });
  return [...marked('>', stdout), ...marked('!', stderr), `= ${status}`].join('\n');
}

const marked = (mark: string, output: string): string[] =>
  output === ''
    ? []
    : output
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => `${mark} ${line}`.trimEnd());

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vallum-transcript-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const transcripts = globSync('*.txt', { cwd: testdata });

it('finds the transcripts', () => {
  expect(transcripts.length).toBeGreaterThan(3);
});

// Many short processes: on a busy machine each takes a second.
describe('a transcript is what happens', { timeout: 120_000 }, () => {
  it.each(transcripts)('%s', (name) => {
    const { steps, files } = parse(readFileSync(path.join(testdata, name), 'utf8'));
    expect(steps.length).toBeGreaterThan(0);
    for (const [file, content] of files) writeFileSync(path.join(folder, file), content);
    const happened = steps.map(({ command }) => `$ ${command}\n${run(command, folder)}`);
    expect(happened.join('\n\n')).toBe(
      steps.map(({ command, expected }) => `$ ${command}\n${expected}`).join('\n\n'),
    );
  });
});
