import { assignment, page, role, roleDescription, serviceAccount } from '@vallum/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { makeKey, makeService, makeTenant, revokeKey } from '../support/administer.ts';
import { type Answer, ask, type Question } from '../support/ask.ts';
import { eventually } from '../support/eventually.ts';
import { user } from '../support/openai-client.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { startVallum, type Vallum } from '../support/vallum.ts';

/* What each role opens and what it does not, over HTTP; and every way we know to get more than one has. */

const audience = 'https://vallum.example.org';
type Role = z.infer<typeof role>;

let vallum: Vallum;
/** The same server, with a key of an administrator that may ask often. */
let administrator: Vallum;
let issuer: TokenIssuer;
/** Two tenants of one organization. */
let amber: string;
let birch: string;
/** The user that the first start made: its owner. */
let firstOwner: string;

beforeAll(async () => {
  issuer = await startTokenIssuer(audience);
  vallum = await startVallum({
    settings: {
      identity: {
        issuers: [
          {
            issuer: issuer.url,
            audience,
            jwks_uri: issuer.keysUrl,
            tenant_claim: 'tenant',
            scopes: [],
            roles_claim: 'groups',
            role_map: Object.fromEntries(role.options.map((each) => [`the-${each}s`, [each]])),
            rate_per_minute: 1_000_000,
          },
        ],
      },
    },
  });
  // The first administrator's key has a rate that these tests would meet.
  const scopes = ['vallum:admin', 'vallum:read', 'vallum:write'];
  const { key: adminKey } = await makeKey(vallum, { name: 'administrator', scopes });
  administrator = Object.assign(Object.create(vallum) as Vallum, {
    secrets: { ...vallum.secrets, adminKey },
  });
  [amber, birch] = [
    (await makeTenant(administrator, 'amber')).id,
    (await makeTenant(administrator, 'birch')).id,
  ];
  const made = await eventually('the first organization is in the ledger', async () =>
    (await changes(20)).find(({ type }) => type === 'organization.created'),
  );
  firstOwner = (made.after as { admin: string }).admin;
});
afterAll(async () => {
  await vallum?.remove();
  await issuer?.close();
});

interface Change {
  readonly type: string;
  readonly after?: object;
  readonly before?: object;
}

/** The changes that the first administrator's tenant has on record, among so many entries of the log. */
async function changes(entries: number, from = 0): Promise<Change[]> {
  const found: Change[] = [];
  for (let index = from; index < from + entries; index += 1) {
    const answer = await admin(`/v1/ledger/entries/${index}/opening`);
    const change = answer.json<{ entry?: { change?: Change } }>().entry?.change;
    if (change) found.push(change);
  }
  return found;
}

/** A token of somebody with this role in a tenant. */
const tokenOf = (is: Role, tenant = amber, sub = `${is}@example.org`): Promise<string> =>
  issuer.token({ tenant, sub, scope: '', groups: [`the-${is}s`, 'the-kings'] });

/** A service account with a role, in its tenant or (null) in every one, and a key of it. */
async function serviceWith(is: Role, tenant?: null) {
  const { id } = await makeService(administrator, { tenant: amber, name: is });
  const path = `/v1/services/${id}/roles`;
  const given = await admin(`${path}?tenant=${amber}`, {
    body: { role: is, ...(tenant === null && { tenant }) },
  });
  const { id: held } = assignment.parse(given.json());
  const key = await makeKey(administrator, { tenant: amber, scopes: [], service: id });
  return { id, path, held, key: key.key, keyId: key.id };
}

const as = async (key: string, path: string, question: Question = {}): Promise<Answer> =>
  ask(vallum, path, { key, ...question });
const post = (key: string, path: string, body: object): Promise<Answer> => as(key, path, { body });
const admin = (path: string, question: Question = {}): Promise<Answer> =>
  as(administrator.secrets.adminKey, path, question);
const chat = { model: 'rehearsal', messages: [user('Hello')] };
const application = { name: 'made by a role', scopes: ['models:invoke'] };

/** A refusal that says which rule it was. */
function expectRefused({ status, headers, text }: Answer, code: string): void {
  expect({ status, text }).toEqual({ status: 403, text: expect.stringContaining(`"code":"${code}"`) });
  expect(headers['x-vallum-decision']).toBe('block');
}

