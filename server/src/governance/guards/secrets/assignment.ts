import { base62, digit, dot, hyphen, isOf, letter, runEnd, runStart, underscore } from './characters.ts';
import { type Matcher, runTail, type SecretKind } from './match.ts';
import { looksRandom, mayBePassword } from './randomness.ts';

/** `password = hunter2`, `"api_key": "..."`, `Token: ...`: a name that says what its value is, and a value that may be it. */
interface AssignedKind extends SecretKind {
  /** Ends of names, in lower case and without separators. */
  readonly names: readonly string[];
  readonly min: number;
  readonly may: (text: string, from: number, to: number) => boolean;
}

const assignedKinds: readonly AssignedKind[] = [
  {
    name: 'password',
    what: 'a password',
    names: [
      'password',
      'passwd',
      'passphrase',
      'passcode',
      'pwd',
      'passwort',
      'contrasena',
      'motdepasse',
      'senha',
    ],
    min: 6,
    may: mayBePassword,
  },
  {
    name: 'azure-storage-key',
    what: 'an Azure account key',
    names: ['accountkey', 'sharedaccesskey'],
    min: 40,
    may: looksRandom,
  },
  {
    name: 'azure-shared-signature',
    what: 'an Azure shared access signature',
    names: ['sig'],
    min: 40,
    may: looksRandom,
  },
  {
    name: 'credential',
    what: 'a credential',
    names: [
      'apikey',
      'accesskey',
      'accesskeyid',
      'secretkey',
      'privatekey',
      'privatekeyid',
      'signingkey',
      'encryptionkey',
      'masterkey',
      'authkey',
      'token',
      'secret',
      'secretaccesskey',
      'credential',
      'credentials',
      'authorization',
    ],
    min: 16,
    may: looksRandom,
  },
];

/** Tokens that only say where a list goes on. */
const harmless = ['pagetoken', 'nexttoken', 'continuationtoken', 'synctoken', 'cursortoken', 'starttoken'];

/** The ends of names by their last two letters, which tell most names not to be one of these. */
const lowBits = 0x1f;
const endings: (readonly { readonly kind: AssignedKind; readonly ending: string }[] | undefined)[] =
  Array.from({ length: (lowBits + 1) ** 2 });
for (const kind of assignedKinds)
  for (const ending of kind.names) {
    const last =
      ((ending.charCodeAt(ending.length - 2) & lowBits) << 5) |
      (ending.charCodeAt(ending.length - 1) & lowBits);
    endings[last] = [...(endings[last] ?? []), { kind, ending }];
  }

const nameSet = base62 | underscore | hyphen | dot;
const nameUnits = 40;
const spaces = 4;
/** The value's first characters decide. */
const valueUnits = 48;

const quotes = '"\'`';
const endsQuoted = ' \t\r\n"\'`\\';
const endsBare = `${endsQuoted},;&<>()[]{}|`;
/** Begins a variable, a path, a template or a call: the value is elsewhere. */
const elsewhere = '$<{[(%*/.~&@#';

/** @param specific Matches kinds that are known by their form: where one stands as the value, it names the secret. */
export function assignmentMatcher(specific: Matcher): Matcher {
  return (text, at, ended) => {
    const kind = kindOfName(text, at);
    if (!kind) return undefined;
    const value = valueAfter(text, at);
    if (value.from === text.length && !ended) return { wait: value.from };
    const known = specific(text, value.from, ended);
    if (known) return 'wait' in known ? { wait: value.from } : known;
    const ends = value.quoted ? endsQuoted : endsBare;
    const belongs = (unit: number) => !ends.includes(String.fromCharCode(unit));
    let to = value.from;
    while (to < text.length && to < value.from + valueUnits && belongs(text.charCodeAt(to))) to++;
    if (to === text.length && to < value.from + valueUnits && !ended) return { wait: value.from };
    if (to - value.from < kind.min || elsewhere.includes(text.charAt(value.from))) return undefined;
    if (!value.quoted && isCode(text, at, value.from, to)) return undefined;
    if (!kind.may(text, value.from, to)) return undefined;
    return { kind, start: value.from, end: to, tail: runTail(belongs) };
  };
}

/** The kind that the name before an `=` or `:` stands for. */
function kindOfName(text: string, at: number): AssignedKind | undefined {
  let end = at;
  while (at - end < spaces && isBlank(text.charCodeAt(end - 1))) end--;
  const quoted = end;
  while (quoted - end < 3 && closesName(text.charCodeAt(end - 1))) end--;
  const last = text.charCodeAt(end - 1);
  const before = text.charCodeAt(end - 2);
  if (!isOf(last, letter) || !isOf(before, letter)) return undefined;
  const possible = endings[((before & lowBits) << 5) | (last & lowBits)];
  if (!possible || !isOf(text.charCodeAt(end - 3), nameSet)) return undefined;
  const start = runStart(text, end, nameSet, nameUnits);
  const name = text.slice(start, end).toLowerCase();
  const plain = name.replace(/[-_.]/g, '');
  const found = possible.find(
    ({ ending }) => plain.endsWith(ending) && (ending.length > 3 || standsAlone(name, ending)),
  );
  return found && !harmless.some((ending) => plain.endsWith(ending)) ? found.kind : undefined;
}

const isBlank = (unit: number): boolean => unit === 0x20 || unit === 0x09;

/** What may stand between a name and its operator: a quote, a bracket, a backslash that escapes the quote. */
const closers = '"\'`]\\';
const closing = new Uint8Array(128);
for (const closer of closers) closing[closer.charCodeAt(0)] = 1;
const closesName = (unit: number): boolean => unit < 128 && closing[unit] === 1;

/** Whether a short ending is a word of its own: `sig`, `db_pwd`, but not `design`. */
const standsAlone = (name: string, ending: string): boolean =>
  name.length === ending.length || '-_.'.includes(name.charAt(name.length - ending.length - 1));

/** Where the value after `=`, `:`, `:=` or `=>` begins. */
function valueAfter(text: string, at: number): { from: number; quoted: boolean } {
  let from = at + 1;
  if (text.charAt(from) === '=' || text.charAt(from) === '>') from++;
  const afterSpaces = Math.min(text.length, from + spaces);
  while (from < afterSpaces && ' \t'.includes(text.charAt(from))) from++;
  let quoted = false;
  // A quote, or one that is escaped inside of a string.
  for (let left = 2; left > 0 && from < text.length && `${quotes}\\`.includes(text.charAt(from)); left--) {
    quoted ||= quotes.includes(text.charAt(from));
    from++;
  }
  return { from, quoted };
}

/** Whether a bare value is an expression: a call, a member of something, a variable. */
function isCode(text: string, at: number, from: number, to: number): boolean {
  if (to - from < valueUnits && to < text.length && '([{'.includes(text.charAt(to))) return true;
  const nameEnd = runEnd(text, from, letter | underscore | digit | dot, to);
  if (nameEnd < to || isOf(text.charCodeAt(from), digit)) return false;
  const parts = text.slice(from, to).split('.');
  if (parts.length > 1) return parts.every((part) => isOf(part.charCodeAt(0), letter | underscore));
  // `x = name2`, as people write code, and not `x=name2`, as they write settings.
  const spacedEquals = text.charAt(at) === '=' && ' \t'.includes(text.charAt(at + 1));
  return (
    spacedEquals &&
    isOf(text.charCodeAt(from), letter | underscore) &&
    /^[A-Za-z_]{1,40}\d{0,2}$/.test(parts[0] ?? '')
  );
}
