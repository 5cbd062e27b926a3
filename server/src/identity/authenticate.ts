import { hash } from 'node:crypto';
import { type Clock, type Exchange, Fault, type Step } from '../kernel/index.ts';
import type { CertificateVerifier } from './certificates/certificate-verifier.ts';
import type { Found, Verifier } from './verifier.ts';

interface AuthenticateParts {
  /** Who reads what comes in a header; the first that knows a text by its form decides about it. */
  readonly verifiers: readonly Verifier[];
  /** Who reads the cookie of that name, where no header has a credential. */
  readonly cookie?: { readonly name: string; readonly verifier: Verifier };
  /** Who knows client certificates; they count where nothing else is presented, and beside it where both are needed. */
  readonly certificates?: CertificateVerifier;
  readonly clock: Clock;
}

const credentialsKept = 100_000;

/**
 * Who calls. Credentials that were found good are kept, by a digest of their text, until something that is kept anywhere is restricted: then all are forgotten (the control epoch).
 */
export function createAuthenticate({ verifiers, cookie, certificates, clock }: AuthenticateParts): {
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
    await admit(x, verifier, found);
    keep(asked, digest, found);
  }

  function stillGood({ refused }: Pick<Verifier, 'refused'>, x: Exchange, found: Found): void {
    if (found.expiresAtMs !== undefined && found.expiresAtMs <= clock.now()) throw refused();
    found.check?.(x);
  }

  function admit(x: Exchange, verifier: Verifier, found: Found): void | Promise<void> {
    stillGood(verifier, x, found);
    if (certificates?.bothFor.has(found.caller.tenant)) return admitBoth(x, verifier, found, certificates);
    x.caller = found.caller;
  }

  /** A key that has been stolen is refused as a wrong one is: who has no certificate does not learn that it is good. */
  async function admitBoth(
    x: Exchange,
    verifier: Verifier,
    { caller }: Found,
    of: CertificateVerifier,
  ): Promise<void> {
    const beside = await foundByCertificate(x, of);
    if (beside?.caller.tenant !== caller.tenant) throw verifier.refused();
    x.caller = caller;
  }

  /** @returns undefined where the client sent no certificate. @throws Fault as `find` does */
  async function foundByCertificate(x: Exchange, of: CertificateVerifier): Promise<Found | undefined> {
    const chain = x.arrival.certificates?.() ?? [];
    if (chain.length === 0) return undefined;
    const digest = `certificate ${chain.map(({ fingerprint256 }) => fingerprint256).join()}`;
    const asked = known;
    const kept = known.get(digest);
    const found = kept && kept.untilMs > clock.now() ? kept : await of.find(chain);
    stillGood(of, x, found);
    if (found !== kept) keep(asked, digest, found);
    return found;
  }

  async function admitByCertificate(x: Exchange, of: CertificateVerifier): Promise<void> {
    const found = await foundByCertificate(x, of);
    if (!found) throw nothingPresented();
    if (of.bothFor.has(found.caller.tenant)) throw of.refused();
    x.caller = found.caller;
  }

  return {
    forget: () => {
      known = new Map();
    },
    step: {
      name: 'identity.authenticate',
      run(x) {
        if (x.route.action === 'open') return;
        const credential = presented(x, verifiers, cookie);
        if (!credential) {
          if (!certificates) throw nothingPresented();
          return admitByCertificate(x, certificates);
        }
        const { text, verifier } = credential;
        // Of a kind that names itself, so that a key that is sent as a cookie is not found as one.
        const digest = `${verifier.kind} ${hash('sha256', text, 'base64')}`;
        const found = known.get(digest);
        if (found && found.untilMs > clock.now()) {
          return admit(x, verifier, found);
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
): { readonly text: string; readonly verifier: Verifier } | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(String(headers.authorization ?? ''))?.[1];
  const text = bearer ?? headers['x-api-key'] ?? headers['api-key'];
  if (text) {
    const verifier = typeof text === 'string' && verifiers.find((each) => each.reads(text));
    if (!verifier) throw unreadable();
    return { text: String(text), verifier };
  }
  const value = cookie && cookieOf(String(headers.cookie ?? ''), cookie.name);
  if (!cookie || value === undefined) return undefined;
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

const nothingPresented = (): Fault =>
  new Fault('not-authenticated', { detail: 'Send an API key: Authorization: Bearer vk_…' });

const unreadable = (): Fault =>
  new Fault('not-authenticated', { detail: 'This is not a valid API key.', challenge: 'invalid_token' });