describe('a role', () => {
  /** Who may, from owner to agent: in one tenant, and with the role in every tenant where that is another. 'y' is 2xx, '.' is 403. */
  const sample: readonly (readonly [string, (key: string) => Promise<Answer>, string, string?])[] = [
    ['list models', (key) => as(key, '/v1/models'), 'yyyy.yy'],
    ['call a model', (key) => post(key, '/v1/chat/completions', chat), 'yy...yy'],
    ['read requests', (key) => as(key, '/v1/requests'), 'yyyyyy.'],
    ['read metrics', (key) => as(key, '/metrics'), 'yyyyyy.'],
    ['list keys', (key) => as(key, '/v1/keys'), 'yyyyy..'],
    ['list service accounts', (key) => as(key, '/v1/services'), 'yyyyy..'],
    ['make a key', (key) => post(key, '/v1/keys', application), 'yy.....'],
    ['make a service account', (key) => post(key, '/v1/services', { name: 'made by a role' }), 'yy.....'],
    ['list tenants', (key) => as(key, '/v1/tenants'), '.......', 'yyyyy..'],
    [
      'make a tenant',
      (key) => post(key, '/v1/tenants', { name: 'made by a role', environment: 'staging' }),
      '.......',
      'yy.....',
    ],
    ['list what another tenant has', (key) => as(key, `/v1/keys?tenant=${birch}`), '.......', 'yyyyy..'],
    [
      'make a key in another tenant',
      (key) => post(key, '/v1/keys', { ...application, tenant: birch }),
      '.......',
      'yy.....',
    ],
    [
      "see a user's roles everywhere",
      (key) => as(key, `/v1/users/${firstOwner}/roles`),
      '.......',
      'yyyyy..',
    ],
    [
      "see a user's roles in the tenant",
      (key) => as(key, `/v1/users/${firstOwner}/roles?tenant=${amber}`),
      'yyyyy..',
    ],
    ['read what roles are', (key) => as(key, '/v1/roles'), 'yyyyyyy'],
  ];
  const expectSample = async (is: Role, key: string, everywhere: boolean): Promise<void> => {
    const at = role.options.indexOf(is);
    for (const [what, call, here, there = here] of sample) {
      const may = (everywhere ? there : here)[at] === 'y';
      const { status } = await call(key);
      expect({ is, what, status }).toEqual({
        is,
        what,
        status: may ? expect.toSatisfy((code: number) => code < 300) : 403,
      });
    }
  };

  it.each(role.options)(
    '%s in a token opens what it is for in its tenant, and nothing beside it',
    async (is) => expectSample(is, await tokenOf(is), false),
  );

  it.each(role.options)(
    '%s of a service account is in its keys, which have no scope of their own',
    async (is) => expectSample(is, (await serviceWith(is)).key, false),
  );

  it.each(role.options)('%s in every tenant reaches the organization as far as it may', async (is) =>
    expectSample(is, (await serviceWith(is, null)).key, true),
  );

  it('says what it allows, by the policies in force', async () => {
    const { data } = z
      .object({ data: z.array(roleDescription) })
      .parse((await as(await tokenOf('agent'), '/v1/roles')).json());
    expect(data.map((each) => each.role)).toEqual(role.options);
    const of = (is: Role) => data.find((each) => each.role === is);
    expect(of('agent')).toMatchObject({
      tenant: ['model:list', 'model:invoke'],
      organization: [],
    });
    expect(of('owner')?.organization).toContain('tenant:create');
    expect(of('developer')?.tenant).not.toContain('entry:open');
  });

  it('that no setting names is none: a token that says it is king is nobody', async () => {
    const key = await issuer.token({ tenant: amber, scope: '', groups: ['the-kings', 'owner'] });
    expect((await as(key, '/v1/models')).status).toBe(403);
  });
});

