import { canonical, type Json } from '../canonical.ts';
import type { LedgerEntry } from '../ledger-entry.ts';
import { type Opening, opening as openingSchema } from '../opening.ts';
import { decodeBase64, encodeBase64, equalBytes, utf8 } from './bytes.ts';
import { commitEntry, commitField, leafOf } from './leaf.ts';
import { malformed, TlogError, type Verification, verification } from './verification.ts';

/** What an opening shows of an entry. */
export interface Opened {
  readonly entry: LedgerEntry;
  /** Values that are shown, and open their commitments, by name. */
  readonly fields: Readonly<Record<string, string>>;
  /** Names of committed values that are not shown. */
  readonly withheld: readonly string[];
}

/**
 * The leaf that an opening is of, and what it shows. That this leaf is in a log is for `verifyProof` to say.
 * Takes JSON as it was read, of any kind.
 */
export function leafOfOpening(value: unknown): Verification<Opened & { readonly leaf: Uint8Array }> {
  return verification(() => {
    const { entry, salt, fields = {} } = parse(value);
    // What is hashed is the entry as it came, so that a member that the schema leaves out changes the leaf as any other does.
    const bytes = canonicalBytes((value as { entry: Json }).entry);
    const shown = Object.entries(fields).map(([name, field]) => openField(entry, name, field));
    return {
      leaf: leafOf(commitEntry(saltOf(salt), bytes)),
      entry,
      fields: Object.fromEntries(shown),
      withheld: Object.keys(entry.committed ?? {}).filter((name) => !Object.hasOwn(fields, name)),
    };
  });
}

/** Whether an opening fits this leaf, and what it then shows. */
export function verifyOpening(value: unknown, leaf: Uint8Array): Verification<Opened> {
  return verification(() => {
    const opened = leafOfOpening(value);
    if (!opened.ok) throw new TlogError(opened.code, opened.message);
    if (!equalBytes(opened.leaf, leaf))
      throw new TlogError(
        'opening-differs',
        'the opening is of another leaf: the entry, its salt or the leaf was changed',
      );
    return { entry: opened.entry, fields: opened.fields, withheld: opened.withheld };
  });
}

function parse(value: unknown): Opening {
  const { data, error } = parseDeep(value);
  if (data) return data;
  const [issue] = error?.issues ?? [];
  throw malformed(`the opening is not valid at ${issue?.path.join('.') || 'its top'}: ${issue?.message}`);
}

/** The schema goes as deep as the JSON does, and a deep enough one ends the stack. */
function parseDeep(value: unknown) {
  try {
    return openingSchema.safeParse(value);
  } catch (cause) {
    throw malformed('the opening is not valid: it is nested too deeply', cause);
  }
}

function canonicalBytes(entry: Json): Uint8Array {
  try {
    return utf8(canonical(entry));
  } catch (cause) {
    throw malformed('the entry has no canonical form: half a character, or nested too deeply', cause);
  }
}

function openField(
  entry: LedgerEntry,
  name: string,
  { value, salt }: { value: string; salt: string },
): [string, string] {
  const commitments = entry.committed ?? {};
  const commitment = Object.hasOwn(commitments, name) ? commitments[name] : undefined;
  if (commitment === undefined || commitment !== encodeBase64(commitField(saltOf(salt), utf8(value))))
    throw new TlogError('field-differs', `the value of ${name} is not the one that the entry commits to`);
  return [name, value];
}

function saltOf(base64: string): Uint8Array {
  const salt = decodeBase64(base64);
  if (!salt) throw malformed('a salt in the opening is not base64 as it is written: it has stray bits');
  return salt;
}
