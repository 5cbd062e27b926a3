import { Fault } from '../../kernel/index.ts';

/** Server-sent events as chat streams use them (WHATWG HTML, section 9.2): one line `data: …` and a blank line. */

/** An event of a stream: its bytes, ready to forward, and its data; no data in a heartbeat. */
export type OnEvent = (event: Buffer, data: string | undefined) => void;

/** A larger event is not an answer but an attack, or a fault. */
const longestEventBytes = 1024 * 1024;

const lineFeed = 10;
const carriageReturn = 13;
const byteOrderMark = '\ufeff';

const nothing = Buffer.alloc(0);

/** What keeps a connection alive and says nothing. */
const heartbeat = Buffer.from(':\n\n');

/** The bytes of an event with this data. */
export const eventOf = (data: string): Buffer =>
  Buffer.from(data.includes('\n') ? `data: ${data.replaceAll('\n', '\ndata: ')}\n\n` : `data: ${data}\n\n`);

/** The data of one event's bytes, as `SseSplitter` gives them; undefined for a heartbeat. */
export function dataOf(event: Uint8Array): string | undefined {
  const bytes = Buffer.isBuffer(event)
    ? event
    : Buffer.from(event.buffer, event.byteOffset, event.byteLength);
  return startsWithData(bytes) && bytes.indexOf(lineFeed) === bytes.length - 2
    ? lineData(bytes)
    : dataOfLines(bytes);
}

/** Whether the bytes start with `data:`. */
const startsWithData = (bytes: Buffer): boolean =>
  bytes[0] === 100 && bytes[1] === 97 && bytes[2] === 116 && bytes[3] === 97 && bytes[4] === 58;

/** The data of an event that is one `data` line. One space after the colon belongs to the format. */
function lineData(bytes: Buffer): string | undefined {
  const start = bytes[5] === 32 ? 6 : 5;
  return start < bytes.length - 2 ? bytes.toString('utf8', start, bytes.length - 2) : undefined;
}

function dataOfLines(bytes: Buffer): string | undefined {
  const data: string[] = [];
  for (const line of bytes.toString('utf8').split(/\r\n|\n|\r/)) {
    if (line === 'data') data.push('');
    else if (line.startsWith('data: ')) data.push(line.slice(6));
    else if (line.startsWith('data:')) data.push(line.slice(5));
  }
  return data.join('\n') || undefined;
}

/**
 * Cuts a stream of bytes into events, whatever the cuts between its chunks. An event that lies within one chunk is not copied.
 * What is not one plain `data` line is written anew as such: names, ids and comments are text that no guard would see. An event that the
 * stream does not finish is dropped, as the format says.
 */
export class SseSplitter {
  /** The beginning of an event whose end has not arrived. */
  #held: Buffer = nothing;
  #heldBytes = 0;
  /** Of the event at hand: how many lines have ended, whether the last one is still empty, whether there was a carriage return. */
  #lines = 0;
  #lineIsEmpty = true;
  #returns = false;
  /** Whether the last byte was a carriage return: a line feed after it ends the same line. */
  #afterReturn = false;
  #first = true;

  /** @throws Fault `upstream-failed` for an event over 1 MiB. */
  push(chunk: Buffer, onEvent: OnEvent): void {
    let from = 0;
    let at = 0;
    let feed = chunk.indexOf(lineFeed);
    let back = chunk.indexOf(carriageReturn);
    if (this.#afterReturn && feed === 0) {
      at = 1;
      // The event that the return has ended is gone already: what is left of its last line end goes after it.
      if (this.#heldBytes === 0) from = 1;
      feed = chunk.indexOf(lineFeed, 1);
    }
    if (chunk.length > 0) this.#afterReturn = false;
    while (feed !== -1 || back !== -1) {
      const isReturn = feed === -1 || (back !== -1 && back < feed);
      const end = isReturn ? back : feed;
      if (end > at) this.#lineIsEmpty = false;
      at = end + 1;
      if (isReturn) {
        this.#returns = true;
        if (feed === at) at += 1;
        else if (at === chunk.length) this.#afterReturn = true;
      }
      if (this.#lineIsEmpty) {
        this.#emit(chunk, from, at, onEvent);
        from = at;
      } else {
        this.#lines += 1;
        this.#lineIsEmpty = true;
      }
      if (feed !== -1 && feed < at) feed = chunk.indexOf(lineFeed, at);
      if (back !== -1 && back < at) back = chunk.indexOf(carriageReturn, at);
    }
    if (at < chunk.length) this.#lineIsEmpty = false;
    if (from < chunk.length) this.#hold(chunk, from, chunk.length);
  }

  #hold(chunk: Buffer, from: number, to: number): void {
    const length = this.#heldBytes + to - from;
    this.#limit(length);
    if (length > this.#held.length) {
      const grown = Buffer.allocUnsafe(Math.max(length, 2 * this.#held.length, 1024));
      this.#held.copy(grown, 0, 0, this.#heldBytes);
      this.#held = grown;
    }
    chunk.copy(this.#held, this.#heldBytes, from, to);
    this.#heldBytes = length;
  }

  #limit(length: number): void {
    if (length > longestEventBytes)
      throw new Fault('upstream-failed', {
        because: `an event of the stream is over ${longestEventBytes} bytes`,
      });
  }

  #emit(chunk: Buffer, from: number, to: number, onEvent: OnEvent): void {
    let bytes = chunk.subarray(from, to);
    if (this.#heldBytes > 0) {
      this.#hold(chunk, from, to);
      bytes = this.#held.subarray(0, this.#heldBytes);
      this.#held = nothing;
      this.#heldBytes = 0;
    }
    this.#limit(bytes.length);
    const lines = this.#lines;
    const plain = lines === 1 && !this.#returns;
    this.#lines = 0;
    this.#returns = false;
    if (this.#first && bytes.length > 0) {
      this.#first = false;
      if (bytes.indexOf(byteOrderMark) === 0) bytes = bytes.subarray(3);
    }
    if (lines === 0) return;
    if (plain && startsWithData(bytes)) {
      const data = lineData(bytes);
      onEvent(data === undefined ? heartbeat : bytes, data);
      return;
    }
    const data = dataOfLines(bytes);
    onEvent(data === undefined ? heartbeat : eventOf(data), data);
  }
}
