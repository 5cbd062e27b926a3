import { createHash } from 'node:crypto';
import { idOf } from '@vallum/contract';
import { type Doors, sql } from '../../../platform/postgres/index.ts';
import type { ImportedRules } from '../ports.ts';
import { ruleFile } from '../rule.ts';

/** The scope of what belongs to nobody. */
const nobody = {
  organization: idOf('organization', '00000000-0000-0000-0000-000000000000'),
  tenant: idOf('tenant', '00000000-0000-0000-0000-000000000000'),
};

/** In the one row of a table that all processes read. */
export function postgresImportedRules({ withTenant }: Pick<Doors, 'withTenant'>): ImportedRules {
  const change = (...statements: readonly ReturnType<typeof sql>[]) =>
    withTenant(nobody, [
      sql`DELETE FROM waf_imported_rules`,
      ...statements,
      // What processes have loaded is not what is kept any more.
      sql`UPDATE control SET epoch = epoch + 1`,
    ]);
  return {
    async digest() {
      const [rows = []] = await withTenant(nobody, [sql`SELECT digest FROM waf_imported_rules`]);
      return rows[0]?.digest as string | undefined;
    },
    async load() {
      const [rows = []] = await withTenant(nobody, [sql`SELECT digest, rules FROM waf_imported_rules`]);
      if (!rows[0]) return undefined;
      const { digest, rules } = rows[0] as { digest: string; rules: string };
      const result = ruleFile.safeParse(JSON.parse(rules));
      if (!result.success || digestOf(rules) !== digest)
        throw new Error(
          'The table waf_imported_rules does not hold what an import has put there. Empty it to do without, and import the rules again.',
        );
      return { digest, file: result.data };
    },
    async save(file) {
      const rules = JSON.stringify(file);
      await change(sql`INSERT INTO waf_imported_rules (digest, rules) VALUES (${digestOf(rules)}, ${rules})`);
    },
    async remove() {
      await change();
    },
  };
}

const digestOf = (rules: string): string => createHash('sha256').update(rules).digest('hex');
