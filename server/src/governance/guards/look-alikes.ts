/**
 * Cyrillic and Greek letters that look like a Latin one, in the typefaces people read. Only in words that hold Latin letters too
 * are they read as such: real Russian, Ukrainian and Greek words stay what they are.
 */
const rows: readonly string[] = [
  // Cyrillic, small and capital.
  '\u0430a \u0432b \u0435e \u0451e \u0456i \u0457i \u043ak \u043cm \u043dh \u043eo \u0440p \u0441c \u0442t \u0443y \u0445x \u0455s \u0458j \u0501d \u051bq \u051dw \u04bbh \u04cfl \u04afy \u044cb',
  '\u0410A \u0412B \u0415E \u0401E \u0406I \u0407I \u041aK \u041cM \u041dH \u041eO \u0420P \u0421C \u0422T \u0423Y \u0425X \u0405S \u0408J \u050cG \u051aQ \u051cW \u04baH \u04c0I \u04aeY',
  // Greek, small and capital.
  '\u03b1a \u03b2b \u03b3y \u03b5e \u03b9i \u03bak \u03bdv \u03bfo \u03c1p \u03c4t \u03c5u \u03c7x \u03c9w \u03f2c \u03f3j',
  '\u0391A \u0392B \u0395E \u0396Z \u0397H \u0399I \u039aK \u039cM \u039dN \u039fO \u03a1P \u03a4T \u03a5Y \u03a7X \u03f9C \u037fJ',
];
const lookAlikes = new Map(
  rows.flatMap((row) => row.split(' ').map((pair) => [pair.charCodeAt(0), pair.charAt(1)] as const)),
);

const foreign = /[\u0370-\u052f]/;
const isForeign = (unit: number): boolean => unit >= 0x370 && unit <= 0x52f;
const isLatin = (unit: number): boolean =>
  (unit >= 0x61 && unit <= 0x7a) ||
  (unit >= 0x41 && unit <= 0x5a) ||
  (unit >= 0xc0 && unit <= 0x24f) ||
  (unit >= 0x1e00 && unit <= 0x1eff);

/** A word is undecided for at most this many letters; it then counts as not mixed so far. */
const undecidedUnits = 24;

/**
 * Reads look-alike letters in words of mixed script as the Latin letters that they stand for. Each unit becomes one unit.
 * Text may come in pieces: the letters of an open word that are not decided yet are held until they are.
 */
export class LookAlikeReader {
  #held = '';
  #latin = false;

  /** @param ended true with the last piece: what is held is given out too. */
  push(piece: string, ended: boolean): string {
    if (this.#held === '' && !foreign.test(piece)) {
      if (piece !== '') this.#latin = isLatin(piece.charCodeAt(piece.length - 1));
      return piece;
    }
    const text = this.#held + piece;
    let out = '';
    let from = 0;
    // Where the undecided letters begin, if there are any.
    let open = this.#held === '' ? -1 : 0;
    for (let at = this.#held.length; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (isForeign(unit)) {
        if (this.#latin) {
          out += text.slice(from, at) + (lookAlikes.get(unit) ?? text.charAt(at));
          from = at + 1;
        } else if (open < 0 || at - open >= undecidedUnits) open = at;
        continue;
      }
      const latin = isLatin(unit);
      if (open >= 0 && latin) {
        out += text.slice(from, open) + asLatin(text.slice(open, at));
        from = at;
      }
      open = -1;
      this.#latin = latin;
    }
    const upTo = ended || open < 0 ? text.length : open;
    this.#held = text.slice(upTo);
    return out + text.slice(from, upTo);
  }
}

const asLatin = (letters: string): string => {
  let out = '';
  for (const letter of letters) out += lookAlikes.get(letter.charCodeAt(0)) ?? letter;
  return out;
};
