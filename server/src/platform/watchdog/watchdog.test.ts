import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';

/** A process of its own, with a watchdog, that blocks its loop for so long. */
async function blockFor(ms: number, stallMs: number, ...flags: string[]) {
  const script = `
    import { createWatchdog } from ${JSON.stringify(new URL('./watchdog.ts', import.meta.url))};
    await createWatchdog({ stallMs: ${stallMs}, silent: false }).start();
    setTimeout(() => {
      for (const until = performance.now() + ${ms}; performance.now() < until; );
      process.exit(0);
    }, 200);`;
  const child = spawn(process.execPath, [...flags, '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, said };
}

describe('a watchdog', () => {
  it('ends a process whose loop does not turn any more, and its last line says why', async () => {
    // Far longer than anybody waits: what ends it is the watchdog.
    const { code, signal, said } = await blockFor(3_600_000, 500);
    expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
    expect(JSON.parse(said)).toMatchObject({
      level: 'error',
      ms: 500,
      event: expect.stringContaining('event loop'),
    });
  });

  it('leaves alone who is busy for a while, and who is held by a debugger', async () => {
    const [busy, debugged] = await Promise.all([
      blockFor(500, 20_000),
      blockFor(2_000, 200, '--inspect=127.0.0.1:0'),
    ]);
    for (const { code, said } of [busy, debugged]) expect({ code, said }).toEqual({ code: 0, said: '' });
  });
});
