import { id, newWafException, page, wafException, wafExceptionsQuery, wafTarget } from '@vallum/contract';
import { z } from 'zod';
import { Fault, newId, type Route, route } from '../../kernel/index.ts';
import type { WafPolicies } from './policies.ts';
import type { KeptException } from './ports.ts';
import { ownerOf, type SettingRouteParts, targetOf } from './target.ts';
import type { Waf } from './waf.ts';
import { wafChange } from './waf-change.ts';

interface ExceptionRouteParts extends SettingRouteParts {
  readonly policies: Pick<WafPolicies, 'forget'>;
  readonly waf: Pick<Waf, 'knows'>;
  /** Whether a route of the API has this path. */
  readonly isRoute: (pattern: string) => boolean;
}

const longestDays = 90;
const longestMs = longestDays * 86_400_000;
/** In force at a time, for each tenant and for the organization: each finding is held against all of them. */
const mostExceptions = 100;

/** What the WAF lets pass for a while. */
export function exceptionRoutes(parts: ExceptionRouteParts): Route[] {
  const { settings, ledger, clock, policies, waf, isRoute } = parts;
  type Target = ReturnType<typeof targetOf>;

  const replyFor = (
    { level, named }: Target,
    { id: exceptionId, rule, family, route: pattern, reason, createdAt, untilMs }: KeptException,
  ): z.input<typeof wafException> => ({
    id: exceptionId,
    scope: level,
    tenant: named,
    rule: rule ?? null,
    family: family ?? null,
    route: pattern ?? null,
    reason,
    created_at: createdAt,
    expires_at: new Date(untilMs).toISOString(),
  });

  async function mustBeThere({ scope }: Target): Promise<void> {
    if (!(await settings.read(scope)))
      throw new Fault('not-found', { detail: 'No such tenant in this organization.', param: 'tenant' });
  }

  /** @throws Fault for one that could never do what is meant */
  function check({ rule, family, route: pattern, expires_at }: z.output<typeof newWafException>): number {
    const wrong = (param: string, detail: string): Fault =>
      new Fault('input-invalid', { param, detail: `body.${param}: ${detail}` });
    if (!waf.knows({ rule }))
      throw wrong('rule', 'there is no such rule. The reasons of a refusal name them.');
    if (!waf.knows({ family })) throw wrong('family', 'there is no such family of rules.');
    if (pattern !== undefined && !isRoute(pattern))
      throw wrong('route', 'there is no such route. Write it as the API lists it, such as /v1/keys/:id.');
    const untilMs = Date.parse(expires_at);
    const now = clock.now();
    if (untilMs <= now) throw wrong('expires_at', 'lies in the past.');
    if (untilMs > now + longestMs) throw wrong('expires_at', `lies more than ${longestDays} days ahead.`);
    return untilMs;
  }

  return [
    route({
      method: 'GET',
      path: '/v1/waf/exceptions',
      action: 'waf:read',
      summary: "List what the WAF lets pass, a tenant's or the organization's, newest first",
      seals: 'aggregate',
      query: wafExceptionsQuery,
      belongsTo: ({ query }) => ownerOf(query),
      reply: page(wafException),
      async handle({ caller, query: { limit, cursor, ...query } }) {
        const target = targetOf(caller, query);
        const found = await settings.exceptions(target.scope, target.level, limit, cursor);
        const next = found.length === limit ? (found.at(-1)?.id ?? null) : null;
        return { data: found.map((each) => replyFor(target, each)), next_cursor: next };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/waf/exceptions',
      action: 'waf:configure',
      summary: 'Let a rule or a family of rules of the WAF pass, for at most 90 days',
      seals: 'each',
      status: 201,
      body: newWafException,
      belongsTo: ({ body }) => ownerOf(body),
      reply: wafException,
      async handle({ caller, body, exchange }) {
        const untilMs = check(body);
        const target = targetOf(caller, body);
        await mustBeThere(target);
        const { rule, family, route: pattern, reason } = body;
        const made = {
          id: newId('exception', clock.now()),
          level: target.level,
          reason,
          untilMs,
          ...(rule !== undefined && { rule }),
          ...(family !== undefined && { family }),
          ...(pattern !== undefined && { route: pattern }),
        };
        const after = {
          expires_at: new Date(untilMs).toISOString(),
          family: family ?? null,
          id: made.id,
          route: pattern ?? null,
          rule: rule ?? null,
          scope: target.level,
          tenant: target.named,
        };
        // What loosens is on record before it is done.
        await ledger.append(wafChange(exchange, clock, { after, type: 'waf.exception-created' }, reason));
        const added = await settings.addException(target.scope, made, mostExceptions);
        if (!added)
          throw new Fault('conflict', {
            detail: `There are ${mostExceptions} exceptions in force already. Delete one that is not needed.`,
          });
        policies.forget();
        return replyFor(target, added);
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/waf/exceptions/:id',
      action: 'waf:configure',
      summary: 'End an exception of the WAF',
      seals: 'each',
      params: z.strictObject({ id: id('exception') }),
      query: wafTarget,
      belongsTo: ({ query }) => ownerOf(query),
      reply: wafException,
      resource: ({ params }) => `waf-exception/${(params as { id: string }).id}`,
      async handle({ caller, params, query, exchange }) {
        const target = targetOf(caller, query);
        const before = await settings.exception(target.scope, target.level, params.id);
        if (!before) throw new Fault('not-found');
        // What restricts is done at once: on record on this machine's disk first, in the ledger as soon as it answers.
        await ledger.journal(
          wafChange(exchange, clock, {
            after: { deleted: true },
            before: { deleted: false, id: before.id },
            type: 'waf.exception-deleted',
          }),
        );
        await settings.removeException(target.scope, target.level, before.id);
        policies.forget();
        return replyFor(target, before);
      },
    }),
  ];
}
