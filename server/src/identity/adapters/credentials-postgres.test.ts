import { randomBytes } from 'node:crypto';
import { uuidOf } from '@vallum/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../kernel/index.ts';
import { sql } from '../../platform/postgres/index.ts';
import { type TestDatabase, testDatabase } from '../../platform/postgres/testing/test-database.ts';
import type { NewShortLived, Root } from '../exchange/ports.ts';
import type { NewApiKey } from '../keys/ports.ts';
import { type TestOrganization, testOrganization } from '../testing/test-organization.ts';
import { postgresCredentials, postgresKeys } from './keys-postgres.ts';
import { postgresServices } from './services-postgres.ts';
import { postgresSessions } from './sessions-postgres.ts';
import { postgresShortLived } from './short-lived-postgres.ts';

/* What the database says of keys and of what was made from them, on a real one: what has ended anywhere above has ended. */

let database: TestDatabase;
let acme: TestOrganization;
let other: TestOrganization;
beforeAll(async () => {
  database = await testDatabase();
  [acme, other] = [await testOrganization(database), await testOrganization(database)];
});
afterAll(() => database.close());

const now = Date.now();
const hourMs = 3_600_000;
const iso = (ms: number): string => new Date(ms).toISOString();
const stores = () => ({
  keys: postgresKeys(database.doors),
  credentials: postgresCredentials(database.doors),
  shortLived: postgresShortLived(database.doors),
  services: postgresServices(database.doors),
  sessions: postgresSessions(database.doors),
});
const scope = () => ({ organization: acme.organization, tenant: acme.production });
const elsewhere = () => ({ organization: other.organization, tenant: other.production });
const asOwner = (statement: ReturnType<typeof sql>) => database.owner.query(statement);
const epoch = async (): Promise<number> =>
  (await asOwner(sql`SELECT epoch FROM control`))[0]?.epoch as number;

async function newKey(more: Partial<NewApiKey> = {}): Promise<NewApiKey> {
  const key: NewApiKey = {
    id: newId('key', now),
    name: 'a key',
    hint: 'vk_live_abcd…',
    hash: randomBytes(32),
    pepperVersion: 1,
    scopes: ['vallum:read'],
    ratePerMinute: 100,
    expiresAt: undefined,
    ...more,
  };
  await stores().keys.createKey(scope(), key);
  return key;
}

async function newToken(root: Root, more: Partial<NewShortLived> = {}): Promise<NewShortLived> {
  const made: NewShortLived = {
    id: newId('token', now),
    hash: randomBytes(32),
    pepperVersion: 1,
    principal: { type: 'service', id: newId('service', now) },
    scopes: ['vallum:read'],
    ratePerMinute: 7,
    root,
    madeFrom: [],
    run: undefined,
    createdAtMs: now,
    expiresAtMs: now + 600_000,
    ...more,
  };
  await stores().shortLived.insert(scope(), made);
  return made;
}

async function newService(): Promise<{
  id: ReturnType<typeof newId<'service'>>;
  disable(): Promise<unknown>;
}> {
  const { services } = stores();
  const { id } = await services.create(scope(), { id: newId('service', now), name: 'a service' });
  for (const [role, tenant] of [
    ['developer', acme.production],
    ['auditor', undefined],
  ] as const)
    await database.doors.withTenant(scope(), [
      sql`INSERT INTO role_assignments (id, organization_id, principal_type, principal_id, role, tenant_id)
          VALUES (${uuidOf(newId('assignment', now))}, app_organization(), 'service', ${uuidOf(id)}, ${role}, ${tenant ? uuidOf(tenant) : null}::uuid)`,
    ]);
  return { id, disable: () => services.change(scope(), id, { disabled: true }) };
}

async function newSession() {
  const id = newId('session', now);
  const session = {
    id,
    organization: acme.organization,
    tenant: acme.production,
    user: acme.owner,
    method: 'password' as const,
    client: '',
    createdAtMs: now,
    seenAtMs: now,
    expiresAtMs: now + 300_000,
  };
  await stores().sessions.insert(session, randomBytes(32));
  return session;
}

