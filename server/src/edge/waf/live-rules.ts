import type { Log, Service } from '../../kernel/index.ts';
import type { ImportedRules } from './ports.ts';
import { ownRules } from './rules/own-rules.ts';
import type { Waf } from './waf.ts';

/** Keeps the rules of this process at what is kept for all. */
export interface LiveRules extends Service {
  /** Resolves when what is kept is in use here. Rejects when it cannot be read; then the rules before stay, and it is tried again. */
  refresh(): Promise<void>;
  /** Something was changed somewhere: looks whether it was the rules. */
  forget(): void;
}

const againMs = 1_000;

/** Does not start without the imported rules: fewer than were asked for are not enough. */
export function createLiveRules({
  waf,
  store,
  log,
}: {
  readonly waf: Pick<Waf, 'replaceRules'>;
  readonly store: Pick<ImportedRules, 'digest' | 'load'>;
  readonly log: Log;
}): LiveRules {
  let inUse: string | undefined;
  let looking: Promise<void> | undefined;
  /** Something was changed after the look that is under way had begun. */
  let lookAgain = false;
  let timer: NodeJS.Timeout | undefined;
  let running = false;

  async function look(): Promise<void> {
    do {
      lookAgain = false;
      if ((await store.digest()) === inUse) continue;
      const kept = await store.load();
      waf.replaceRules(kept ? [ownRules, kept.file] : [ownRules]);
      inUse = kept?.digest;
    } while (lookAgain);
  }

  function refresh(): Promise<void> {
    lookAgain = true;
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  function forget(): void {
    // Also for the look of the start, which may have read what was before.
    lookAgain = true;
    if (!running || timer) return;
    refresh().catch((error: unknown) => {
      log.warn('the imported WAF rules could not be read; those before are in use', { error });
      timer ??= setTimeout(() => {
        timer = undefined;
        forget();
      }, againMs).unref();
    });
  }

  return {
    name: 'waf rules',
    async start() {
      await refresh();
      running = true;
    },
    async stop() {
      running = false;
      clearTimeout(timer);
      await looking?.catch(() => {});
    },
    refresh,
    forget,
  };
}
