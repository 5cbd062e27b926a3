import { randomBytes } from 'node:crypto';
import type { TenantId, UserId } from '@vallum/contract';
import { type Clock, type LedgerAppend, newId, type TenantKeys } from '../kernel/index.ts';
import { hashKey, hintOf, mintKey } from './api-key.ts';
import { createPasswords } from './password.ts';
import type { Directory, NewOrganization, Peppers } from './ports.ts';

/** What the first start hands to who started it; written where only they can read it. */
export interface FirstSecrets {
  readonly url: string;
  readonly adminEmail: string;
  readonly adminPassword: string;
  readonly adminKey: string;
  readonly apiKey: string;
  readonly developmentApiKey: string;
  readonly ledgerPublicKey: string;
}

/** Where the first secrets lie until they have been taken over. */
export interface SecretsFile {
  /** Durable when it resolves. Replaces what an earlier, unfinished start may have left. */
  write(secrets: FirstSecrets): Promise<void>;
  remove(): Promise<void>;
  /** Removes them once the password that is in them is not the administrator's any more. */
  removeOf(adminEmail: string): Promise<void>;
  /** Whether it is still there. */
  exists(): Promise<boolean>;
}

interface BootstrapParts {
  readonly directory: Directory;
  readonly ledger: LedgerAppend;
  readonly keys: TenantKeys;
  readonly peppers: Peppers;
  readonly secrets: SecretsFile;
  readonly clock: Clock;
  readonly url: string;
  readonly ledgerPublicKey: string;
}

const adminKeyHours = 24;
const applicationScopes = ['vallum:read', 'vallum:write', 'models:invoke'];

/**
 * The first start: an organization with a production and a development tenant, an administrator and three keys. The secrets are on disk before the commit that makes them
 * valid, and one insert decides which of several processes was first, so neither a crash nor two replicas lock anybody out.
 * @returns false when somebody else was first.
 */
export async function bootstrap({
  directory,
  ledger,
  keys,
  peppers,
  secrets,
  clock,
  url,
  ledgerPublicKey,
}: BootstrapParts): Promise<boolean> {
  const now = clock.now();
  const [pepper] = peppers;
  if (!pepper) throw new Error('identity: API keys need a pepper');
  const production = { id: newId('tenant', now), name: 'production', environment: 'production' as const };
  const development = { id: newId('tenant', now), name: 'development', environment: 'development' as const };
  const admin = {
    id: newId('user', now),
    assignment: newId('assignment', now),
    email: 'admin@vallum.local',
    password: randomBytes(18).toString('base64url'),
  };

  const newKey = (
    tenant: TenantId,
    name: string,
    text: string,
    scopes: readonly string[],
    expiresAt?: string,
  ) => ({
    tenant,
    id: newId('key', now),
    name,
    hint: hintOf(text),
    hash: hashKey(pepper.key, text),
    pepperVersion: pepper.version,
    scopes,
    ratePerMinute: 100,
    expiresAt,
  });
  const [adminKey, apiKey, developmentApiKey] = [
    mintKey('production'),
    mintKey('production'),
    mintKey('development'),
  ];
  const expiry = new Date(now + adminKeyHours * 3_600_000).toISOString();
  const organization: NewOrganization = {
    id: newId('organization', now),
    name: 'Vallum',
    tenants: [production, development],
    admin: { ...admin, password: await createPasswords().hash(admin.password) },
    keys: [
      newKey(
        production.id,
        'first administrator',
        adminKey,
        ['vallum:admin', 'vallum:read', 'vallum:write'],
        expiry,
      ),
      newKey(production.id, 'first application', apiKey, applicationScopes),
      newKey(development.id, 'first development application', developmentApiKey, applicationScopes),
    ],
  };

  await Promise.all([keys.create(production.id), keys.create(development.id)]);
  await secrets.write({
    url,
    adminEmail: admin.email,
    adminPassword: admin.password,
    adminKey,
    apiKey,
    developmentApiKey,
    ledgerPublicKey,
  });
  await record(ledger, clock, organization, admin.id);
  if (await directory.bootstrap(organization)) return true;
  await secrets.remove();
  await Promise.all([keys.erase(production.id), keys.erase(development.id)]);
  return false;
}

async function record(
  ledger: LedgerAppend,
  clock: Clock,
  { id, tenants, keys }: NewOrganization,
  admin: UserId,
): Promise<void> {
  const now = clock.now();
  const [tenant] = tenants;
  if (!tenant) return;
  await ledger.append({
    entry: {
      at: new Date(now).toISOString(),
      change: {
        after: {
          admin,
          keys: keys.map((key) => ({
            expires_at: key.expiresAt ?? null,
            id: key.id,
            scopes: [...key.scopes],
            tenant: key.tenant,
          })),
          organization: id,
          tenants: tenants.map(({ environment, id: tenantId }) => ({ environment, id: tenantId })),
        },
        type: 'organization.created',
      },
      id: newId('entry', now),
      kind: 'change',
      phase: 0,
      principal: { id: 'bootstrap', type: 'system' },
      tenant: tenant.id,
      v: 1,
    },
  });
}
