import type { TenantId } from '@vallum/contract';
import type { z } from 'zod';
import type { Caller } from './caller.ts';
import type { Exchange } from './exchange.ts';
import type { Outlet } from './outlet.ts';

/** How a route's successful exchanges enter the ledger. Refusals by policy or guard are sealed whatever it says. */
export type Seals = 'each' | 'aggregate' | 'none';

/** Whose words a route speaks: its error shape, and how its streams end. */
export type Api = 'vallum' | 'openai';

/** Where a text comes from; guards judge data otherwise than a user's own words. */
export type Channel = 'system' | 'user' | 'assistant' | 'tool' | 'output';

/** One text of a body that guards look at. */
export interface Segment {
  readonly channel: Channel;
  /** RFC 6901 pointer to it in the body. */
  readonly pointer: string;
  /** What of it is text; nothing of encoded media. */
  readonly text: string;
  /** It stands where a plain field should, and does not look like one: guards judge it, and so does the WAF. */
  readonly plain?: true;
}

/** How content is found in a route's bodies. What is not on its list of plain fields is content. */
export interface ContentFields {
  /** Every content string of a request body, in the order it is read. */
  input(body: unknown): Segment[];
  /** Every content string of a complete reply body. */
  output(body: unknown): Segment[];
  /** A body with some of those strings replaced, and what repeats them taken out. */
  replace(
    body: unknown,
    replacements: readonly { readonly pointer: string; readonly text: string }[],
  ): unknown;
  /**
   * What reads and writes the stream frames of one exchange; absent where a route never streams. One for each exchange, from the request's
   * body: whether an event finishes the answer depends on what was asked for and on the events before it.
   */
  stream?(body: unknown): StreamCodec;
}

/** Reads and rewrites the events of one stream, in their order. */
export interface StreamCodec {
  /** What is in a frame, which is one event; undefined for one without meaning here (a heartbeat). */
  read(frame: Uint8Array): StreamEvent | undefined;
  /** The event's frame with its texts replaced, in the order of `texts`. */
  write(event: StreamEvent, texts: readonly string[]): Uint8Array;
  /** The bytes that say "this stream failed" in this API. */
  failure(error: unknown, requestId: string): Uint8Array;
}

export interface StreamEvent {
  /** The texts in it; `lane` names the text that it continues (choice 0's content, tool call 1's arguments). */
  readonly texts: readonly { readonly lane: string; readonly text: string }[];
  /** True for the event that says the answer is complete, and each one after it. */
  readonly finish: boolean;
  readonly usage?: { readonly inputTokens: number; readonly outputTokens: number };
  /** For `write`. */
  readonly parsed: unknown;
}

/** A row of the public API. Everything that must be known about a path before its handler runs. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Fastify's pattern: `/v1/requests/:id`. */
  readonly path: string;
  /** The Cedar action, such as `model:invoke`; `open` for what anybody may do without a credential. */
  readonly action: string;
  readonly summary: string;
  readonly api: Api;
  readonly seals: Seals;
  /** Limit of the decompressed body in bytes; 0 where there is none. */
  readonly bodyBytes: number;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  readonly reply?: z.ZodType;
  readonly content?: ContentFields;
  /**
   * RFC 6901 pointers of strings that the route itself reads by a grammar before they are anything to anybody, such as rules and patterns of administrators: the WAF,
   * which would take them for what they describe, does not judge them; nor what is hashed or verified and never anything else, such as passwords. What is neither this nor content is judged.
   */
  validated?(body: unknown): Iterable<string>;
  /**
   * Members of the query by name, with values that the settings name: one that is sent with exactly such a value, such as an issuer's address, is not judged by the WAF either.
   */
  readonly expects?: ReadonlyMap<string, ReadonlySet<string>>;
  /** What the action is done to: `model/rehearsal`. The route's path pattern where it is absent. */
  resource?(exchange: Exchange): string;
  /** Whose that is, where it is not the caller's own tenant's: another tenant's, or the organization's itself. Policy asks. */
  belongsTo?(exchange: Exchange): TenantId | 'organization' | undefined;
  /** The most tokens that the exchange may use, to be held before it runs. */
  holds?(exchange: Exchange): number;
  /** Produces the reply. May return before the reply has ended. A throw before `head` is rendered as an error. */
  answer(exchange: Exchange, outlet: Outlet): void | Promise<void>;
}

type Of<S, Otherwise> = S extends z.ZodType ? z.output<S> : Otherwise;

/** What a handler gets: the caller, and what the route's schemas made of the request. */
export interface Call<P, Q, B> {
  readonly caller: Caller;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly exchange: Exchange;
}

