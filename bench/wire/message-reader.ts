/** What a reader tells of each message, in order. `bytes` belong to the reader's caller and are not copied. */
export interface MessageHandler {
  /** @param head first line and headers as they came, without the empty line. */
  head(head: string): void;
  body(bytes: Buffer): void;
  end(): void;
}

type State = 'head' | 'body' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers';

const emptyLine = Buffer.from('\r\n\r\n');
const newLine = Buffer.from('\r\n');

/**
 * HTTP/1.1 messages (RFC 9112) out of the bytes of a connection, as far as a benchmark needs it: bodies by length or chunked, one after
 * the other. Written for what both ends of a measurement have in common: they must cost far less than what is measured between them.
 */
export class MessageReader {
  readonly #handler: MessageHandler;
  #state: State = 'head';
  /** Bytes of a head or a line that is not complete yet. */
  #rest: Buffer | undefined;
  /** Bytes of the body or of the chunk that are still to come. */
  #missing = 0;

  constructor(handler: MessageHandler) {
    this.#handler = handler;
  }

  /** @throws Error for what is not HTTP, or a body that only the connection's end would end. */
  push(arrived: Buffer): void {
    let bytes = this.#rest ? Buffer.concat([this.#rest, arrived]) : arrived;
    this.#rest = undefined;
    while (bytes.length > 0) {
      const used = this.#step(bytes);
      if (used === 0) {
        this.#rest = bytes;
        return;
      }
      bytes = bytes.subarray(used);
    }
  }

  /** @returns bytes used; none when more are needed. */
  #step(bytes: Buffer): number {
    switch (this.#state) {
      case 'head':
        return this.#head(bytes);
      case 'chunk-size':
        return this.#chunkSize(bytes);
      case 'chunk-end':
        return this.#line(bytes, 'chunk-size');
      case 'trailers':
        return this.#trailers(bytes);
      default:
        return this.#bodyOf(bytes);
    }
  }

  #head(bytes: Buffer): number {
    const at = bytes.indexOf(emptyLine);
    if (at < 0) return 0;
    const head = bytes.toString('latin1', 0, at);
    this.#handler.head(head);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length !== undefined) {
      this.#missing = Number(length);
      this.#state = 'body';
      if (this.#missing === 0) this.#end();
    } else if (/\r\ntransfer-encoding: *chunked/i.test(head)) this.#state = 'chunk-size';
    else if (head.startsWith('HTTP/')) throw new Error(`a reply without a length: ${head.split('\r\n')[0]}`);
    else this.#end();
    return at + emptyLine.length;
  }

  #bodyOf(bytes: Buffer): number {
    const size = Math.min(this.#missing, bytes.length);
    this.#handler.body(size === bytes.length ? bytes : bytes.subarray(0, size));
    this.#missing -= size;
    if (this.#missing > 0) return size;
    if (this.#state === 'chunk') this.#state = 'chunk-end';
    else this.#end();
    return size;
  }

  #chunkSize(bytes: Buffer): number {
    const at = bytes.indexOf(newLine);
    if (at < 0) return 0;
    const size = Number.parseInt(bytes.toString('latin1', 0, at), 16);
    if (!(size >= 0)) throw new Error('a chunk without a size');
    this.#missing = size;
    this.#state = size === 0 ? 'trailers' : 'chunk';
    return at + newLine.length;
  }

  #line(bytes: Buffer, next: State): number {
    if (bytes.length < newLine.length) return 0;
    this.#state = next;
    return newLine.length;
  }

  #trailers(bytes: Buffer): number {
    const at = bytes.indexOf(newLine);
    if (at < 0) return 0;
    if (at === 0) this.#end();
    return at + newLine.length;
  }

  #end(): void {
    this.#state = 'head';
    this.#handler.end();
  }
}
