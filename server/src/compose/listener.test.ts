import { describe, expect, it } from 'vitest';
import { loadConfig } from '../config.ts';
import { type Log, systemClock } from '../kernel/index.ts';
import { composeListener } from './listener.ts';

/** What is said at a start, before anything listens. */
async function warnings(variables: Record<string, string>, more: object = {}): Promise<string[]> {
  const said: string[] = [];
  const log: Log = { info() {}, warn: (event) => void said.push(event), error() {} };
  const loaded = loadConfig(variables, '/nowhere');
  const { services } = composeListener({
    config: { ...loaded.config, ...more },
    clock: systemClock,
    log,
    routes: [],
    path: { admit: [], release: [], refuse: async () => {} },
    onFault() {},
    onOver() {},
  });
  await services.find(({ name }) => name === 'clear text')?.start();
  return said;
}

describe('a listener without TLS', () => {
  it.each(['0.0.0.0', '::', '192.0.2.1', 'vallum.example.org', '127.0.0.1.example.org'])(
    'warns where others than this machine may come, since keys would be read on the way: %s',
    async (host) => {
      expect(await warnings({ VALLUM_HOST: host })).toEqual([expect.stringContaining('clear text')]);
    },
  );

  it.each(['127.0.0.1', '127.9.9.9', '::1', 'localhost'])(
    'does not on this machine alone: %s',
    async (host) => {
      expect(await warnings({ VALLUM_HOST: host })).toEqual([]);
    },
  );

  it('does not where a proxy stands before it', async () => {
    const proxies = { trusted: ['10.0.0.0/8'], address_header: 'forwarded', proxy_protocol: 'off' };
    expect(await warnings({ VALLUM_HOST: '0.0.0.0' }, { proxies })).toEqual([]);
  });
});
