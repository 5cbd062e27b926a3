import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Connection } from './connection.ts';
import { sqlState } from './database-error.ts';
import { createDoors } from './doors.ts';
import { migrate } from './migrate.ts';
import { connectAsOwner, type OwnerConnection } from './owner-connection.ts';
import { appRole, ledgerRole, provisionRoles } from './provision-roles.ts';
import { sql } from './sql.ts';
import type { Target } from './target.ts';
import { notesMigration } from './testing/notes-migration.ts';
import { hasDebianPostgres, type OtherServer, otherServer } from './testing/other-server.ts';
import { testDatabase } from './testing/test-database.ts';

const options = { applicationName: 'test', connectTimeoutMs: 2_000, direct: true };
const canConnect = async (target: Target): Promise<string | undefined> => {
  const opened = await Connection.open(target, options).catch((error: unknown) => error);
  if (!(opened instanceof Connection)) return sqlState(opened);
  await opened.close();
  return 'yes';
};

describe.skipIf(!hasDebianPostgres)(
  "on PostgreSQL 15, the oldest (skipped where Debian's is not installed)",
  () => {
    let server: OtherServer;
    let owner: OwnerConnection;
    let superuser: OwnerConnection;
    beforeAll(async () => {
      server = await otherServer({ which: 'debian' });
      owner = await connectAsOwner(server.owner);
      superuser = await connectAsOwner(server.superuser);
    });
    afterAll(async () => {
      await owner.close();
      await superuser.close();
      await server.stop();
    });
    const login = (user: string, password: string): Target => ({ ...server.owner, user, password });

    it('creates logins that an owner who is no superuser may create, with passwords that the server never sees', async () => {
      await provisionRoles(owner, { app: 'one', ledger: 'two' });
      expect(await canConnect(login(appRole, 'one'))).toBe('yes');
      expect(await canConnect(login(ledgerRole, 'two'))).toBe('yes');
      expect(await canConnect(login(appRole, 'two'))).toBe('28P01');
      const [row] = await superuser.query(
        sql`SELECT rolpassword, rolsuper, rolbypassrls, rolinherit FROM pg_authid WHERE rolname = ${appRole}`,
      );
      expect(row).toMatchObject({ rolsuper: false, rolbypassrls: false, rolinherit: false });
      expect(row?.rolpassword).toMatch(/^SCRAM-SHA-256\$4096:/);
    });

    it('changes the password of logins that are there', async () => {
      await provisionRoles(owner, { app: 'three', ledger: 'two' });
      expect(await canConnect(login(appRole, 'one'))).toBe('28P01');
      expect(await canConnect(login(appRole, 'three'))).toBe('yes');
    });

    it('lets several processes do so together', async () => {
      const owners = await Promise.all([1, 2, 3, 4].map(() => connectAsOwner(server.owner)));
      await Promise.all(owners.map((each) => provisionRoles(each, { app: 'three', ledger: 'two' })));
      await Promise.all(owners.map((each) => each.close()));
    });

    it('refuses a login that could do more than its work', async () => {
      const powers = [
        [
          'ALTER ROLE vallum_app BYPASSRLS',
          'ALTER ROLE vallum_app NOBYPASSRLS',
          'bypasses row-level security',
        ],
        [
          'ALTER ROLE vallum_app SUPERUSER',
          'ALTER ROLE vallum_app NOSUPERUSER',
          'could not be made or changed',
        ],
        [
          'GRANT vallum_ledger TO vallum_app',
          'REVOKE vallum_ledger FROM vallum_app',
          'is a member of another role',
        ],
        ['CREATE SCHEMA theirs AUTHORIZATION vallum_app', 'DROP SCHEMA theirs', 'owns objects'],
      ] as const;
      for (const [give, take, message] of powers) {
        await superuser.script(give);
        await expect(provisionRoles(owner, { app: 'three', ledger: 'two' })).rejects.toThrow(message);
        await superuser.script(take);
      }
      await provisionRoles(owner, { app: 'three', ledger: 'two' });
    });

    it('lets the login in where the public may not connect', async () => {
      await owner.script('REVOKE CONNECT ON DATABASE vallum FROM PUBLIC');
      expect(await canConnect(login(appRole, 'three'))).toBe('42501');
      await provisionRoles(owner, { app: 'three', ledger: 'two' });
      expect(await canConnect(login(appRole, 'three'))).toBe('yes');
    });

    it('migrates, and keeps tenants apart', async () => {
      await migrate(owner, notesMigration());
      const doors = createDoors(login(appRole, 'three'));
      const organization = 'org_01890a5d-ac96-774b-bcce-b302099a8000';
      const tenants = [
        'tnt_01890a5d-ac96-774b-bcce-b302099a8001',
        'tnt_01890a5d-ac96-774b-bcce-b302099a8002',
      ] as const;
      for (const tenant of tenants)
        await doors.withTenant({ organization, tenant }, [
          sql`INSERT INTO note (tenant_id, body) VALUES (${tenant.slice(4)}, ${tenant})`,
        ]);
      for (const tenant of tenants)
        expect(await doors.withTenant({ organization, tenant }, [sql`SELECT body FROM note`])).toEqual([
          [{ body: tenant }],
        ]);
      await doors.ensurePartitions();
      await doors.close();
    });
  },
);

describe('on the embedded PostgreSQL', () => {
  it('an owner who is no superuser creates and updates the same logins', async () => {
    const database = await testDatabase();
    const [row] = await database.owner.query(
      sql`SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user`,
    );
    expect(row).toEqual({ rolsuper: false, rolcreaterole: true });
    await provisionRoles(database.owner, inject('postgres').passwords);
    expect(await canConnect(database.targets.app)).toBe('yes');
    expect(await canConnect(database.targets.ledger)).toBe('yes');
    await database.close();
  });

  it('the password is in no error, not even when the server refuses', async () => {
    const database = await testDatabase();
    const app = await connectAsOwner(database.targets.app);
    const error: unknown = await provisionRoles(app, { app: 'hunter2', ledger: 'hunter3' }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(Error);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/hunter|SCRAM/);
    await app.close();
    await database.close();
  });
});
