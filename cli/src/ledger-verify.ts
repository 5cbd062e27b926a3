import {
  leafOfOpening,
  type Verification,
  type Vkey,
  verifyCheckpoint,
  verifyProof,
} from '@vallum/contract/tlog';
import { readKey } from './ledger-key.ts';
import { type Proved, report } from './ledger-report.ts';
import { readInput } from './read-input.ts';
import { UsageError } from './usage-error.ts';

export interface VerifyOptions {
  readonly key: string;
  readonly proof?: string;
  readonly opening?: string;
  readonly checkpoint?: string;
  readonly origin?: string;
  readonly json?: true;
}

/**
 * `vallum ledger verify`: says what is proved, on standard output, or what is not and what that means.
 * @returns the exit code: 0 verified, 1 not verified
 * @throws UsageError when nothing could be verified because of how it was asked
 */
export async function ledgerVerify(options: VerifyOptions): Promise<number> {
  const verify = claimOf(options);
  const key = await readKey(options.key, options.origin);
  const result = await verify(key);
  report(result, options.json === true);
  return result.ok ? 0 : 1;
}

/** What is to be verified: an entry by proof and opening, or a checkpoint alone. */
function claimOf({ proof, opening, checkpoint, key }: VerifyOptions) {
  const fromStdin = [proof, opening, checkpoint, key].filter((file) => file === '-').length;
  if (fromStdin > 1) throw new UsageError('only one file can come from standard input');
  if (checkpoint !== undefined && proof === undefined && opening === undefined)
    return (vkey: Vkey) => checkpointClaim(checkpoint, vkey);
  if (checkpoint === undefined && proof !== undefined && opening !== undefined)
    return (vkey: Vkey) => entryClaim(proof, opening, vkey);
  throw new UsageError('give --proof and --opening to verify an entry, or --checkpoint alone');
}

async function checkpointClaim(file: string, vkey: Vkey): Promise<Verification<Proved>> {
  const verified = verifyCheckpoint(await readInput('--checkpoint', file), vkey);
  return verified.ok ? { ok: true, vkey, checkpoint: verified.checkpoint } : verified;
}

async function entryClaim(proofFile: string, openingFile: string, vkey: Vkey): Promise<Verification<Proved>> {
  const proof = await readInput('--proof', proofFile);
  const opening = parseJson(await readInput('--opening', openingFile));
  if (!opening.ok) return opening;
  const opened = leafOfOpening(opening.value);
  if (!opened.ok) return opened;
  const proved = verifyProof({ proof, leaf: opened.leaf, vkey });
  if (!proved.ok) return proved;
  return { ok: true, vkey, checkpoint: proved.checkpoint, index: proved.index, opened };
}

function parseJson(text: string): Verification<{ value: unknown }> {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, code: 'malformed', message: 'the opening is not JSON' };
  }
}
