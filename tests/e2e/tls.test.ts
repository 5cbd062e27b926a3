import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type ConnectionOptions, getCiphers } from 'node:tls';
import { requestRecord } from '@vallum/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTenant } from '../support/administer.ts';
import {
  type Authority,
  certificateAuthority,
  forServer,
  hasOpenssl,
  type Issued,
} from '../support/certificate-authority.ts';
import { logLines } from '../support/log-lines.ts';
import { user } from '../support/openai-client.ts';
import { type Coming, proxyHeader, say, tcpTo, tlsTo } from '../support/tls-client.ts';
import { newFolder, startVallum, type Vallum } from '../support/vallum.ts';

/* Connections under TLS, real ones: what the listener speaks, whose certificates it believes, and whose a connection is that comes through others. */

if (!hasOpenssl) process.stderr.write('tls: skipped, since there is no openssl to make certificates with\n');

/** A load balancer that says first whose a connection is; and a proxy behind it. */
const [balancer, proxy] = ['127.0.0.8', '127.0.0.9'];
const anonymousPerAddress = 12;

let folder: string;
let vallum: Vallum;
let servers: Authority;
let clients: Authority;
let strangers: Authority;
let agent: Issued;
let billing: Issued;
let tenant: { id: string };
let settings: Record<string, unknown> & { tls: Record<string, string>; identity: { certificates: object[] } };

async function restart(): Promise<void> {
  await vallum.stop();
  writeFileSync(path.join(folder, 'vallum.yaml'), JSON.stringify(settings));
  await vallum.start();
}

/** Puts a pair where the server looks for it, as programs do that renew certificates. */
function install({ cert, key }: Pick<Issued, 'cert' | 'key'>): void {
  for (const [name, text] of [
    ['tls.crt', cert],
    ['tls.key', key],
  ] as const) {
    const place = path.join(folder, 'certificates', name);
    writeFileSync(`${place}.new`, text);
    renameSync(`${place}.new`, place);
  }
}

const spiffe = (id: string): string[] => ['extendedKeyUsage=clientAuth', `subjectAltName=URI:${id}`];

beforeAll(async () => {
  if (!hasOpenssl) return;
  folder = newFolder();
  vallum = await startVallum({ folder });
  tenant = await makeTenant(vallum, 'amber');
  const place = path.join(folder, 'certificates');
  mkdirSync(place);
  servers = certificateAuthority(place, 'servers');
  clients = certificateAuthority(place, 'clients');
  strangers = certificateAuthority(place, 'strangers');
  agent = clients.issue('agent', { extensions: spiffe('spiffe://prod.example.org/ns/a/sa/reader') });
  billing = clients.issue('billing', { subject: '/O=Acme/CN=billing' });
  install(servers.issue('first', { extensions: forServer }));
  const rule = {
    ca_fingerprint: clients.fingerprint,
    tenant: tenant.id,
    scopes: ['models:invoke', 'vallum:read'],
    rate_per_minute: 10_000,
  };
  settings = {
    tls: {
      cert: path.join(place, 'tls.crt'),
      key: path.join(place, 'tls.key'),
      ca: clients.certFile,
      client_certificates: 'optional',
    },
    proxies: {
      trusted: [balancer, proxy],
      proxy_protocol: 'v2',
      client_certificate_header: 'client-cert',
      client_ca: clients.certFile,
    },
    identity: { certificates: [{ ...rule, trust_domain: 'prod.example.org', principal: 'agent' }, rule] },
    limits: { anonymous_per_address: anonymousPerAddress, headers_ms: 2_000 },
  };
  await restart();
});
afterAll(() => vallum?.remove());

const trusting = (more: ConnectionOptions = {}): ConnectionOptions => ({ ca: servers.cert, ...more });
const as = ({ cert, key }: Issued): ConnectionOptions => trusting({ cert, key });

/** One request on a connection of its own. */
async function get(
  target: string,
  { headers = {}, ...coming }: Coming & { headers?: Record<string, string> } = {},
): Promise<{ status: number; text: string }> {
  const socket = await tlsTo(vallum.url, { tls: trusting(), ...coming });
  return say(socket, `GET ${target}`, headers);
}
const models = (coming: Parameters<typeof get>[1] = {}) => get('/v1/models', coming);
const bodyOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4);

