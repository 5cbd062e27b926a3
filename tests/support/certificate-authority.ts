import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Whether there is an openssl to make certificates with. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** A certificate with its key, as PEM; and where they are. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Authority extends Issued {
  readonly fingerprint: string;
  /** A certificate by this authority. */
  issue(name: string, options?: IssueOptions): Issued;
}

interface IssueOptions {
  readonly subject?: string;
  /** What it is for, and other names of it, as openssl's configuration has them. */
  readonly extensions?: readonly string[];
  /** From now; negative for one that has ended. */
  readonly days?: number;
  /** Who signs it, where that is not the authority. */
  readonly by?: Pick<Issued, 'certFile' | 'keyFile'>;
}

const leaf = ['basicConstraints=critical,CA:FALSE'];
/** What a server on this machine shows. */
export const forServer = ['extendedKeyUsage=serverAuth', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
const forClient = ['extendedKeyUsage=clientAuth'];

/** An authority whose files are in a folder. Its names begin with `name`. */
export function certificateAuthority(folder: string, name: string): Authority {
  const place = (file: string): string => path.join(folder, file);
  function openssl(...args: string[]): void {
    const { status, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr}`);
  }

  function make(
    of: string,
    by: IssueOptions['by'],
    subject: string,
    extensions: readonly string[],
    days: number,
  ): Issued {
    const [cert, key] = [`${of}.pem`, `${of}.key`];
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    openssl('req', '-new', ...ec, '-keyout', key, '-out', `${of}.csr`, '-subj', subject);
    writeFileSync(place(`${of}.ext`), extensions.join('\n'));
    const signer = by ? ['-CA', by.certFile, '-CAkey', by.keyFile, '-CAcreateserial'] : ['-signkey', key];
    const lasts = ['-days', String(days), '-extfile', `${of}.ext`];
    openssl('x509', '-req', '-in', `${of}.csr`, ...signer, ...lasts, '-out', cert);
    const read = (file: string): string => readFileSync(place(file), 'utf8');
    return { cert: read(cert), key: read(key), certFile: place(cert), keyFile: place(key) };
  }

  const authority = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign'];
  const own = make(name, undefined, `/CN=${name}`, authority, 2);
  return {
    ...own,
    fingerprint: new X509Certificate(own.cert).fingerprint256,
    issue: (of, { subject = `/CN=${of}`, extensions = forClient, days = 2, by = own } = {}) =>
      make(`${name}-${of}`, by, subject, [...leaf, ...extensions], days),
  };
}
