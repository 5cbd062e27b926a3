/** What normalisation must do with a code point. */
export const codePointClass = {
  /** Stays as it is, unless marks follow. */
  plain: 0,
  /** Not seen by a reader: dropped. Unicode's Default_Ignorable_Code_Point: zero width, soft hyphen, bidi controls, tags, variation selectors. */
  hidden: 1,
  /** Joins what stands before it: marks, Hangul vowels and finals, half-width voicing marks. */
  joining: 2,
  /** Becomes something else under NFKC, by itself. */
  compatible: 3,
} as const;
export type CodePointClass = (typeof codePointClass)[keyof typeof codePointClass];

const hidden = /^\p{Default_Ignorable_Code_Point}$/u;
const mark = /^\p{M}$/u;

/** Classes are worked out for 256 code points when the first of them is met, since most texts use few pages. */
const pages: (Uint8Array | undefined)[] = Array.from({ length: 0x1100 });

export function classOf(codePoint: number): CodePointClass {
  const number = codePoint >> 8;
  let page = pages[number];
  if (!page) {
    page = Uint8Array.from({ length: 256 }, (_, low) => classify((number << 8) | low));
    pages[number] = page;
  }
  return page[codePoint & 0xff] as CodePointClass;
}

function classify(codePoint: number): CodePointClass {
  if (codePoint >= 0xd800 && codePoint <= 0xdfff) return codePointClass.plain;
  const text = String.fromCodePoint(codePoint);
  if (hidden.test(text)) return codePointClass.hidden;
  if (mark.test(text) || joinsHangul(codePoint) || codePoint === 0xff9e || codePoint === 0xff9f)
    return codePointClass.joining;
  return text.normalize('NFKC') === text ? codePointClass.plain : codePointClass.compatible;
}

const joinsHangul = (codePoint: number): boolean =>
  (codePoint >= 0x1161 && codePoint <= 0x11ff) || (codePoint >= 0xd7b0 && codePoint <= 0xd7ff);
