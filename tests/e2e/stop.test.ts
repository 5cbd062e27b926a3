import { once } from 'node:events';
import { connect } from 'node:net';
import path from 'node:path';
import type OpenAI from 'openai';
import { expect, it, onTestFinished } from 'vitest';
import { ask } from '../support/ask.ts';
import { openaiClient, user } from '../support/openai-client.ts';
import { startOpenaiUpstream } from '../support/openai-upstream.ts';
import {
  environment,
  launchVallum,
  newFolder,
  repository,
  startVallum,
  type Vallum,
} from '../support/vallum.ts';

/* A stop is a drain: who is being served is served to the end, who comes later is refused. */

const say = (vallum: Vallum, prompt: string, model = 'rehearsal') =>
  openaiClient(vallum, vallum.secrets.apiKey).chat.completions.create({
    model,
    messages: [user(prompt)],
    stream: true,
  });

/** Reads the first event, so that the stream is under way. */
async function begin(stream: AsyncIterable<OpenAI.Chat.Completions.ChatCompletionChunk>) {
  const events = stream[Symbol.asyncIterator]();
  await events.next();
  return async (): Promise<string | null | undefined> => {
    let finish: string | null | undefined;
    for (let each = await events.next(); !each.done; each = await events.next())
      finish = each.value.choices[0]?.finish_reason ?? finish;
    return finish;
  };
}

/** What becomes of a new connection. */
async function knock({ url }: Vallum): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, 'connect');
    return 'let in';
  } catch (error) {
    return String(Reflect.get(error as object, 'code'));
  } finally {
    socket.destroy();
  }
}

it.each([
  ['SIGTERM', () => startVallum()],
  ['SIGINT', () => startVallum()],
  ['Ctrl-C', startInTerminal],
])('%s lets a running stream end, lets nobody in meanwhile, and is a clean stop', async (name, launch) => {
  const vallum = await launch();
  onTestFinished(() => vallum.remove());
  const rest = await begin(await say(vallum, '[[rehearse: delay=100ms chunk=10 length=300]]'));
  const stopped = vallum.stop(name === 'SIGTERM' ? name : 'SIGINT');
  await expect.poll(() => knock(vallum), { interval: 10 }).toBe('ECONNREFUSED');
  let isOver = false;
  const ended = rest().finally(() => {
    isOver = true;
  });
  // It was refused while the stream went on, not after it.
  expect(isOver).toBe(false);
  expect(await ended).toBe('stop');
  // npm itself is ended by a Ctrl-C, whatever the program below it says.
  expect(await stopped).toBe(name === 'Ctrl-C' ? null : 0);
  expect(vallum.output.stdout).toContain('"event":"stopped"');
});

it('a stream that would not end in time is broken off, and is on record as that after the next start', async () => {
  const upstream = await startOpenaiUpstream();
  onTestFinished(() => upstream.close());
  const vallum = await startVallum({
    settings: {
      limits: { drain_ms: 300 },
      models: { providers: [{ name: 'remote', base_url: upstream.url, models: [{ id: 'slow' }] }] },
    },
  });
  onTestFinished(() => vallum.remove());
  const rest = await begin(await say(vallum, 'Go on and on', 'slow'));
  const stopped = vallum.stop();
  await expect(rest()).rejects.toThrow();
  expect(await stopped).toBe(0);

  await vallum.start();
  const list = await ask(vallum, '/v1/requests?limit=1', { key: vallum.secrets.apiKey });
  expect(list.json()).toMatchObject({ data: [{ resource: 'model/slow', ended: 'aborted', fault: null }] });
});

it('a second start on the same data is refused, says why, and disturbs nothing', async () => {
  const vallum = await startVallum();
  onTestFinished(() => vallum.remove());
  const second = launchVallum({
    command: [process.execPath, 'scripts/node.mjs', 'server/src/main.ts'],
    cwd: repository,
    env: environment({ VALLUM_DATA: vallum.data, VALLUM_PORT: '0' }),
    data: newFolder(),
    folder: newFolder(),
  });
  await expect(second).rejects.toThrow(/could not start/);
  expect((await ask(vallum, '/v1/models', { key: vallum.secrets.apiKey })).status).toBe(200);
});

/** A Ctrl-C in a terminal reaches npm and all below it at once. */
function startInTerminal(): Promise<Vallum> {
  const folder = newFolder();
  const data = path.join(folder, 'data');
  return launchVallum({
    command: ['npm', 'start'],
    cwd: repository,
    env: environment({ VALLUM_DATA: data, VALLUM_PORT: '0' }),
    data,
    folder,
    group: true,
  });
}
