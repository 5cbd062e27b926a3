import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** OWASP's password storage cheat sheet: N=2^17, r=8, p=1, which takes 128 MiB. */
const cost = { N: 2 ** 17, r: 8, p: 1 };
const maxmem = 256 * 1024 * 1024;
const hashBytes = 32;

/** The form in which two ways to type the same password are one (NIST SP 800-63B, 5.1.1.2). */
const canonical = (password: string): string => password.normalize('NFKC');

/** `scrypt$N$r$p$salt$hash`, so that the parameters can be raised without losing what is stored. Takes 128 MiB and a third of a second: see `hashing.ts`. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(canonical(password), salt, hashBytes, { ...cost, maxmem });
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64'), hash.toString('base64')].join('$');
}

/** Nobody's: the work that a password is compared with where there is none. */
const nobodys = ['scrypt', cost.N, cost.r, cost.p, Buffer.alloc(16).toString('base64'), ''].join('$');

/** Whether a password is the one that is stored. Where none is, it is not, after the same work. */
export async function verifyPassword(password: string, stored: string | undefined): Promise<boolean> {
  const [scheme, N, r, p, salt = '', expected = ''] = (stored ?? nobodys).split('$');
  if (scheme !== 'scrypt') throw new Error('identity: a stored password is of no kind that is known');
  const parameters = { N: Number(N), r: Number(r), p: Number(p), maxmem };
  const hash = await derive(canonical(password), Buffer.from(salt, 'base64'), hashBytes, parameters);
  const right = Buffer.from(expected, 'base64');
  return right.length === hashBytes && timingSafeEqual(hash, right);
}
