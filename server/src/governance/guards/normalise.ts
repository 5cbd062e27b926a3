import { classOf, codePointClass } from './code-point-class.ts';
import { LookAlikeReader } from './look-alikes.ts';
import { Origins, type Range } from './origins.ts';

/**
 * A text as a reader or a model would read it: invisible characters dropped, tag characters read as the ASCII they stand for,
 * NFKC (UAX 15), look-alike letters in mixed-script words read as Latin. Or a piece of such a text, while it arrives.
 */
export interface NormalisedText {
  readonly text: string;
  /** The offset of `text` in the whole normalised text: 0 unless it arrives in pieces. */
  readonly start: number;
  /** Characters that honest text does not have; of each kind the first in the whole text. */
  readonly anomalies: readonly Anomaly[];
  /** A range of the normalised text, at most `rememberedUnits` before this piece, in the original. It must not be empty. */
  originOf(start: number, end: number): Range;
  /** How much of the original is spoken for by the normalised text before `offset`, hidden characters after it included. */
  originBefore(offset: number): number;
}

/** Something hidden in the original; offsets are those of the original. */
export interface Anomaly extends Range {
  readonly kind: 'tag-characters' | 'bidi-override' | 'invisible-flood';
}

/** How far back positions of a text that arrives in pieces are remembered, in units of normalised text. */
export const rememberedUnits = 4096;

/** Normalises a whole text. ASCII is normal already, and costs one look. */
export function normalise(original: string): NormalisedText {
  return isAscii(original) ? new AsciiText(original) : new Normaliser().push(original, true);
}

const notAscii = /[^\0-\x7f]/;
const isAscii = (text: string): boolean => !notAscii.test(text);

class AsciiText implements NormalisedText {
  readonly text: string;
  readonly start = 0;
  readonly anomalies = [];

  constructor(text: string) {
    this.text = text;
  }

  originOf(start: number, end: number): Range {
    return { start, end };
  }

  originBefore(offset: number): number {
    return offset;
  }
}

class Piece implements NormalisedText {
  readonly text: string;
  readonly start: number;
  readonly anomalies: readonly Anomaly[];
  readonly #origins: Origins;
  readonly #made: number;
  readonly #read: number;

  /** @param made How much normalised text there is, what is not given out yet included; `read`: how much original it was made from. */
  constructor(
    text: string,
    start: number,
    anomalies: readonly Anomaly[],
    origins: Origins,
    made: number,
    read: number,
  ) {
    this.text = text;
    this.start = start;
    this.anomalies = anomalies;
    this.#origins = origins;
    this.#made = made;
    this.#read = read;
  }

  originOf(start: number, end: number): Range {
    return { start: this.#origins.startOf(start), end: this.#origins.endOf(end) };
  }

  originBefore(offset: number): number {
    return offset >= this.#made ? this.#read : this.#origins.startOf(offset);
  }
}

/** A base and its marks are normalised together up to this length: longer rows of marks are not language (UAX 15, D6). */
const clusterUnits = 32;

/**
 * Hidden characters are dropped on credit, which the characters of the same word pay back one by one: of any word the original is at most
 * twice as long as what is read of it, and this. Emoji, soft hyphens, joined scripts and padded e-mails stay far below.
 */
const hiddenCredit = 24;
/** Stands for each hidden unit beyond the credit. */
const hiddenMark = '\ufffd';

/**
 * Two Arabic ligatures stand for whole sentences, of 8 and 18 characters. What is read is never longer than six times the original:
 * they are left as they are, since a text made of them would take eighteen times as long.
 */
const longestReading = 6;

const blackFlag = 0x1f3f4;
/** Flags of regions are a black flag and up to six tags: the one honest use of tag characters. */
const flagTags = 6;

/** Normalises a text that arrives in pieces: the same whatever the pieces, and the same as the text at once. */
export class Normaliser {
  readonly #origins = new Origins();
  readonly #lookAlikes = new LookAlikeReader();
  readonly #seen = new Set<Anomaly['kind']>();
  /** Original units that the next piece may still join. */
  #carried = '';
  /** Original offset of `#carried`. */
  #read = 0;
  /** Normalised units made, and given out: those between are with the look-alike reader. */
  #made = 0;
  #given = 0;
  /** Units dropped in the word that is being read, less what its characters have paid. */
  #hiddenDebt = 0;
  /** Tags that a flag before this character may still take. */
  #flagTags = 0;

