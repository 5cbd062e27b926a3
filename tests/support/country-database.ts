/** Makes small databases of countries in the MaxMind DB file format 2.0, from its specification, so that no test needs somebody's data. */

interface DatabaseOptions {
  /** What it says it is. */
  readonly type?: string;
  /** Whether its tree is of IPv6 addresses, with IPv4 ones in `::/96`, as usual. */
  readonly family?: 4 | 6;
}

type Node = { left: Node | Buffer | undefined; right: Node | Buffer | undefined };

/**
 * @param countries by network: `{ '192.0.2.0/24': 'DE', '2001:db8::/32': 'FR' }`; no network may lie in another.
 * @returns the file.
 */
export function countryDatabase(
  countries: Readonly<Record<string, string>>,
  { type = 'GeoLite2-Country', family = 6 }: DatabaseOptions = {},
): Buffer {
  const root: Node = { left: undefined, right: undefined };
  for (const [network, code] of Object.entries(countries))
    insert(root, bitsOf(network, family), map({ country: map({ iso_code: text(code) }) }));

  // Nodes in the order in which they are met, each value once.
  const nodes: Node[] = [root];
  const values: Buffer[] = [];
  const offsets = new Map<Buffer, number>();
  let dataBytes = 0;
  for (const node of nodes) {
    for (const side of [node.left, node.right]) {
      if (Buffer.isBuffer(side)) {
        offsets.set(side, dataBytes);
        values.push(side);
        dataBytes += side.length;
      } else if (side) nodes.push(side);
    }
  }
  const places = new Map(nodes.map((node, index) => [node, index]));
  const record = (side: Node['left']): Buffer => {
    if (side === undefined) return unsigned(nodes.length, 3);
    if (Buffer.isBuffer(side)) return unsigned(nodes.length + separator.length + (offsets.get(side) ?? 0), 3);
    return unsigned(places.get(side) ?? 0, 3);
  };
  const metadata = map({
    binary_format_major_version: number(5, 2, 2),
    binary_format_minor_version: number(5, 0, 2),
    build_epoch: extended(9, unsigned(1_760_000_000, 4)),
    database_type: text(type),
    description: map({ en: text('made for a test') }),
    ip_version: number(5, family, 2),
    languages: Buffer.from([0, 11 - 7]),
    node_count: number(6, nodes.length, 4),
    record_size: number(5, 24, 2),
  });
  return Buffer.concat([
    ...nodes.flatMap(({ left, right }) => [record(left), record(right)]),
    separator,
    ...values,
    Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'),
    metadata,
  ]);
}

const separator = Buffer.alloc(16);

const unsigned = (value: number, bytes: number): Buffer => {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
};
/** A value of a type up to 7, whose number and size are one byte. */
const field = (kind: number, size: number, content: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(kind << 5) | size]), content]);
/** A value of a type above 7: its number less 7 in a byte of its own. */
const extended = (kind: number, content: Buffer): Buffer =>
  Buffer.concat([Buffer.from([content.length, kind - 7]), content]);
const number = (kind: 5 | 6, value: number, bytes: number): Buffer =>
  field(kind, bytes, unsigned(value, bytes));
const text = (value: string): Buffer => field(2, Buffer.byteLength(value), Buffer.from(value));
const map = (members: Readonly<Record<string, Buffer>>): Buffer =>
  field(
    7,
    Object.keys(members).length,
    Buffer.concat(Object.entries(members).flatMap(([name, value]) => [text(name), value])),
  );

function insert(root: Node, bits: string, value: Buffer): void {
  let node = root;
  for (const [index, bit] of [...bits].entries()) {
    const side = bit === '0' ? 'left' : 'right';
    if (index === bits.length - 1) {
      node[side] = value;
      return;
    }
    const next = node[side] ?? { left: undefined, right: undefined };
    if (Buffer.isBuffer(next)) throw new Error('a network lies in another');
    node[side] = next;
    node = next;
  }
}

/** The bits of a network's prefix, in a tree of this family. */
function bitsOf(network: string, family: 4 | 6): string {
  const [address = '', prefix] = network.split('/');
  const bytes = address.includes(':') ? bytesOf6(address) : address.split('.').map(Number);
  const bits = bytes
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('')
    .slice(0, Number(prefix ?? 8 * bytes.length));
  return bytes.length === 4 && family === 6 ? '0'.repeat(96) + bits : bits;
}

function bytesOf6(address: string): number[] {
  const [head = '', tail] = address.split('::');
  const groups = (part: string | undefined): string[] => (part ? part.split(':') : []);
  const [before, after] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}
