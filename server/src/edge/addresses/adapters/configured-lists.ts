import type { Log, Service } from '../../../kernel/index.ts';
import type { AddressLists, CountryRule } from '../lists.ts';
import { noRanges } from '../ranges.ts';
import { type AddressSettings, isAddress } from '../settings.ts';
import { readCountries } from './country-file.ts';
import { watchFiles } from './file-watch.ts';
import { type ListSource, readLists } from './list-files.ts';

export interface ConfiguredLists {
  /** The lists in force; undefined where the settings name none. */
  current(): AddressLists | undefined;
  readonly service: Service;
}

const source = (name: string, entries: readonly string[]): ListSource => ({
  name: `addresses.${name}`,
  entries: entries.filter(isAddress),
  files: entries.filter((entry) => !isAddress(entry)),
});

/**
 * The lists of the settings, and the files that they name. A file that is wrong stops the start; later it is said in the log, and the lists stay what they were.
 */
export function configuredLists(settings: AddressSettings, log: Log): ConfiguredLists {
  const { allow, deny, reputation, countries } = settings;
  let lists: AddressLists | undefined;

  const sources: readonly ListSource[] = [
    source('deny', deny),
    source('allow', allow),
    ...reputation.map(({ name, file }) => ({
      name: `addresses.reputation.${name}`,
      entries: [],
      files: [file],
    })),
  ];
  async function loadLists(): Promise<void> {
    const [denied, allowed, ...known] = await readLists(sources);
    lists = {
      countries: lists?.countries,
      deny: denied?.ranges ?? noRanges,
      allow: allow.length > 0 ? (allowed?.ranges ?? noRanges) : undefined,
      reputation: known.map(({ ranges }, index) => ({ name: reputation[index]?.name ?? '', ranges })),
    };
    const count = [denied, allowed, ...known].reduce((sum, list) => sum + (list?.count ?? 0), 0);
    log.info('the address lists were read', { count });
  }

  async function loadCountries(): Promise<void> {
    if (!countries) return;
    const rule: CountryRule = {
      of: await readCountries(countries.database),
      allow: countries.allow.length > 0 ? new Set(countries.allow) : undefined,
      deny: new Set(countries.deny),
    };
    lists = { deny: noRanges, allow: undefined, reputation: [], ...lists, countries: rule };
    log.info('the database of countries was read');
  }

  const everyMs = settings.reload_s * 1_000;
  const onTrouble = (error: unknown): void =>
    log.warn('an address list could not be read again: what was read before stays in force', { error });
  const watches = [
    ...(allow.length + deny.length + reputation.length > 0
      ? [
          watchFiles(
            sources.flatMap(({ files }) => files),
            everyMs,
            loadLists,
            onTrouble,
          ),
        ]
      : []),
    ...(countries ? [watchFiles([countries.database], everyMs, loadCountries, onTrouble)] : []),
  ];
  return {
    current: () => lists,
    service: {
      name: 'address lists',
      async start() {
        for (const watch of watches) await watch.start();
      },
      async stop() {
        for (const watch of watches) await watch.stop();
      },
    },
  };
}
