import { type ExceptionId, idOf, uuidOf } from '@vallum/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../../kernel/index.ts';
import { sql } from '../../../platform/postgres/index.ts';
import { type TestDatabase, testDatabase } from '../../../platform/postgres/testing/test-database.ts';
import type { Level, NewException, Scope, WafSettings } from '../ports.ts';
import { postgresWafSettings } from './waf-settings-postgres.ts';

let database: TestDatabase;
let settings: WafSettings;
/** Two tenants of one organization, and one of another. */
let amber: Scope;
let birch: Scope;
let other: Scope;

async function newScope(organization = newId('organization', Date.now())): Promise<Scope> {
  const scope = { organization, tenant: newId('tenant', Date.now()) };
  await database.doors.withTenant(scope, [
    sql`INSERT INTO organizations (id, name) VALUES (${uuidOf(organization)}, 'o') ON CONFLICT DO NOTHING`,
    sql`INSERT INTO tenants (id, organization_id, name, environment)
        VALUES (${uuidOf(scope.tenant)}, app_organization(), 't', 'production')`,
  ]);
  return scope;
}

beforeAll(async () => {
  database = await testDatabase();
  settings = postgresWafSettings(database.doors);
});
afterAll(() => database.close());
beforeEach(async () => {
  amber = await newScope();
  birch = await newScope(amber.organization);
  other = await newScope();
});

const exception = (level: Level, more: Partial<NewException> = {}): NewException => ({
  id: newId('exception', Date.now()),
  level,
  family: 'sql',
  reason: 'because',
  untilMs: Date.now() + 3_600_000,
  ...more,
});
const inForce = async (scope: Scope) => (await settings.read(scope))?.exceptions.length;
const epoch = async () => (await database.owner.query(sql`SELECT epoch FROM control`))[0]?.epoch;

describe('what was set', () => {
  it('is of a tenant or of its organization, and is nobody else’s', async () => {
    await settings.setMode(amber, 'tenant', 'block');
    await settings.setMode(birch, 'organization', 'detect');
    const modes = async (scope: Scope) => (await settings.read(scope))?.modes;
    expect(await modes(amber)).toEqual({ organization: 'detect', tenant: 'block' });
    expect(await modes(birch)).toEqual({ organization: 'detect', tenant: undefined });
    expect(await modes(other)).toEqual({ organization: undefined, tenant: undefined });
    await settings.setMode(amber, 'organization', 'block');
    await settings.setMode(amber, 'tenant', undefined);
    expect(await modes(amber)).toEqual({ organization: 'block', tenant: undefined });
  });

  it('is not there for a tenant that is not there, or is of another organization', async () => {
    const strange = { organization: amber.organization, tenant: other.tenant };
    expect(await settings.read(strange)).toBeUndefined();
    await expect(settings.setMode(strange, 'tenant', 'detect')).rejects.toThrow();
    await expect(settings.addException(strange, exception('tenant'), 10)).rejects.toThrow();
    expect(await inForce(other)).toBe(0);
  });

  it('moves the control epoch with each change, so that every process asks again', async () => {
    const seen = [await epoch()];
    const made = exception('tenant');
    const changes = [
      () => settings.setMode(amber, 'tenant', 'block'),
      () => settings.addException(amber, made, 10),
      () => settings.removeException(amber, 'tenant', made.id),
    ];
    for (const change of changes) {
      await change();
      seen.push(await epoch());
    }
    expect(new Set(seen).size).toBe(4);
  });
});

describe('an exception', () => {
  it('is in force in its tenant, or in each of the organization’s, until it ends or is taken away', async () => {
    const own = await settings.addException(
      amber,
      exception('tenant', { rule: 'sql-union', route: '/v1/x' }),
      10,
    );
    const all = await settings.addException(amber, exception('organization'), 10);
    expect(own).toMatchObject({
      level: 'tenant',
      rule: 'sql-union',
      family: 'sql',
      route: '/v1/x',
      reason: 'because',
    });
    expect([await inForce(amber), await inForce(birch), await inForce(other)]).toEqual([2, 1, 0]);
    await database.owner.query(sql`ALTER TABLE waf_exceptions NO FORCE ROW LEVEL SECURITY`);
    await database.owner.query(
      sql`UPDATE waf_exceptions SET expires_at = now() - interval '1 s' WHERE tenant_id IS NULL`,
    );
    await database.owner.query(sql`ALTER TABLE waf_exceptions FORCE ROW LEVEL SECURITY`);
    expect([await inForce(amber), await inForce(birch)]).toEqual([1, 0]);
    expect(await settings.exception(birch, 'organization', all?.id ?? none)).toMatchObject({ id: all?.id });
    expect(await settings.exception(birch, 'tenant', own?.id ?? none)).toBeUndefined();
    await settings.removeException(birch, 'tenant', own?.id ?? none);
    expect(await inForce(amber)).toBe(1);
    await settings.removeException(amber, 'tenant', own?.id ?? none);
    expect(await inForce(amber)).toBe(0);
  });

  it('is listed newest first, in pages', async () => {
    const ids: ExceptionId[] = [];
    for (let at = 1; at <= 5; at += 1) {
      const made = exception('tenant', { id: newId('exception', at) });
      ids.unshift(made.id);
      await settings.addException(amber, made, 10);
    }
    const first = await settings.exceptions(amber, 'tenant', 3);
    const rest = await settings.exceptions(amber, 'tenant', 3, first.at(-1)?.id);
    expect([...first, ...rest].map(({ id }) => id)).toEqual(ids);
  });

  it('is one of few, for each finding is held against all of them; those that have ended do not count', async () => {
    const add = () => settings.addException(amber, exception('tenant'), 2);
    expect([await add(), await add()].every(Boolean)).toBe(true);
    expect(await add()).toBeUndefined();
    expect(await settings.addException(birch, exception('tenant'), 2)).toBeDefined();
    expect(await settings.addException(amber, exception('organization'), 2)).toBeDefined();
  });

  it('for ever is refused by the database too', async () => {
    const untilMs = Date.now() + 100 * 86_400_000;
    await expect(settings.addException(amber, exception('tenant', { untilMs }), 10)).rejects.toThrow();
  });
});

const none: ExceptionId = idOf('exception', '00000000-0000-0000-0000-000000000000');
