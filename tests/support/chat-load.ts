import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, NoReply } from './http-call.ts';

/** A reply whose status line has arrived: what it claims must be true for ever. */
export interface Acknowledged {
  readonly request: string;
  /** Global index of its entry, where it says one. */
  readonly index: number | undefined;
  readonly status: number;
  /** It ended as its API says that an answer ends. */
  readonly complete: boolean;
}

export interface ChatLoad {
  /** Replies of which the status line came, in the order in which they ended. */
  readonly acknowledged: readonly Acknowledged[];
  /** Answers that came to their end. */
  succeeded(): number;
  /** Sends nothing more, and waits for what is under way. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly url: string;
  readonly key: string;
  /** Models behind a provider of ours, beside `rehearsal`. */
  readonly models?: readonly string[];
  /** Connections of each kind. */
  readonly connections?: number;
}

/** What the connections ask for: complete replies and streams, quick and slow, so that every instant cuts something. */
const kinds = (models: readonly string[]): object[] => [
  { model: 'rehearsal', messages: [{ role: 'user', content: 'How high is the rampart?' }] },
  {
    model: 'rehearsal',
    stream: true,
    messages: [{ role: 'user', content: '[[rehearse: length=2000 chunk=20]]' }],
  },
  {
    model: 'rehearsal',
    stream: true,
    messages: [{ role: 'user', content: '[[rehearse: delay=15ms length=600 chunk=20]]' }],
  },
  { model: 'rehearsal', messages: [{ role: 'user', content: '[[rehearse: delay=40ms]]' }] },
  ...models.flatMap((model) =>
    [true, false].map((stream) => ({
      model,
      stream,
      messages: [{ role: 'user', content: 'Is the gate shut?' }],
    })),
  ),
];

/** Asks without a pause, over several connections, until it is stopped; a server that is not there is asked again. */
export function startChatLoad({ url, key, models = [], connections = 1 }: LoadOptions): ChatLoad {
  const acknowledged: Acknowledged[] = [];
  const agent = new Agent({ keepAlive: true });
  let succeeded = 0;
  let stopped = false;

  async function once(body: object): Promise<void> {
    const { status, headers, text, whole } = await call(url, {
      method: 'POST',
      path: '/v1/chat/completions',
      key,
      body,
      agent,
    });
    const streams = 'stream' in body && body.stream === true;
    const complete = whole && status === 200 && (!streams || text.endsWith('data: [DONE]\n\n'));
    const index = headers['x-vallum-ledger-index'];
    acknowledged.push({
      request: String(headers['x-vallum-request-id']),
      index: index === undefined ? undefined : Number(index),
      status,
      complete,
    });
    if (complete) succeeded++;
    else await sleep(5);
  }

  async function keepAsking(body: object): Promise<void> {
    while (!stopped) {
      try {
        await once(body);
      } catch (error) {
        if (!(error instanceof NoReply)) throw error;
        await sleep(10);
      }
    }
  }

  const asking = Promise.all(
    kinds(models).flatMap((body) => Array.from({ length: connections }, () => keepAsking(body))),
  );
  // Whoever stops it hears of what went wrong.
  asking.catch(() => {});
  return {
    acknowledged,
    succeeded: () => succeeded,
    async stop() {
      stopped = true;
      await asking;
      agent.destroy();
    },
  };
}
