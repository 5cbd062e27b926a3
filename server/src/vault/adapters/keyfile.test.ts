import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../kernel/index.ts';
import { openKeyfile } from './keyfile.ts';

let folder: string;
beforeEach(async () => {
  folder = path.join(await mkdtemp(path.join(tmpdir(), 'vallum keys ')), 'keys');
});
afterEach(() => rm(path.dirname(folder), { recursive: true, force: true }));

const acme = newId('tenant', 1_000);
const other = newId('tenant', 1_000);

describe('the keyfile', () => {
  it('gives the same keys after a restart, and others for other tenants and purposes', async () => {
    const first = await openKeyfile(folder);
    await first.tenantKeys.create(acme);
    await first.tenantKeys.create(other);
    const { key, version } = await first.tenantKeys.derive(acme, 'audit');
    const again = await openKeyfile(folder);
    const same = await again.tenantKeys.derive(acme, 'audit', version);
    expect(same.version).toBe(version);
    expect(same.key.equals(key)).toBe(true);
    expect((await again.tenantKeys.derive(other, 'audit')).key.equals(key)).toBe(false);
    expect(again.root.derive('a')).toEqual(first.root.derive('a'));
    expect(again.root.derive('b')).not.toEqual(first.root.derive('a'));
  });

  it('is made once, however many processes start at the same time', async () => {
    const opened = await Promise.all(Array.from({ length: 8 }, () => openKeyfile(folder)));
    await Promise.all(opened.map(({ tenantKeys }) => tenantKeys.create(acme)));
    const roots = new Set(opened.map(({ root }) => root.derive('same').toString('hex')));
    const keys = await Promise.all(opened.map(({ tenantKeys }) => tenantKeys.derive(acme, 'audit')));
    expect(roots.size).toBe(1);
    expect(new Set(keys.map(({ key }) => key.export().toString('hex'))).size).toBe(1);
  });

  it('has nothing left of a tenant once erased, and says no more than for one that never was', async () => {
    const { tenantKeys } = await openKeyfile(folder);
    await tenantKeys.create(acme);
    await tenantKeys.erase(acme);
    await expect(tenantKeys.derive(acme, 'audit')).rejects.toMatchObject({ code: 'not-found' });
    await expect(tenantKeys.derive(acme, 'audit', 1)).rejects.toMatchObject({ code: 'not-found' });
    await expect(tenantKeys.derive(other, 'audit')).rejects.toMatchObject({ code: 'not-found' });
    expect(await readdir(path.join(folder, 'tenants'))).toEqual([]);
  });

  it('keeps keys where only the owner reads, and refuses a root that others could have read', async () => {
    const { tenantKeys } = await openKeyfile(folder);
    await tenantKeys.create(acme);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(path.join(folder, 'root.key'))).mode & 0o777).toBe(0o600);
    await chmod(path.join(folder, 'root.key'), 0o644);
    await expect(openKeyfile(folder)).rejects.toThrow(/chmod 600/);
  });

  it('does not open what another root wrapped', async () => {
    const { root, tenantKeys } = await openKeyfile(folder);
    await tenantKeys.create(acme);
    const wrapped = root.wrap(Buffer.alloc(32, 7));
    expect(root.unwrap(wrapped)).toEqual(Buffer.alloc(32, 7));
    const elsewhere = await openKeyfile(`${folder}-2`);
    expect(() => elsewhere.root.unwrap(wrapped)).toThrow(expect.objectContaining({ code: 'internal' }));
    expect(() => root.unwrap(Buffer.alloc(40))).toThrow(expect.objectContaining({ code: 'internal' }));
  });

  it('says what to do about a damaged root', async () => {
    await openKeyfile(folder);
    const file = path.join(folder, 'root.key');
    await writeFile(file, (await readFile(file, 'utf8')).slice(0, 10));
    await expect(openKeyfile(folder)).rejects.toThrow(/restore it from your copy/);
  });
});
