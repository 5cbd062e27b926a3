import { Fault } from '../../kernel/index.ts';
import { type CrsFile, type CrsImport, importCrs } from './crs/import-crs.ts';
import { createEngine } from './libddwaf.ts';
import type { RuleFile } from './rule.ts';
import { ownRules } from './rules/own-rules.ts';
import type { Waf } from './waf.ts';

/**
 * Reads the rules of a CRS directory as rules of ours, and tries them beside our own. Nothing is changed yet.
 * @param paranoia rules up to this level of CRS, 1 to 4
 * @returns what can be taken, and what cannot and why
 * @throws Fault `input-invalid` when nothing can
 */
export function readCrs(
  waf: Pick<Waf, 'tryRules'>,
  files: readonly CrsFile[],
  paranoia: number,
): CrsImport & { readonly file: RuleFile } {
  const result = importCrs({ files, paranoia, tryRule: (rule) => createEngine([rule]).dispose() });
  const { file } = result;
  if (!file)
    throw new Fault('input-invalid', {
      param: 'files',
      detail:
        'files: there is no rule in them that can be taken. Send the .conf and .data files of the rules folder of an OWASP CRS release.',
    });
  waf.tryRules([ownRules, file]);
  return { ...result, file };
}