describe('a key', () => {
  it('is found with its addresses, and without a service it is nobody else and has no role', async () => {
    const { hash, id } = await newKey({ allowedAddresses: ['10.0.0.0/8', '::1'] });
    expect(await stores().credentials.lookup(hash)).toMatchObject({
      key: id,
      allowedAddresses: ['10.0.0.0/8', '::1'],
      service: undefined,
      roles: [],
      organizationRoles: [],
      ended: false,
    });
    expect(await stores().credentials.lookup(randomBytes(32))).toBeUndefined();
  });

  it('of a service has the roles that this has in the tenant, and ends when it is disabled', async () => {
    const service = await newService();
    const { hash } = await newKey({ service: service.id, scopes: [] });
    expect(await stores().credentials.lookup(hash)).toMatchObject({
      service: service.id,
      scopes: [],
      roles: ['auditor', 'developer'],
      organizationRoles: ['auditor'],
      ended: false,
    });
    await service.disable();
    expect(await stores().credentials.lookup(hash)).toMatchObject({ ended: true });
  });

  it('cannot be of another tenant’s service, nor without both scopes and a service', async () => {
    const service = await newService();
    const { keys } = stores();
    const key = { ...(await newKey()), id: newId('key', now), hash: randomBytes(32) };
    await expect(
      keys.createKey({ ...scope(), tenant: acme.development }, { ...key, service: service.id }),
    ).rejects.toThrow();
    await expect(keys.createKey(scope(), { ...key, scopes: [] })).rejects.toThrow();
  });

  it('is replaced by one with its settings, and ends after the overlap or before', async () => {
    const { keys } = stores();
    const key = await newKey({ scopes: ['models:invoke'], ratePerMinute: 9, allowedAddresses: ['::1'] });
    const before = await epoch();
    const by = { id: newId('key', now), hint: 'vk_live_efgh…', hash: randomBytes(32), pepperVersion: 1 };
    const rotated = await keys.rotateKey(scope(), key.id, by, iso(now + hourMs));
    expect(rotated).toMatchObject({
      id: by.id,
      rotatedFrom: key.id,
      name: key.name,
      scopes: ['models:invoke'],
      ratePerMinute: 9,
      allowedAddresses: ['::1'],
      expiresAt: undefined,
    });
    expect(await epoch()).toBe(before + 1);
    const ends = (await keys.key(scope(), key.id))?.expiresAt ?? '';
    expect(Date.parse(ends)).toBe(now + hourMs);
    const again = { ...by, id: newId('key', now), hash: randomBytes(32) };
    await keys.rotateKey(scope(), key.id, again, iso(now + 2 * hourMs));
    expect((await keys.key(scope(), key.id))?.expiresAt).toBe(ends);
  });

  it('that is revoked, has expired or is another’s is replaced and changed by nobody', async () => {
    const { keys } = stores();
    const by = () => ({ id: newId('key', now), hint: 'x', hash: randomBytes(32), pepperVersion: 1 });
    const [revoked, expired, good] = [
      await newKey(),
      await newKey({ expiresAt: iso(now - 1_000) }),
      await newKey(),
    ];
    await keys.revokeKey(scope(), revoked.id);
    for (const { id } of [revoked, expired])
      expect(await keys.rotateKey(scope(), id, by(), iso(now + hourMs))).toBeUndefined();
    expect(await keys.changeKey(scope(), revoked.id, { name: 'x' })).toBeUndefined();
    for (const where of [elsewhere(), { ...scope(), tenant: acme.development }]) {
      expect(await keys.rotateKey(where, good.id, by(), iso(now + hourMs))).toBeUndefined();
      expect(await keys.changeKey(where, good.id, { ratePerMinute: 1 })).toBeUndefined();
    }
    expect(await keys.key(scope(), good.id)).toMatchObject({ expiresAt: undefined, ratePerMinute: 100 });
  });

  it('keeps what is not changed', async () => {
    const { keys } = stores();
    const { id } = await newKey({ allowedAddresses: ['::1'] });
    expect(await keys.changeKey(scope(), id, { ratePerMinute: 5 })).toMatchObject({
      name: 'a key',
      ratePerMinute: 5,
      allowedAddresses: ['::1'],
    });
    expect(await keys.changeKey(scope(), id, { name: 'another', allowedAddresses: [] })).toMatchObject({
      name: 'another',
      ratePerMinute: 5,
      allowedAddresses: [],
    });
  });

  it('was used when it was used last, whatever order that is told in, and no tenant tells of another’s', async () => {
    const { keys } = stores();
    const [one, two] = [await newKey(), await newKey()];
    const use = (key: NewApiKey, atMs: number) => ({ ...scope(), key: key.id, atMs });
    await keys.markUsed(scope(), [use(one, now), use(two, now - 5_000)]);
    await keys.markUsed(scope(), [use(one, now - 60_000), use(two, now)]);
    await keys.markUsed(elsewhere(), [{ ...elsewhere(), key: one.id, atMs: now + hourMs }]);
    for (const { id } of [one, two])
      expect(Date.parse((await keys.key(scope(), id))?.lastUsedAt ?? '')).toBe(now);
  });
});

