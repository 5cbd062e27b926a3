import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestRecord } from '@vallum/contract';
import { leafOfOpening, parseProof, parseVkey, verifyProof } from '@vallum/contract/tlog';
import type { Acknowledged } from '../support/chat-load.ts';
import { eventually } from '../support/eventually.ts';
import { call, jsonOf, mustCall, NoReply } from '../support/http-call.ts';
import { createLogAuditor } from '../support/log-auditor.ts';

/** What an audit found to be true. */
export interface Audit {
  /** Replies whose entry was opened, proved, and found at the index that they said. */
  readonly proved: number;
  /** Exchanges since the last audit, by how they ended. */
  readonly ended: Readonly<Record<string, number>>;
  /** Entries of the log. */
  readonly size: number;
}

/** Somebody outside who believes nothing: holds every reply and every checkpoint that was ever shown against the log as it is now. */
export interface Witness {
  /** Reads checkpoints again and again, until it is stopped: each one is held against all later ones. */
  watch(url: string): { stop(): Promise<void> };
  /**
   * Waits until no exchange is without an end, then compares.
   * @param acknowledged replies since the last audit.
   * @throws Error that says which reply or checkpoint the log contradicts
   */
  audit(url: string, acknowledged: readonly Acknowledged[]): Promise<Audit>;
}

const concurrent = 8;

/** @param key reads the tenant's requests and entries. @param vkeyText the log's, as the first start wrote it. */
export function createWitness(key: string, vkeyText: string): Witness {
  const auditor = createLogAuditor(vkeyText);
  const vkey = parseVkey(vkeyText);
  const agent = new Agent({ keepAlive: true, maxSockets: concurrent });
  /** The newest exchange of the last audit: those before it have ended. */
  let newest = '';

  /** Exchanges since the last audit, all of them ended. */
  const settled = (url: string): Promise<RequestRecord[]> =>
    eventually('every exchange has an end', async () => {
      const records: RequestRecord[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
        const page: { data: RequestRecord[]; next_cursor: string | null } = await jsonOf(url, {
          path: `/v1/requests?limit=200${query}`,
          key,
          agent,
        });
        records.push(...page.data.filter(({ id }) => id > newest));
        cursor = page.data.some(({ id }) => id <= newest) ? null : page.next_cursor;
      }
      const open = records.filter(({ ended }) => ended === null);
      if (open.length > 0) throw new Error(`without an end: ${open.map(({ id }) => id).join(', ')}`);
      return records;
    });

  /** Opens and proves the entry at the index that a reply named. */
  async function prove(url: string, { request, index = -1 }: Acknowledged): Promise<void> {
    const at = `/v1/ledger/entries/${index}`;
    const opened = leafOfOpening(await jsonOf(url, { path: `${at}/opening`, key, agent }));
    if (!opened.ok) throw new Error(`the opening of ${index} is none: ${opened.message}`);
    if (opened.entry.id !== request || opened.entry.phase !== 0)
      throw new Error(`${request} was acknowledged at ${index}, where ${opened.entry.id} is`);
    const { text: proof } = await mustCall(url, { path: `${at}/proof`, key, agent });
    const verified = verifyProof({ proof, leaf: opened.leaf, vkey });
    if (!verified.ok) throw new Error(`the proof of ${index} does not hold: ${verified.message}`);
    auditor.note(parseProof(proof).checkpoint);
  }

  return {
    watch(url) {
      let stopped = false;
      const watching = (async () => {
        while (!stopped) {
          try {
            const { status, text, whole } = await call(url, { path: '/ledger/checkpoint', agent });
            if (status === 200 && whole) auditor.note(text);
          } catch (error) {
            if (!(error instanceof NoReply)) throw error;
          }
          await sleep(20);
        }
      })();
      watching.catch(() => {});
      return {
        async stop() {
          stopped = true;
          await watching;
        },
      };
    },
    async audit(url, acknowledged) {
      const records = await settled(url);
      const byId = new Map(records.map((record) => [record.id as string, record]));
      const named = acknowledged.filter(({ index }) => index !== undefined);
      for (const reply of named) compare(reply, byId.get(reply.request));
      requireDistinct(records);
      const queue = [...named];
      const work = async (): Promise<void> => {
        for (let reply = queue.pop(); reply; reply = queue.pop()) await prove(url, reply);
      };
      await Promise.all(Array.from({ length: concurrent }, work));
      const size = await auditor.follow(
        async (path) => (await mustCall(url, { path: `/ledger/${path}`, agent })).bytes,
      );
      const second = await call(url, { path: '/ledger/logs/2/checkpoint', agent });
      if (second.status !== 404) throw new Error('a second log has begun, though the database lost nothing');
      newest = records[0]?.id ?? newest;
      const ended: Record<string, number> = {};
      for (const record of records) ended[String(record.ended)] = (ended[String(record.ended)] ?? 0) + 1;
      return { proved: named.length, ended, size };
    },
  };
}

/** What a client was told, against what the tenant's own record says. @throws Error */
function compare(
  { request, index, status, complete }: Acknowledged,
  record: RequestRecord | undefined,
): void {
  if (!record) throw new Error(`${request} was acknowledged with ${status}, and there is no record of it`);
  const { ended, ledger } = record;
  if (ledger.intent_index !== index)
    throw new Error(`${request} was acknowledged at ${index}, and is at ${ledger.intent_index}`);
  if (complete && (ended !== 'complete' || record.status !== status || ledger.outcome_index === null))
    throw new Error(`${request} was answered to its end, and is on record as ${ended} (${record.status})`);
}

/** @throws Error when two entries of exchanges stand at one index. */
function requireDistinct(records: readonly RequestRecord[]): void {
  const indices = records.flatMap(({ ledger }) => [ledger.intent_index, ledger.outcome_index ?? []]).flat();
  if (new Set(indices).size !== indices.length) throw new Error('two entries have one index');
}
