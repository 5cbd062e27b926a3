import { uuidOf } from '@vallum/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../kernel/index.ts';
import { sql } from '../../platform/postgres/index.ts';
import { type TestDatabase, testDatabase } from '../../platform/postgres/testing/test-database.ts';
import type { Scope } from '../ports.ts';
import type { Holder } from '../roles/ports.ts';
import { ownerFault, postgresRoles } from './roles-postgres.ts';
import { postgresServices } from './services-postgres.ts';

let database: TestDatabase;
let scope: Scope;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database?.close());

/** An organization of its own for each test. */
beforeEach(async () => {
  scope = await organization();
});

async function organization(): Promise<Scope> {
  const made = { organization: newId('organization', Date.now()), tenant: newId('tenant', Date.now()) };
  await database.doors.withTenant(made, [
    sql`INSERT INTO organizations (id, name) VALUES (${uuidOf(made.organization)}, 'Acme')`,
    sql`INSERT INTO tenants (id, organization_id, name, environment) VALUES (${uuidOf(made.tenant)}, app_organization(), 'x', 'production')`,
  ]);
  return made;
}

async function newUser(of = scope): Promise<Extract<Holder, { type: 'user' }>> {
  const id = newId('user', Date.now());
  await database.doors.withTenant(of, [
    sql`INSERT INTO users (id, organization_id, email, password) VALUES (${uuidOf(id)}, app_organization(), ${`${id}@example.org`}, 'x')`,
  ]);
  return { type: 'user', id };
}

const disable = ({ id }: Holder): Promise<unknown> =>
  database.doors.withTenant(scope, [
    sql`UPDATE users SET disabled_at = now() WHERE organization_id = app_organization() AND id = ${uuidOf(id)}`,
  ]);

const roles = () => postgresRoles(database.doors);
const assign = (holder: Holder, role: 'owner' | 'auditor', tenant: Scope['tenant'] | null = null) =>
  roles().assign(scope, { id: newId('assignment', Date.now()), holder, role, tenant });
const epoch = async (): Promise<unknown> =>
  (await database.doors.withTenant(scope, [sql`SELECT epoch FROM control`]))[0]?.[0]?.epoch;

describe('roles in the database', () => {
  it('are those of one holder in one organization, newest first', async () => {
    const [user, another] = [await newUser(), await newUser()];
    const first = await assign(user, 'owner');
    const second = await assign(user, 'auditor', scope.tenant);
    await assign(another, 'auditor');
    expect(await roles().page(scope, user, { limit: 10 })).toEqual([second, first]);
    expect(await roles().page(scope, user, { limit: 1, before: second.id })).toEqual([first]);
    expect(await roles().page(scope, user, { limit: 10, tenant: scope.tenant })).toEqual([second]);
    expect(await roles().held(scope, user)).toHaveLength(2);
    const elsewhere = await organization();
    expect(await roles().page(elsewhere, user, { limit: 10 })).toEqual([]);
    expect(await roles().exists(elsewhere, user)).toBe(false);
    await roles().remove(elsewhere, user, second.id);
    expect(await roles().find(scope, user, second.id)).toEqual(second);
  });

  it('are there once for each place', async () => {
    const user = await newUser();
    await assign(user, 'auditor');
    await expect(assign(user, 'auditor')).rejects.toMatchObject({ code: 'conflict' });
    await assign(user, 'auditor', scope.tenant);
  });

  it('move the control epoch when they come and when they go, so that every process feels it', async () => {
    const user = await newUser();
    const before = await epoch();
    const { id } = await assign(user, 'auditor');
    const between = await epoch();
    expect(between).not.toBe(before);
    await roles().remove(scope, user, id);
    expect(await epoch()).not.toBe(between);
  });
});

describe('an owner', () => {
  const refused = { code: 'policy-denied', detail: expect.stringContaining('The last owner') };

  it('who is the last one stays, also where the code does not ask', async () => {
    const owner = await newUser();
    const { id } = await assign(owner, 'owner');
    expect(await roles().hasOtherOwner(scope, owner)).toBe(false);
    await expect(roles().remove(scope, owner, id)).rejects.toMatchObject(refused);
    const disabling = await disable(owner).catch(ownerFault);
    expect(disabling).toMatchObject(refused);
    expect(await roles().find(scope, owner, id)).toBeDefined();
  });

  it('goes when there is another one, who is enabled, of the organization and not by claims alone', async () => {
    const [owner, other, gone, vouched] = [
      await newUser(),
      await newUser(),
      await newUser(),
      await newUser(),
    ];
    const { id } = await assign(owner, 'owner');
    await assign(other, 'owner', scope.tenant);
    await assign(gone, 'owner');
    await disable(gone);
    await database.doors.withTenant(scope, [
      sql`INSERT INTO role_assignments (id, organization_id, principal_type, principal_id, role, origin)
          VALUES (${uuidOf(newId('assignment', 1))}, app_organization(), 'user', ${uuidOf(vouched.id)}, 'owner', 'claims')`,
    ]);
    await expect(roles().remove(scope, owner, id)).rejects.toMatchObject(refused);
    await assign(other, 'owner');
    expect(await roles().hasOtherOwner(scope, owner)).toBe(true);
    await roles().remove(scope, owner, id);
    await expect(disable(other).catch((error) => Promise.reject(ownerFault(error)))).rejects.toMatchObject(
      refused,
    );
    // Who is no owner is no matter.
    await disable(owner);
  });

  it('does not go together with the other one: of two at once one stays', async () => {
    for (let trial = 0; trial < 10; trial += 1) {
      scope = await organization();
      const [one, two] = [await newUser(), await newUser()];
      const [first, second] = [await assign(one, 'owner'), await assign(two, 'owner')];
      const went = await Promise.allSettled([
        roles().remove(scope, one, first.id),
        trial % 2 === 0 ? roles().remove(scope, two, second.id) : disable(two),
      ]);
      expect(went.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    }
  });
});

describe('service accounts in the database', () => {
  it("are a tenant's, and are disabled for all processes at once", async () => {
    const services = postgresServices(database.doors);
    const made = await services.create(scope, { id: newId('service', Date.now()), name: 'nightly' });
    expect(await services.page(scope, 10)).toEqual([made]);
    const before = await epoch();
    expect(await services.change(scope, made.id, { name: 'weekly' })).toEqual({ ...made, name: 'weekly' });
    expect(await epoch()).toBe(before);
    const disabled = await services.change(scope, made.id, { disabled: true });
    expect(disabled?.disabledAt).toEqual(expect.any(String));
    expect(await epoch()).not.toBe(before);
    expect(await services.change(scope, made.id, { disabled: true })).toEqual(disabled);
    expect(await services.change(scope, made.id, { disabled: false })).toEqual({ ...made, name: 'weekly' });
    const elsewhere = await organization();
    expect(await services.find(elsewhere, made.id)).toBeUndefined();
    expect(await services.change(elsewhere, made.id, { disabled: true })).toBeUndefined();
    expect(await roles().exists(elsewhere, { type: 'service', id: made.id })).toBe(false);
    expect(await roles().exists(scope, { type: 'service', id: made.id })).toBe(true);
  });
});
