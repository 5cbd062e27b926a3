import { id, idOf, opening, page, pageQuery, requestRecord, uuidOf } from '@vallum/contract';
import { z } from 'zod';
import { type Exchange, Fault, type Route, rawRoute, route } from '../kernel/index.ts';
import type { Explorer } from './explorer.ts';
import type { PublicLog } from './public-log.ts';

const immutable = { 'cache-control': 'public, max-age=31536000, immutable' };
const brief = { 'cache-control': 'public, max-age=1' };

interface LedgerRouteParts {
  readonly explorer: Explorer;
  readonly log: PublicLog;
  /** `ledger.public`: whether anybody may read tiles and checkpoints; else it takes a key. */
  readonly open: boolean;
}

const scopeOf = ({ who }: Exchange) => ({ organization: who.organization, tenant: who.tenant });

/** Written one way: an empty one, ` ` or `1e3` is no index, though JavaScript makes a number of each. */
const written = z.string().regex(/^(0|[1-9][0-9]*)$/, 'expected a number in decimal digits');
const indexParams = z.strictObject({
  index: written.transform(Number).pipe(z.int().min(0)),
});

/** A tenant's own side: what it did, and what proves it. */
const tenantRoutes = ({ explorer, log }: LedgerRouteParts): Route[] => [
  route({
    method: 'GET',
    path: '/v1/requests',
    action: 'request:list',
    summary: 'List exchanges, newest first',
    seals: 'aggregate',
    query: pageQuery,
    reply: page(requestRecord),
    async handle({ query: { limit, cursor }, exchange }) {
      const before = cursor === undefined ? undefined : uuidOf(cursorOf(cursor));
      const data = await explorer.requests(scopeOf(exchange), limit, before);
      return { data, next_cursor: data.length === limit ? (data.at(-1)?.id ?? null) : null };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/requests/:id',
    action: 'request:read',
    summary: 'Read one exchange, with what each step decided and how long it took',
    seals: 'aggregate',
    params: z.strictObject({ id: id('request') }),
    reply: requestRecord,
    resource: ({ params }) => `request/${(params as { id: string }).id}`,
    handle: ({ params, exchange }) => explorer.request(scopeOf(exchange), uuidOf(params.id)),
  }),
  rawRoute({
    method: 'GET',
    path: '/v1/ledger/entries/:index/proof',
    action: 'entry:prove',
    summary: 'Proof that an entry is in the log (C2SP tlog-proof)',
    seals: 'aggregate',
    params: indexParams,
    async handle({ params: { index }, exchange }) {
      if (!(await explorer.has(scopeOf(exchange), index))) throw new Fault('not-found');
      return { contentType: 'text/plain; charset=utf-8', bytes: Buffer.from(await log.proof(index)) };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/ledger/entries/:index/opening',
    action: 'entry:open',
    summary: 'What opens an entry: its text and its salt',
    seals: 'each',
    params: indexParams,
    reply: opening,
    resource: ({ params }) => `entry/${(params as { index: number }).index}`,
    async handle({ params: { index }, exchange }) {
      const { entry, salt, fields } = await explorer.entryAt(scopeOf(exchange), index);
      const named = Object.entries(fields).map(([name, { value, salt: own }]) => [
        name,
        { value, salt: own.toString('base64') },
      ]);
      return {
        entry,
        salt: salt.toString('base64'),
        ...(named.length > 0 && { fields: Object.fromEntries(named) }),
      };
    },
  }),
];

/** The log as tlog-tiles serves it: the newest under /ledger, each by its number under /ledger/logs. */
const publicRoutes = ({ log, open }: LedgerRouteParts): Route[] =>
  ['/ledger', '/ledger/logs/:log'].flatMap((prefix) => {
    const params = z.strictObject({
      log: written.transform(Number).pipe(z.int32().min(1)).optional(),
    });
    const action = open ? 'open' : 'ledger:read';
    return [
      rawRoute({
        method: 'GET',
        path: `${prefix}/checkpoint`,
        action,
        summary: 'The signed head of the log',
        seals: 'none',
        params,
        handle: async ({ params: { log: number } }) => ({
          contentType: 'text/plain; charset=utf-8',
          bytes: Buffer.from(await log.checkpoint(number)),
          headers: brief,
        }),
      }),
      rawRoute({
        method: 'GET',
        path: `${prefix}/tile/*`,
        action,
        summary: 'A tile of hashes, or of entries, as commitments',
        seals: 'none',
        params: params.extend({ '*': z.string().max(100) }),
        async handle({ params: { log: number, '*': path } }) {
          const { bytes } = await log.tile(path, number);
          // What a tile of a width holds never changes, also when the tile goes on growing.
          return { contentType: 'application/octet-stream', bytes, headers: immutable };
        },
      }),
    ];
  });

function cursorOf(cursor: string) {
  const parsed = id('request').safeParse(cursor);
  if (!parsed.success)
    throw new Fault('input-invalid', { detail: 'query.cursor: not a cursor of this list.', param: 'cursor' });
  return idOf('request', uuidOf(parsed.data));
}

/** Every route of the ledger. */
export const ledgerRoutes = (parts: LedgerRouteParts): Route[] => [
  ...tenantRoutes(parts),
  ...publicRoutes(parts),
];
