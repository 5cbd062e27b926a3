/**
 * The model provider behind every server that is measured, as a process of its own: its answers are made before the first request comes, and nothing but
 * sockets stands between. How it behaves is the request's `model`: `instant`, `wait-50ms` before the reply begins, `paced-10ms` between the events of a stream.
 */
import { createServer, type Socket } from 'node:net';
import { MessageReader } from '../wire/message-reader.ts';
import { announce } from './announce.ts';
import { plainReply, streamedEvents } from './exchange.ts';

const plain = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(plainReply)}\r\n\r\n${plainReply}`,
);
const streamHead = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n',
);
const chunks = streamedEvents.map((event) =>
  Buffer.from(`${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`),
);
const lastChunk = Buffer.from('0\r\n\r\n');

const streaming = Buffer.from('"stream":true');
const modelField = Buffer.from('"model":"');

/** The milliseconds in a model's name, by what stands before them. */
function behaviourOf(model: string): { waitMs: number; paceMs: number } {
  const [, kind, ms] = /^(wait|paced)-(\d+)ms$/.exec(model) ?? [];
  return { waitMs: kind === 'wait' ? Number(ms) : 0, paceMs: kind === 'paced' ? Number(ms) : 0 };
}
const behaviours = new Map<string, ReturnType<typeof behaviourOf>>();

function answer(socket: Socket, body: Buffer): void {
  const from = body.indexOf(modelField) + modelField.length;
  const model = body.toString('latin1', from, body.indexOf('"', from));
  const known = behaviours.get(model) ?? behaviourOf(model);
  behaviours.set(model, known);
  const begin = body.includes(streaming)
    ? () => stream(socket, known.paceMs)
    : () => void socket.write(plain);
  if (known.waitMs > 0) setTimeout(begin, known.waitMs);
  else begin();
}

/** Each event in a write and a turn of its own, as a model makes them. */
function stream(socket: Socket, paceMs: number): void {
  socket.write(streamHead);
  let next = 0;
  const step = (): void => {
    const chunk = chunks[next++];
    if (socket.destroyed) return;
    socket.write(chunk ?? lastChunk);
    if (!chunk) return;
    if (paceMs > 0) setTimeout(step, paceMs);
    else setImmediate(step);
  };
  step();
}

const server = createServer({ noDelay: true }, (socket) => {
  let pieces: Buffer[] = [];
  const reader = new MessageReader({
    head() {
      pieces = [];
    },
    body: (bytes) => void pieces.push(bytes),
    end: () => answer(socket, pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces)),
  });
  socket.on('data', (bytes) => reader.push(bytes));
  socket.on('error', () => socket.destroy());
});
announce(server);
