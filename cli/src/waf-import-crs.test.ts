import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UsageError } from './usage-error.ts';
import { wafImportCrs } from './waf-import-crs.ts';

let folder = '';
let server: Server;
let url = '';
let answer: { status: number; body: unknown };
let asked: { authorization: string | undefined; path: string | undefined; body: unknown } | undefined;
const printed = { out: '', err: '' };

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'vallum-crs-'));
  mkdirSync(path.join(folder, 'rules'));
  for (const name of ['REQUEST-942-A.conf', 'words.data', 'notes.txt'])
    writeFileSync(path.join(folder, 'rules', name), name);
  writeFileSync(path.join(folder, 'key'), 'vlm_admin_key\n');
  asked = undefined;
  server = createServer(async (request, response) => {
    asked = { authorization: request.headers.authorization, path: request.url, body: await json(request) };
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(printed, { out: '', err: '' });
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed.err += String(text);
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});
const options = () => ({ url, key: path.join(folder, 'key'), paranoia: '1' });

describe('vallum waf import-crs', () => {
  it('sends the rules of the folder, and prints what became of each', async () => {
    answer = {
      status: 200,
      body: {
        applied: true,
        taken: ['crs-942100'],
        covered: [{ id: '911100', by: 'protocol-method' }],
        not_taken: [{ id: '943120', reason: 'counts \u001b[31mREFERER' }],
      },
    };
    expect(await wafImportCrs(folder, options())).toBe(0);
    expect(asked).toEqual({
      authorization: 'Bearer vlm_admin_key',
      path: '/v1/waf/crs-imports',
      body: {
        files: [
          { name: 'REQUEST-942-A.conf', text: 'REQUEST-942-A.conf' },
          { name: 'words.data', text: 'words.data' },
        ],
        paranoia: 1,
        dry_run: false,
      },
    });
    expect(printed.out).toBe(
      'in use: 1 of 3 rules\nnot needed, since a check of our own asks the same: 1\n  911100  protocol-method\nnot taken: 1\n  943120  counts \\u001b[31mREFERER\n',
    );
  });

  it('asks only, with --dry-run, and takes the key of an installation', async () => {
    answer = { status: 200, body: { applied: false, taken: ['crs-1', 'crs-2'], covered: [], not_taken: [] } };
    writeFileSync(path.join(folder, 'bootstrap.json'), JSON.stringify({ adminKey: 'vlm_boot' }));
    const given = { ...options(), key: path.join(folder, 'bootstrap.json'), dryRun: true };
    expect(await wafImportCrs(path.join(folder, 'rules'), given)).toBe(0);
    expect(asked).toMatchObject({ authorization: 'Bearer vlm_boot', body: { dry_run: true } });
    expect(printed.out).toMatch(/^would be taken: 2 of 2 rules/);
  });

  it('says what the server said when it refuses, and exits with 1', async () => {
    answer = {
      status: 403,
      body: { title: 'Policy does not allow this', detail: 'This key may not import rules.' },
    };
    expect(await wafImportCrs(folder, options())).toBe(1);
    expect(printed.err).toBe('not imported: This key may not import rules. (403)\n');
  });

  it.each([
    [
      'a folder without rules',
      () => [path.join(folder, 'nothing'), options()] as const,
      /no REQUEST-\*\.conf/,
    ],
    ['a level that is none', () => [folder, { ...options(), paranoia: '5' }] as const, /1 to 4/],
    ['an address that is none', () => [folder, { ...options(), url: 'file:///etc' }] as const, /--url/],
    [
      'a server that is not there',
      () => [folder, { ...options(), url: 'http://127.0.0.1:1' }] as const,
      /cannot reach/,
    ],
    [
      'a key file without a key',
      () => [folder, { ...options(), key: path.join(folder, 'rules/notes.txt/x') }] as const,
      /--key/,
    ],
  ])('refuses %s before anything is sent', async (_, given, said) => {
    const failing = wafImportCrs(...given());
    await expect(failing).rejects.toThrow(said);
    await expect(failing).rejects.toBeInstanceOf(UsageError);
    expect(asked).toBeUndefined();
  });
});
