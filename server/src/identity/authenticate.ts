import { hash } from 'node:crypto';
import { type Clock, type Exchange, Fault, type Step } from '../kernel/index.ts';
import type { Found, Verifier } from './verifier.ts';

interface AuthenticateParts {
  /** Who reads what comes in a header; the first that knows a text by its form decides about it. */
  readonly verifiers: readonly Verifier[];
  /** Who reads the cookie of that name, where no header has a credential. */
  readonly cookie?: { readonly name: string; readonly verifier: Verifier };
  readonly clock: Clock;
}

const credentialsKept = 100_000;

/**
 * Who calls. Credentials that were found good are kept, by a digest of their text, until something that is kept anywhere is restricted: then all are forgotten (the control epoch).
 */
export function createAuthenticate({ verifiers, cookie, clock }: AuthenticateParts): {
  step: Step;
  forget(): void;
} {
  let known = new Map<string, Found>();

  /** What was asked before everything was forgotten is not kept. Of too many the oldest go: tokens are replaced all the time, and their digests never come again. */
  function keep(asked: Map<string, Found>, digest: string, found: Found): void {
    if (asked !== known) return;
    known.set(digest, found);
    const oldest = known.size > credentialsKept ? known.keys().next() : undefined;
    if (oldest && !oldest.done) known.delete(oldest.value);
  }

  async function ask(x: Exchange, verifier: Verifier, text: string, digest: string): Promise<void> {
    const asked = known;
    const found = await verifier.find(text);
    admit(x, verifier, found);
    keep(asked, digest, found);
  }

  function admit(x: Exchange, verifier: Verifier, { caller, expiresAtMs, check }: Found): void {
    if (expiresAtMs !== undefined && expiresAtMs <= clock.now()) throw verifier.refused();
    check?.(x);
    x.caller = caller;
  }

  return {
    forget: () => {
      known = new Map();
    },
    step: {
      name: 'identity.authenticate',
      run(x) {
        if (x.route.action === 'open') return;
        const { text, verifier } = presented(x, verifiers, cookie);
        // Of a kind that names itself, so that a key that is sent as a cookie is not found as one.
        const digest = `${verifier.kind} ${hash('sha256', text, 'base64')}`;
        const found = known.get(digest);
        if (found && found.untilMs > clock.now()) {
          admit(x, verifier, found);
          return;
        }
        known.delete(digest);
        return ask(x, verifier, text, digest);
      },
    },
  };
}

/** The credential of a request: a bearer token, the header that other clients use, or a cookie. */
function presented(
  { arrival: { headers } }: Exchange,
  verifiers: readonly Verifier[],
  cookie: AuthenticateParts['cookie'],
): { readonly text: string; readonly verifier: Verifier } {
  const bearer = /^Bearer +(\S+)$/i.exec(String(headers.authorization ?? ''))?.[1];
  const text = bearer ?? headers['x-api-key'] ?? headers['api-key'];
  if (text) {
    const verifier = typeof text === 'string' && verifiers.find((each) => each.reads(text));
    if (!verifier) throw unreadable();
    return { text: String(text), verifier };
  }
  const value = cookie && cookieOf(String(headers.cookie ?? ''), cookie.name);
  if (!cookie || value === undefined)
    throw new Fault('not-authenticated', { detail: 'Send an API key: Authorization: Bearer vk_…' });
  if (!cookie.verifier.reads(value)) throw cookie.verifier.refused();
  return { text: value, verifier: cookie.verifier };
}

/** RFC 6265, 4.2.1; the value of the first cookie of that name. */
function cookieOf(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return undefined;
}

const unreadable = (): Fault =>
  new Fault('not-authenticated', { detail: 'This is not a valid API key.', challenge: 'invalid_token' });
