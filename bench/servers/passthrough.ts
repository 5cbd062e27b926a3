/**
 * The leanest honest proxy in Node: `node:http` in front, undici's `dispatch()` behind, the request's body collected, the reply's passed on
 * piece by piece with backpressure. With a database it also makes the two durable commits per exchange that a ledger needs, and nothing else.
 *
 * Arguments: the upstream's port; then, for commits, the folder of a PostgreSQL socket and a file with the password.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Dispatcher, Pool } from 'undici';
import { announce } from './announce.ts';
import { type Commits, createCommits } from './commits.ts';

const [upstreamPort, socketFolder, passwordFile] = process.argv.slice(2);
const upstream = new Pool(`http://127.0.0.1:${upstreamPort}`, { connections: 1_500, allowH2: false });
const commits = socketFolder && passwordFile ? await createCommits(socketFolder, passwordFile) : undefined;

/** The reply on its way back, without waiting for anything. */
class Forward implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;
  constructor(response: ServerResponse) {
    this.#response = response;
  }
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#response.on('drain', () => controller.resume());
    this.#response.on('close', () => {
      if (!this.#response.writableFinished) controller.abort(new Error('the client left'));
    });
  }
  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Record<string, unknown>): void {
    this.#response.writeHead(status, forwarded(headers));
  }
  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#response.write(chunk)) controller.pause();
  }
  onResponseEnd(): void {
    this.#response.end();
  }
  onResponseError(): void {
    this.#response.destroy();
  }
}

/**
 * The same with commits: nothing leaves before the intent is durable, which overlaps the upstream's work, and the last piece waits for the outcome:
 * of a short reply that is all of it, of a stream what a finish frame would be.
 */
class CommittedForward implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;
  readonly #commits: Commits;
  readonly #intent: Promise<void>;
  #controller: Dispatcher.DispatchController | undefined;
  #held: Buffer | undefined;

  constructor(response: ServerResponse, made: Commits) {
    this.#response = response;
    this.#commits = made;
    this.#intent = made.commit();
    this.#intent.catch(() => response.destroy());
  }
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#response.on('drain', () => controller.resume());
    this.#response.on('close', () => {
      if (!this.#response.writableFinished) controller.abort(new Error('the client left'));
    });
  }
  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, unknown>,
  ): void {
    controller.pause();
    this.#intent.then(
      () => {
        this.#response.writeHead(status, forwarded(headers));
        controller.resume();
      },
      () => controller.abort(new Error('the intent was not committed')),
    );
  }
  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    const before = this.#held;
    this.#held = chunk;
    if (before && !this.#response.write(before)) this.#controller?.pause();
  }
  onResponseEnd(): void {
    this.#commits.commit().then(
      () => this.#response.end(this.#held),
      () => this.#response.destroy(),
    );
  }
  onResponseError(): void {
    this.#response.destroy();
  }
}

function forwarded(headers: Record<string, unknown>): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of ['content-type', 'content-length', 'cache-control'])
    if (typeof headers[name] === 'string') passed[name] = headers[name];
  return passed;
}

function forward(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const handler = commits ? new CommittedForward(response, commits) : new Forward(response);
  upstream.dispatch(
    {
      method: 'POST',
      path: request.url ?? '/',
      body,
      headers: {
        'content-type': 'application/json',
        accept: request.headers.accept ?? '*/*',
        authorization: 'Bearer sk-bench-upstream',
      },
    },
    handler,
  );
}

const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => void pieces.push(piece));
  request.on('end', () =>
    forward(request, response, pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces)),
  );
  request.on('error', () => response.destroy());
});
process.on('message', (message) => {
  if (message === 'commits') process.send?.({ commitsMs: commits?.takeTimes() ?? [] });
});
announce(server);
