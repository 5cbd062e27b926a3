import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { printConfig } from './config.ts';
import { UsageError } from './usage-error.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vallum-config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('printConfig', () => {
  it('lets the server of the installation print, and ends as it ended', async () => {
    const server = path.join(folder, 'main.ts');
    writeFileSync(
      server,
      `const [, , command]: string[] = process.argv; process.exit(command === 'config' ? 7 : 1);`,
    );
    expect(await printConfig(pathToFileURL(server))).toBe(7);
  });

  it('says so where there is no installation, instead of printing settings that apply to nothing', async () => {
    await expect(printConfig(pathToFileURL(path.join(folder, 'main.ts')))).rejects.toThrow(UsageError);
  });
});
