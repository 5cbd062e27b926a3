import { idOf } from '@vallum/contract';
import type { Clock, LedgerAppend, Service } from '../kernel/index.ts';
import { headBytes, readHead } from './leaf.ts';
import type { LedgerStore, Writer } from './ports.ts';

interface WritersParts {
  readonly store: LedgerStore;
  readonly ledger: LedgerAppend;
  readonly clock: Clock;
  /** This process. */
  readonly writer: string;
  /** Writers that are known to be dead: those that used this process's data directory before it. */
  readonly dead: readonly string[];
  /** How often a writer says that it lives, and how long it may be silent, in ms. */
  readonly heartbeatMs: number;
  readonly silentMs: number;
  /** Whether this process has left nothing open. */
  readonly settled: () => boolean;
  readonly onControlEpoch: (epoch: number) => void;
  readonly onFenced: () => void;
  readonly onTrouble: (error: unknown) => void;
}

/**
 * Says that this process lives, and finds those that do not: each is fenced, so that it cannot append any more, and the exchanges that it left without an
 * outcome are sealed as lost. The primary key of entries makes doing so twice harmless.
 */
export function createWriters({ store, ledger, clock, writer, dead, ...parts }: WritersParts): Service {
  let timer: NodeJS.Timeout | undefined;
  let beating: Promise<void> | undefined;
  let known = dead;

  async function recover({ writer: lost, openFrom }: Writer): Promise<void> {
    const open = new Map<string, { tenant: string; id: string }>();
    if (openFrom !== undefined) {
      for (const heads of await store.headsOf(lost, openFrom)) {
        for (let at = 0; at < heads.length; at += headBytes) {
          const { tenant, id, kind } = readHead(heads.subarray(at, at + headBytes));
          if (kind === 'intent') open.set(id, { tenant, id });
          else if (kind === 'outcome') open.delete(id);
        }
      }
    }
    const sealed = [...open.values()].map(({ tenant, id }) =>
      ledger.append({
        entry: {
          at: new Date(clock.now()).toISOString(),
          decision: 'block',
          ended: 'lost',
          id: idOf('request', id),
          kind: 'outcome',
          phase: 1,
          reasons: [{ by: 'ledger', code: 'process-lost' }],
          tenant: idOf('tenant', tenant),
          v: 1,
        },
      }),
    );
    await Promise.all(sealed);
    await store.recovered(lost);
  }

  async function beat(): Promise<void> {
    const epoch = await store.heartbeat(writer);
    if (epoch === undefined) return parts.onFenced();
    parts.onControlEpoch(epoch);
    const fenced = await store.fence(parts.silentMs, known);
    known = [];
    for (const lost of fenced) await recover(lost);
  }

  return {
    name: 'ledger writers',
    async start() {
      await store.register(writer);
      await beat();
      timer = setInterval(() => {
        beating ??= beat()
          .catch(parts.onTrouble)
          .finally(() => {
            beating = undefined;
          });
      }, parts.heartbeatMs);
    },
    async stop() {
      clearInterval(timer);
      await beating;
      // Nobody looks for what a writer left open that has said goodbye.
      if (parts.settled()) await store.retire(writer);
    },
  };
}
