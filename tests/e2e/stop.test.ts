import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
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

const say = (vallum: Vallum, prompt: string, model: string) =>
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

/** A provider whose answer begins at once, and ends when it is told to. */
async function patientProvider() {
  const chunk = (delta: object, finish: string | null) =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'patient', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  let finish = (): void => {};
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chunk({ content: 'One moment. ' }, null) + chunk({ content: 'Just a bit more. ' }, null));
    finish = () => void response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    finish: () => finish(),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe.each([
  ['the process', ['SIGTERM', 'SIGINT'], false],
  // A Ctrl-C ends npm itself, whatever the program below it says.
  ['npm and all below it, in a terminal', ['SIGINT'], true],
] as const)('a signal to %s', (_, signals, inTerminal) => {
  let provider: Awaited<ReturnType<typeof patientProvider>>;
  let vallum: Vallum;
  beforeAll(async () => {
    provider = await patientProvider();
    vallum = await startVallum({
      inTerminal,
      settings: {
        limits: { drain_ms: 20_000 },
        models: { providers: [{ name: 'patient', base_url: provider.url, models: [{ id: 'patient' }] }] },
      },
    });
  });
  afterAll(async () => {
    await vallum?.remove();
    provider?.close();
  });

  it.each(signals)(
    '%s lets a running stream end, lets nobody in meanwhile, and is a clean stop',
    async (signal) => {
      const rest = await begin(await say(vallum, 'Hello', 'patient'));
      const printed = vallum.output.stdout.length;
      const stopped = vallum.stop(signal);
      await expect.poll(() => knock(vallum), { interval: 10, timeout: 15_000 }).toBe('ECONNREFUSED');
      provider.finish();
      expect(await rest()).toBe('stop');
      expect(await stopped).toBe(inTerminal ? null : 0);
      expect(vallum.output.stdout.slice(printed)).toContain('"event":"stopped"');
      await vallum.start();
    },
  );

  it('leaves what was sealed: each of those streams is complete', async () => {
    const list = await ask(vallum, '/v1/requests', { key: vallum.secrets.apiKey });
    expect(list.json()).toMatchObject({
      data: signals.map(() => ({ resource: 'model/patient', ended: 'complete' })),
    });
  });

  // Once is enough: a terminal changes nothing about it.
  if (inTerminal) return;
  it('a second start on the same data is refused, names the process that holds it, and disturbs nothing', async () => {
    const folder = newFolder();
    const second = launchVallum({
      command: [process.execPath, 'scripts/node.mjs', 'server/src/main.ts'],
      cwd: repository,
      env: environment({ VALLUM_DATA: vallum.data, VALLUM_PORT: '0' }),
      // So that what this test deletes is not the first one's.
      data: folder,
      folder,
    });
    await expect(second).rejects.toThrow(new RegExp(`could not start.*\\b${vallum.pid}\\b`, 's'));
    expect((await ask(vallum, '/v1/models', { key: vallum.secrets.apiKey })).status).toBe(200);
  });
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
