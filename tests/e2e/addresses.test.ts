import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { addressLists, mintedKey } from '@vallum/contract';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Answer, ask } from '../support/ask.ts';
import { countryDatabase } from '../support/country-database.ts';
import { user } from '../support/openai-client.ts';
import { hasProcessTable } from '../support/processes.ts';
import { startTwoServers, type TwoServers } from '../support/two-servers.ts';

/* Who may come at all, over real connections from several addresses, to two processes on one database. */

const patient = { timeout: 20_000 };
const countriesAtFirst = {
  '127.0.1.0/24': 'DE',
  '127.0.2.0/24': 'FR',
  '127.0.3.0/24': 'KP',
  '127.0.0.0/24': 'DE',
};

/** A bound for what hangs: each test waits for several things, on a machine that others use. */
vi.setConfig({ testTimeout: 90_000 });

describe.runIf(hasProcessTable)('addresses', () => {
  let folder: string;
  let two: TwoServers;
  let here: { readonly url: string };
  let there: { readonly url: string };
  let key = '';

  /** Puts another file in the place of one, as those do who publish lists. */
  function replace(name: string, content: string | Buffer): string {
    const file = path.join(folder, name);
    writeFileSync(`${file}.new`, content);
    renameSync(`${file}.new`, file);
    return file;
  }

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'vallum-addresses-'));
    two = await startTwoServers({
      addresses: {
        allow: ['127.0.0.0/16', replace('partners.txt', '# nobody yet\n')],
        deny: ['127.0.0.66', replace('deny.txt', '127.0.0.67 # since today\n127.0.8.0/24\n')],
        reputation: [{ name: 'known-bad', file: replace('bad.txt', '127.0.0.68/31 ; twice\n') }],
        countries: {
          database: replace('countries.mmdb', countryDatabase(countriesAtFirst)),
          allow: ['DE', 'FR', 'KP'],
          deny: ['KP'],
        },
        reload_s: 1,
      },
    });
    [here, there] = two.servers;
    const body = { name: 'a test', scopes: ['vallum:read', 'models:invoke'], rate_per_minute: 1_000_000 };
    const made = await ask(here, '/v1/keys', { key: two.secrets.adminKey, body });
    ({ key } = mintedKey.parse(made.json()));
  }, 120_000);
  afterAll(async () => {
    await two?.remove();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  const from = (address: string, server = here): Promise<Answer> =>
    ask(server, '/v1/models', { key, from: address });
  const statusFrom = async (address: string, server = here): Promise<number> =>
    (await from(address, server)).status;

  describe('that a list of the settings refuses', () => {
    it.each([
      ['denied', '127.0.0.66'],
      ['denied in a file', '127.0.0.67'],
      ['denied in a network of a file', '127.0.8.200'],
      ['of bad reputation', '127.0.0.69'],
      ['not allowed', '127.1.0.1'],
      ['in a country that is denied', '127.0.3.1'],
      ['in no country', '127.0.4.1'],
    ])('are turned away, with a valid key too, and on every path: %s', async (_, address) => {
      const answer = await from(address);
      expect({ status: answer.status, error: answer.json<{ error: object }>().error }).toEqual({
        status: 403,
        error: {
          message: expect.stringMatching(
            /^Not from this address: The address that you call from may not use/,
          ),
          type: 'permission_error',
          param: null,
          code: 'address-refused',
          request_id: answer.headers['x-vallum-request-id'],
          decision: 'block',
          reasons: [{ by: 'edge.screen', code: 'address-refused' }],
        },
      });
      expect(answer.headers['x-should-retry']).toBe('false');
      for (const open of ['/health', '/nowhere', '/ledger/checkpoint'])
        expect((await ask(here, open, { from: address })).status).toBe(403);
    });

    it('are told one thing, whichever list it was', async () => {
      const texts = ['127.0.0.66', '127.0.0.69', '127.1.0.1', '127.0.3.1'].map(async (address) =>
        (await from(address)).text.replace(/req_[0-9a-f-]+/, ''),
      );
      expect(new Set(await Promise.all(texts)).size).toBe(1);
    });

    it('are refused before anything is read: a body that never comes is not waited for', async () => {
      const { hostname: host, port } = new URL(here.url);
      const socket = connect({ host, port: Number(port), localAddress: '127.0.0.66' });
      socket.write('POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{');
      const [said] = (await once(socket, 'data')) as [Buffer];
      socket.destroy();
      expect(said.toString()).toMatch(/^HTTP\/1\.1 403 /);
    });

    it.each(['127.0.0.1', '127.0.1.7', '127.0.2.7'])('are not these: %s', async (address) => {
      expect(await statusFrom(address)).toBe(200);
    });

    it('are in no log line: lists are, by their names', async () => {
      const codes = () =>
        two.log().flatMap(({ event, code }) => (event === 'addresses were refused' ? [code] : []));
      await expect
        .poll(codes, patient)
        .toEqual(
          expect.arrayContaining([
            'deny',
            'reputation:known-bad',
            'not-allowed',
            'country-denied',
            'country-unknown',
          ]),
        );
      expect(JSON.stringify(two.log())).not.toMatch(/127\.(?:0\.[3-9]|1|0\.0\.6)/);
    });
  });

  describe('the files', () => {
    it('are followed by both processes, without a restart', async () => {
      replace('deny.txt', '127.0.1.99\n');
      for (const server of [here, there]) {
        await expect.poll(() => statusFrom('127.0.1.99', server), patient).toBe(403);
        expect(await statusFrom('127.0.0.67', server)).toBe(200);
      }
    });

    it('are followed where 50,000 are added at once, and requests are answered meanwhile', async () => {
      const network = (i: number) => `10.${(i >> 12) & 255}.${(i >> 4) & 255}.${(i & 15) * 16}/30`;
      const lines = Array.from({ length: 50_000 }, (_, i) => network(i));
      replace('bad.txt', `${lines.join('\n')}\n127.0.1.98\n`);
      await expect
        .poll(async () => {
          expect(await statusFrom('127.0.1.1')).toBe(200);
          return statusFrom('127.0.1.98');
        }, patient)
        .toBe(403);
      const said = () => two.log().map(({ event, count }) => `${event} ${count}`);
      await expect.poll(said, patient).toContain('the address lists were read 50004');
    });

    it('that are spoilt change nothing, and the log says which line of which', async () => {
      const file = replace('deny.txt', '127.0.1.97\nthis is no address 127.0.1.96\n');
      const trouble = () =>
        two.log().find(({ event }) => event.startsWith('an address list could not be read'));
      await expect.poll(trouble, patient).toBeDefined();
      expect(JSON.stringify(trouble())).toContain(
        `addresses.deny: ${file} line 2 is not an IP address or CIDR`,
      );
      expect(JSON.stringify(trouble())).not.toContain('127.0.1.96');
      expect([await statusFrom('127.0.1.99'), await statusFrom('127.0.1.97')]).toEqual([403, 200]);
    });

    it('of countries are followed too', async () => {
      replace(
        'countries.mmdb',
        countryDatabase({ ...countriesAtFirst, '127.0.4.0/24': 'FR', '127.0.2.0/24': 'US' }),
      );
      await expect.poll(() => statusFrom('127.0.4.1'), patient).toBe(200);
      expect(await statusFrom('127.0.2.1')).toBe(403);
    });
  });

  describe("an organization's own lists", () => {
    const administer = (method: string, body?: object, more: object = {}): Promise<Answer> =>
      ask(here, '/v1/addresses', { method, key: two.secrets.adminKey, ...(body && { body }), ...more });
    const put = (allow: readonly object[], deny: readonly object[]): Promise<Answer> =>
      administer('PUT', { allow, deny });
    const inAMinute = () => new Date(Date.now() + 60_000).toISOString();

    it('are empty at first', async () => {
      const answer = await administer('GET');
      expect(addressLists.parse(answer.json())).toEqual({ allow: [], deny: [], updated_at: null });
    });

    it('hold its credentials in both processes, and nothing else', async () => {
      const answer = await put([], [{ cidr: '127.0.1.50', note: 'Jane’s laptop' }]);
      expect(answer.status).toBe(200);
      expect(addressLists.parse(answer.json())).toEqual({
        allow: [],
        deny: [{ cidr: '127.0.1.50', note: 'Jane’s laptop', expires_at: null }],
        updated_at: expect.any(String),
      });
      for (const server of [here, there])
        await expect.poll(() => statusFrom('127.0.1.50', server), patient).toBe(403);
      expect(await statusFrom('127.0.1.51', there)).toBe(200);
      expect((await from('127.0.1.50')).text).toContain('edge.limit');
      expect((await ask(here, '/health', { from: '127.0.1.50' })).status).toBe(200);
    });

    it('where something is allowed, refuse all else, and let it in again when that is taken back', async () => {
      await put([{ cidr: '127.0.0.1' }, { cidr: '127.0.1.60', expires_at: inAMinute() }], []);
      for (const server of [here, there]) {
        await expect.poll(() => statusFrom('127.0.1.61', server), patient).toBe(403);
        expect(await statusFrom('127.0.1.60', server)).toBe(200);
      }
      await put([], []);
      for (const server of [here, there])
        await expect.poll(() => statusFrom('127.0.1.61', server), patient).toBe(200);
    });

    it.each([
      ['by deny', { allow: [], deny: [{ cidr: '127.0.0.0/8' }] }],
      ['by allow', { allow: [{ cidr: '192.0.2.0/24' }], deny: [] }],
    ])(
      'that would shut out who sets them are refused with 409, and nothing is changed: %s',
      async (_, body) => {
        const before = (await administer('GET')).text;
        const answer = await administer('PUT', body);
        expect({ status: answer.status, ...answer.json() }).toMatchObject({
          status: 409,
          code: 'conflict',
          detail: expect.stringMatching(/^These lists would refuse the address that this request comes from/),
        });
        expect((await administer('GET')).text).toBe(before);
      },
    );

    it.each([
      [{ allow: [], deny: [{ cidr: '10.0.0.0/33' }] }, 'deny.0.cidr'],
      [{ allow: [], deny: [{ cidr: '192.0.2.1' }, { cidr: '10.0.0.1/8' }] }, 'deny.1.cidr'],
      [{ allow: [{ cidr: 'example.org' }], deny: [] }, 'allow.0.cidr'],
      [
        { allow: [], deny: [{ cidr: '10.0.0.0/8', expires_at: '2020-01-01T00:00:00Z' }] },
        'deny.0.expires_at',
      ],
      [{ allow: [], deny: [{ cidr: '10.0.0.0/8', expires_at: 'tomorrow' }] }, 'deny.0.expires_at'],
      [{ allow: [], deny: [{ cidr: '10.0.0.0/8', note: 'a\nb' }] }, 'deny.0.note'],
      [{ allow: [], deny: [{ cidr: '10.0.0.0/8', why: 'x' }] }, 'deny.0'],
      [{ allow: [] }, 'deny'],
    ])('that are wrong are refused with the place: %j', async (body, place) => {
      const answer = await administer('PUT', body);
      expect({ status: answer.status, code: answer.json().code }).toEqual({
        status: 400,
        code: 'input-invalid',
      });
      expect(answer.json().detail).toContain(place);
    });

    it('of which every allowed entry would end are refused, since nobody could come in then', async () => {
      const answer = await put([{ cidr: '127.0.0.0/8', expires_at: inAMinute() }], []);
      expect(answer.status).toBe(400);
      expect(answer.json().detail).toContain('every entry expires');
    });

    it('are for administrators', async () => {
      for (const method of ['GET', 'PUT']) {
        const body = method === 'PUT' ? { body: { allow: [], deny: [] } } : {};
        expect((await ask(here, '/v1/addresses', { method, key, ...body })).status).toBe(403);
      }
    });

    it('are on record with each change: how many, and in what opens the entry, which', async () => {
      const ways = [
        { allow: [], deny: [{ cidr: '203.0.113.0/24', note: 'noise' }] },
        { allow: [], deny: [] },
      ];
      for (const body of ways) {
        const { headers } = await administer('PUT', body);
        const at = Number(headers['x-vallum-ledger-index']);
        const opened = async () => {
          for (let index = at; index < at + 8; index++) {
            const { text } = await ask(here, `/v1/ledger/entries/${index}/opening`, {
              key: two.secrets.adminKey,
            });
            if (text.includes('addresses.replaced')) return text;
          }
          return '';
        };
        await expect.poll(opened, patient).toContain('addresses.replaced');
        const opening = JSON.parse(await opened()) as {
          entry: { change: object };
          fields: Record<string, { value: string }>;
        };
        expect(opening.entry.change).toMatchObject({ after: { allow: 0, deny: body.deny.length } });
        expect(JSON.stringify(opening.entry)).not.toContain('203.0.113');
        expect(`${opening.fields.before?.value}${opening.fields.after?.value}`).toContain('203.0.113.0/24');
      }
    });

    it('of refused callers are one entry a minute: a stolen key cannot fill the ledger', async () => {
      await put([], [{ cidr: '127.0.1.80' }]);
      const size = async () => Number((await ask(here, '/ledger/checkpoint')).text.split('\n')[1]);
      await expect.poll(() => statusFrom('127.0.1.80'), patient).toBe(403);
      const before = await size();
      const body = { model: 'rehearsal', messages: [user('Hello')] };
      const answers = await Promise.all(
        Array.from({ length: 200 }, () =>
          ask(here, '/v1/chat/completions', { key, body, from: '127.0.1.80' }),
        ),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]));
      // What others seal meanwhile: the tallies of minutes, at most one for each reason.
      expect((await size()) - before).toBeLessThan(50);
      await put([], []);
    });
  });
});