describe.skipIf(!hasOpenssl)('the listener', () => {
  it('says where it is, and speaks TLS 1.3 with authenticated encryption', async () => {
    expect(vallum.url).toMatch(/^https:/);
    const socket = await tlsTo(vallum.url, { tls: trusting() });
    expect({ version: socket.getProtocol(), suite: socket.getCipher().name }).toEqual({
      version: 'TLSv1.3',
      suite: expect.stringMatching(/GCM|CHACHA20/),
    });
    expect((await say(socket, 'GET /health')).text).toContain(
      'strict-transport-security: max-age=63072000\r\n',
    );
  });

  it.each(['TLSv1.2', 'TLSv1.1', 'TLSv1'] as const)('speaks no %s by default', async (version) => {
    const old = trusting({ minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0' });
    await expect(tlsTo(vallum.url, { tls: old })).rejects.toThrow(/alert|protocol|version/i);
  });

  it('looks the same to openssl', () => {
    const { host } = new URL(vallum.url);
    const look = (...flags: string[]) => {
      const args = ['s_client', '-connect', host, '-CAfile', servers.certFile, '-brief', ...flags];
      const { stdout, stderr } = spawnSync('openssl', args, { input: '', encoding: 'utf8' });
      return stdout + stderr;
    };
    expect(look('-tls1_3')).toMatch(/Protocol version: TLSv1\.3\n[\s\S]*Verification: OK/);
    for (const old of ['-tls1_2', '-tls1_1', '-tls1'])
      expect(look(old, '-cipher', 'ALL:@SECLEVEL=0')).not.toContain('Protocol version');
    // Truncated tags and tags alone are suites of TLS 1.3 too.
    expect(look('-tls1_3', '-ciphersuites', 'TLS_AES_128_CCM_8_SHA256')).not.toContain('Protocol version');
  });

  it('has no words for who does not speak TLS, and goes on', async () => {
    const { text } = await say(await tcpTo(vallum.url), 'GET /health');
    expect(text).not.toContain('200');
    expect((await get('/health')).status).toBe(200);
  });
});

describe.skipIf(!hasOpenssl)('a new certificate', () => {
  /** What a client is shown now. */
  async function shown(): Promise<string> {
    const socket = await tlsTo(vallum.url, { tls: trusting() });
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  }
  const fingerprintOf = ({ cert }: Issued): string => new X509Certificate(cert).fingerprint256;
  const patience = { timeout: 40_000, interval: 100 };

  it('is shown without a restart, and a stream that runs meanwhile comes to its end', async () => {
    const second = servers.issue('second', { extensions: forServer });
    const socket = await tlsTo(vallum.url, { tls: as(agent) });
    const body = {
      model: 'rehearsal',
      stream: true,
      messages: [user('[[rehearse: delay=100ms chunk=1 length=100]]')],
    };
    let streamed = '';
    socket.on('data', (piece) => {
      streamed += String(piece);
    });
    const stream = say(socket, 'POST /v1/chat/completions', {}, JSON.stringify(body));
    await expect.poll(() => streamed, patience).toContain('data: ');
    install(second);
    await expect.poll(shown, patience).toBe(fingerprintOf(second));
    expect(streamed).not.toContain('[DONE]');
    const { status, text } = await stream;
    expect(status).toBe(200);
    expect(text).toContain('data: [DONE]');
  });

  it('that makes no sense is not used, and the log says so; a good one that follows is', async () => {
    const before = await shown();
    install({ cert: servers.issue('third', { extensions: forServer }).cert, key: agent.key });
    const told = () =>
      logLines(vallum.output.stdout).filter(({ event }) => String(event).includes('not usable'));
    await expect.poll(() => told().length, patience).toBe(1);
    expect(JSON.stringify(told())).toContain('does not fit');
    expect(JSON.stringify(told())).not.toContain('BEGIN');
    expect(await shown()).toBe(before);
    const fourth = servers.issue('fourth', { extensions: forServer });
    install(fourth);
    process.kill(vallum.pid, 'SIGHUP');
    await expect.poll(shown, patience).toBe(fingerprintOf(fourth));
  });
});

describe.skipIf(!hasOpenssl)("a client's certificate", () => {
  it('stands for a workload by its SPIFFE id, which the ledger holds as a commitment', async () => {
    const { status, text } = await models({ tls: as(agent) });
    expect(status).toBe(200);
    const body = JSON.stringify({ model: 'rehearsal', messages: [user('Hello')] });
    const answer = await say(
      await tlsTo(vallum.url, { tls: as(agent) }),
      'POST /v1/chat/completions',
      {},
      body,
    );
    expect(answer.status).toBe(200);
    const id = /x-vallum-request-id: (\S+)/.exec(answer.text)?.[1];
    const record = requestRecord.parse(
      JSON.parse(bodyOf((await get(`/v1/requests/${id}`, { tls: as(agent) })).text)),
    );
    expect(record.principal).toMatchObject({ type: 'agent', id: expect.stringMatching(/^agt_/) });
    expect(JSON.stringify(record) + text).not.toContain('sa/reader');
    const opening = await get(`/v1/ledger/entries/${record.ledger.intent_index}/opening`, { tls: as(agent) });
    expect(opening.text).toContain('spiffe://prod.example.org/ns/a/sa/reader');
  });

  it('stands for a service by its subject', async () => {
    expect((await models({ tls: as(billing) })).status).toBe(200);
    const { data } = JSON.parse(bodyOf((await get('/v1/requests', { tls: as(billing) })).text)) as {
      data: unknown[];
    };
    expect(data.length).toBeGreaterThan(0);
  });

  it('counts where nothing else is sent: a key that is sent beside it counts, also a wrong one', async () => {
    const wrong = { authorization: 'Bearer vk_live_x' };
    expect((await models({ tls: as(agent), headers: wrong, from: '127.0.0.21' })).status).toBe(401);
    const good = { authorization: `Bearer ${vallum.secrets.adminKey}` };
    expect((await get('/v1/tenants', { tls: as(agent), headers: good })).status).toBe(200);
    // By its own rights it may not.
    expect((await get('/v1/tenants', { tls: as(agent) })).status).toBe(403);
  });

  it.each([
    [
      'of another authority',
      () => strangers.issue('agent', { extensions: spiffe('spiffe://prod.example.org/ns/a/sa/reader') }),
    ],
    ['that has ended', () => clients.issue('old', { days: -1 })],
    [
      'of a trust domain that no rule names',
      () => clients.issue('dev', { extensions: spiffe('spiffe://dev.example.org/a') }),
    ],
    ['that is for servers', () => clients.issue('server', { extensions: forServer })],
    [
      'that another client has signed, who is no authority',
      () => clients.issue('forged', { by: agent, extensions: spiffe('spiffe://prod.example.org/a') }),
    ],
  ])('%s stands for nobody', async (_, issue) => {
    const answer = await models({ tls: as(issue()), from: '127.0.0.22' }).catch(() => ({
      status: 401,
      text: '',
    }));
    expect(answer.status).toBe(401);
  });

  it('is not what a header says, unless a proxy of ours sends it; and the log tells of it', async () => {
    const header = { 'client-cert': `:${new X509Certificate(agent.cert).raw.toString('base64')}:` };
    expect((await models({ headers: header, from: '127.0.0.23' })).status).toBe(401);
    const through = { from: balancer, first: proxyHeader(proxy) };
    expect((await models({ headers: header, ...through })).status).toBe(200);
    expect((await models({ headers: { 'client-cert': 'x' }, ...through })).status).toBe(400);
    // A proxy's own certificate says nothing of those for whom it asks.
    expect((await models({ tls: as(agent), ...through })).status).toBe(401);
    await expect
      .poll(
        () =>
          logLines(vallum.output.stdout).filter(({ event }) => String(event).includes('no trusted proxy'))
            .length,
      )
      .toBe(1);
  });
});

describe.skipIf(!hasOpenssl)('a connection through a load balancer', () => {
  /** How often an address is let in before it has asked too much without a credential. */
  async function admitted(coming: Parameters<typeof get>[1]): Promise<number> {
    for (let times = 0; times <= anonymousPerAddress; times++)
      if ((await models(coming)).status === 429) return times;
    return Number.POSITIVE_INFINITY;
  }

  it("is the client's that it names: who is turned away is that one, and nobody else", async () => {
    const via = (address: string) => ({ from: balancer, first: proxyHeader(address) });
    expect(await admitted(via('198.51.100.1'))).toBe(anonymousPerAddress);
    expect((await models(via('198.51.100.1'))).status).toBe(429);
    expect((await models(via('198.51.100.2'))).status).toBe(401);
    expect((await models({ from: '127.0.0.24' })).status).toBe(401);
  });

  it('and a proxy behind it names the client in its header, rightmost first', async () => {
    const via = (value: string) => ({
      from: balancer,
      first: proxyHeader(proxy),
      headers: { 'x-forwarded-for': value },
    });
    // What the client has written itself is left of what the proxy knows.
    for (let times = 0; times < anonymousPerAddress; times++)
      expect((await models(via(`203.0.113.${times}, 198.51.100.3`))).status).toBe(401);
    expect((await models(via('203.0.113.99, 198.51.100.3'))).status).toBe(429);
    expect((await models(via('198.51.100.3, 198.51.100.4'))).status).toBe(401);
    expect((await models(via('unknown'))).status).toBe(400);
  });

  it('without the header, with a broken one, or with one that does not come, is closed; from others none is read', async () => {
    const coming: Coming[] = [
      { from: balancer },
      { from: balancer, first: Buffer.from('PROXY TCP4 198.51.100.9 127.0.0.1 1 2\r\n') },
      { from: balancer, first: proxyHeader('198.51.100.9').subarray(0, 20) },
      { from: '127.0.0.25', first: proxyHeader('198.51.100.9') },
    ];
    for (const each of coming)
      await expect(tlsTo(vallum.url, { tls: trusting(), ...each })).rejects.toThrow();
    const silent = await tcpTo(vallum.url, balancer);
    await new Promise((resolve) =>
      silent
        .on('close', resolve)
        .on('error', () => {})
        .resume(),
    );
    // In pieces it is as good as in one.
    const slow = await tcpTo(vallum.url, balancer);
    for (const byte of proxyHeader('198.51.100.9')) slow.write(Buffer.from([byte]));
    slow.destroy();
    expect((await get('/health')).status).toBe(200);
  });
});

describe.skipIf(!hasOpenssl)('after the settings have changed', () => {
  beforeAll(async () => {
    const [spiffeRule, subjectRule] = settings.identity.certificates;
    settings.tls.minimum = '1.2';
    settings.tls.client_certificates = 'required';
    // The rule for subjects is gone, and the other tenant's callers need a key too.
    settings.identity.certificates = [{ ...spiffeRule, with_key: true }];
    expect(subjectRule).toBeDefined();
    await restart();
  });

  it('TLS 1.2 is spoken where it is allowed, and with forward secrecy and authenticated encryption alone', async () => {
    const accepted: string[] = [];
    // Those of TLS 1.3 are not chosen here.
    const suites = getCiphers()
      .map((each) => each.toUpperCase())
      .filter((each) => !each.startsWith('TLS_'));
    for (const ciphers of suites) {
      const old = {
        ...as(agent),
        minVersion: 'TLSv1.2',
        maxVersion: 'TLSv1.2',
        ciphers: `${ciphers}:@SECLEVEL=0`,
      } as const;
      const socket = await tlsTo(vallum.url, { tls: old }).catch(() => undefined);
      if (socket) accepted.push(socket.getCipher().name);
      socket?.destroy();
    }
    expect(accepted.length).toBeGreaterThan(1);
    for (const suite of accepted) expect(suite).toMatch(/^ECDHE-.*(GCM|CHACHA20-POLY1305)/);
    const older = {
      ...as(agent),
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'ALL:@SECLEVEL=0',
    } as const;
    await expect(tlsTo(vallum.url, { tls: older })).rejects.toThrow();
  });

  it('nobody is heard without a certificate where one is required', async () => {
    const answers = [trusting(), as(strangers.issue('late'))].map(
      async (tls) => (await models({ tls }).catch(() => ({ status: 0 }))).status,
    );
    expect(await Promise.all(answers)).toEqual([0, 0]);
  });

  it('a certificate whose rule is gone stands for nobody', async () => {
    expect((await models({ tls: as(billing) })).status).toBe(401);
  });

  it('where both are needed, neither a certificate nor a key is enough', async () => {
    const minted = await say(
      await tlsTo(vallum.url, { tls: as(agent) }),
      'POST /v1/keys',
      { authorization: `Bearer ${vallum.secrets.adminKey}` },
      JSON.stringify({ tenant: tenant.id, name: 'both', scopes: ['models:invoke', 'vallum:read'] }),
    );
    const { key } = JSON.parse(bodyOf(minted.text)) as { key: string };
    const headers = { authorization: `Bearer ${key}` };
    expect((await models({ tls: as(agent), headers })).status).toBe(200);
    expect((await models({ tls: as(agent) })).status).toBe(401);
    const without = await models({ tls: as(billing), headers });
    const wrong = await models({
      tls: as(billing),
      headers: { authorization: `Bearer ${key.slice(0, -1)}x` },
    });
    expect([without.status, wrong.status]).toEqual([401, 401]);
    // Who has found a key learns nothing from it.
    expect(JSON.parse(bodyOf(without.text)).detail).toBe(JSON.parse(bodyOf(wrong.text)).detail);
  });

  it('a server whose certificate is not there does not start, and says which file it is', async () => {
    await vallum.stop();
    const cert = readFileSync(settings.tls.cert ?? '');
    writeFileSync(settings.tls.cert ?? '', 'none');
    await expect(vallum.start()).rejects.toThrow(/tls\.crt holds no certificate/);
    writeFileSync(settings.tls.cert ?? '', cert);
    await vallum.start();
  });
});
