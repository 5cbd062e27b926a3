import { chmodSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { ask } from '../support/ask.ts';
import { pasteCurl } from '../support/printed-curl.ts';
import { runVallum } from '../support/run-vallum.ts';
import { startVallum } from '../support/vallum.ts';

/* The first minute with Vallum, from this tree. From a fresh clone: clone.test.ts. */

it('starts on nothing, says what to paste, and that works as it stands, also in a folder that a shell would cut up', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "vallum it's a $HOME & more "));
  chmodSync(folder, 0o711);
  const vallum = await startVallum({ folder });
  onTestFinished(() => vallum.remove());

  await expect.poll(() => vallum.output.stderr).toMatch(/^ *curl /m);
  expect(JSON.parse(await pasteCurl(vallum))).toMatchObject({
    object: 'chat.completion',
    choices: [{ message: { content: expect.stringContaining('You said: Hello') } }],
  });

  // Secrets are where only their owner reads them, and nowhere else.
  const { secrets, output, data } = vallum;
  for (const file of ['bootstrap.json', 'authorization'])
    expect((statSync(path.join(data, file)).mode & 0o777).toString(8)).toBe('600');
  expect(readFileSync(path.join(data, 'authorization'), 'utf8').trim()).toBe(
    `Authorization: Bearer ${secrets.apiKey}`,
  );
  for (const secret of [secrets.adminKey, secrets.adminPassword, secrets.apiKey, secrets.developmentApiKey])
    expect(output.stdout + output.stderr).not.toContain(secret);

  // Each key does what it is for.
  const statusOf = async (at: string, key: string) => (await ask(vallum, at, { key })).status;
  expect(await statusOf('/v1/tenants', secrets.adminKey)).toBe(200);
  expect(await statusOf('/v1/tenants', secrets.apiKey)).toBe(403);
  expect(await statusOf('/v1/models', secrets.developmentApiKey)).toBe(200);
  expect(
    runVallum('ledger', 'verify', '--key', path.join(data, 'bootstrap.json'), '--checkpoint', '-').status,
  ).not.toBe(0);
});

it('keeps its keys and its log over restarts, and does not make the first secrets twice', async () => {
  const vallum = await startVallum();
  onTestFinished(() => vallum.remove());
  const { apiKey } = vallum.secrets;
  const before = (await ask(vallum, '/ledger/checkpoint')).text.split('\n');
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    await vallum.stop(signal);
    await vallum.start();
    expect((await ask(vallum, '/v1/models', { key: apiKey })).status).toBe(200);
  }
  const after = (await ask(vallum, '/ledger/checkpoint')).text.split('\n');
  expect(after[0]).toBe(before[0]);
  expect(Number(after[1])).toBeGreaterThanOrEqual(Number(before[1]));
  expect(JSON.parse(readFileSync(path.join(vallum.data, 'bootstrap.json'), 'utf8'))).toEqual(vallum.secrets);
});
