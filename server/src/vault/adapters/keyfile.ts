import { createSecretKey, randomBytes } from 'node:crypto';
import { chmod, link, lstat, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { type TenantId, uuidOf } from '@vallum/contract';
import { Fault, type KeyPurpose, type TenantKeys } from '../../kernel/index.ts';
import { type RootKey, rootKey } from '../root-key.ts';

/**
 * Keys as files of one folder (`VALLUM_KEYS`), which lies beside the data and never inside of it: `root.key`, and one file per tenant and version, wrapped under the
 * root. Deleting a file is what erasure is, so neither the database nor its backups hold a copy. Not a protection from the host's root.
 */
export async function openKeyfile(folder: string): Promise<{ root: RootKey; tenantKeys: TenantKeys }> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const rootFile = path.join(folder, 'root.key');
  // Two processes may start at once: whoever links first has made the key, and both read that one.
  await create(rootFile, `${randomBytes(32).toString('base64')}\n`);
  await refuseReadableByOthers(rootFile);
  const key = Buffer.from(await readFile(rootFile, 'utf8'), 'base64');
  if (key.length !== 32)
    throw new Fault('internal', {
      because: `${rootFile} does not hold 32 bytes in base64: restore it from your copy`,
    });
  const root = rootKey(key);
  return { root, tenantKeys: fileTenantKeys(path.join(folder, 'tenants'), root) };
}

function fileTenantKeys(folder: string, root: RootKey): TenantKeys {
  const folderOf = (tenant: TenantId): string => path.join(folder, uuidOf(tenant));
  const absent = (cause?: unknown): Fault =>
    new Fault('not-found', { because: 'no key for this tenant', cause });

  async function newest(tenant: TenantId): Promise<number> {
    const names = await readdir(folderOf(tenant)).catch((cause: unknown) => {
      throw absent(cause);
    });
    const versions = names.filter((name) => /^\d+\.key$/.test(name)).map((name) => Number.parseInt(name, 10));
    if (versions.length === 0) throw absent();
    return Math.max(...versions);
  }

  return {
    async create(tenant) {
      await mkdir(folderOf(tenant), { recursive: true, mode: 0o700 });
      await create(path.join(folderOf(tenant), '1.key'), root.wrap(randomBytes(32)));
      await syncFolder(folder);
    },
    async derive(tenant: TenantId, purpose: KeyPurpose, version?: number) {
      const wanted = version ?? (await newest(tenant));
      const wrapped = await readFile(path.join(folderOf(tenant), `${wanted}.key`)).catch((cause: unknown) => {
        throw absent(cause);
      });
      const key = rootKey(root.unwrap(wrapped)).derive(`vallum/${purpose}/v1`);
      return { version: wanted, key: createSecretKey(key) };
    },
    async erase(tenant) {
      await rm(folderOf(tenant), { recursive: true, force: true });
      await syncFolder(folder);
    },
  };
}

/** Writes a file that must not be there yet, whole and durable; leaves the one that is. */
async function create(file: string, content: string | Buffer): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await using handle = await open(temporary, 'wx', 0o600);
    await handle.writeFile(content);
    await handle.sync();
    await link(temporary, file);
    await syncFolder(path.dirname(file));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}

async function refuseReadableByOthers(file: string): Promise<void> {
  const { mode } = await lstat(file);
  if ((mode & 0o077) !== 0) {
    throw new Fault('internal', {
      because: `${file} can be read by others than its owner: chmod 600 it, and ask who has read it`,
    });
  }
}
