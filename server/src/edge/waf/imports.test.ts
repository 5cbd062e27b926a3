import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LogFields, systemClock } from '../../kernel/index.ts';
import { sql } from '../../platform/postgres/index.ts';
import { type TestDatabase, testDatabase } from '../../platform/postgres/testing/test-database.ts';
import { postgresImportedRules } from './adapters/imported-rules-postgres.ts';
import { readCrs } from './imports.ts';
import { createLiveRules } from './live-rules.ts';
import type { ImportedRules } from './ports.ts';
import { ownRules } from './rules/own-rules.ts';
import { createWaf, type Waf } from './waf.ts';

const conf = (word: string, id = 1) => [
  { name: 'a.conf', text: `SecRule ARGS "@rx ${word}" "id:${id},phase:2,block"` },
];

let database: TestDatabase;
let store: ImportedRules;
beforeAll(async () => {
  database = await testDatabase();
  store = postgresImportedRules(database.doors);
});
afterAll(() => database.close());

/** One of several processes, each with rules of its own. */
function newProcess() {
  const warned: LogFields[] = [];
  const log = {
    info() {},
    warn: (_: string, fields: LogFields = {}) => void warned.push(fields),
    error() {},
  };
  const waf = createWaf({ rules: [ownRules], clock: systemClock, budgetMs: 1_000 });
  const blocks = (text: string): boolean => waf.judge({ body: { value: [text] } }).decision === 'block';
  return { waf, blocks, warned, live: createLiveRules({ waf, store, log }) };
}
const epoch = async (): Promise<unknown> =>
  (await database.owner.query(sql`SELECT epoch FROM control`))[0]?.epoch;
const save = (waf: Waf, word: string) => store.save(readCrs(waf, conf(word), 1).file);

beforeEach(() => store.remove());

describe('imported rules', () => {
  it('are in use in every process, beside our own rules and in place of the last ones, and after a restart', async () => {
    const [one, other] = [newProcess(), newProcess()];
    await Promise.all([one.live.start(), other.live.start()]);
    const before = await epoch();
    await save(one.waf, 'first word');
    expect(await epoch()).not.toEqual(before);
    for (const each of [one, other]) each.live.forget();
    await expect.poll(() => other.blocks('the first word')).toBe(true);
    await save(one.waf, 'second word');
    await other.live.refresh();
    expect(['the first word', 'the second word', "' or 1=1 --"].map(other.blocks)).toEqual([
      false,
      true,
      true,
    ]);
    const third = newProcess();
    await third.live.start();
    expect(third.blocks('the second word')).toBe(true);
    await store.remove();
    await third.live.refresh();
    expect(['the second word', "' or 1=1 --"].map(third.blocks)).toEqual([false, true]);
    for (const each of [one, other, third]) {
      await each.live.stop();
      each.waf.dispose();
    }
  });

  it('stay in use while they cannot be read, and are read again until they can', async () => {
    const { waf, blocks, live, warned } = newProcess();
    await save(waf, 'first word');
    await live.start();
    const { digest } = store;
    store.digest = () => Promise.reject(new Error('no database'));
    try {
      live.forget();
      await expect.poll(() => warned.length).toBe(1);
    } finally {
      store.digest = digest;
    }
    expect(blocks('the first word')).toBe(true);
    await save(waf, 'second word');
    await expect.poll(() => blocks('the second word'), { timeout: 20_000 }).toBe(true);
    await live.stop();
    waf.dispose();
  });

  it('that were damaged stop the start: fewer rules than were asked for are not enough', async () => {
    const { waf, live } = newProcess();
    await save(waf, 'a word');
    await database.owner.query(sql`UPDATE waf_imported_rules SET rules = '{"rules":[]}'`);
    await expect(live.start()).rejects.toThrow(/import the rules again/);
    waf.dispose();
  });

  it('of which there are none are refused, and nothing is changed', () => {
    const { waf } = newProcess();
    expect(() => readCrs(waf, conf('(?=x)'), 1)).toThrow(
      expect.objectContaining({ code: 'input-invalid', param: 'files' }),
    );
    waf.dispose();
  });
});
