import { Fault } from '../../kernel/index.ts';
import { canonicalAddress, type IsTrusted } from './address.ts';
import { readParameterList } from './parameter-list.ts';

/** The header in which our proxies say for whom they ask. They write one and pass the other on as a client sent it, so only one is read. */
export type AddressHeader = 'x-forwarded-for' | 'forwarded' | 'none';

/** More than any real way has. */
const mostHops = 32;
/** What `mostHops` need at most, with their ports and parameters. */
const headerUnits = 4_096;

/**
 * For whom a trusted proxy asks: going from the peer backwards, the first hop that is not a trusted proxy; the farthest one where all are.
 * @param value of the header, with all its lines.
 * @throws Fault `input-invalid` where the way back ends at something that is no address: a list of addresses must not be passed by an unknown one.
 */
export function clientBehind(
  header: AddressHeader,
  value: string,
  peer: string,
  isTrusted: IsTrusted,
): string {
  const hops = value.length > headerUnits ? undefined : hopsOf(header, value);
  if (!hops) throw unreadable(header);
  let client = peer;
  for (let at = hops.length - 1; at >= 0; at--) {
    const address = hops.length - at > mostHops ? undefined : addressOfHop(hops[at] ?? '');
    if (address === undefined) throw unreadable(header);
    client = address;
    if (!isTrusted(address)) break;
  }
  return client;
}

/** Who asked, from the client to the last proxy but one; an element that does not say so is an empty text. */
function hopsOf(header: AddressHeader, value: string): string[] | undefined {
  if (header === 'forwarded') return readParameterList(value)?.map((each) => each.get('for') ?? '');
  return value
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean);
}

/** RFC 7239, section 6: an address, with a port or without. IPv6 stands in brackets there, and without in `X-Forwarded-For`. */
function addressOfHop(text: string): string | undefined {
  const [, inBrackets, beforePort] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d{1,5})?$/.exec(text) ?? [];
  return canonicalAddress(inBrackets ?? beforePort ?? text);
}

const unreadable = (header: AddressHeader): Fault =>
  new Fault('input-invalid', {
    detail: `headers: ${header} does not say by addresses for whom the proxy asks.`,
  });