/** A reply that is not JSON. */
export interface RawReply {
  /** 200 where it is absent. */
  readonly status?: number;
  readonly contentType: string;
  readonly bytes: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

interface RouteSpec<P, Q, B, R>
  extends Omit<Route, 'answer' | 'params' | 'query' | 'body' | 'reply' | 'api' | 'bodyBytes' | 'resource'> {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly reply: R;
  readonly status?: number;
  readonly bodyBytes?: number;
  resource?(exchange: Exchange): string;
  handle(
    call: Call<Of<P, undefined>, Of<Q, undefined>, Of<B, undefined>>,
  ): Promise<R extends z.ZodType ? z.input<R> : never>;
}

/** DESIGN 7: bodies of ordinary routes. */
export const ordinaryBodyBytes = 1024 * 1024;

/**
 * A route of Vallum's own API: JSON in, JSON out. Its reply is parsed by its schema too, so that a field that is not declared does not leave.
 */
export const route = <
  P extends z.ZodType | undefined,
  Q extends z.ZodType | undefined,
  B extends z.ZodType | undefined,
  R extends z.ZodType,
>({
  handle,
  ...spec
}: RouteSpec<P, Q, B, R>): Route =>
  jsonRoute(spec, (exchange) => {
    const { who: caller, params, query, body } = exchange;
    // The path has parsed all three with this route's schemas, or refused; the types say so here once.
    return handle({ caller, params, query, body, exchange } as Parameters<typeof handle>[0]);
  });

/**
 * The same for who has no credential yet, such as somebody who signs in. There is nobody whose entry it could be, so it seals what it changes itself; what it refuses is counted, as of anybody
 * without a credential.
 */
export const openRoute = <
  P extends z.ZodType | undefined,
  Q extends z.ZodType | undefined,
  B extends z.ZodType | undefined,
  R extends z.ZodType,
>({
  handle,
  ...spec
}: Omit<RouteSpec<P, Q, B, R>, 'action' | 'seals' | 'handle'> & {
  handle(
    call: Omit<Call<Of<P, undefined>, Of<Q, undefined>, Of<B, undefined>>, 'caller'>,
  ): Promise<z.input<R>>;
}): Route =>
  jsonRoute({ ...spec, action: 'open', seals: 'none' }, (exchange) => {
    const { params, query, body } = exchange;
    return handle({ params, query, body, exchange } as Parameters<typeof handle>[0]);
  });

function jsonRoute(
  spec: Omit<
    RouteSpec<z.ZodType | undefined, z.ZodType | undefined, z.ZodType | undefined, z.ZodType>,
    'handle'
  >,
  handle: (exchange: Exchange) => Promise<unknown>,
): Route {
  const { status = 200, params, query, body, reply, bodyBytes, ...rest } = spec;
  return {
    ...rest,
    api: 'vallum',
    bodyBytes: bodyBytes ?? (body ? ordinaryBodyBytes : 0),
    reply,
    ...(params && { params }),
    ...(query && { query }),
    ...(body && { body }),
    async answer(exchange, outlet) {
      const value = await handle(exchange);
      outlet.head({ status, contentType: 'application/json', streaming: false });
      outlet.frame(Buffer.from(JSON.stringify(reply.parse(value))), true);
      outlet.end();
    },
  };
}

/** A route of Vallum's own API that answers with bytes of its own: text, tiles, pages. */
export function rawRoute<P extends z.ZodType | undefined, Q extends z.ZodType | undefined>(
  spec: Omit<Route, 'answer' | 'params' | 'query' | 'body' | 'reply' | 'api' | 'bodyBytes'> & {
    readonly params?: P;
    readonly query?: Q;
    handle(call: {
      readonly params: Of<P, undefined>;
      readonly query: Of<Q, undefined>;
      readonly exchange: Exchange;
    }): Promise<RawReply>;
  },
): Route {
  const { handle, params, query, ...rest } = spec;
  return {
    ...rest,
    api: 'vallum',
    bodyBytes: 0,
    ...(params && { params }),
    ...(query && { query }),
    async answer(exchange, outlet) {
      // As in `route`: the path has parsed both with these schemas.
      const {
        status = 200,
        contentType,
        bytes,
        headers,
      } = await handle({
        params: exchange.params as Of<P, undefined>,
        query: exchange.query as Of<Q, undefined>,
        exchange,
      });
      outlet.head({ status, contentType, streaming: false, ...(headers && { headers }) });
      outlet.frame(bytes, true);
      outlet.end();
    },
  };
}
