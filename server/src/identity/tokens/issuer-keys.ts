import type { CryptoKey } from 'jose';
import { type Clock, Fault } from '../../kernel/index.ts';
import type { Algorithm, Issuer, KeySource } from './issuer.ts';
import { readKeySet, type VerificationKey } from './json-web-keys.ts';
import { TokenRefused } from './refusal.ts';

/**
 * Gets the text of a JWK set. Bounded in size and time, follows no redirect.
 * @throws Error for any other answer than the document.
 */
export type FetchKeys = (source: KeySource) => Promise<string>;

interface IssuerKeyParts {
  readonly issuer: Pick<Issuer, 'keys'>;
  readonly fetchKeys: FetchKeys;
  readonly clock: Clock;
  /** Told when keys could not be had, with why. */
  readonly onTrouble: (error: unknown) => void;
}

/** After this they are asked for again, while the old ones serve. */
const freshMs = 5 * 60_000;
/** How long keys are believed while their issuer does not answer; then nothing of it is. */
const keptMs = 60 * 60_000;
/** Between two questions to an issuer, whatever callers send and however they end. */
const cooldownMs = 30_000;

/** The public keys of one issuer. Rotation is felt with the first token of a new key; who invents key ids makes us ask no more than once per cooldown. */
export function createIssuerKeys({ issuer, fetchKeys, clock, onTrouble }: IssuerKeyParts) {
  let keys: readonly VerificationKey[] = [];
  let gotMs = Number.NEGATIVE_INFINITY;
  let askedMs = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;
  // Never going back: a clock that is set must not hold a question up for longer, nor keep keys alive.
  const nowMs = (): number => clock.micros() / 1000;

  async function ask(): Promise<void> {
    const began = nowMs();
    try {
      const got = await readKeySet(await fetchKeys(issuer.keys));
      if (got.length === 0) throw new Error('the document has no key that is fit');
      keys = got;
      gotMs = began;
    } catch (error) {
      onTrouble(error);
    }
  }

  /** One question at a time, and none within the cooldown. Never rejects. */
  function refresh(): Promise<void> {
    if (asking !== undefined) return asking;
    if (nowMs() - askedMs < cooldownMs) return Promise.resolve();
    askedMs = nowMs();
    asking = ask().finally(() => {
      asking = undefined;
    });
    return asking;
  }

  function choose(id: string | undefined, algorithm: Algorithm): CryptoKey | undefined {
    const [first, second] = keys.filter(
      (key) => key.algorithm === algorithm && (id === undefined || key.id === id),
    );
    if (second) throw new TokenRefused('key-ambiguous');
    return first?.key;
  }

  return {
    /**
     * The key with this id, or the only one where a token names none.
     * @throws TokenRefused when there is none, or more than one.
     * @throws Fault `unavailable` when there are no keys to be had.
     */
    async find(id: string | undefined, algorithm: Algorithm): Promise<CryptoKey> {
      const ageMs = nowMs() - gotMs;
      if (ageMs < keptMs) {
        if (ageMs >= freshMs) void refresh();
        const known = choose(id, algorithm);
        if (known) return known;
      }
      await refresh();
      if (nowMs() - gotMs >= keptMs) {
        throw new Fault('unavailable', {
          detail: 'The keys of this token’s issuer cannot be had now.',
          because: 'no keys of the issuer',
          retryAfterSeconds: Math.ceil(cooldownMs / 1000),
        });
      }
      const found = choose(id, algorithm);
      if (!found) throw new TokenRefused('key-unknown');
      return found;
    },
  };
}
