import { createHmac, hash, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

/** PostgreSQL's own default (`scram_iterations`). Passwords here are random, so guessing is no threat to slow down. */
const iterations = 4096;
const saltBytes = 16;

/**
 * What PostgreSQL keeps of a password for SCRAM-SHA-256 (RFC 5803 form; RFC 5802 section 3 says how it is made). Setting this
 * instead of the password, the password never travels and can be in no server log.
 * @param password printable ASCII, since others would need SASLprep (RFC 4013).
 * @throws TypeError for another password; the password is not in it.
 */
export async function scramVerifier(
  password: string,
  salt: Buffer = randomBytes(saltBytes),
): Promise<string> {
  if (!/^[\x21-\x7e]+$/.test(password))
    throw new TypeError('a database password is made of printable ASCII characters without spaces');
  const salted = await promisify(pbkdf2)(password, salt, iterations, 32, 'sha256');
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
  const storedKey = hash('sha256', hmac('Client Key'), 'base64');
  const serverKey = hmac('Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}
