import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sealedLog } from '../../contract/src/tlog/testing/sealed-log.ts';
import { programs, runToEnd, skipping } from './programs.ts';

/*
 * What others install: built, packed, and installed from the tarballs alone in a folder outside of the tree, where neither sources nor
 * type stripping can help. No registry is asked: the dependencies are packed from what `npm ci` installed.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
const temporary = mkdtempSync(path.join(tmpdir(), 'vallum-published-'));
const consumer = path.join(temporary, 'consumer');
const built = path.join(root, 'dist', path.basename(temporary));
afterAll(() => {
  for (const folder of [temporary, built]) rmSync(folder, { recursive: true, force: true });
});

const log = sealedLog({ origin: 'ledger.example/deployment/2026', size: 20 });

const manifestOf = (folder: string): { version: string; dependencies?: Record<string, string> } =>
  JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));

/** Where npm put the dependencies of the two: beside a workspace when the root has another version. */
const dependencies = (): string[] => {
  const names = ['contract', 'cli'].flatMap((name) =>
    Object.keys(manifestOf(path.join(root, name)).dependencies ?? {}),
  );
  return [...new Set(names)]
    .filter((name) => name !== '@vallum/contract')
    .map((name) => {
      const places = ['cli', 'contract', '.'].map((place) => path.join(root, place, 'node_modules', name));
      return places.find((place) => existsSync(place)) ?? expect.unreachable(`${name} is not installed`);
    });
};

beforeAll(() => {
  const tarballs = path.join(temporary, 'tarballs');
  for (const folder of [tarballs, consumer]) mkdirSync(folder);
  runToEnd(process.execPath, [path.join(root, 'scripts/build.ts'), built], root);

  const packed = [path.join(built, 'contract'), path.join(built, 'cli'), ...dependencies()];
  runToEnd(
    'npm',
    ['pack', '--ignore-scripts', '--offline', '--pack-destination', tarballs, ...packed],
    temporary,
  );
  writeFileSync(path.join(consumer, 'package.json'), '{ "private": true, "type": "module" }\n');
  const files = readdirSync(tarballs).map((file) => path.join(tarballs, file));
  expect(files).toHaveLength(packed.length);
  runToEnd(
    'npm',
    ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', ...files],
    consumer,
  );

  writeFileSync(path.join(consumer, 'entry.tlog-proof'), log.proof(13));
  writeFileSync(path.join(consumer, 'opening.json'), JSON.stringify(log.openings[13]));
  writeFileSync(path.join(consumer, 'another.json'), JSON.stringify(log.openings[12]));
}, 120_000);

const installed = (name: string): string => path.join(consumer, 'node_modules/@vallum', name);

describe('the packages', { timeout: 60_000 }, () => {
  it.each(['contract', 'cli'])('%s has no sources and no tests in it, and says what it is', (name) => {
    const files = readdirSync(installed(name), { recursive: true, encoding: 'utf8' });
    expect(files).toContain('README.md');
    expect(files.includes('LICENSE')).toBe(existsSync(path.join(root, 'LICENSE')));
    expect(files.filter((file) => /(?<!\.d)\.ts$|\.test\.|testing|testdata/.test(file))).toEqual([]);
  });

  it('has types that a strict program compiles against', () => {
    writeFileSync(
      path.join(consumer, 'consumer.ts'),
      `import { opening, type LedgerEntry } from '@vallum/contract';
       import { leafOfOpening, parseVkey, type Verification, verifyProof } from '@vallum/contract/tlog';
       export function check(proof: string, json: unknown, key: string): LedgerEntry {
         const opened = leafOfOpening(opening.parse(json));
         if (!opened.ok) throw new Error(opened.code);
         const proved: Verification<{ index: number }> = verifyProof({ proof, leaf: opened.leaf, vkey: parseVkey(key) });
         // @ts-expect-error: what was proved can be read only where it was proved
         proved.index;
         return opened.entry;
       }`,
    );
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    const flags = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022'];
    expect(runToEnd(process.execPath, [tsc, ...flags, 'consumer.ts'], consumer)).toBe('');
  });
});

const node20 = programs('node').find((node) => runToEnd(node, ['--version'], root).startsWith('v20.'));
if (!node20) skipping('the published packages on Node 20', 'no node of that version on the PATH');

describe.skipIf(!node20)('on Node 20', () => {
  const run = (...args: string[]) => spawnSync(node20 ?? '', args, { cwd: consumer, encoding: 'utf8' });
  const vallum = (...args: string[]) => run('node_modules/.bin/vallum', ...args);
  const verify = (opening: string, ...more: string[]) =>
    vallum(
      'ledger',
      'verify',
      '--proof',
      'entry.tlog-proof',
      '--opening',
      opening,
      '--key',
      log.vkeyText,
      ...more,
    );

  it('verifies an entry', () => {
    expect(verify('opening.json')).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringContaining('verified: the log holds this entry'),
    });
    expect(JSON.parse(verify('opening.json', '--json').stdout)).toMatchObject({
      verified: true,
      index: 13,
      entry: log.openings[13]?.entry,
    });
  });

  it('refuses another entry', () => {
    expect(verify('another.json')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('not verified'),
    });
  });

  it('says its version, and that it is not part of an installation', () => {
    expect(vallum('--version').stdout).toBe(`${manifestOf(path.join(root, 'cli')).version}\n`);
    expect(vallum('config')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('not part of an installation'),
    });
  });

  it('can be imported', () => {
    const program = `
      import { ledgerEntry } from '@vallum/contract';
      import { parseVkey } from '@vallum/contract/tlog';
      console.log(typeof ledgerEntry.parse, parseVkey(process.argv[1]).name);`;
    expect(run('--input-type=module', '--eval', program, log.vkeyText).stdout).toBe(
      `function ${log.vkey.name}\n`,
    );
  });
});
