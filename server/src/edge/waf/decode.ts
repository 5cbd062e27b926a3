/** Percent-encoding as servers read it, lenient: what is no escape stays. `%u0041` (IIS) and overlong UTF-8 are read too. */
export const decodePercent = (text: string): string =>
  text
    .replace(/%u([0-9a-f]{4})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
    .replace(/(?:%[0-9a-f]{2})+/gi, (run) => bytesAsText(Buffer.from(run.replaceAll('%', ''), 'hex')));

/** UTF-8, where a lenient decoder would take an overlong form for the character it spells. What is no UTF-8 is read as Latin-1. */
function bytesAsText(bytes: Buffer): string {
  const shortened: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const [lead = 0, second = 0, third = 0] = bytes.subarray(at, at + 3);
    if ((lead === 0xc0 || lead === 0xc1) && at + 1 < bytes.length) {
      shortened.push(((lead & 1) << 6) | (second & 0x3f));
      at += 1;
    } else if (lead === 0xe0 && second >= 0x80 && second < 0x82 && at + 2 < bytes.length) {
      shortened.push(((second & 1) << 6) | (third & 0x3f));
      at += 2;
    } else shortened.push(lead);
  }
  const whole = Buffer.from(shortened);
  const text = whole.toString('utf8');
  return text.includes('\ufffd') ? whole.toString('latin1') : text;
}

const entities: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
  colon: ':',
  semi: ';',
  lpar: '(',
  rpar: ')',
  tab: '\t',
  newline: '\n',
  nbsp: ' ',
  sol: '/',
  bsol: '\\',
  equals: '=',
  comma: ',',
  period: '.',
  excl: '!',
  num: '#',
  dollar: '$',
  lbrace: '{',
  rbrace: '}',
  lcub: '{',
  rcub: '}',
  lsqb: '[',
  rsqb: ']',
  grave: '`',
  vert: '|',
  zerowidthspace: '',
};

/** HTML's character references, with and without their semicolon as browsers take them. */
export const decodeEntities = (text: string): string =>
  text.replace(
    /&(?:#x([0-9a-f]{1,12})|#(\d{1,12})|([a-z]{2,14}));?/gi,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return entities[name.toLowerCase()] ?? whole;
      return fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16));
    },
  );

const single: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', v: '\v', f: '\f', b: '\b' };

/** Escapes of JavaScript, C, Java and PHP strings, and of CSS. A backslash before anything else stays. */
export const decodeEscapes = (text: string): string =>
  text.replace(
    /\\(?:u\{([0-9a-f]{1,6})\}|u([0-9a-f]{4})|x([0-9a-f]{2})|([0-7]{1,3})|([nrtvfb]))/gi,
    (_, braced?: string, unicode?: string, hex?: string, octal?: string, letter?: string) => {
      if (letter !== undefined) return single[letter.toLowerCase()] ?? '';
      if (octal !== undefined) return fromCodePoint(Number.parseInt(octal, 8));
      return fromCodePoint(Number.parseInt(braced ?? unicode ?? hex ?? '', 16));
    },
  );

const fromCodePoint = (code: number): string => (code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd');
