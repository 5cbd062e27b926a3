import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from './eventually.ts';

/** A model provider that says each word when it is told to, and no sooner; one call at a time. */
export interface GatedUpstream {
  readonly url: string;
  /** Resolves when a call has come, and for a stream when its first word has been said. */
  asked(): Promise<void>;
  /** One more word of a stream. */
  say(text: string): void;
  /** The answer, or the end of a stream. */
  finish(): void;
  /** Whether the other side has left the call before its end. */
  left(): boolean;
  close(): Promise<void>;
}

const envelope = { id: 'chatcmpl-gated', created: 1_760_000_000, model: 'gated' };
const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };

const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({
    ...envelope,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason: finish }],
  })}\n\n`;

const completion = JSON.stringify({
  ...envelope,
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Well.' }, finish_reason: 'stop' }],
  usage,
});

export async function startGatedUpstream(): Promise<GatedUpstream> {
  let current: { readonly response: ServerResponse; readonly streams: boolean } | undefined;
  let left = false;

  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const streams = (JSON.parse(Buffer.concat(pieces).toString()) as { stream?: boolean }).stream === true;
    left = false;
    response.on('close', () => {
      left = !response.writableFinished;
      if (left) current = undefined;
    });
    response.writeHead(200, { 'content-type': streams ? 'text/event-stream' : 'application/json' });
    if (streams) response.write(chunk({ role: 'assistant', content: 'Slowly, ' }));
    current = { response, streams };
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    async asked() {
      await eventually('the model is asked', () => current !== undefined);
    },
    say(text) {
      current?.response.write(chunk({ content: text }));
    },
    finish() {
      current?.response.end(
        current.streams
          ? `${chunk({ content: 'at last.' })}${chunk({}, 'stop')}data: [DONE]\n\n`
          : completion,
      );
      current = undefined;
    },
    left: () => left,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
