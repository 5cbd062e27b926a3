import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { publicRoutes } from '../../tests/support/public-routes.ts';
import { createCatalog, modelRoutes } from './agents/index.ts';
import { loadPolicies, readGroups, readPolicies } from './compose/policies.ts';
import { addressRoutes } from './edge/index.ts';
import { wafRoutes } from './edge/waf/index.ts';
import { createPolicies } from './governance/index.ts';
import {
  accountRoutes,
  exchangeRoutes,
  identityRoutes,
  keyRoutes,
  pageRoutes,
  providerRoutes,
  rolesRoutes,
  sessionRoutes,
} from './identity/index.ts';
import { faultCatalog, type Route } from './kernel/index.ts';
import { ledgerRoutes } from './ledger/routes.ts';
import { operationsRoutes } from './operations.ts';
import { definerFunctions } from './platform/postgres/doors.ts';
import { sql } from './platform/postgres/index.ts';
import { type TestDatabase, testDatabase } from './platform/postgres/testing/test-database.ts';
import { matrixTable, whoMay } from './testing/who-may.ts';

const source = import.meta.dirname;
const files = globSync('**/*.ts', { cwd: source }).filter(
  (file) => !file.endsWith('.test.ts') && !file.includes('/testing/'),
);
const read = (file: string): string => readFileSync(path.join(source, file), 'utf8');

/** The rows of the public API, as compose lists them; what their handlers need is not there, and is not called. */
const nothing = new Proxy({}, { get: () => nothing }) as never;
const peppers = [{ version: 1, key: Buffer.alloc(32) }];
const routes: Route[] = [
  ...operationsRoutes({ notReady: nothing, notes: nothing, metrics: nothing }),
  ...modelRoutes({ catalog: createCatalog([]) }),
  ...identityRoutes({ directory: nothing, ledger: nothing, keys: nothing, clock: nothing }),
  ...keyRoutes({
    directory: nothing,
    store: nothing,
    ledger: nothing,
    peppers,
    rights: nothing,
    services: nothing,
    roles: nothing,
    rotationDays: 1,
    clock: nothing,
  }),
  ...exchangeRoutes({
    store: nothing,
    ledger: nothing,
    peppers,
    rights: nothing,
    mayRevoke: nothing,
    clock: nothing,
  }),
  ...rolesRoutes({
    roles: nothing,
    services: nothing,
    directory: nothing,
    rights: nothing,
    ledger: nothing,
    clock: nothing,
  }),
  ...addressRoutes({ store: nothing, ledger: nothing, clock: nothing }),
  ...wafRoutes({
    waf: nothing,
    settings: nothing,
    policies: nothing,
    mode: 'block',
    store: nothing,
    live: nothing,
    ledger: nothing,
    isRoute: nothing,
    clock: nothing,
  }),
  ...sessionRoutes({ sessions: nothing }),
  ...providerRoutes({
    providers: [],
    signIn: nothing,
    party: nothing,
    flows: nothing,
    origin: nothing,
    onRefused: nothing,
  }),
  ...pageRoutes(),
  ...accountRoutes({
    store: nothing,
    passkeys: nothing,
    roles: nothing,
    rights: nothing,
    sessions: nothing,
    signIn: nothing,
    sameOrigin: nothing,
    partyOf: nothing,
    challengeKey: nothing,
    hashing: nothing,
    passwords: nothing,
    box: nothing,
    breached: nothing,
    peppers: [{ version: 1, key: Buffer.alloc(32) }],
    ledger: nothing,
    clock: nothing,
    forget: nothing,
    onPassword: nothing,
  }),
  ...ledgerRoutes({ explorer: nothing, log: nothing, open: false }),
];

