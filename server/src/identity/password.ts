import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

interface Cost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** OWASP's password storage cheat sheet: N=2^17, r=8, p=1, which takes 128 MiB and a third of a second of a core. */
const owasp: Cost = { N: 2 ** 17, r: 8, p: 1 };
const maxmem = 256 * 1024 * 1024;
const hashBytes = 32;

/** How passwords are kept. Who calls these bounds how many run at once: see `accounts/hashing.ts`. */
export interface Passwords {
  /** `scrypt$N$r$p$salt$hash`, so that the cost can be raised without losing what is stored. */
  hash(password: string): Promise<string>;
  /** Whether a password is the one that is stored. Where none is, it is not, after the same work. */
  verify(password: string, stored: string | undefined): Promise<boolean>;
}

/** Two ways to type the same password are one in this form (NIST SP 800-63B, 5.1.1.2). */
const canonical = (password: string): string => password.normalize('NFKC');

/** @param cost of new hashes, and of comparing with nobody's. */
export function createPasswords(cost: Cost = owasp): Passwords {
  const { N, r, p } = cost;
  const format = (salt: Buffer, hash: Buffer): string =>
    ['scrypt', N, r, p, salt.toString('base64'), hash.toString('base64')].join('$');
  /** No password gives it: a hash is never empty. */
  const nobodys = format(Buffer.alloc(16), Buffer.alloc(0));

  return {
    async hash(password) {
      const salt = randomBytes(16);
      return format(salt, await derive(canonical(password), salt, hashBytes, { N, r, p, maxmem }));
    },
    async verify(password, stored = nobodys) {
      const [scheme, storedN, storedR, storedP, salt = '', hash = ''] = stored.split('$');
      if (scheme !== 'scrypt') throw new Error('identity: a stored password is of no kind that is known');
      const parameters = { N: Number(storedN), r: Number(storedR), p: Number(storedP), maxmem };
      const derived = await derive(canonical(password), Buffer.from(salt, 'base64'), hashBytes, parameters);
      const right = Buffer.from(hash, 'base64');
      return right.length === hashBytes && timingSafeEqual(derived, right);
    },
  };
}
