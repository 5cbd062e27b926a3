import { hashKey, mintKey } from '../src/identity/api-key.ts';
import { createAuthenticate } from '../src/identity/authenticate.ts';
import { createKeyVerifier } from '../src/identity/keys/key-verifier.ts';
import { keySetOf, nowMs, setUpVerifier, signingKey, tokenOf } from '../src/identity/testing/test-issuer.ts';
import { Exchange, newId, rawRoute } from '../src/kernel/index.ts';

const pepper = Buffer.alloc(32, 1);
/** With the token all that are kept. */
const keysKept = 99_999;

const route = rawRoute({
  method: 'GET',
  path: '/x',
  action: 'model:list',
  summary: 'For this benchmark',
  seals: 'none',
  handle: async () => ({ contentType: 'text/plain', bytes: Buffer.alloc(0) }),
});

/** Who calls, by credentials that have been found good before: a key among many, and a token. True each time, or an error. */
export async function believed(): Promise<Readonly<Record<'keyAgain' | 'tokenAgain', () => boolean>>> {
  const issuerKey = signingKey('a');
  const { clock, ...tokens } = setUpVerifier({ fetchKeys: async () => keySetOf(issuerKey) });
  const credential = {
    key: newId('key', 1),
    service: undefined,
    organization: newId('organization', 1),
    tenant: newId('tenant', 1),
    environment: 'production' as const,
    scopes: ['models:invoke'],
    roles: [],
    organizationRoles: [],
    ratePerMinute: 100,
    allowedAddresses: [],
    expiresAtMs: undefined,
    ended: false,
  };
  const texts = Array.from({ length: keysKept }, () => mintKey('production'));
  const hashes = new Set(texts.map((text) => hashKey(pepper, text).toString('base64')));
  const { step } = createAuthenticate({
    verifiers: [
      tokens,
      createKeyVerifier({
        credentials: {
          lookup: async (hash) => (hashes.has(hash.toString('base64')) ? credential : undefined),
        },
        peppers: [{ version: 1, key: pepper }],
        clock,
        // In use a comparison of two times, but once a minute.
        lastUsed: { of: () => () => {} },
        onMisplaced: () => {},
      }),
    ],
    control: { generation: () => 1, confirmed: () => true },
    clock,
  });
  const exchange = (text: string): Exchange =>
    new Exchange(newId('request', nowMs), nowMs, route, {
      method: 'GET',
      path: '/x',
      query: '',
      params: {},
      headers: { authorization: `Bearer ${text}` },
      rawHeaders: [],
      address: '127.0.0.1',
      body: async () => Buffer.alloc(0),
    });
  const token = tokenOf(issuerKey);
  for (const text of [...texts, token]) await step.run(exchange(text));

  const again = texts.map(exchange);
  const withToken = exchange(token);
  let at = 0;
  /** Known without a question, or there would be a promise. */
  const knows = (x: Exchange): boolean => {
    x.caller = undefined;
    return step.run(x) === undefined && x.caller !== undefined;
  };
  return {
    keyAgain() {
      at = (at + 7_919) % again.length;
      const x = again[at];
      return x !== undefined && knows(x);
    },
    tokenAgain: () => knows(withToken),
  };
}
