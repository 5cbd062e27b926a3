import { crsImport, crsRemoval, newCrsImport } from '@vallum/contract';
import type { z } from 'zod';
import { type Clock, Fault, type LedgerAppend, type Route, route } from '../../kernel/index.ts';
import { readCrs } from './imports.ts';
import type { LiveRules } from './live-rules.ts';
import type { ImportedRules } from './ports.ts';
import type { Waf } from './waf.ts';
import { wafChange } from './waf-change.ts';

export interface ImportRouteParts {
  readonly waf: Pick<Waf, 'tryRules'>;
  readonly store: ImportedRules;
  readonly live: Pick<LiveRules, 'refresh'>;
  readonly ledger: LedgerAppend;
  readonly clock: Clock;
}

/** A release of CRS has half a megabyte of rules and lists. */
const importBytes = 8 * 1024 * 1024;

/** Rules beside our own, for the whole deployment. */
export const importRoutes = ({ waf, store, live, ledger, clock }: ImportRouteParts): Route[] => [
  route({
    method: 'POST',
    path: '/v1/waf/crs-imports',
    action: 'waf:import',
    summary: 'Take the rules of an OWASP CRS directory into use beside the own ones',
    seals: 'each',
    bodyBytes: importBytes,
    body: newCrsImport,
    reply: crsImport,
    // Rules are attacks as they are written down, and their files are named after them: reading them as rules is what checks them.
    validated: (body) =>
      (body as z.output<typeof newCrsImport>).files.flatMap((_, index) => [
        `/files/${index}/name`,
        `/files/${index}/text`,
      ]),
    async handle({ body: { files, paranoia, dry_run }, exchange }) {
      const { file, taken, covered, notTaken } = readCrs(waf, files, paranoia);
      if (!dry_run) {
        const before = { digest: (await store.digest()) ?? null };
        // It takes the place of rules that may have caught more, so it is on record before it is done.
        await ledger.append(
          wafChange(exchange, clock, {
            after: { paranoia, rules: taken.length },
            before,
            type: 'waf.rules-imported',
          }),
        );
        await store.save(file);
        await live.refresh();
      }
      return { applied: !dry_run, taken: [...taken], covered: [...covered], not_taken: [...notTaken] };
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/waf/crs-imports',
    action: 'waf:import',
    summary: 'Take imported rules out of use, and leave the own ones',
    seals: 'each',
    reply: crsRemoval,
    async handle({ exchange }) {
      const kept = await store.load();
      if (!kept) throw new Fault('not-found', { detail: 'No rules are imported.' });
      const rules = kept.file.rules.length;
      await ledger.append(
        wafChange(exchange, clock, {
          after: { rules: 0 },
          before: { digest: kept.digest, rules },
          type: 'waf.rules-removed',
        }),
      );
      await store.remove();
      await live.refresh();
      return { removed: rules };
    },
  }),
];
