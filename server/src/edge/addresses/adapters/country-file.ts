import { readFile } from 'node:fs/promises';
import { type CountryResponse, Reader } from 'maxmind';
import { Fault } from '../../../kernel/index.ts';

/** Decoded records, of which a database of countries has a few hundred, and one of cities has many. */
const recordsKept = 10_000;
/** What lies between the tree and the records (MaxMind DB file format 2.0, "Data Section Separator"). */
const separatorBytes = 16;

/**
 * Reads a database of countries (MaxMind DB file format 2.0) into memory: the file may then be replaced or removed.
 * @returns what gives the ISO code of an address's country, or undefined where the database has none. It throws where the database is damaged.
 * @throws Fault whose message, for operators, names the file.
 */
export async function readCountries(file: string): Promise<(address: string) => string | undefined> {
  const wrong = (what: string, cause?: unknown): Fault =>
    new Fault('input-invalid', { because: `addresses.countries.database: ${file} ${what}`, cause });
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw wrong(`cannot be read (${error.code})`);
  });
  let reader: Reader<CountryResponse>;
  try {
    reader = new Reader<CountryResponse>(bytes, { cache: createRecordCache() });
  } catch (cause) {
    throw wrong('is not a MaxMind DB file', cause);
  }
  const { databaseType, searchTreeSize, ipVersion } = reader.metadata;
  if (searchTreeSize + separatorBytes > bytes.length) throw wrong('is not a whole MaxMind DB file');
  // One of networks or operators knows no country of anybody, and who is denied would pass.
  if (!/country|city|enterprise/i.test(databaseType)) throw wrong('has no countries: it is of another kind');
  return (address) => {
    // A tree of IPv4 addresses would take the first bits of a longer one for a whole.
    if (ipVersion === 4 && address.includes(':')) return undefined;
    const code = reader.get(address)?.country?.iso_code;
    return typeof code === 'string' ? code : undefined;
  };
}

function createRecordCache() {
  const records = new Map<string | number, unknown>();
  return {
    get: (at: string | number) => records.get(at),
    set(at: string | number, record: unknown) {
      if (records.size >= recordsKept) records.clear();
      records.set(at, record);
    },
  };
}
