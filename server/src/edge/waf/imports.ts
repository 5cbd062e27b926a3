import { Fault } from '../../kernel/index.ts';
import { type CrsFile, type CrsImport, importCrs } from './crs/import-crs.ts';
import { createEngine } from './libddwaf.ts';
import type { RuleFile } from './rule.ts';
import { ownRules } from './rules/own-rules.ts';
import type { Waf } from './waf.ts';

/** Keeps the imported rules over a restart, and shares them with replicas. */
export interface ImportedRules {
  /** The last file that was saved. Rejects when it is there and cannot be read: to start with fewer rules is not failing closed. */
  load(): Promise<RuleFile | undefined>;
  /** Durable when it resolves; the old file stays until then. */
  save(file: RuleFile): Promise<void>;
}

export interface ImportRequest {
  readonly files: readonly CrsFile[];
  /** Rules up to this paranoia level of CRS, 1 to 4. */
  readonly paranoia: number;
  /** Only says what would be taken. */
  readonly dryRun: boolean;
}

/**
 * Takes the rules of a CRS directory into use beside our own, in place of those imported before, for the next request.
 * @returns what was taken, and what was not and why
 * @throws Fault `input-invalid` when nothing could be taken; then nothing has changed. Rejects as `store` does, and the old rules are back.
 */
export async function takeCrs(
  { waf, store }: { readonly waf: Pick<Waf, 'replaceRules'>; readonly store: ImportedRules },
  { files, paranoia, dryRun }: ImportRequest,
): Promise<CrsImport> {
  const result = importCrs({ files, paranoia, tryRule: (rule) => createEngine([rule]).dispose() });
  if (!result.file)
    throw new Fault('input-invalid', {
      param: 'files',
      detail:
        'files: there is no rule in them that can be taken. Send the .conf and .data files of the rules folder of an OWASP CRS release.',
    });
  if (dryRun) return result;
  const before = await store.load();
  waf.replaceRules([ownRules, result.file]);
  try {
    await store.save(result.file);
  } catch (error) {
    waf.replaceRules(before ? [ownRules, before] : [ownRules]);
    throw error;
  }
  return result;
}