  push(piece: string, ended: boolean): NormalisedText {
    this.#origins.forget(this.#given - rememberedUnits);
    const anomalies: Anomaly[] = [];
    const source = this.#carried + piece;
    const made = this.#ascii(source, ended) ?? this.#clusters(source, ended, anomalies);
    const text = this.#lookAlikes.push(made, ended);
    const start = this.#given;
    this.#given += text.length;
    return new Piece(text, start, anomalies, this.#origins, this.#made, this.#read);
  }

  /** ASCII stays as it is; marks may still join its last character. @returns undefined where a closer look is needed. */
  #ascii(source: string, ended: boolean): string | undefined {
    if (source === '' || this.#hiddenDebt > 0 || !isAscii(source)) return undefined;
    const whole = ended || isSpace(source.charCodeAt(source.length - 1));
    const out = whole ? source : source.slice(0, -1);
    if (out === '') return undefined;
    this.#flagTags = 0;
    this.#origins.copied(this.#made, this.#read);
    this.#made += out.length;
    this.#read += out.length;
    this.#carried = source.slice(out.length);
    return out;
  }

  /** Reads `source` cluster by cluster, and carries over what is not complete. */
  #clusters(source: string, ended: boolean, anomalies: Anomaly[]): string {
    const base = this.#read;
    let out = '';
    // Units from `from` to `at` stay as they are and are not in `out` yet.
    let from = 0;
    let at = 0;
    const copy = () => {
      if (at === from) return;
      this.#origins.copied(this.#made, base + from);
      out += source.slice(from, at);
      this.#made += at - from;
    };
    // Puts `text` in the place of what stands between `at` and `end`.
    const make = (text: string, end: number) => {
      if (text !== '') this.#origins.made(this.#made, base + at, base + end);
      out += text;
      this.#made += text.length;
      from = end;
      at = end;
    };
    while (at < source.length) {
      const unit = source.charCodeAt(at);
      if (unit < 0x80 && source.charCodeAt(at + 1) < 0x80) {
        this.#see(unit, 1);
        at++;
        continue;
      }
      const end = clusterEnd(source, at, ended);
      if (end < 0) break;
      const codePoint = codePointAt(source, at);
      const kind = classOf(codePoint);
      if (kind === codePointClass.hidden) {
        copy();
        make(this.#hidden(codePoint, { start: base + at, end: base + end }, anomalies), end);
        continue;
      }
      // Most characters of most scripts: nothing joins them, and they are normal.
      const plain = kind === codePointClass.plain && end - at === widthOf(codePoint);
      const cluster = source.slice(at, end);
      const normal = plain ? cluster : cluster.normalize('NFKC');
      this.#see(normal === ' ' ? 0x20 : codePoint, normal.length);
      if (normal === cluster || normal.length > longestReading * (end - at)) at = end;
      else {
        copy();
        make(normal, end);
      }
    }
    copy();
    this.#carried = source.slice(at);
    this.#read = base + at;
    return out;
  }

  /** Takes note of a character that is seen. */
  #see(codePoint: number, units: number): void {
    if (this.#hiddenDebt > 0)
      this.#hiddenDebt = codePoint <= 0x20 ? 0 : Math.max(0, this.#hiddenDebt - units);
    this.#flagTags = codePoint === blackFlag ? flagTags + 1 : 0;
  }

  #report(kind: Anomaly['kind'], where: Range, anomalies: Anomaly[]): void {
    if (this.#seen.has(kind)) return;
    this.#seen.add(kind);
    anomalies.push({ kind, ...where });
  }

  /** What is read in place of a hidden character. */
  #hidden(codePoint: number, where: Range, anomalies: Anomaly[]): string {
    const units = where.end - where.start;
    if (codePoint >= 0xe0000 && codePoint <= 0xe007f) {
      if (this.#flagTags > 0) this.#flagTags--;
      else this.#report('tag-characters', where, anomalies);
    }
    if (codePoint === 0x202d || codePoint === 0x202e) this.#report('bidi-override', where, anomalies);
    const tag = codePoint >= 0xe0020 && codePoint <= 0xe007e ? String.fromCharCode(codePoint - 0xe0000) : '';
    const cost = units - 2 * tag.length;
    if (this.#hiddenDebt + cost > hiddenCredit) {
      this.#report('invisible-flood', where, anomalies);
      return hiddenMark.repeat(units);
    }
    this.#hiddenDebt += cost;
    return tag;
  }
}

/** Where the cluster that begins at `at` ends, or -1 if the next piece may still add to it. */
function clusterEnd(source: string, at: number, ended: boolean): number {
  const first = codePointAt(source, at);
  let end = at + widthOf(first);
  if (!ended && end === source.length && isHighSurrogate(first)) return -1;
  if (isSpace(first) || classOf(first) === codePointClass.hidden) return end;
  while (end < source.length && end - at < clusterUnits) {
    const codePoint = codePointAt(source, end);
    if (!ended && end + 1 === source.length && isHighSurrogate(codePoint)) return -1;
    if (classOf(codePoint) !== codePointClass.joining) return end;
    end += widthOf(codePoint);
  }
  return !ended && end === source.length && end - at < clusterUnits ? -1 : end;
}

/**
 * `String.prototype.codePointAt`, without it: in Node 24 (V8 13.6), once compiled by Maglev, it reads past the end of a string that is
 * a slice of a longer one, so a high surrogate at the end of a piece turns into a character that has not arrived.
 */
function codePointAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  if (!isHighSurrogate(unit) || at + 1 >= text.length) return unit;
  const next = text.charCodeAt(at + 1);
  return next >= 0xdc00 && next <= 0xdfff ? (unit - 0xd800) * 0x400 + next - 0xdc00 + 0x10000 : unit;
}

const widthOf = (codePoint: number): number => (codePoint > 0xffff ? 2 : 1);
const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
/** A space takes no marks: text is given out word by word without waiting for what may follow it. */
const isSpace = (unit: number): boolean => unit === 0x20 || unit === 0x0a;
