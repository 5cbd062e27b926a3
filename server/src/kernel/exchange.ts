import type { X509Certificate } from 'node:crypto';
import { type Decision, type Reason, type RequestId, worse } from '@vallum/contract';
import type { Caller } from './caller.ts';
import { Fault } from './fault.ts';
import type { Route } from './route.ts';

/** What arrived, as the listener saw it. */
export interface Arrival {
  readonly method: string;
  /** The path as sent, without the query. */
  readonly path: string;
  /** The query as sent, without the question mark. */
  readonly query: string;
  readonly params: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** As `node:http` gives them: name, value, name, value; so that what was sent twice is seen twice. */
  readonly rawHeaders: readonly string[];
  /** The client's address, after trusted proxies. */
  readonly address: string;
  /**
   * The client's certificate, then each one's issuer, up to an authority of the settings: what TLS has verified, or what a trusted proxy says that it has. None
   * where the client sent none. Absent where nobody is asked for one.
   */
  readonly certificates?: (() => readonly X509Certificate[]) | undefined;
  /** Reads the body, once. @throws Fault `too-large`, `request-timeout` */
  body(limitBytes: number): Promise<Buffer>;
}

/** What one step of the path did, as the request explorer shows it. */
export interface StepTrace {
  readonly name: string;
  readonly micros: number;
  readonly decision: Decision;
}

/** Tokens of one exchange; `estimated` when the provider did not say. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly estimated: boolean;
}

/** One for all: an empty buffer of its own would cost each exchange what a full one does. */
const nothing = Buffer.alloc(0);

/** Everything known about one exchange with one caller. Steps add; none removes. */
export class Exchange {
  readonly id: RequestId;
  /** Unix milliseconds. */
  readonly atMs: number;
  readonly route: Route;
  readonly arrival: Arrival;
  caller: Caller | undefined;
  /** When the caller was last found good; see `Control`. */
  generation = 0;
  /** It ends its own credential, and its reply is due nevertheless; set by the route that does so, before it does. */
  endsItself = false;
  /** When its credential ends by itself, in Unix milliseconds. */
  credentialEndsMs: number | undefined;
  /** What the route's schemas made of the request; see `route()`. */
  params: unknown;
  query: unknown;
  body: unknown;
  /** The body's bytes; replaced when a guard redacts. */
  bytes: Buffer = nothing;
  /** What the action is done to, as policy and ledger name it: `model/rehearsal`. */
  resource = '';
  decision: Decision = 'allow';
  readonly reasons: Reason[] = [];
  readonly steps: StepTrace[] = [];
  usage: Usage | undefined;
  /** The intent on its way into the ledger, once the input has been judged. */
  intent: Promise<number> | undefined;
  /** The global index of the entry that holds the decision on the input. */
  ledgerIndex: number | undefined;
  /** Headers that the reply carries, whatever it says; see `carry`. */
  replyHeaders: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Whether the client has gone. */
  clientGone = false;
  /** Ends the reply because its caller may not have it any more; set by who seals it. */
  revoke: ((fault: Fault) => void) | undefined;
  /** Called when the client can take more; set by who produces the reply. */
  resume: (() => void) | undefined;
  #aborted = false;
  #over = false;
  #onAbort: (() => void)[] = [];
  #onOver: (() => void)[] = [];

  constructor(id: RequestId, atMs: number, route: Route, arrival: Arrival) {
    this.id = id;
    this.atMs = atMs;
    this.route = route;
    this.arrival = arrival;
  }

  /** The authenticated caller. @throws Fault `not-authenticated` where a step runs before there is one: it fails closed. */
  get who(): Caller {
    if (!this.caller)
      throw new Fault('not-authenticated', { because: 'a step needed a caller and there is none' });
    return this.caller;
  }

  /** Adds a verdict; the higher decision wins. */
  judge(decision: Decision, ...reasons: readonly Reason[]): void {
    this.decision = worse(this.decision, decision);
    this.reasons.push(...reasons);
  }

  /** Adds headers to the reply, whatever it says: an error has them too. */
  carry(headers: Readonly<Record<string, string | readonly string[]>>): void {
    this.replyHeaders = this.replyHeaders ? { ...this.replyHeaders, ...headers } : headers;
  }

  /** Notes what a step took. In whole µs: a field that is now an integer and now a fraction keeps who writes it from being optimised. */
  trace(name: string, micros: number): void {
    this.steps.push({ name, micros: Math.round(micros), decision: this.decision });
  }

  /** Whether nobody wants the answer any more. */
  get aborted(): boolean {
    return this.#aborted;
  }

  /** Runs `act` when nobody wants the answer any more, or at once if that is so already. */
  whenAborted(act: () => void): void {
    if (this.#aborted) act();
    else this.#onAbort.push(act);
  }

  /** Nobody wants the answer any more: who works on it stops. */
  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    for (const act of this.#onAbort) act();
    this.#onAbort = [];
  }

  /** Runs `act` once, when the exchange is over, however it ended. */
  whenOver(act: () => void): void {
    if (this.#over) act();
    else this.#onOver.push(act);
  }

  /** The last byte has left, or none will. */
  over(): void {
    if (this.#over) return;
    this.#over = true;
    for (const act of this.#onOver) act();
    this.#onOver = [];
    this.#onAbort = [];
    this.resume = undefined;
    this.revoke = undefined;
  }
}
