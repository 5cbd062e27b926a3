/**
 * Reads CBOR (RFC 8949) as authenticators write it (CTAP2's canonical form): integers, byte and text strings, arrays, maps and simple values, all of definite length. What is left out here is
 * in no message of WebAuthn: floats, tags, indefinite lengths.
 */

export type CborValue = number | boolean | null | string | Buffer | readonly CborValue[] | CborMap;
export type CborMap = ReadonlyMap<number | string, CborValue>;

/** CTAP2 allows four levels; a few more cost nothing. */
const deepest = 8;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The first value in the bytes, and where it ends: what follows it is the caller's.
 * @throws RangeError for bytes that are no such value
 */
export function readCbor(bytes: Buffer): { readonly value: CborValue; readonly length: number } {
  let at = 0;

  function take(length: number): Buffer {
    if (length > bytes.length - at) throw new RangeError('CBOR: cut short');
    at += length;
    return bytes.subarray(at - length, at);
  }

  function argument(info: number): number {
    if (info < 24) return info;
    switch (info) {
      case 24:
        return take(1).readUInt8();
      case 25:
        return take(2).readUInt16BE();
      case 26:
        return take(4).readUInt32BE();
      case 27: {
        const value = take(8).readBigUInt64BE();
        if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError('CBOR: a number is too large');
        return Number(value);
      }
      default:
        throw new RangeError('CBOR: a length is not definite');
    }
  }

  function readMap(count: number, depth: number): CborMap {
    const map = new Map<number | string, CborValue>();
    for (let i = 0; i < count; i += 1) {
      const key = read(depth + 1);
      if (typeof key !== 'number' && typeof key !== 'string') throw new RangeError('CBOR: a key is no name');
      // Two readers could take two of them.
      if (map.has(key)) throw new RangeError('CBOR: a key is there twice');
      map.set(key, read(depth + 1));
    }
    return map;
  }

  function read(depth: number): CborValue {
    if (depth > deepest) throw new RangeError('CBOR: too deep');
    const initial = take(1).readUInt8();
    const info = initial & 0x1f;
    switch (initial >> 5) {
      case 0:
        return argument(info);
      case 1:
        return -1 - argument(info);
      case 2:
        return take(argument(info));
      case 3:
        return text(take(argument(info)));
      case 4:
        // Each member takes a byte at least, so a count that the bytes cannot hold ends where they do.
        return Array.from({ length: bounded(argument(info)) }, () => read(depth + 1));
      case 5:
        return readMap(bounded(argument(info)), depth);
      case 7:
        if (info === 20 || info === 21) return info === 21;
        if (info === 22) return null;
        throw new RangeError('CBOR: a simple value that is not used here');
      default:
        throw new RangeError('CBOR: tags are not used here');
    }
  }

  function bounded(count: number): number {
    if (count > bytes.length - at) throw new RangeError('CBOR: cut short');
    return count;
  }

  const value = read(0);
  return { value, length: at };
}

function text(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new RangeError('CBOR: a text is not UTF-8', { cause });
  }
}
