import { hash } from 'node:crypto';
import { type Caller, type Clock, type Control, type Exchange, Fault, type Step } from '../kernel/index.ts';
import type { CertificateVerifier } from './certificates/certificate-verifier.ts';
import type { Found, Verifier } from './verifier.ts';

interface AuthenticateParts {
  /** Who reads what comes in a header; the first that knows a text by its form decides about it. */
  readonly verifiers: readonly Verifier[];
  /** Who reads the cookie of that name, where no header has a credential. */
  readonly cookie?: { readonly name: string; readonly verifier: Verifier };
  /** Who knows client certificates; they count where nothing else is presented, and beside it where both are needed. */
  readonly certificates?: CertificateVerifier;
  /** Whether what is kept may be believed. */
  readonly control: Control;
  readonly clock: Clock;
}

const credentialsKept = 100_000;

/** Says no for one kind of credential. */
type Refuser = Pick<Verifier, 'refused'>;

/**
 * Who calls. Credentials that were found good are kept, by a digest of their text, until something that is kept anywhere is restricted: then all are forgotten (the control epoch).
 */
export function createAuthenticate({ verifiers, cookie, certificates, control, clock }: AuthenticateParts): {
  step: Step;
  /** Finds the caller of an exchange again, who may have been restricted since. @throws Fault where it is another one now, or none */
  again(exchange: Exchange): Promise<void>;
  forget(): void;
} {
  let known = new Map<string, Found>();
  let asking = new Map<string, Promise<Found>>();

  /** What was asked before everything was forgotten is not kept. Of too many the oldest go: tokens are replaced all the time, and their digests never come again. */
  function keep(asked: Map<string, Found>, digest: string, found: Found): void {
    if (asked !== known) return;
    known.set(digest, found);
    const oldest = known.size > credentialsKept ? known.keys().next() : undefined;
    if (oldest && !oldest.done) known.delete(oldest.value);
  }

  /** Many who come with one credential ask once; unless nobody can say whether that question is older than a restriction. */
  function question(digest: string, find: () => Promise<Found>): Promise<Found> {
    const [asked, open] = [known, asking];
    const same = control.confirmed() ? open.get(digest) : undefined;
    if (same) return same;
    const found = find().then((given) => {
      keep(asked, digest, given);
      return given;
    });
    const over = (): void => void (open.get(digest) === found && open.delete(digest));
    found.then(over, over);
    open.set(digest, found);
    return found;
  }

  async function ask(x: Exchange, verifier: Verifier, text: string, digest: string, atMs?: number) {
    // Before the question: what is restricted while it is asked may not be in its answer.
    const generation = control.generation();
    const found = await question(digest, () => verifier.find(text));
    await admit(x, verifier, found, generation, atMs ?? clock.now());
  }

  function stillGood({ refused }: Refuser, x: Exchange, { expiresAtMs, check }: Found, atMs: number): void {
    if (expiresAtMs !== undefined && expiresAtMs <= atMs) throw refused();
    check?.(x);
  }

  function admit(
    x: Exchange,
    by: Refuser,
    found: Found,
    generation: number,
    atMs: number,
  ): void | Promise<void> {
    stillGood(by, x, found, atMs);
    if (certificates?.bothFor.has(found.caller.tenant))
      return admitBoth(x, by, found, generation, atMs, certificates);
    settle(x, by, found, generation);
  }

  /** A key that has been stolen is refused as a wrong one is: who has no certificate does not learn that it is good. */
  async function admitBoth(
    x: Exchange,
    by: Refuser,
    found: Found,
    generation: number,
    atMs: number,
    of: CertificateVerifier,
  ): Promise<void> {
    const beside = await foundByCertificate(x, of, atMs);
    if (beside?.caller.tenant !== found.caller.tenant) throw by.refused();
    settle(x, by, found, generation);
  }

  /** Somebody else than before is nobody: what is on record of an exchange is of one caller. */
  function settle(x: Exchange, by: Refuser, { caller, expiresAtMs }: Found, generation: number): void {
    if (x.caller && !isSame(x.caller, caller)) throw by.refused();
    x.caller = caller;
    x.credentialEndsMs = expiresAtMs;
    x.generation = generation;
  }

  /** @returns undefined where the client sent no certificate. @throws Fault as `find` does */
  async function foundByCertificate(
    x: Exchange,
    of: CertificateVerifier,
    atMs: number,
  ): Promise<Found | undefined> {
    const chain = x.arrival.certificates?.() ?? [];
    if (chain.length === 0) return undefined;
    const digest = `certificate ${chain.map(({ fingerprint256 }) => fingerprint256).join()}`;
    const kept = control.confirmed() ? known.get(digest) : undefined;
    const found = kept && kept.untilMs > clock.now() ? kept : await question(digest, () => of.find(chain));
    stillGood(of, x, found, atMs);
    return found;
  }

  async function recogniseCertificate(x: Exchange, of: CertificateVerifier, atMs: number): Promise<void> {
    const generation = control.generation();
    const found = await foundByCertificate(x, of, atMs);
    if (!found) throw nothingPresented();
    if (of.bothFor.has(found.caller.tenant)) throw of.refused();
    settle(x, of, found, generation);
  }

  /** @param atMs when the credential must have been good; now where it is not given. */
  function recognise(x: Exchange, atMs?: number): void | Promise<void> {
    const shown = presented(x, verifiers, cookie);
    if (!shown) {
      if (!certificates) throw nothingPresented();
      return recogniseCertificate(x, certificates, atMs ?? clock.now());
    }
    const { text, verifier } = shown;
    // Of a kind that names itself, so that a key that is sent as a cookie is not found as one.
    const digest = `${verifier.kind} ${hash('sha256', text, 'base64')}`;
    const found = known.get(digest);
    if (!found || !control.confirmed()) return ask(x, verifier, text, digest, atMs);
    const now = clock.now();
    if (found.untilMs > now) return admit(x, verifier, found, control.generation(), atMs ?? now);
    known.delete(digest);
    return ask(x, verifier, text, digest, atMs);
  }

  return {
    forget: () => {
      known = new Map();
      asking = new Map();
    },
    // Its own end does not end what began before it.
    again: async (x) => recognise(x, x.atMs),
    step: {
      name: 'identity.authenticate',
      run(x) {
        return x.route.action === 'open' ? undefined : recognise(x);
      },
    },
  };
}

/** Whether what is on record of one is true of the other. */
const isSame = (one: Caller, other: Caller): boolean =>
  one.principal.id === other.principal.id &&
  one.tenant === other.tenant &&
  one.credential.id === other.credential.id;

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
