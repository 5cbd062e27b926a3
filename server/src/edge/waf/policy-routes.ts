import { newWafPolicy, wafPolicy, wafTarget } from '@vallum/contract';
import type { z } from 'zod';
import { Fault, type Route, route } from '../../kernel/index.ts';
import { effective, type WafPolicies } from './policies.ts';
import type { Modes } from './ports.ts';
import { ownerOf, type SettingRouteParts, targetOf } from './target.ts';
import type { Mode } from './verdict.ts';
import { wafChange } from './waf-change.ts';

interface PolicyRouteParts extends SettingRouteParts {
  readonly policies: Pick<WafPolicies, 'forget'>;
  /** What the deployment does where an organization has set nothing. */
  readonly mode: Mode;
}

/** What is done about findings: by organization, and by tenant where it is stricter. */
export function policyRoutes({
  settings,
  ledger,
  clock,
  policies,
  mode: deployment,
}: PolicyRouteParts): Route[] {
  type Target = ReturnType<typeof targetOf>;

  const read = async ({ scope }: Target): Promise<Modes> => {
    const found = await settings.read(scope);
    if (!found)
      throw new Fault('not-found', { detail: 'No such tenant in this organization.', param: 'tenant' });
    return found.modes;
  };

  const reply = ({ level, named }: Target, modes: Modes): z.input<typeof wafPolicy> => ({
    scope: level,
    tenant: named,
    mode: modes[level] ?? 'inherit',
    effective: effective(modes, deployment)[level],
  });

  return [
    route({
      method: 'GET',
      path: '/v1/waf/policy',
      action: 'waf:read',
      summary: 'What the WAF does about attacks, for a tenant or the organization',
      seals: 'aggregate',
      query: wafTarget,
      belongsTo: ({ query }) => ownerOf(query),
      reply: wafPolicy,
      async handle({ caller, query }) {
        const target = targetOf(caller, query);
        return reply(target, await read(target));
      },
    }),
    route({
      method: 'PUT',
      path: '/v1/waf/policy',
      action: 'waf:configure',
      summary: 'Set what the WAF does about attacks, for a tenant or the organization',
      seals: 'each',
      query: wafTarget,
      belongsTo: ({ query }) => ownerOf(query),
      body: newWafPolicy,
      reply: wafPolicy,
      async handle({ caller, query, body: { mode }, exchange }) {
        const target = targetOf(caller, query);
        const { level, named, scope } = target;
        const before = await read(target);
        const wanted = mode === 'inherit' ? undefined : mode;
        if (before[level] === wanted) return reply(target, before);
        if (
          level === 'tenant' &&
          wanted === 'detect' &&
          effective(before, deployment).organization === 'block'
        )
          throw new Fault('conflict', {
            param: 'mode',
            detail:
              "body.mode: the organization's mode is block, and a tenant's may not be weaker. Set the organization's first, with scope=organization.",
          });
        const entry = wafChange(exchange, clock, {
          after: { mode },
          before: { mode: before[level] ?? 'inherit', scope: level, tenant: named },
          type: 'waf.mode-changed',
        });
        // What restricts is done at once; anything else is on record first.
        if (wanted === 'block') await ledger.journal(entry);
        else await ledger.append(entry);
        await settings.setMode(scope, level, wanted);
        policies.forget();
        return reply(target, { ...before, [level]: wanted });
      },
    }),
  ];
}
