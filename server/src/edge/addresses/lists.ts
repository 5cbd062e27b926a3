import { type Family, plainAddress, readAddress } from './address.ts';
import { covers, type Ranges } from './ranges.ts';

/** Who may come, and who may not. An address must pass all of it. */
export interface AddressLists {
  readonly deny: Ranges;
  /** Where there is one, everybody else is refused. */
  readonly allow: Ranges | undefined;
  readonly reputation: readonly { readonly name: string; readonly ranges: Ranges }[];
  readonly countries: CountryRule | undefined;
}

export interface CountryRule {
  /** The ISO 3166-1 code of the country in which an address is said to be. */
  of(address: string): string | undefined;
  /** Where there is one, who is elsewhere or nobody knows where is refused. */
  readonly allow: ReadonlySet<string> | undefined;
  readonly deny: ReadonlySet<string>;
}

const words = new Uint32Array(4);

/**
 * Which list refuses an address, as a short name; undefined where none does. Deny comes before allow, so that an entry of one list cannot undo another's.
 * What is not an address is refused: nobody can say that no list has it.
 */
export function refusedBy(lists: AddressLists, address: string): string | undefined {
  const family = readAddress(address, words);
  if (family === undefined) return 'unreadable';
  if (covers(lists.deny, family, words)) return 'deny';
  const known = reputed(lists.reputation, family);
  if (known !== undefined) return known;
  if (lists.allow && !covers(lists.allow, family, words)) return 'not-allowed';
  return lists.countries && refusedByCountry(lists.countries, address);
}

function reputed(lists: AddressLists['reputation'], family: Family): string | undefined {
  for (const { name, ranges } of lists) if (covers(ranges, family, words)) return `reputation:${name}`;
  return undefined;
}

function refusedByCountry({ of, allow, deny }: CountryRule, address: string): string | undefined {
  const country = of(plainAddress(address));
  if (country === undefined) return allow ? 'country-unknown' : undefined;
  if (deny.has(country)) return 'country-denied';
  return allow && !allow.has(country) ? 'country-not-allowed' : undefined;
}