describe('a short-lived credential', () => {
  const look = async ({ hash }: NewShortLived) => await stores().shortLived.lookup(hash);

  it('of a key ends with it, by whichever end comes first, and is bound to its addresses', async () => {
    const { keys } = stores();
    const key = await newKey({ allowedAddresses: ['10.0.0.0/8'], expiresAt: iso(now + 60_000) });
    const made = await newToken({ kind: 'key', id: key.id }, { run: 'run-1' });
    expect(await look(made)).toMatchObject({
      id: made.id,
      principal: made.principal,
      scopes: ['vallum:read'],
      run: 'run-1',
      root: { kind: 'key', id: key.id },
      rootScopes: ['vallum:read'],
      allowedAddresses: ['10.0.0.0/8'],
      ratePerMinute: 100,
      expiresAtMs: now + 60_000,
      ended: false,
    });
    await keys.revokeKey(scope(), key.id);
    expect(await look(made)).toMatchObject({ ended: true });
  });

  it('of a service’s key has the service’s present roles to be held against, and ends with the service', async () => {
    const service = await newService();
    const key = await newKey({ service: service.id, scopes: [] });
    const made = await newToken({ kind: 'key', id: key.id });
    expect(await look(made)).toMatchObject({
      rootScopes: [],
      rootRoles: ['auditor', 'developer'],
      rootOrganizationRoles: ['auditor'],
      ended: false,
    });
    await service.disable();
    expect(await look(made)).toMatchObject({ ended: true });
  });

  it('of a session ends with it, with its user, and when it goes to another tenant', async () => {
    const { sessions } = stores();
    const ends: readonly ((session: Awaited<ReturnType<typeof newSession>>) => Promise<unknown>)[] = [
      (session) => sessions.revoke({ ...session, session: session.id }, now),
      (session) =>
        sessions.renew(
          { ...session, session: session.id },
          { hash: randomBytes(32), tenant: acme.development },
        ),
    ];
    for (const end of ends) {
      const session = await newSession();
      const made = await newToken(
        { kind: 'session', id: session.id },
        { principal: { type: 'user', id: acme.owner } },
      );
      expect(await look(made)).toMatchObject({
        rootRoles: ['owner'],
        rootSeenAtMs: session.seenAtMs,
        expiresAtMs: session.expiresAtMs,
        ended: false,
      });
      await end(session);
      expect(await look(made)).toMatchObject({ ended: true });
    }
    const made = await newToken({ kind: 'session', id: (await newSession()).id });
    await database.doors.withTenant(scope(), [
      sql`UPDATE users SET one_time_until = now() WHERE id = ${uuidOf(acme.owner)}`,
    ]);
    expect(await look(made)).toMatchObject({ ended: true });
    await database.doors.withTenant(scope(), [
      sql`UPDATE users SET one_time_until = NULL WHERE id = ${uuidOf(acme.owner)}`,
    ]);
    expect(await look(made)).toMatchObject({ ended: false });
  });

  it('of a key or session that is not there has ended; of a token or certificate of others it lasts as it says', async () => {
    for (const kind of ['key', 'session'] as const)
      expect(await look(await newToken({ kind, id: newId(kind, now) }))).toMatchObject({ ended: true });
    const id = newId('agent', now);
    for (const kind of ['token', 'certificate'] as const)
      expect(await look(await newToken({ kind, id }, { principal: { type: 'agent', id } }))).toMatchObject({
        root: { kind, id },
        expiresAtMs: now + 600_000,
        ended: false,
      });
  });

  it('ends when any that it was made from is revoked, which moves the control epoch', async () => {
    const { shortLived } = stores();
    const root = { kind: 'key' as const, id: (await newKey()).id };
    const first = await newToken(root);
    const second = await newToken(root, { madeFrom: [first.id] });
    const third = await newToken(root, { madeFrom: [first.id, second.id] });
    const before = await epoch();
    expect(await shortLived.revoke(elsewhere(), second.id)).toBeUndefined();
    expect(await look(third)).toMatchObject({ ended: false });
    expect(await shortLived.revoke(scope(), second.id)).toMatchObject({ id: second.id });
    expect(await epoch()).toBeGreaterThan(before);
    expect([(await look(first))?.ended, (await look(second))?.ended, (await look(third))?.ended]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('is read by its tenant alone, and cannot be made to last', async () => {
    const { shortLived } = stores();
    const root = { kind: 'key' as const, id: (await newKey()).id };
    const { id } = await newToken(root);
    expect(await shortLived.find(scope(), id)).toMatchObject({ id, root });
    for (const where of [elsewhere(), { ...scope(), tenant: acme.development }])
      expect(await shortLived.find(where, id)).toBeUndefined();
    await expect(newToken(root, { expiresAtMs: Date.now() + 20 * 60_000 })).rejects.toThrow();
    await expect(
      database.doors.withTenant(scope(), [
        sql`UPDATE short_lived_credentials SET expires_at = now() + interval '1 year' WHERE id = ${uuidOf(id)}`,
      ]),
    ).rejects.toThrow();
  });
});

describe('tending', () => {
  const age = (table: 'keys' | 'tokens', id: string) =>
    database.owner.query(
      table === 'keys'
        ? sql`UPDATE api_keys SET created_at = now() - interval '200 days' WHERE id = ${id}`
        : sql`UPDATE short_lived_credentials SET created_at = now() - interval '135 minutes', expires_at = now() - interval '2 hours' WHERE id = ${id}`,
    );

  it('deletes what ended long ago and nothing else, and counts the old keys that go on, of all tenants', async () => {
    const { keys, shortLived } = stores();
    const root = { kind: 'key' as const, id: (await newKey()).id };
    const [old, ended, fresh] = [
      await newToken(root),
      await newToken(root, { expiresAtMs: now - 1_000 }),
      await newToken(root),
    ];
    const due = await database.doors.tendCredentials(180);
    const [aged, revoked] = [await newKey(), await newKey(), await newKey()];
    // Forced row-level security binds the owner of the tables too.
    await database.owner.query(
      sql`SELECT set_config('app.organization', ${uuidOf(acme.organization)}, false), set_config('app.tenant', ${uuidOf(acme.production)}, false)`,
    );
    await age('tokens', uuidOf(old.id));
    for (const { id } of [aged, revoked]) await age('keys', uuidOf(id));
    await keys.revokeKey(scope(), revoked.id);
    expect(await database.doors.tendCredentials(180)).toBe(due + 1);
    expect(await database.doors.tendCredentials(201)).toBe(due);
    const left = [old, ended, fresh].map(
      async ({ id }) => (await shortLived.find(scope(), id)) !== undefined,
    );
    expect(await Promise.all(left)).toEqual([false, true, true]);
  });
});
