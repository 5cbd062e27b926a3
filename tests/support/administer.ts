import { apiKey, mintedKey, serviceAccount, tenant } from '@vallum/contract';
import { ask } from './ask.ts';
import type { Vallum } from './vallum.ts';

type MintedKey = ReturnType<typeof mintedKey.parse>;

interface KeyOptions {
  /** Whose it is; the administrator's own tenant where it is absent. */
  readonly tenant?: string;
  readonly name?: string;
  readonly scopes?: readonly string[];
  /** The service account that it belongs to. */
  readonly service?: string;
  readonly ratePerMinute?: number;
  readonly expiresAt?: string;
}

const applicationScopes = ['vallum:read', 'vallum:write', 'models:invoke'];

/** Makes an API key, as an administrator does: for an application, and without a limit that a test would meet, unless told otherwise. */
export async function makeKey(vallum: Vallum, options: KeyOptions = {}): Promise<MintedKey> {
  const { tenant: of, name = 'a test', scopes = applicationScopes, ratePerMinute = 1_000_000 } = options;
  return mintedKey.parse(
    await administer(vallum, 'POST', '/v1/keys', {
      ...(of && { tenant: of }),
      name,
      scopes,
      rate_per_minute: ratePerMinute,
      ...(options.service && { service: options.service }),
      ...(options.expiresAt && { expires_at: options.expiresAt }),
    }),
  );
}

/** Makes a tenant for production. */
export const makeTenant = async (vallum: Vallum, name: string): Promise<ReturnType<typeof tenant.parse>> =>
  tenant.parse(await administer(vallum, 'POST', '/v1/tenants', { name, environment: 'production' }));

/** Makes a service account. */
export const makeService = async (
  vallum: Vallum,
  { tenant: of, name = 'a service' }: { readonly tenant?: string; readonly name?: string } = {},
): Promise<ReturnType<typeof serviceAccount.parse>> =>
  serviceAccount.parse(await administer(vallum, 'POST', '/v1/services', { ...(of && { tenant: of }), name }));

export const revokeKey = async (
  vallum: Vallum,
  { id, tenant: of }: Pick<MintedKey, 'id' | 'tenant'>,
): Promise<ReturnType<typeof apiKey.parse>> =>
  apiKey.parse(await administer(vallum, 'DELETE', `/v1/keys/${id}?tenant=${of}`));

/** @throws Error with the answer, unless it is a good one */
async function administer(vallum: Vallum, method: string, path: string, body?: object): Promise<unknown> {
  const answer = await ask(vallum, path, { method, key: vallum.secrets.adminKey, ...(body && { body }) });
  if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
  return answer.json();
}
