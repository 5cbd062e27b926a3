/**
 * How a character counts in a word: 0 parts words, 1 is passed over (marks, apostrophes), else the unit it is compared as:
 * small, and for Latin, Greek and Cyrillic letters without marks, since attackers and hurried people leave those out.
 */
export const parts = 0;
export const passedOver = 1;

const tableUnits = 0x530;
const table = Uint16Array.from({ length: tableUnits }, (_, unit) => {
  const character = String.fromCharCode(unit);
  if (character === "'" || /^\p{M}$/u.test(character)) return passedOver;
  if (!/^[\p{L}\p{N}]$/u.test(character)) return parts;
  return character.toLowerCase().normalize('NFD').charCodeAt(0);
});

/** The unit as it is compared, `parts` or `passedOver`. */
export function foldUnit(unit: number): number {
  if (unit < tableUnits) return table[unit] ?? parts;
  if (unit === 0x2019) return passedOver;
  const punctuation =
    (unit >= 0x2000 && unit <= 0x2bff) || (unit >= 0x3000 && unit <= 0x303f) || unit >= 0xfe10;
  return punctuation ? parts : unit;
}

/** Chinese and Japanese are written without spaces: there every two neighbours are read as a word. */
export const isUnspaced = (unit: number): boolean =>
  (unit >= 0x3040 && unit <= 0x30ff) || (unit >= 0x3400 && unit <= 0x9fff);

/** A word of a lexicon as it is compared. */
export function foldWord(word: string): number[] {
  const units: number[] = [];
  for (let at = 0; at < word.length; at++) {
    const unit = foldUnit(word.charCodeAt(at));
    if (unit !== passedOver) units.push(unit === parts ? word.charCodeAt(at) : unit);
  }
  return units;
}
