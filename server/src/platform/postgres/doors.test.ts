import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Connection } from './connection.ts';
import { outcomeIsUnknown } from './database-error.ts';
import { createDoors, definerFunctions, type Scope } from './doors.ts';
import { identifier, sql } from './sql.ts';
import { notesMigration } from './testing/notes-migration.ts';
import { startProxy } from './testing/proxy.ts';
import { type TestDatabase, testDatabase } from './testing/test-database.ts';

const organization = 'org_01890a5d-ac96-774b-bcce-b302099a8000';
const acme: Scope = { organization, tenant: 'tnt_01890a5d-ac96-774b-bcce-b302099a8001' };
const evil: Scope = { organization, tenant: 'tnt_01890a5d-ac96-774b-bcce-b302099a8002' };

const write = (scope: Scope, body: string) =>
  sql`INSERT INTO note (tenant_id, body) VALUES (${scope.tenant.slice(4)}, ${body}) RETURNING body`;
const all = sql`SELECT body FROM note ORDER BY id`;

describe('the doors', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    // One connection: whoever comes next gets the one that somebody else had.
    database = await testDatabase({ migrations: notesMigration(), doors: { max: 1 } });
    await database.doors.withTenant(acme, [write(acme, 'of acme')]);
    await database.doors.withTenant(evil, [write(evil, 'of evil')]);
  });
  afterAll(() => database.close());

  describe('withTenant', () => {
    it('shows a tenant its rows and no others, on a connection that another tenant had before', async () => {
      expect(await database.doors.withTenant(acme, [all])).toEqual([[{ body: 'of acme' }]]);
      expect(await database.doors.withTenant(evil, [all])).toEqual([[{ body: 'of evil' }]]);
    });

    it('lets callers at the same time not see each other', async () => {
      const scopes = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? acme : evil));
      const seen = await Promise.all(scopes.map((scope) => database.doors.withTenant(scope, [all])));
      expect(seen).toEqual(scopes.map((scope) => [[{ body: scope === acme ? 'of acme' : 'of evil' }]]));
    });

    it('cannot write a row of another tenant', async () => {
      await expect(database.doors.withTenant(evil, [write(acme, 'forged')])).rejects.toMatchObject({
        code: 'internal',
      });
    });

    it('sets organization and tenant as UUIDs without their prefix', async () => {
      const [rows] = await database.doors.withTenant(acme, [
        sql`SELECT current_setting('app.organization') AS organization, current_setting('app.tenant') AS tenant`,
      ]);
      expect(rows).toEqual([{ organization: organization.slice(4), tenant: acme.tenant.slice(4) }]);
    });

    it('sends nothing for a scope that is not one', async () => {
      for (const tenant of ['tnt_', 'tnt_*', "tnt_' OR true", ''])
        expect(() => database.doors.withTenant({ organization, tenant } as unknown as Scope, [all])).toThrow(
          'a scope is made of',
        );
    });

    it('costs one round trip: no answer is needed before COMMIT is sent', async () => {
      const proxy = await startProxy(database.targets.app);
      const doors = createDoors(proxy.target);
      await doors.withTenant(acme, []);
      proxy.withholdAnswersUntil('COMMIT');
      expect(await doors.withTenant(acme, [all, all])).toEqual([
        [{ body: 'of acme' }],
        [{ body: 'of acme' }],
      ]);
      await doors.close();
      await proxy.close();
    });

    it('fails when its transaction was rolled back, and forgets the tenant', async () => {
      await expect(
        database.doors.withTenant(acme, [write(acme, 'half'), sql`SELECT 1/0`]),
      ).rejects.toMatchObject({
        code: 'internal',
      });
      expect(await database.doors.withTenant(acme, [all])).toEqual([[{ body: 'of acme' }]]);
    });

    it('works again after its connection was killed in the middle of a transaction', async () => {
      const proxy = await startProxy(database.targets.app);
      const doors = createDoors(proxy.target);
      proxy.cutAt('pg_sleep', 'before the server hears');
      const error: unknown = await doors
        .withTenant(acme, [sql`SELECT pg_sleep(0)`])
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'unavailable' });
      expect(outcomeIsUnknown(error)).toBe(true);
      expect(await doors.withTenant(acme, [all])).toEqual([[{ body: 'of acme' }]]);
      await doors.close();
      await proxy.close();
    });

    it('works with statement names, and without them behind a pooler', async () => {
      for (const direct of [true, false]) {
        const doors = createDoors(database.targets.app, { direct, max: 1 });
        for (let round = 0; round < 2; round += 1)
          expect(await doors.withTenant(acme, [all.named('all_notes')])).toEqual([[{ body: 'of acme' }]]);
        const [rows = []] = await doors.withTenant(acme, [
          sql`SELECT name FROM pg_prepared_statements ORDER BY name`,
        ]);
        expect(rows.map(({ name }) => name)).toEqual(direct ? ['all_notes', 'vallum_scope'] : []);
        await doors.close();
      }
    });

    it('gives instants in UTC whatever the database is set to', async () => {
      const name = identifier(database.targets.owner.database);
      for (const setting of [sql`TimeZone = 'Asia/Tokyo'`, sql`DateStyle = 'SQL, DMY'`])
        await database.owner.query(sql`ALTER DATABASE ${name} SET ${setting}`);
      for (const direct of [true, false]) {
        const doors = createDoors(database.targets.app, { direct });
        expect(await doors.withTenant(acme, [sql`SELECT timestamptz '2026-01-02 03:04:05Z' AS at`])).toEqual([
          [{ at: '2026-01-02T03:04:05Z' }],
        ]);
        await doors.close();
      }
    });
  });

  it('show no row to the app role outside of a scope', async () => {
    const raw = await Connection.open(database.targets.app, {
      applicationName: 'raw',
      connectTimeoutMs: 1_000,
      direct: true,
    });
    expect(await raw.send([all], 1_000)).toMatchObject([{ answer: { rows: [] } }]);
    await raw.close();
  });

  it('find a credential by its exact hash, for who has no tenant yet', async () => {
    const hash = Buffer.from([0, 1, 254, 255]);
    await database.owner.query(
      sql`INSERT INTO credential (hash, tenant_id) VALUES (${hash}, ${acme.tenant.slice(4)})`,
    );
    expect(await database.doors.lookupCredential(hash)).toMatchObject({
      hash,
      tenant_id: acme.tenant.slice(4),
    });
    expect(await database.doors.lookupCredential(hash.subarray(1))).toBeUndefined();
  });

  it('refuse a credential that is not exactly one', async () => {
    const hash = Buffer.from('twice');
    await database.owner.query(sql`INSERT INTO credential (hash) VALUES (${hash}), (${hash})`);
    await expect(database.doors.lookupCredential(hash)).rejects.toMatchObject({ code: 'internal' });
  });

  it('make partitions ahead with rights that the app role does not have', async () => {
    await database.doors.ensurePartitions();
    expect(await database.owner.query(sql`SELECT FROM partition_call`)).toHaveLength(1);
    await expect(database.doors.withTenant(acme, [sql`SELECT FROM partition_call`])).rejects.toMatchObject({
      code: 'internal',
    });
  });
});

describe('the list of doors', () => {
  // The fixture shows that the question finds what it looks for; our own migrations are what it is asked for.
  for (const [which, migrations] of [
    ['a fixture', notesMigration()],
    ['our migrations', undefined],
  ] as const)
    it(`names every function that runs with its owner's rights in ${which}`, async () => {
      const database = await testDatabase(migrations === undefined ? {} : { migrations });
      const functions = await database.owner.query(sql`
        SELECT proname AS name, coalesce(array_to_string(proconfig, ','), '') AS settings,
               has_function_privilege('vallum_app', p.oid, 'EXECUTE') AS app,
               EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0) AS everybody
          FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
         WHERE prosecdef AND nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY proname`);
      await database.close();
      const names = functions.map(({ name }) => name);
      expect(names).toEqual(
        migrations === undefined ? definerFunctions : ['ensure_partitions', 'lookup_credential'],
      );
      for (const each of functions) {
        // Without a search path of its own, a caller could put their tables in front of the owner's.
        expect(each).toMatchObject({
          app: true,
          everybody: false,
          settings: expect.stringContaining('search_path='),
        });
      }
    });
});
