import { type Exchange, Fault, type Outlet } from '../../kernel/index.ts';
import type { ModelCall, ModelProvider } from '../models/provider.ts';
import { type Answer, answerTo } from '../models/rehearsal/answer.ts';
import { completionOf, eventsOf } from '../models/rehearsal/wire.ts';
import { eventOf } from '../models/sse.ts';
import { faultOfRefusal } from '../models/upstream-fault.ts';

/**
 * The built-in model: in process, offline, deterministic. It streams, calls tools and fails when asked to, by directives in the prompt; see
 * `docs/guides/rehearsal.md`.
 */
export const rehearsal = (): ModelProvider => ({
  name: 'rehearsal',
  models: () => [{ id: 'rehearsal' }],
  invoke(call, outlet) {
    try {
      new Rehearsal(call, outlet, answerTo(call.body)).begin();
    } catch (error) {
      outlet.fail(error);
    }
  },
  close: async () => {},
});

/** One answer on its way out, at the pace that was asked for and that the client takes. */
class Rehearsal {
  readonly #call: ModelCall;
  readonly #exchange: Exchange;
  readonly #outlet: Outlet;
  readonly #answer: Answer;
  readonly #events: ReturnType<typeof eventsOf>;
  #sent = 0;
  #timer: NodeJS.Timeout | undefined;
  #headSent = false;
  #over = false;

  constructor(call: ModelCall, outlet: Outlet, answer: Answer) {
    this.#call = call;
    this.#exchange = call.exchange;
    this.#outlet = outlet;
    this.#answer = answer;
    this.#events = eventsOf(answer, call.body, this.#envelope());
  }

  begin(): void {
    const { error, delayMs, cut } = this.#answer.directives;
    this.#exchange.whenAborted(() =>
      this.#fail(new Fault('upstream-failed', { because: 'the client has gone' })),
    );
    if (this.#over) return;
    if (error !== undefined) {
      const body = JSON.stringify({ error: { message: 'The rehearsal model was asked to fail.' } });
      this.#fail(faultOfRefusal({ provider: 'rehearsal', status: error, body }, this.#exchange.atMs));
    } else if (this.#call.body.stream) this.#soon(this.#stream);
    else if (cut !== undefined) this.#cut();
    else if (delayMs > 0) this.#soon(this.#complete);
    else this.#complete();
  }

  #envelope() {
    const created = Math.floor(this.#exchange.atMs / 1000);
    return { id: `chatcmpl-${this.#exchange.id}`, created, model: this.#call.body.model };
  }

  /** Without a delay at once: no timer, no turn of the loop. */
  #soon(act: () => void): void {
    const { delayMs } = this.#answer.directives;
    if (delayMs > 0) this.#timer = setTimeout(act, delayMs);
    else act();
  }

  readonly #complete = (): void => {
    const { prompt: inputTokens, completion } = this.#answer.usage;
    const outputTokens = completion * (this.#call.body.n ?? 1);
    this.#exchange.usage = { inputTokens, outputTokens, estimated: false };
    this.#outlet.head({ status: 200, contentType: 'application/json', streaming: false });
    this.#outlet.frame(
      Buffer.from(JSON.stringify(completionOf(this.#answer, this.#call.body, this.#envelope()))),
      true,
    );
    this.#end();
  };

  /** Sends until there is nothing more, a delay is due, or the client cannot take more. */
  readonly #stream = (): void => {
    const { delayMs, cut } = this.#answer.directives;
    this.#exchange.resume = undefined;
    try {
      while (!this.#over) {
        if (this.#sent === cut) {
          this.#cut();
          return;
        }
        const { value, done } = this.#events.next();
        if (done) {
          this.#end();
          return;
        }
        if (!this.#headSent) {
          this.#headSent = true;
          this.#outlet.head({ status: 200, contentType: 'text/event-stream', streaming: true });
        }
        this.#sent += 1;
        const goOn = this.#outlet.frame(eventOf(value.data), value.finish);
        if (this.#over) return;
        if (!goOn) {
          this.#exchange.resume = () => this.#soon(this.#stream);
          return;
        }
        if (delayMs > 0) {
          this.#soon(this.#stream);
          return;
        }
      }
    } catch (error) {
      this.#fail(error);
    }
  };

  #cut(): void {
    this.#fail(new Fault('upstream-failed', { because: 'the rehearsal model was asked to break off' }));
  }

  #end(): void {
    this.#over = true;
    this.#exchange.resume = undefined;
    this.#outlet.end();
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#exchange.resume = undefined;
    this.#outlet.fail(error);
  }
}
