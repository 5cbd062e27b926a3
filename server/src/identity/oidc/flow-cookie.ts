import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../kernel/index.ts';

/** What is remembered of a sign-in while its person is with the provider. The state is not in it: it opens it. */
export interface Flow {
  readonly nonce: string;
  /** RFC 7636. */
  readonly verifier: string;
  readonly returnTo: string;
}

const flowShape = z.strictObject({
  nonce: z.string(),
  verifier: z.string(),
  returnTo: z.string(),
  /** Unix milliseconds. */
  until: z.number(),
});

const flowSeconds = 600;
const tagBytes = 16;
/** Each key encrypts one flow, so one nonce is enough for all. */
const iv = Buffer.alloc(12);

interface FlowCookieParts {
  /** 32 bytes, the same in every process. */
  readonly key: Buffer;
  readonly clock: Clock;
  /** Whether people come by HTTPS. */
  readonly secure: boolean;
}

/**
 * Flows under way, each in a cookie of the browser that began it and nowhere else: whichever process the browser comes back to can read it, and no other browser has it.
 * It is encrypted and authenticated under a key that is made of ours and of the flow's state, and bound to its provider.
 */
export function createFlowCookies({ key, clock, secure }: FlowCookieParts) {
  const prefix = `${secure ? '__Secure-' : ''}vallum-flow-`;
  const nameOf = (state: string): string =>
    prefix + createHash('sha256').update(state).digest('base64url').slice(0, 16);
  const keyOf = (state: string): Buffer => createHmac('sha256', key).update(state).digest();
  // Sent to the provider's paths alone.
  const attributes = (provider: string, seconds: number): string =>
    `; Path=/v1/sign-in/${provider}; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;

  return {
    /** The `Set-Cookie` of a new flow. @param state 32 random bytes, of this flow alone. */
    seal(provider: string, state: string, flow: Flow): string {
      const name = nameOf(state);
      const cipher = createCipheriv('aes-256-gcm', keyOf(state), iv).setAAD(aadOf(provider, name));
      const text = JSON.stringify({ ...flow, until: clock.now() + flowSeconds * 1000 });
      const sealed = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
      return `${name}=${sealed.toString('base64url')}${attributes(provider, flowSeconds)}`;
    },
    /** The flow of this state that this browser began with this provider; undefined when there is none, or it took too long. */
    open(provider: string, state: string, cookies: ReadonlyMap<string, string>): Flow | undefined {
      const name = nameOf(state);
      const text = cookies.get(name) ?? '';
      const sealed = Buffer.from(text, 'base64url');
      // Node ignores trailing bits: one flow has one spelling.
      if (sealed.length <= tagBytes || sealed.toString('base64url') !== text) return undefined;
      try {
        const decipher = createDecipheriv('aes-256-gcm', keyOf(state), iv, { authTagLength: tagBytes });
        decipher.setAAD(aadOf(provider, name)).setAuthTag(sealed.subarray(-tagBytes));
        const plain = Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]);
        const { until, ...flow } = flowShape.parse(JSON.parse(plain.toString()));
        return until > clock.now() ? flow : undefined;
      } catch {
        return undefined;
      }
    },
    /** Whether this browser shows a flow of this state, good or not. */
    has: (state: string, cookies: ReadonlyMap<string, string>): boolean => cookies.has(nameOf(state)),
    /** The `Set-Cookie` that takes a flow away. */
    clear: (provider: string, state: string): string => `${nameOf(state)}=${attributes(provider, 0)}`,
    /** Those that take every flow away, once there are more than people begin: else who is sent here again and again could send no request any more. */
    clearTooMany(provider: string, cookies: ReadonlyMap<string, string>): string[] {
      const names = [...cookies.keys()].filter((name) => name.startsWith(prefix));
      return names.length < mostFlows ? [] : names.map((name) => `${name}=${attributes(provider, 0)}`);
    },
  };
}
export type FlowCookies = ReturnType<typeof createFlowCookies>;

const mostFlows = 8;

const aadOf = (provider: string, name: string): Buffer => Buffer.from(`${provider} ${name}`);

/** RFC 6265, 4.2.1: the first cookie of each name. */
export function cookiesOf(header: string | readonly string[] | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of String(header ?? '').split(';')) {
    const equals = pair.indexOf('=');
    if (equals <= 0) continue;
    const name = pair.slice(0, equals).trim();
    if (!cookies.has(name)) cookies.set(name, pair.slice(equals + 1).trim());
  }
  return cookies;
}
