import { open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import type { ImportedRules } from '../imports.ts';
import { ruleFile } from '../rule.ts';

/** In one file of one process. A replica has its own, so all of them are told, or share the folder. */
export function importedRulesFile(file: string): ImportedRules {
  return {
    async load() {
      let text: string;
      try {
        text = await readFile(file, 'utf8');
      } catch (error) {
        if (Reflect.get(Object(error), 'code') === 'ENOENT') return undefined;
        throw error;
      }
      const result = ruleFile.safeParse(JSON.parse(text));
      if (!result.success)
        throw new Error(`${file} holds no WAF rules. Import them again, or remove the file to do without.`);
      return result.data;
    },
    async save(rules) {
      const next = `${file}.next`;
      const handle = await open(next, 'w', 0o600);
      try {
        await handle.writeFile(JSON.stringify(rules));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(next, file);
      // A rename is durable when its folder is.
      const folder = await open(path.dirname(file), 'r');
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    },
  };
}