describe('a role that is given', () => {
  it('is listed, is there once, and is gone when it is taken away; both are in the ledger', async () => {
    const service = await makeService(administrator, { tenant: amber, name: 'importer' });
    const place = `/v1/services/${service.id}/roles`;
    const body = { role: 'auditor' };
    const made = await admin(`${place}?tenant=${amber}`, { body });
    expect(made.status).toBe(201);
    const given = assignment.parse(made.json());
    expect(given).toMatchObject({
      principal: { type: 'service', id: service.id },
      role: 'auditor',
      tenant: amber,
      origin: 'assigned',
    });
    expect((await admin(`${place}?tenant=${amber}`, { body })).status).toBe(409);
    const list = async () =>
      page(assignment)
        .parse((await admin(`${place}?tenant=${amber}`)).json())
        .data.map(({ id }) => id);
    expect(await list()).toEqual([given.id]);
    const removal = `${place}/${given.id}?tenant=${amber}`;
    expect((await admin(removal, { method: 'DELETE' })).status).toBe(200);
    expect((await admin(removal, { method: 'DELETE' })).status).toBe(404);
    expect(await list()).toEqual([]);
    const sealed = await eventually('both changes are sealed', async () => {
      const from = Number(made.headers['x-vallum-ledger-index']);
      const about = (await changes(40, from)).filter((change) => JSON.stringify(change).includes(given.id));
      return about.length === 2 && about.map(({ type }) => type);
    });
    expect(sealed).toEqual(['role.assigned', 'role.removed']);
  });

  it.each([
    ['a role that is none', { role: 'king' }, 400],
    ['a tenant that is none', { role: 'agent', tenant: 'everywhere' }, 400],
    [
      'a tenant that is not there',
      { role: 'agent', tenant: 'tnt_01890a5d-ac96-774b-bcce-b302099a8057' },
      404,
    ],
    ['nothing', {}, 400],
  ])('to a user with %s changes nothing and says why', async (_, body, status) => {
    const before = (await admin(`/v1/users/${firstOwner}/roles`)).text;
    expect((await admin(`/v1/users/${firstOwner}/roles`, { body })).status).toBe(status);
    expect((await admin(`/v1/users/${firstOwner}/roles`)).text).toBe(before);
  });

  it('to nobody is not found, also where another tenant has a service account of that id', async () => {
    const absent = 'usr_01890a5d-ac96-774b-bcce-b302099a8057';
    expect((await admin(`/v1/users/${absent}/roles`, { body: { role: 'agent' } })).status).toBe(404);
    const theirs = await makeService(administrator, { tenant: birch });
    const path = `/v1/services/${theirs.id}/roles`;
    expect((await admin(`${path}?tenant=${amber}`, { body: { role: 'agent' } })).status).toBe(404);
    expect((await admin(`${path}?tenant=${birch}`, { body: { role: 'agent', tenant: amber } })).status).toBe(
      400,
    );
  });
});

describe('a service account', () => {
  it('is renamed, disabled and enabled, and a name is in no reply of another tenant', async () => {
    const made = await makeService(administrator, { tenant: amber, name: 'nightly' });
    const place = `/v1/services/${made.id}?tenant=${amber}`;
    const change = async (body: object) =>
      serviceAccount.parse((await admin(place, { method: 'PATCH', body })).json());
    expect(await change({ name: 'weekly' })).toEqual({ ...made, name: 'weekly' });
    expect((await change({ disabled: true })).disabled_at).toEqual(expect.any(String));
    expect(await change({ disabled: false })).toEqual({ ...made, name: 'weekly' });
    expect((await admin(place, { method: 'PATCH', body: {} })).status).toBe(400);
    expect((await admin(`/v1/services/${made.id}?tenant=${birch}`)).status).toBe(404);
    expect((await admin(`/v1/services/${made.id}`)).status).toBe(404);
    const listed = page(serviceAccount).parse((await admin(`/v1/services?tenant=${amber}&limit=200`)).json());
    expect(listed.data).toContainEqual({ ...made, name: 'weekly' });
  });

  it('loses what a role opened as soon as the role is gone, and opens nothing while it is disabled', async () => {
    const { id, path, held, key } = await serviceWith('auditor');
    const status = async () => (await as(key, '/v1/requests')).status;
    expect(await status()).toBe(200);
    expect((await admin(`${path}/${held}?tenant=${amber}`, { method: 'DELETE' })).status).toBe(200);
    await eventually('the role is gone', async () => (await status()) === 403);
    expect((await admin(`${path}?tenant=${amber}`, { body: { role: 'auditor' } })).status).toBe(201);
    await eventually('the role is back', async () => (await status()) === 200);
    const disable = (disabled: boolean) =>
      admin(`/v1/services/${id}?tenant=${amber}`, { method: 'PATCH', body: { disabled } });
    expect((await disable(true)).status).toBe(200);
    await eventually('the key is refused', async () => (await status()) === 401);
    expect((await disable(false)).status).toBe(200);
    await eventually('the key opens again', async () => (await status()) === 200);
  });

  it('that may more than one does is not enabled again by who may less', async () => {
    const made = await makeService(administrator, { tenant: amber });
    const place = `/v1/services/${made.id}`;
    await admin(`${place}/roles?tenant=${amber}`, { body: { role: 'owner' } });
    const engineer = await tokenOf('platform-engineer');
    const patch = (key: string, disabled: boolean) => as(key, place, { method: 'PATCH', body: { disabled } });
    // To stop it is another matter.
    expect((await patch(engineer, true)).status).toBe(200);
    expectRefused(await patch(engineer, false), 'other-exceeds-caller');
    expect((await patch(await tokenOf('owner'), false)).status).toBe(200);
  });
});

