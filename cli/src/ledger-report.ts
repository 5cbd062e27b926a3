import type { Checkpoint, Opened, TlogErrorCode, Verification, Vkey } from '@vallum/contract/tlog';
import { plainText } from './plain-text.ts';

/** What a verification showed. Only what is in here is printed: it is what the signature covers. */
export interface Proved {
  readonly vkey: Vkey;
  readonly checkpoint: Checkpoint;
  readonly index?: number;
  readonly opened?: Opened;
}

/** What it means for whoever holds the files, code by code. */
const meanings: Record<TlogErrorCode, string> = {
  malformed: 'A file is damaged, was changed, or is something else. Nothing is proved by it.',
  'not-signed':
    'This key vouches for nothing here. Take the key of the log that is named; if that is a later log of the same ' +
    'deployment, give its name with --origin.',
  'signature-wrong': 'The checkpoint was changed after it was signed, or the log did not sign it.',
  'origin-differs': 'The checkpoint is of another log, and says nothing about this one.',
  'not-included':
    'The log holds something else at this place. Either the opening and the proof are of different entries, or the entry, ' +
    'its salt or the proof was changed after it was sealed.',
  'not-consistent': 'The log does not hold what it held before: it was rewritten.',
  'opening-differs': 'The opening and the leaf are of different entries, or one of them was changed.',
  'field-differs': 'The value shown is not the one that was sealed with the entry.',
};

/** Prints the result: as lines for people, or as one line of JSON. */
export function report(result: Verification<Proved>, asJson: boolean): void {
  if (asJson) write(process.stdout, [JSON.stringify(result.ok ? provedJson(result) : failureJson(result))]);
  else if (result.ok) write(process.stdout, provedLines(result));
  else write(process.stderr, [`not verified: ${result.message} (${result.code})`, meanings[result.code]]);
}

const write = (stream: NodeJS.WritableStream, lines: readonly string[]): void => {
  stream.write(lines.map((line) => `${plainText(line)}\n`).join(''));
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const keyIdOf = ({ keyId }: Vkey): string => keyId.toString(16).padStart(8, '0');

const failureJson = ({ code, message }: { code: TlogErrorCode; message: string }) => ({
  verified: false,
  code,
  message,
  meaning: meanings[code],
});

const provedJson = ({ vkey, checkpoint, index, opened }: Proved) => ({
  verified: true,
  origin: checkpoint.origin,
  key_id: keyIdOf(vkey),
  size: checkpoint.size,
  root: base64(checkpoint.root),
  ...(checkpoint.extensions.length > 0 && { extensions: checkpoint.extensions }),
  ...(opened && { index, entry: opened.entry, fields: opened.fields, withheld: opened.withheld }),
});

function provedLines({ vkey, checkpoint, index, opened }: Proved): string[] {
  const log = lines([
    ['origin', checkpoint.origin],
    ['key', `${keyIdOf(vkey)} (Ed25519)`],
    ['size', checkpoint.size],
    ['root', base64(checkpoint.root)],
    ...checkpoint.extensions.map((line): Labelled => ['extension', line]),
  ]);
  if (!opened) return ['verified: the log signed this checkpoint', '', ...log];
  return [
    'verified: the log holds this entry, as it was sealed',
    '',
    ...log,
    ...lines([['index', index]]),
    '',
    ...entryLines(opened),
  ];
}

function entryLines({ entry, fields, withheld }: Opened): string[] {
  const { principal, tally, usage } = entry;
  const tokens =
    usage &&
    `${usage.input_tokens} tokens in, ${usage.output_tokens} out${usage.estimated ? ', estimated' : ''}`;
  return lines([
    ['id', entry.id],
    ['kind', entry.kind],
    ['at', entry.at],
    ['tenant', entry.tenant],
    ['principal', principal && `${principal.type} ${principal.id}`],
    ['action', entry.action],
    ['resource', entry.resource],
    ['request', entry.request],
    ['decision', entry.decision],
    ...(entry.reasons ?? []).map(
      ({ by, code, text }): Labelled => ['reason', [by, code, text].filter(Boolean).join(': ')],
    ),
    ['policy', entry.policy],
    ['ended', entry.ended],
    ['fault', entry.fault],
    ['status', entry.status],
    ['usage', tokens],
    ['change', entry.change && JSON.stringify(entry.change)],
    ['tally', tally && `${tally.count} of ${tally.reason} in the minute from ${tally.minute}`],
    // Behind a label of their own, so that a name that an application chose cannot pass for a member of the entry.
    ...Object.entries(fields).map(
      ([name, value]): Labelled => ['field', `${name}: ${JSON.stringify(value)}`],
    ),
    ...withheld.map((name): Labelled => ['withheld', name]),
  ]);
}

type Labelled = readonly [label: string, value: string | number | undefined];

/** One line for each that there is. */
const lines = (members: readonly Labelled[]): string[] =>
  members.flatMap(([label, value]) => (value === undefined ? [] : [`  ${label.padEnd(10)}${value}`]));
