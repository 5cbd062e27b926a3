import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ControlEpoch, watchControlEpoch } from './control-epoch.ts';
import { sql } from './sql.ts';
import { type ServerProxy, startProxy } from './testing/proxy.ts';
import { type TestDatabase, testDatabase } from './testing/test-database.ts';

describe('the control epoch', () => {
  let database: TestDatabase;
  let proxy: ServerProxy;
  let control: ControlEpoch;
  let moved = 0;

  const move = () => database.owner.query(sql`UPDATE control SET epoch = epoch + 1`);
  const eventually = (what: () => boolean) => expect.poll(what, { timeout: 20_000, interval: 5 }).toBe(true);

  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    moved = 0;
    proxy = await startProxy(database.targets.ledger);
    control = watchControlEpoch({ target: proxy.target, onMoved: () => moved++ });
    await control.start();
  });
  afterEach(async () => {
    await control.stop();
    await proxy.close();
  });

  it('is confirmed from the start, and where it is then is no movement', () => {
    expect(control.confirmed()).toBe(true);
    expect([moved, control.generation()]).toEqual([0, 1]);
  });

  it('is felt when it moves, once for each movement that was seen, and before anybody sees the new generation', async () => {
    await move();
    await eventually(() => control.generation() === 2);
    expect(moved).toBe(1);
    await move();
    await eventually(() => control.generation() === 3);
    expect(moved).toBe(2);
  });

  it('is not confirmed any more once the database has been silent, and is again when it answers', async () => {
    proxy.freeze();
    await eventually(() => !control.confirmed());
    // Both connections are made anew, and what moved meanwhile is seen.
    await move();
    await proxy.close();
    expect(control.confirmed()).toBe(false);
  });

  it('is asked for by who does not hear of it: connections that were cut are made again', async () => {
    proxy.cut();
    await move();
    await eventually(() => control.generation() === 2 && control.confirmed());
  });

  it('takes a commit’s word for it, and any difference for a movement: answers overtake each other, and databases go back', () => {
    const generations = [1_000, 1_000, 999, 1_000].map((epoch) => {
      control.learn(epoch);
      return control.generation();
    });
    expect(generations).toEqual([2, 2, 3, 4]);
    expect(moved).toBe(3);
  });

  it('does not start where there is no server', async () => {
    const away = watchControlEpoch({ target: { ...proxy.target, host: '/nowhere' }, onMoved: () => {} });
    await expect(away.start()).rejects.toThrow('no connection');
    expect(away.confirmed()).toBe(false);
  });
});
