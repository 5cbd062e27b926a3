import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countryDatabase } from '../../../../../tests/support/country-database.ts';
import { readCountries } from './country-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vallum-countries-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(bytes: Buffer): string {
  const file = path.join(folder, `${Math.random()}.mmdb`);
  writeFileSync(file, bytes);
  return file;
}

const countries = { '192.0.2.0/24': 'DE', '198.51.100.7/32': 'FR', '2001:db8::/32': 'JP' };

describe('a database of countries', () => {
  it('gives the country of addresses of both families, and none of others', async () => {
    const of = await readCountries(fileOf(countryDatabase(countries)));
    for (const [address, country] of [
      ['192.0.2.0', 'DE'],
      ['192.0.2.255', 'DE'],
      ['192.0.3.0', undefined],
      ['198.51.100.7', 'FR'],
      ['198.51.100.8', undefined],
      ['2001:db8:1::1', 'JP'],
      ['2001:db9::1', undefined],
      ['127.0.0.1', undefined],
      ['::1', undefined],
    ])
      for (const _ of [1, 2]) expect({ address, country: of(address ?? '') }).toEqual({ address, country });
  });

  it('of IPv4 addresses alone knows nothing of others, whose first bits would lead somewhere', async () => {
    const of = await readCountries(fileOf(countryDatabase({ '32.0.0.0/3': 'DE' }, { family: 4 })));
    expect(of('32.1.1.1')).toBe('DE');
    expect(of('2001:db8::1')).toBeUndefined();
  });

  it('is not one that has no countries, which would know nobody and so deny nobody', async () => {
    const file = fileOf(countryDatabase(countries, { type: 'GeoLite2-ASN' }));
    await expect(readCountries(file)).rejects.toThrow(`${file} has no countries`);
  });

  it.each([
    ['empty', () => Buffer.alloc(0)],
    ['of another kind', () => Buffer.from('192.0.2.0/24 DE\n'.repeat(500))],
    ['cut short', () => countryDatabase(countries).subarray(0, 400)],
    ['without its beginning', () => countryDatabase(countries).subarray(600)],
  ])('is refused when it is %s, by its name', async (_, bytes) => {
    const file = fileOf(bytes());
    await expect(readCountries(file)).rejects.toThrow(`addresses.countries.database: ${file} is not a`);
  });

  it('is refused when it is not there', async () => {
    await expect(readCountries(path.join(folder, 'none'))).rejects.toThrow('cannot be read (ENOENT)');
  });
});
