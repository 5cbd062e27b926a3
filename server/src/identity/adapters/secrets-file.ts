import { access, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { FirstSecrets, SecretsFile } from '../bootstrap.ts';

/** The first secrets as two files that only their owner can read: all of them, and a header line for `curl -H @file`. */
export function firstSecretsFile(
  folder: string,
): SecretsFile & { readonly file: string; readonly header: string } {
  const file = path.join(folder, 'bootstrap.json');
  const header = path.join(folder, 'authorization');
  const remove = async (): Promise<void> => {
    await rm(file, { force: true });
    await rm(header, { force: true });
  };
  return {
    file,
    header,
    async write(secrets: FirstSecrets) {
      await writeDurably(header, `Authorization: Bearer ${secrets.apiKey}\n`);
      await writeDurably(file, `${JSON.stringify(secrets, null, 2)}\n`);
    },
    remove,
    async removeOf(adminEmail) {
      const text = await readFile(file, 'utf8').catch(() => '{}');
      if ((JSON.parse(text) as Partial<FirstSecrets>).adminEmail === adminEmail) await remove();
    },
    exists: () =>
      access(file).then(
        () => true,
        () => false,
      ),
  };
}

async function writeDurably(file: string, text: string): Promise<void> {
  const temporary = `${file}.new`;
  await rm(temporary, { force: true });
  await using handle = await open(temporary, 'wx', 0o600);
  await handle.writeFile(text);
  await handle.sync();
  await rename(temporary, file);
  await using folder = await open(path.dirname(file), 'r');
  await folder.sync();
}
