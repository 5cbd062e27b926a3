import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Service } from '../../kernel/index.ts';
import { listen } from './listen.ts';
import { sql } from './sql.ts';
import { type ServerProxy, startProxy } from './testing/proxy.ts';
import { type TestDatabase, testDatabase } from './testing/test-database.ts';

describe('a listener', () => {
  let database: TestDatabase;
  let proxy: ServerProxy;
  let service: Service;
  const events: string[] = [];
  let changed = Promise.withResolvers<void>();
  const note = (event: string) => {
    events.push(event);
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  const until = async (event: string) => {
    while (!events.includes(event)) await changed.promise;
  };
  const notify = (channel: string, payload: string) =>
    database.owner.query(sql`SELECT pg_notify(${channel}, ${payload})`);

  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    events.length = 0;
    proxy = await startProxy(database.targets.app);
    service = listen({
      target: proxy.target,
      channels: {
        control_epoch: (payload) => note(`epoch ${payload}`),
        keys: (payload) => note(`keys ${payload}`),
      },
      onLost: () => note('lost'),
      onReconnect: () => note('reconnected'),
    });
    await service.start();
  });
  afterEach(async () => {
    await service.stop();
    await proxy.close();
  });

  it('hears each channel from the moment it has started', async () => {
    await notify('control_epoch', '7');
    await notify('other', 'not for us');
    await notify('keys', '');
    await until('keys ');
    expect(events).toEqual(['epoch 7', 'keys ']);
  });

  it('says when it is deaf, and when to read the state anew', async () => {
    proxy.cut();
    await until('lost');
    await until('reconnected');
    await notify('control_epoch', '8');
    await until('epoch 8');
    expect(events).toEqual(['lost', 'reconnected', 'epoch 8']);
  });

  it('notices a connection that died without a word', async () => {
    proxy.freeze();
    await until('lost');
    expect(events).toEqual(['lost']);
  });

  it('does not come back after it was stopped', async () => {
    await service.stop();
    const { connections } = proxy;
    proxy.cut();
    await notify('control_epoch', '9');
    expect([events, proxy.connections]).toEqual([[], connections]);
  });

  it('does not start where there is no server', async () => {
    const away = listen({ target: { ...proxy.target, host: '/nowhere' }, channels: {} });
    await expect(away.start()).rejects.toThrow('no connection');
  });
});
