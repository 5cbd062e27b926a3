/**
 * Text from a ledger, made safe to show: what moves a cursor, changes colours or reorders letters is written as `\uXXXX`.
 * Entries hold what agents and models sent; shown as it is, it could make the terminal say something else. In one line of JSON
 * the result is still the same JSON.
 */
export const plainText = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