describe('the code', () => {
  it('is seen: a check that sees nothing must fail', () => {
    expect(files.length).toBeGreaterThan(80);
    expect(routes.length).toBeGreaterThan(12);
  });

  it('never puts SQL together from strings: the `sql` tag alone makes statements', () => {
    const offenders = files.filter((file) => {
      if (file.startsWith('platform/postgres/')) return false;
      const text = read(file);
      return (
        /\bfrom 'pg'/.test(text) ||
        /\.script\(/.test(text) ||
        /(?<!sql)`\s*(SELECT|INSERT|UPDATE|DELETE|ALTER|CREATE)\s/i.test(text)
      );
    });
    expect(offenders).toEqual([]);
  });

  it('has no state at import: nothing but constants and functions at the top of a module', () => {
    const offenders = files.filter(
      (file) => /^(?:await|setInterval|setTimeout|process\.)/m.test(read(file)) && file !== 'main.ts',
    );
    expect(offenders).toEqual([]);
  });

  it('reads the environment in one place', () => {
    const offenders = files.filter((file) => /process\.env/.test(read(file)) && file !== 'main.ts');
    expect(offenders.filter((file) => !file.startsWith('platform/postgres/embedded/'))).toEqual([]);
  });
});

describe('every route', () => {
  const groups = readGroups();
  const policies = createPolicies('@id("none") forbid (principal, action, resource);', groups);

  it.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s has an action that policies know, or is open and says so',
    (_, route) => {
      expect(route.action === 'open' || policies.actions.has(route.action)).toBe(true);
      expect(route.summary.length).toBeGreaterThan(5);
      if (route.body) expect(route.bodyBytes).toBeGreaterThan(0);
    },
  );

  /** What people without a credential may ask for: who signs in is sealed as such, and who does not is counted. */
  const signIns = ['POST /v1/sessions', 'POST /v1/sessions/passkey', 'POST /v1/sessions/passkey/options'];

  it('that changes something without a credential is a sign-in', () => {
    const open = routes.filter(({ method, action }) => method !== 'GET' && action === 'open');
    expect(open.map(({ method, path: at }) => `${method} ${at}`).sort()).toEqual(signIns);
  });

  it.each(
    routes
      .filter(({ method, path: at }) => method !== 'GET' && !signIns.includes(`${method} ${at}`))
      .map((route) => [`${route.method} ${route.path}`, route] as const),
  )('%s changes something or costs something, so each exchange is sealed', (_, route) => {
    expect(route.seals).toBe('each');
    expect(route.action).not.toBe('open');
  });

  it('that carries content to or from a model has its content marked, so that guards see it', () => {
    const models = routes.filter(({ action }) => action === 'model:invoke');
    expect(models.length).toBeGreaterThan(0);
    for (const { content } of models) {
      expect(content).toBeDefined();
      expect(content?.stream).toBeDefined();
    }
  });

  it('is on the list that the attacks on tenants and on input go through', () => {
    expect(routes.map(({ method, path: at }) => `${method} ${at}`).sort()).toEqual([...publicRoutes].sort());
  });

  it('has an action in exactly one group, and each group is named by a policy', () => {
    const grouped = Object.values(groups).flat();
    expect(grouped.filter((action, at) => grouped.indexOf(action) !== at)).toEqual([]);
    const named = new Set([...readPolicies().matchAll(/Action::"([^"]+)"/g)].map(([, name]) => name));
    expect([...named].sort()).toEqual(Object.keys(groups).sort());
  });

  it('that takes the id of a tenant says whose what it acts on is, so that policy is asked about that tenant', () => {
    const members = (schema: z.ZodType | undefined): string[] =>
      Object.keys(
        (schema && z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }).properties) ?? {},
      );
    const naming = routes.filter(
      ({ api, action, query, body }) =>
        api === 'vallum' && action !== 'open' && [query, body].flatMap(members).includes('tenant'),
    );
    expect(naming.length).toBeGreaterThan(2);
    expect(
      naming.filter(({ belongsTo }) => !belongsTo).map(({ method, path: at }) => `${method} ${at}`),
    ).toEqual([]);
  });

  it('and nothing else is an action: no policy is about what does not exist', () => {
    const used = new Set(routes.map(({ action }) => action));
    expect([...policies.actions].filter((action) => !used.has(action))).toEqual([]);
  });
});

describe('who may', () => {
  const policies = loadPolicies();
  const matrix = JSON.parse(
    readFileSync(path.join(source, '../policies/roles.matrix.json'), 'utf8'),
  ) as Record<string, { tenant?: string; organization?: string }>;
  const guarded = routes.filter(({ action }) => action !== 'open');

  it.each(guarded.map(({ method, path: at, action }) => [`${method} ${at}`, action] as const))(
    '%s is who the matrix says, by role, by scope and by neither',
    (_, action) => {
      const row = matrix[action];
      if (!row) expect.fail(`server/policies/roles.matrix.json has no row for ${action}`);
      expect(whoMay(policies, action)).toEqual({ tenant: '', organization: '', ...row });
    },
  );

  it('is in no row of the matrix for an action that is not there', () => {
    expect(Object.keys(matrix).sort()).toEqual([...policies.actions].sort());
  });

  it('is said as it is in the guide', () => {
    const page = readFileSync(path.join(source, '../../docs/guides/roles.md'), 'utf8');
    expect(page).toContain(matrixTable(policies, readGroups()));
  });
});

describe('every fault', () => {
  it('is documented with its status', () => {
    const page = readFileSync(path.join(source, '../../docs/faults.md'), 'utf8');
    for (const [code, { status }] of Object.entries(faultCatalog))
      expect(page).toContain(`| \`${code}\` | ${status} |`);
    expect(page.match(/^\| `/gm)).toHaveLength(Object.keys(faultCatalog).length);
  });
});

describe('the database', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.close());
  const catalogue = (statement: ReturnType<typeof sql>) => database.owner.query(statement);

  it('has tables with a tenant: the walk below sees something', async () => {
    const rows = await catalogue(sql`
      SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
       WHERE c.relkind IN ('r', 'p')`);
    expect(rows.length).toBeGreaterThan(10);
  });

  it('forces row-level security on every table with a tenant or an organization, partitions included', async () => {
    const rows = await catalogue(sql`
      SELECT DISTINCT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname IN ('tenant_id', 'organization_id') AND NOT a.attisdropped
       WHERE c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)`);
    expect(rows).toEqual([]);
  });

  it('has no view that could escape it', async () => {
    const rows = await catalogue(sql`
      SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')
         AND NOT coalesce(reloptions @> '{security_invoker=true}', false)`);
    expect(rows).toEqual([]);
  });

  it('is owned by none of the roles that serve requests, which bypass nothing and cannot become another', async () => {
    const serving = ['vallum_app', 'vallum_ledger'];
    const roles = await catalogue(sql`
      SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles WHERE rolname = ANY (${serving}::text[]) ORDER BY 1`);
    const none = {
      rolsuper: false,
      rolbypassrls: false,
      rolcreaterole: false,
      rolcreatedb: false,
      rolreplication: false,
    };
    expect(roles).toEqual(serving.map((rolname) => ({ rolname, ...none })));
    const owned = await catalogue(sql`
      SELECT relname FROM pg_class WHERE relowner::regrole::text = ANY (${serving}::text[])
      UNION ALL SELECT proname FROM pg_proc WHERE proowner::regrole::text = ANY (${serving}::text[])
      UNION ALL SELECT nspname FROM pg_namespace WHERE nspowner::regrole::text = ANY (${serving}::text[])`);
    expect(owned).toEqual([]);
    const member = await catalogue(
      sql`SELECT roleid::regrole FROM pg_auth_members WHERE member::regrole::text = ANY (${serving}::text[])`,
    );
    expect(member).toEqual([]);
  });

  it("has no other door: the functions that run with their owner's rights are those on the list", async () => {
    const rows = await catalogue(
      sql`SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace ORDER BY 1`,
    );
    expect(rows.map(({ proname }) => proname)).toEqual([...definerFunctions].sort());
  });

  it('lets each serving role do what it needs on each table, and nothing beside it', async () => {
    const rows = await catalogue(sql`
      SELECT c.relname, g.grantee::regrole::text AS role, string_agg(DISTINCT g.privilege_type, ' ' ORDER BY g.privilege_type) AS may
        FROM pg_class c, aclexplode(c.relacl) g
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND g.grantee <> c.relowner GROUP BY 1, 2 ORDER BY 1, 2`);
    expect(rows.map(({ relname, role, may }) => `${relname} ${role}: ${may}`)).toEqual([
      'address_lists vallum_app: INSERT SELECT',
      'api_keys vallum_app: INSERT SELECT',
      'api_keys vallum_lookup: SELECT',
      'bootstrap vallum_app: INSERT SELECT',
      'control vallum_app: SELECT',
      'control vallum_ledger: SELECT',
      'ledger_batches vallum_app: SELECT',
      'ledger_batches vallum_ledger: INSERT SELECT',
      'ledger_entries vallum_app: SELECT',
      'ledger_entries vallum_ledger: INSERT',
      'ledger_freezes vallum_app: SELECT',
      'ledger_freezes vallum_ledger: INSERT SELECT',
      'ledger_logs vallum_app: SELECT',
      'ledger_logs vallum_ledger: INSERT SELECT',
      'ledger_tiles vallum_app: SELECT',
      'ledger_tiles vallum_ledger: INSERT SELECT',
      'ledger_writers vallum_ledger: INSERT SELECT',
      'organizations vallum_app: INSERT SELECT',
      'passkeys vallum_app: DELETE INSERT SELECT',
      'rate_leases vallum_app: DELETE INSERT SELECT',
      'recovery_codes vallum_app: DELETE INSERT SELECT',
      'role_assignments vallum_app: DELETE INSERT SELECT',
      'role_assignments vallum_lookup: SELECT',
      'service_accounts vallum_app: INSERT SELECT',
      'service_accounts vallum_lookup: SELECT',
      'sessions vallum_app: INSERT SELECT',
      'sessions vallum_lookup: SELECT',
      'short_lived_credentials vallum_app: INSERT SELECT',
      'short_lived_credentials vallum_lookup: DELETE SELECT',
      'sign_in_attempts vallum_app: DELETE INSERT SELECT',
      'spent_challenges vallum_app: DELETE INSERT SELECT',
      'tenants vallum_app: INSERT SELECT',
      'tenants vallum_lookup: SELECT',
      'users vallum_app: INSERT SELECT',
      'users vallum_lookup: SELECT',
      'waf_exceptions vallum_app: DELETE INSERT SELECT',
      'waf_imported_rules vallum_app: DELETE INSERT SELECT',
      'waf_modes vallum_app: DELETE INSERT SELECT',
    ]);
    const columns = await catalogue(sql`
      SELECT a.attrelid::regclass::text AS relname, a.attname, g.grantee::regrole::text AS role, g.privilege_type AS may
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relnamespace = 'public'::regnamespace, aclexplode(a.attacl) g ORDER BY 1, 2, 3`);
    expect(columns.map(({ relname, attname, role, may }) => `${relname}.${attname} ${role}: ${may}`)).toEqual(
      [
        'address_lists.lists vallum_app: UPDATE',
        'address_lists.updated_at vallum_app: UPDATE',
        'address_lists.version vallum_app: UPDATE',
        'api_keys.allowed_addresses vallum_app: UPDATE',
        'api_keys.expires_at vallum_app: UPDATE',
        'api_keys.last_used_at vallum_app: UPDATE',
        'api_keys.name vallum_app: UPDATE',
        'api_keys.rate_per_minute vallum_app: UPDATE',
        'api_keys.revoked_at vallum_app: UPDATE',
        'control.epoch vallum_app: UPDATE',
        'ledger_writers.fenced_at vallum_ledger: UPDATE',
        'ledger_writers.recovered_at vallum_ledger: UPDATE',
        'ledger_writers.seen_at vallum_ledger: UPDATE',
        'ledger_writers.stopped_at vallum_ledger: UPDATE',
        'passkeys.last_used_at vallum_app: UPDATE',
        'passkeys.sign_count vallum_app: UPDATE',
        'rate_leases.granted vallum_app: UPDATE',
        'rate_leases.slot vallum_app: UPDATE',
        'service_accounts.disabled_at vallum_app: UPDATE',
        'service_accounts.name vallum_app: UPDATE',
        'sessions.hash vallum_app: UPDATE',
        'sessions.revoked_at vallum_app: UPDATE',
        'sessions.seen_at vallum_app: UPDATE',
        'sessions.tenant_id vallum_app: UPDATE',
        'short_lived_credentials.revoked_at vallum_app: UPDATE',
        'sign_in_attempts.attempts vallum_app: UPDATE',
        'users.disabled_at vallum_app: UPDATE',
        'users.failures vallum_app: UPDATE',
        'users.last_sign_in_at vallum_app: UPDATE',
        'users.locked_until vallum_app: UPDATE',
        'users.name vallum_app: UPDATE',
        'users.one_time_until vallum_app: UPDATE',
        'users.password vallum_app: UPDATE',
        'users.password_changed_at vallum_app: UPDATE',
        'users.totp vallum_app: UPDATE',
        'users.totp_confirmed_at vallum_app: UPDATE',
        'users.totp_step vallum_app: UPDATE',
        'waf_modes.changed_at vallum_app: UPDATE',
        'waf_modes.mode vallum_app: UPDATE',
      ],
    );
  });

  it('refuses the ledger role what tenants have, whatever it asks', async () => {
    const { connectAsOwner } = await import('./platform/postgres/index.ts');
    const ledger = await connectAsOwner(database.targets.ledger);
    await expect(ledger.query(sql`SELECT * FROM ledger_entries`)).rejects.toMatchObject({ code: '42501' });
    await expect(ledger.query(sql`UPDATE ledger_batches SET root = root`)).rejects.toMatchObject({
      code: '42501',
    });
    await expect(ledger.query(sql`DELETE FROM ledger_batches`)).rejects.toMatchObject({ code: '42501' });
    await expect(ledger.query(sql`SELECT * FROM api_keys`)).rejects.toMatchObject({ code: '42501' });
    await expect(ledger.query(sql`SET ROLE vallum_app`)).rejects.toMatchObject({ code: '42501' });
    await ledger.close();
  });
});
