import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Fault } from '../../kernel/index.ts';
import { pemBlocks } from '../forwarding/client-certificate.ts';

/** A certificate with its key, as OpenSSL takes them. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/**
 * Reads a server's certificate and its key.
 * @throws Fault `internal` that says to operators which file is wrong, and how; never what is in it
 */
export function readKeyPair(files: { readonly cert: string; readonly key: string }): KeyPair {
  const cert = readText(files.cert);
  const [first] = certificatesIn(files.cert, cert);
  const key = readText(files.key);
  let fits: boolean | undefined;
  try {
    fits = first?.checkPrivateKey(createPrivateKey(key));
  } catch {
    throw unusable(files.key, 'holds no private key in PEM, or one with a password');
  }
  if (!fits) throw unusable(files.key, `does not fit the certificate in ${files.cert}`);
  return { cert, key };
}

/** Reads the certificates of authorities. @throws Fault as `readKeyPair` does */
export function readAuthorities(file: string): readonly X509Certificate[] {
  const authorities = certificatesIn(file, readText(file));
  if (authorities.some(({ ca }) => !ca)) throw unusable(file, 'holds a certificate of no authority');
  return authorities;
}

function certificatesIn(file: string, text: string): X509Certificate[] {
  try {
    const found = pemBlocks(text).map((each) => new X509Certificate(each));
    if (found.length > 0) return found;
  } catch {
    // As if it held none.
  }
  throw unusable(file, 'holds no certificate in PEM, or a broken one');
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw unusable(file, 'cannot be read', cause);
  }
}

const unusable = (file: string, how: string, cause?: unknown): Fault =>
  new Fault('internal', { because: `${file} ${how}`, cause });
