import type { Dispatcher } from 'undici';
import { type Clock, type Exchange, Fault, type Outlet } from '../../kernel/index.ts';
import { ChatFinish } from '../models/chat-finish.ts';
import { usageOf } from '../models/chat-usage.ts';
import type { ModelCall } from '../models/provider.ts';
import { eventOf, SseSplitter } from '../models/sse.ts';
import { faultOfRefusal } from '../models/upstream-fault.ts';

type Controller = Dispatcher.DispatchController;
type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];

const largestReplyBytes = 32 * 1024 * 1024;
/** Of an error only the message is of use. */
const largestErrorBytes = 64 * 1024;

/** How providers tell in a stream that it failed: an event that begins with an error instead of a chunk. */
const streamError = /^\s*\{\s*"error"\s*:(?!\s*null)/;

const timeouts: ReadonlySet<unknown> = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

/** What a call must know of its provider. */
interface ChatCallProvider {
  readonly name: string;
  /** Our credential, so that no error shows it. */
  readonly secret: string | undefined;
  readonly totalMs: number;
  readonly clock: Clock;
}

/** One call of a model over HTTP: undici tells it what arrives, and it tells the outlet. */
export class ChatCall implements Dispatcher.DispatchHandler {
  readonly #provider: ChatCallProvider;
  readonly #streaming: boolean;
  readonly #exchange: Exchange;
  readonly #outlet: Outlet;
  readonly #closed: () => void;
  readonly #timer: NodeJS.Timeout;
  readonly #finish: ChatFinish;
  readonly #splitter: SseSplitter | undefined;
  #controller: Controller | undefined;
  #status = 0;
  #retryAfter: string | undefined;
  #collected: Buffer[] = [];
  #collectedBytes = 0;
  #headSent = false;
  /** The outlet has got its `end` or `fail`. */
  #over = false;

  /** @param closed called once, when the connection is free again or gone. */
  constructor(provider: ChatCallProvider, call: ModelCall, outlet: Outlet, closed: () => void) {
    this.#provider = provider;
    this.#streaming = call.body.stream === true;
    this.#exchange = call.exchange;
    this.#outlet = outlet;
    this.#closed = closed;
    this.#finish = new ChatFinish(call.body);
    this.#splitter = this.#streaming ? new SseSplitter() : undefined;
    this.#timer = setTimeout(
      () => this.#fail(this.#fault('upstream-timeout', 'took too long in all')),
      provider.totalMs,
    );
    call.exchange.whenAborted(() =>
      this.#fail(this.#fault('upstream-failed', 'was left: the client has gone')),
    );
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    // The call may have ended while the connection was made.
    if (this.#over) controller.abort(new Error('the call is over'));
    else this.#exchange.resume = this.#resume;
  }

  onResponseStart(_: Controller, status: number, headers: Headers): void {
    if (status < 200 || this.#over) return;
    this.#status = status;
    this.#retryAfter = one(headers['retry-after']);
    if (one(headers['content-encoding'] ?? 'identity') !== 'identity')
      this.#fail(this.#fault('upstream-failed', 'sent an encoding that nobody asked for'));
    else if (
      status < 300 &&
      mediaType(headers) !== (this.#streaming ? 'text/event-stream' : 'application/json')
    )
      this.#fail(this.#fault('upstream-failed', 'sent another content type than asked for'));
  }

  onResponseData(_: Controller, chunk: Buffer): void {
    if (this.#over) {
      // After `[DONE]` there is nothing to say: who goes on loses the connection.
      this.#controller?.abort(new Error('the call is over'));
      return;
    }
    try {
      if (this.#splitter && this.#status < 300) this.#splitter.push(chunk, this.#event);
      else this.#collect(chunk);
    } catch (error) {
      this.#fail(error);
    }
  }

  onResponseEnd(): void {
    try {
      if (!this.#over) this.#complete();
    } catch (error) {
      this.#fail(error);
    }
    this.#close();
  }

  onResponseError(_: Controller, error: Error): void {
    const code: unknown = Reflect.get(error, 'code');
    const timedOut = timeouts.has(code);
    this.#fail(
      new Fault(timedOut ? 'upstream-timeout' : 'upstream-failed', {
        because: `${this.#provider.name}: ${timedOut ? 'no answer in time' : 'the connection failed'} (${code ?? error.name})`,
        cause: error,
      }),
    );
    this.#close();
  }

  /** Not made where the controller is given: a closure over that one kept whole exchanges alive long after they were over. */
  readonly #resume = (): void => this.#controller?.resume();

  readonly #event = (bytes: Buffer, data: string | undefined): void => {
    if (this.#over) return;
    if (data !== undefined && streamError.test(data))
      throw this.#fault('upstream-failed', 'sent an error within the stream');
    if (data === '[DONE]') this.#finish.done();
    else if (data !== undefined && !this.#finish.complete) this.#look(data);
    this.#head('text/event-stream');
    if (!this.#outlet.frame(bytes, this.#finish.complete)) this.#controller?.pause();
    if (data === '[DONE]') this.#end();
  };

  #look(data: string): void {
    try {
      this.#finish.look(data);
    } catch (cause) {
      throw this.#fault('upstream-failed', 'sent an event that is not JSON', cause);
    }
  }

  #collect(chunk: Buffer): void {
    this.#collectedBytes += chunk.length;
    const refused = this.#status >= 300;
    if (this.#collectedBytes <= (refused ? largestErrorBytes : largestReplyBytes))
      this.#collected.push(chunk);
    else if (refused) this.#fail(this.#refusal(''));
    else this.#fail(this.#fault('upstream-failed', `sent more than ${largestReplyBytes} bytes`));
  }

  /** The reply has arrived whole. */
  #complete(): void {
    if (this.#status >= 300) this.#fail(this.#refusal(Buffer.concat(this.#collected).toString('utf8')));
    else if (!this.#streaming) this.#answer(Buffer.concat(this.#collected));
    else if (this.#finish.complete) {
      // Some providers leave it out. With us a stream without it is one that failed.
      this.#outlet.frame(eventOf('[DONE]'), true);
      this.#end();
    } else this.#fail(this.#fault('upstream-failed', 'ended the stream before the answer was complete'));
  }

  #answer(bytes: Buffer): void {
    let body: { choices?: unknown; usage?: unknown } | null;
    try {
      body = JSON.parse(bytes.toString('utf8'));
    } catch (cause) {
      throw this.#fault('upstream-failed', 'sent a reply that is not JSON', cause);
    }
    if (!Array.isArray(body?.choices)) throw this.#fault('upstream-failed', 'sent a reply without choices');
    const usage = usageOf(body.usage);
    if (usage) this.#exchange.usage = { ...usage, estimated: false };
    this.#head('application/json');
    this.#outlet.frame(bytes, true);
    this.#end();
  }

  #head(contentType: string): void {
    if (this.#headSent) return;
    this.#headSent = true;
    this.#outlet.head({ status: 200, contentType, streaming: this.#streaming });
  }

  #end(): void {
    this.#over = true;
    this.#exchange.resume = undefined;
    this.#outlet.end();
    // So that what is left of the reply, its end, arrives and frees the connection.
    this.#controller?.resume();
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#exchange.resume = undefined;
    this.#controller?.abort(new Error('the call has failed'));
    this.#outlet.fail(error);
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#controller = undefined;
    this.#collected = [];
    this.#closed();
  }

  #fault(code: 'upstream-failed' | 'upstream-timeout', what: string, cause?: unknown): Fault {
    return new Fault(code, { because: `${this.#provider.name} ${what}`, cause });
  }

  #refusal(body: string): Fault {
    const { name: provider, secret, clock } = this.#provider;
    const refusal = { provider, status: this.#status, retryAfter: this.#retryAfter, body, secret };
    return faultOfRefusal(refusal, clock.now());
  }
}

const one = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

const mediaType = (headers: Headers): string | undefined =>
  one(headers['content-type'])?.split(';', 1)[0]?.trim().toLowerCase();