describe('nobody raises their own rights', () => {
  it('by a key: with a scope that they do not have themselves', async () => {
    const engineer = await tokenOf('platform-engineer');
    expectRefused(
      await post(engineer, '/v1/keys', { name: 'x', scopes: ['vallum:admin'] }),
      'grant-exceeds-giver',
    );
    const good = await post(engineer, '/v1/keys', {
      name: 'x',
      scopes: ['vallum:read', 'vallum:write', 'models:invoke'],
    });
    expect(good.status).toBe(201);
    const { key } = await makeKey(administrator, { scopes: ['vallum:admin'] });
    for (const scope of ['vallum:read', 'vallum:write', 'models:invoke'])
      expectRefused(
        await post(key, '/v1/keys', { name: 'x', scopes: ['vallum:admin', scope] }),
        'grant-exceeds-giver',
      );
  });

  it('by a role of a service account that they then use', async () => {
    const owner = await tokenOf('owner');
    const { id } = serviceAccount.parse((await post(owner, '/v1/services', { name: 'ladder' })).json());
    // In their tenant they may give what they are; beyond it they are nobody.
    expect((await post(owner, `/v1/services/${id}/roles`, { role: 'owner' })).status).toBe(201);
    expect((await post(owner, `/v1/services/${id}/roles`, { role: 'agent', tenant: null })).status).toBe(403);
    expect(
      (await post(await tokenOf('platform-engineer'), `/v1/services/${id}/roles`, { role: 'agent' })).status,
    ).toBe(403);
    const { key } = await makeKey(administrator, { scopes: ['vallum:admin'] });
    const theirs = await makeService(administrator);
    for (const tenant of [null, undefined])
      expectRefused(
        await post(key, `/v1/services/${theirs.id}/roles`, { role: 'owner', tenant }),
        'grant-exceeds-giver',
      );
  });

  it('by a key of a service account that may more: a new one, or one in place of another', async () => {
    const { id, keyId } = await serviceWith('owner');
    const engineer = await tokenOf('platform-engineer');
    const body = { name: 'x', scopes: [], service: id };
    expectRefused(await post(engineer, '/v1/keys', body), 'other-exceeds-caller');
    expectRefused(await post(engineer, `/v1/keys/${keyId}/rotate`, {}), 'other-exceeds-caller');
    // An owner of the tenant may, unless the account is owner of more than that.
    const owner = await tokenOf('owner');
    expect((await post(owner, '/v1/keys', body)).status).toBe(201);
    const great = await serviceWith('owner', null);
    expectRefused(await post(owner, '/v1/keys', { ...body, service: great.id }), 'other-exceeds-caller');
    expectRefused(await post(owner, `/v1/keys/${great.keyId}/rotate`, {}), 'other-exceeds-caller');
  });

  it('by what they are themselves: not with a key of theirs, and not with what that was exchanged for', async () => {
    const { path, held, key } = await serviceWith('owner', null);
    const exchanged = await post(key, '/v1/tokens', { scopes: ['vallum:admin', 'vallum:read'] });
    expect(exchanged.status).toBe(201);
    const { token } = exchanged.json<{ token: string }>();
    for (const credential of [key, token]) {
      expectRefused(await post(credential, path, { role: 'auditor' }), 'own-rights');
      expectRefused(await as(credential, `${path}/${held}`, { method: 'DELETE' }), 'own-rights');
    }
    const agent = await serviceWith('agent');
    expectRefused(await post(agent.key, '/v1/tokens', { scopes: ['vallum:read'] }), 'grant-exceeds-giver');
  });

  it('in another tenant, or in all: an owner of one tenant is nobody there', async () => {
    const owner = await tokenOf('owner');
    for (const tenant of [birch, null])
      expect((await post(owner, `/v1/users/${firstOwner}/roles`, { role: 'agent', tenant })).status).toBe(
        403,
      );
    expect((await post(owner, '/v1/services', { name: 'x', tenant: birch })).status).toBe(403);
    const theirs = await makeService(administrator, { tenant: birch });
    for (const path of [
      `/v1/services/${theirs.id}?tenant=${birch}`,
      `/v1/services/${theirs.id}/roles?tenant=${birch}`,
    ])
      expect((await as(owner, path)).status).toBe(403);
  });

  it('by giving themselves a role, by whatever credential', async () => {
    const owner = await tokenOf('owner');
    const { headers } = await post(owner, '/v1/chat/completions', chat);
    const record = (await as(owner, `/v1/requests/${headers['x-vallum-request-id']}`)).json<{
      principal: { id: string };
    }>();
    const own = `/v1/users/${record.principal.id}/roles`;
    expectRefused(await post(owner, own, { role: 'agent' }), 'own-rights');
    const which = 'asg_01890a5d-ac96-774b-bcce-b302099a8057';
    expectRefused(await as(owner, `${own}/${which}?tenant=${amber}`, { method: 'DELETE' }), 'own-rights');
  });

  it('by taking away those above them', async () => {
    const { key } = await makeKey(administrator, { scopes: ['vallum:admin'] });
    const { data } = page(assignment).parse((await admin(`/v1/users/${firstOwner}/roles`)).json());
    expect(data.map(({ role: is, tenant }) => ({ is, tenant }))).toEqual([{ is: 'owner', tenant: null }]);
    expectRefused(
      await as(key, `/v1/users/${firstOwner}/roles/${data[0]?.id}`, { method: 'DELETE' }),
      'grant-exceeds-giver',
    );
  });

  it('and the last owner stays, whoever asks', async () => {
    const { data } = page(assignment).parse((await admin(`/v1/users/${firstOwner}/roles`)).json());
    const answer = await admin(`/v1/users/${firstOwner}/roles/${data[0]?.id}`, { method: 'DELETE' });
    expect({ status: answer.status, text: answer.text }).toEqual({
      status: 403,
      text: expect.stringContaining('The last owner of the organization stays'),
    });
    expect((await admin(`/v1/users/${firstOwner}/roles`)).json<{ data: unknown[] }>().data).toHaveLength(1);
    const disabled = await admin(`/v1/users/${firstOwner}`, { method: 'PATCH', body: { disabled: true } });
    expect({ status: disabled.status, text: disabled.text }).toEqual({
      status: 403,
      text: expect.stringContaining('The last owner of the organization stays'),
    });
  });

  it('and what was refused is on record with its reason', async () => {
    const { id, key, tenant } = await makeKey(administrator, { scopes: ['vallum:admin', 'vallum:read'] });
    const refused = await post(key, '/v1/keys', { name: 'x', scopes: ['models:invoke'] });
    expectRefused(refused, 'grant-exceeds-giver');
    expect(refused.json<{ detail: string }>().detail).toContain('model:invoke');
    const record = (await as(key, `/v1/requests/${refused.headers['x-vallum-request-id']}`)).json();
    expect(record).toMatchObject({
      principal: { id },
      decision: 'block',
      fault: 'policy-denied',
      status: 403,
      reasons: expect.arrayContaining([{ by: 'policy', code: 'grant-exceeds-giver' }]),
    });
    await revokeKey(administrator, { id, tenant });
  });
});
