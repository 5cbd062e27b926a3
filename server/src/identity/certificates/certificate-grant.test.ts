import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tenant } from '../testing/test-issuer.ts';
import { type CertificateRule, grantOfCertificate } from './certificate-grant.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
if (!hasOpenssl) process.stderr.write('certificates: skipped, since there is no openssl to make them\n');

const folder = mkdtempSync(path.join(tmpdir(), 'vallum-certificates-'));
afterAll(() => rmSync(folder, { recursive: true }));

function openssl(...args: string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr}`);
}
const read = (name: string): X509Certificate =>
  new X509Certificate(readFileSync(path.join(folder, `${name}.pem`)));

const authority = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign';
const client = 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth';

/** Makes a certificate by openssl: its key, a request, and what its issuer makes of it; by itself where there is none. */
function make(
  name: string,
  {
    by,
    subject = `/CN=${name}`,
    extensions = client,
  }: { by?: string; subject?: string; extensions?: string },
) {
  openssl(
    'req',
    '-new',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
    '-subj',
    subject,
  );
  writeFileSync(path.join(folder, `${name}.ext`), extensions);
  const signer = by
    ? ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial']
    : ['-signkey', `${name}.key`];
  openssl(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    ...signer,
    '-days',
    '2',
    '-extfile',
    `${name}.ext`,
    '-out',
    `${name}.pem`,
  );
  return read(name);
}

describe.skipIf(!hasOpenssl)("a client's certificate", () => {
  let root: X509Certificate;
  let middle: X509Certificate;
  let stranger: X509Certificate;
  let rules: CertificateRule[];
  let now: Date;

  const rule = (more: Partial<CertificateRule>): CertificateRule => ({
    caFingerprint: root.fingerprint256,
    principal: 'agent',
    organization: undefined,
    tenant,
    scopes: ['models:invoke'],
    ratePerMinute: 50,
    ...more,
  });

  beforeAll(() => {
    root = make('root', { extensions: authority });
    middle = make('middle', { by: 'root', extensions: authority });
    now = new Date(root.validFromDate.getTime() + 3_600_000);
    stranger = make('stranger', { subject: '/CN=root', extensions: authority });
    rules = [
      rule({ trustDomain: 'prod.example.org' }),
      rule({ principal: 'service', scopes: ['vallum:read'] }),
    ];
  });

  const verdict = (...chain: X509Certificate[]) => grantOfCertificate(chain, rules, now);
  const withNames = (names: string): string => `${client}\nsubjectAltName=${names}`;

  it('with a SPIFFE id of a trust domain that its CA speaks for is that workload', () => {
    const leaf = make('agent', {
      by: 'middle',
      subject: '/O=Acme',
      extensions: withNames('URI:spiffe://prod.example.org/ns/a/sa/reader,DNS:reader.example'),
    });
    expect(verdict(leaf, middle, root)).toEqual({
      grant: {
        type: 'agent',
        issuer: 'spiffe://prod.example.org',
        name: 'spiffe://prod.example.org/ns/a/sa/reader',
        organization: undefined,
        tenant,
        scopes: ['models:invoke'],
        roles: [],
        ratePerMinute: 50,
      },
    });
  });

  it('without one is its subject, by the fingerprint of its CA, however that is written', () => {
    const leaf = make('service', { by: 'root', subject: '/O=Acme/CN=billing' });
    const grant = { type: 'service', name: 'O=Acme\nCN=billing', scopes: ['vallum:read'] };
    expect(verdict(leaf, root)).toMatchObject({ grant });
    const written = root.fingerprint256.replaceAll(':', '').toLowerCase();
    const again = rule({
      caFingerprint: written,
      principal: 'service',
      scopes: ['vallum:read'],
      roles: ['auditor'],
    });
    expect(grantOfCertificate([leaf, root], [again], now)).toMatchObject({
      grant: { ...grant, issuer: `x509:sha256:${written}`, roles: ['auditor'] },
    });
  });

  it('of another trust domain is nobody, also by the rule for those without a SPIFFE id', () => {
    const leaf = make('foreign', { by: 'root', extensions: withNames('URI:spiffe://dev.example.org/a') });
    expect(verdict(leaf, root)).toEqual({ refused: 'no-rule' });
  });

  it.each([
    ['two SPIFFE ids', 'URI:spiffe://prod.example.org/a,URI:spiffe://prod.example.org/b'],
    ['a SPIFFE id and another URI', 'URI:spiffe://prod.example.org/a,URI:https://x.example'],
    ['one without a path', 'URI:spiffe://prod.example.org'],
    ['one with steps back', 'URI:spiffe://prod.example.org/a/../b'],
    ['one in capitals', 'URI:SPIFFE://prod.example.org/a'],
  ])('with %s is nobody', (what, names) => {
    const leaf = make(what.replaceAll(' ', '-'), { by: 'root', extensions: withNames(names) });
    expect(verdict(leaf, root)).toEqual({ refused: 'spiffe-id' });
  });

  it('whose other names are written like a SPIFFE id has none', () => {
    const leaf = make('injected', {
      by: 'root',
      extensions: `${client}\nsubjectAltName=@names\n[names]\nDNS.1=x\\, URI:spiffe://prod.example.org/a`,
    });
    expect(leaf.subjectAltName).toContain('spiffe://prod.example.org/a');
    expect(verdict(leaf, root)).toMatchObject({ grant: { type: 'service', name: 'CN=injected' } });
  });

  it('by a CA that nobody has named is nobody, also when that has the name of one', () => {
    const leaf = make('pretender', {
      by: 'stranger',
      extensions: withNames('URI:spiffe://prod.example.org/a'),
    });
    expect(verdict(leaf, stranger)).toEqual({ refused: 'no-rule' });
    // The chain as a client might send it: with the right CA above, which did not sign.
    expect(verdict(leaf, root)).toEqual({ refused: 'chain' });
    expect(verdict(leaf, stranger, root)).toEqual({ refused: 'chain' });
  });

  it('alone, or signed by itself, is nobody', () => {
    const leaf = make('lonely', { extensions: withNames('URI:spiffe://prod.example.org/a') });
    expect(verdict(leaf)).toEqual({ refused: 'chain' });
    expect(verdict(leaf, leaf)).toEqual({ refused: 'chain' });
    expect(verdict()).toEqual({ refused: 'chain' });
  });

  it('that another leaf has signed is nobody: who has a certificate cannot make one', () => {
    make('holder', { by: 'root' });
    const leaf = make('made', { by: 'holder', extensions: withNames('URI:spiffe://prod.example.org/a') });
    expect(verdict(leaf, read('holder'), root)).toEqual({ refused: 'chain' });
  });

  it('of a CA itself is nobody', () => {
    expect(verdict(middle, root)).toEqual({ refused: 'not-a-leaf' });
  });

  it('for servers is nobody', () => {
    const leaf = make('server', {
      by: 'root',
      extensions: 'basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth',
    });
    expect(verdict(leaf, root)).toEqual({ refused: 'not-for-clients' });
  });

  it('without a name is nobody', () => {
    const leaf = make('nameless', { by: 'root', subject: '/' });
    expect(verdict(leaf, root)).toEqual({ refused: 'nameless' });
  });

  it('is nobody before its time and after it', () => {
    const leaf = make('timely', { by: 'root' });
    const dayMs = 86_400_000;
    for (const at of [now.getTime() - dayMs, now.getTime() + 3 * dayMs])
      expect(grantOfCertificate([leaf, root], rules, new Date(at))).toEqual({ refused: 'not-valid-now' });
  });
});
