import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countryDatabase } from '../../../../../tests/support/country-database.ts';
import type { LogFields } from '../../../kernel/index.ts';
import { refusedBy } from '../lists.ts';
import { addressSettings } from '../settings.ts';
import { type ConfiguredLists, configuredLists } from './configured-lists.ts';

let folder: string;
let running: ConfiguredLists | undefined;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vallum-lists-'));
});
afterEach(async () => {
  await running?.service.stop();
  running = undefined;
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string | Buffer): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

async function start(settings: object) {
  const said: { event: string; fields: LogFields }[] = [];
  const say = (event: string, fields: LogFields = {}): void => void said.push({ event, fields });
  const lists = configuredLists(addressSettings.parse({ reload_s: 1, ...settings }), {
    info: say,
    warn: say,
    error: say,
  });
  await lists.service.start();
  running = lists;
  const judge = (address: string): string | undefined => {
    const now = lists.current();
    return now && refusedBy(now, address);
  };
  return { judge, said, lists };
}
const patient = { timeout: 20_000 };

describe('the lists of the settings', () => {
  it('are none where none is set, and nothing is read', async () => {
    const { lists, said } = await start({});
    expect(lists.current()).toBeUndefined();
    expect(said).toEqual([]);
  });

  it('are entries and files, each for what it is', async () => {
    const { judge, said } = await start({
      deny: ['192.0.2.0/24', write('deny.txt', '198.51.100.7\n')],
      allow: ['192.0.0.0/16', write('allow.txt', '198.51.100.0/24\n2001:db8::/32\n')],
      reputation: [{ name: 'drop', file: write('drop.txt', '198.51.100.99 ; SBL1\n') }],
    });
    expect(['192.0.2.1', '198.51.100.7'].map(judge)).toEqual(['deny', 'deny']);
    expect(['192.0.3.1', '198.51.100.8', '2001:db8::1'].map(judge)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(['198.51.100.99', '127.0.0.1', '::1'].map(judge)).toEqual([
      'reputation:drop',
      'not-allowed',
      'not-allowed',
    ]);
    expect(said).toEqual([{ event: 'the address lists were read', fields: { count: 6 } }]);
  });

  it('stop the start where a line is wrong, with list, file and number, and without the line', async () => {
    const file = write('deny.txt', '192.0.2.0/24\n192.0.2.999\n');
    const starting = start({ deny: [file] });
    await expect(starting).rejects.toThrow(`addresses.deny: ${file} line 2 is not an IP address or CIDR`);
    await expect(starting).rejects.not.toThrow('999');
  });

  it('stop the start where a file is not there', async () => {
    await expect(start({ reputation: [{ name: 'x', file: path.join(folder, 'none') }] })).rejects.toThrow(
      'addresses.reputation.x',
    );
  });

  it('are read again when a file is another one: written over, put in its place, or behind a link that is turned', async () => {
    const file = write('deny.txt', '192.0.2.1\n');
    write('first', '198.51.100.1\n');
    write('second', '198.51.100.2\n');
    const link = path.join(folder, 'link');
    symlinkSync('first', link);
    const { judge } = await start({ deny: [file, link] });
    expect([judge('192.0.2.1'), judge('198.51.100.1')]).toEqual(['deny', 'deny']);

    write('deny.txt', '192.0.2.2\n192.0.2.3\n');
    await expect.poll(() => [judge('192.0.2.1'), judge('192.0.2.3')], patient).toEqual([undefined, 'deny']);

    renameSync(write('new', '192.0.2.4\n'), file);
    await expect.poll(() => [judge('192.0.2.3'), judge('192.0.2.4')], patient).toEqual([undefined, 'deny']);

    symlinkSync('second', path.join(folder, 'turned'));
    renameSync(path.join(folder, 'turned'), link);
    await expect
      .poll(() => [judge('198.51.100.1'), judge('198.51.100.2')], patient)
      .toEqual([undefined, 'deny']);
  });

  it('stay as they were when a file is spoilt or gone, which the log says, and are read again when it is mended', async () => {
    const file = write('deny.txt', '192.0.2.1\n');
    const { judge, said } = await start({ deny: [file] });
    const troubles = () => said.filter(({ event }) => event.includes('could not be read'));

    write('deny.txt', '192.0.2.2\nnonsense\n');
    await expect.poll(() => troubles().length, patient).toBe(1);
    expect(troubles()[0]?.fields.error).toMatchObject({
      message: `addresses.deny: ${file} line 2 is not an IP address or CIDR`,
    });
    rmSync(file);
    await expect.poll(() => troubles().length, patient).toBe(2);
    expect([judge('192.0.2.1'), judge('192.0.2.2')]).toEqual(['deny', undefined]);

    write('deny.txt', '192.0.2.2\n');
    await expect.poll(() => [judge('192.0.2.1'), judge('192.0.2.2')], patient).toEqual([undefined, 'deny']);
  });

  it('follow a database of countries that is replaced, and keep the one before when that is spoilt', async () => {
    const database = write('c.mmdb', countryDatabase({ '192.0.2.0/24': 'DE' }));
    const { judge, said } = await start({ countries: { database, deny: ['DE'] }, deny: ['198.51.100.1'] });
    expect(['192.0.2.1', '198.51.100.1', '203.0.113.1'].map(judge)).toEqual([
      'country-denied',
      'deny',
      undefined,
    ]);
    renameSync(write('new.mmdb', countryDatabase({ '203.0.113.0/24': 'DE' })), database);
    await expect
      .poll(() => ['192.0.2.1', '203.0.113.1'].map(judge), patient)
      .toEqual([undefined, 'country-denied']);
    renameSync(write('bad.mmdb', 'nothing of the kind'), database);
    await expect
      .poll(() => said.some(({ event }) => event.includes('could not be read')), patient)
      .toBe(true);
    expect(['203.0.113.1', '198.51.100.1'].map(judge)).toEqual(['country-denied', 'deny']);
  });
});

describe('a setting', () => {
  it.each([
    [{ deny: ['10.0.0.0/33'] }],
    [{ deny: ['10.0.0.1/8'] }],
    [{ allow: ['300.0.0.1'] }],
    [{ allow: ['2001:db8::/200'] }],
    [{ allow: [''] }],
    [{ countries: { database: 'x.mmdb', allow: ['de'] } }],
    [{ countries: { allow: ['DE'] } }],
    [
      {
        reputation: [
          { name: 'x', file: 'a' },
          { name: 'x', file: 'b' },
        ],
      },
    ],
    [{ reload_s: 0 }],
    [{ denied: [] }],
  ])('that is mistyped is refused, and not taken for the name of a file: %j', (settings) => {
    expect(addressSettings.safeParse(settings).success).toBe(false);
  });
});
