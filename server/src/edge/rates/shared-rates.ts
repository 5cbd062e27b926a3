import { uuidOf } from '@vallum/contract';
import { type Caller, type Clock, type Exchange, Fault } from '../../kernel/index.ts';
import { Allowance } from './allowance.ts';
import { forgetOldest } from './names.ts';
import type { RateStore } from './ports.ts';

interface SharedRatesParts {
  readonly store: RateStore;
  readonly clock: Clock;
  /** Requests that a tenant may make in a minute; as many as it likes where it is undefined. */
  readonly perTenant?: number | undefined;
  /** Rates that are kept in memory. Of one that is forgotten, what was in hand counts as used. */
  readonly namesKept?: number;
}

/** Under which a tenant's own rate is kept: an id that no principal has (RFC 9562, section 5.9). */
const wholeTenant = '00000000-0000-0000-0000-000000000000';

/** Holds callers to their rates, over all processes (ADR 11). */
export function createSharedRates({ store, clock, perTenant, namesKept = 100_000 }: SharedRatesParts): {
  /**
   * Takes one request, and says in the reply's headers what is left (draft-ietf-httpapi-ratelimit-headers).
   * @throws Fault `rate-limited` with the seconds until there is more, `unavailable` when nobody can say
   */
  take(x: Exchange): void | Promise<void>;
} {
  const allowances = new Map<string, Allowance>();
  /** By limit; there are few. */
  const policies = new Map<number, string>();

  function allowance({ organization, tenant }: Caller, uuid: string): Allowance {
    const name = `${tenant} ${uuid}`;
    const known = allowances.get(name);
    if (known) return known;
    const made = new Allowance(store, clock, { organization, tenant }, uuid);
    allowances.set(name, made);
    forgetOldest(allowances, namesKept);
    return made;
  }

  function policyOf(limit: number): string {
    const known = policies.get(limit);
    if (known !== undefined) return known;
    const tenants = perTenant === undefined ? '' : `, "tenant";q=${perTenant};w=60`;
    const policy = `"key";q=${limit};w=60${tenants}`;
    policies.set(limit, policy);
    forgetOldest(policies, namesKept);
    return policy;
  }

  function announce(x: Exchange, limit: number, now: number, own: Allowance, ceiling?: Allowance): void {
    const state = `"key";r=${own.left};t=${own.secondsToMore(now)}`;
    x.carry({
      'ratelimit-policy': policyOf(limit),
      ratelimit: ceiling ? `${state}, "tenant";r=${ceiling.left};t=${ceiling.secondsToMore(now)}` : state,
    });
  }

  const refused = (whose: string, limit: number, by: Allowance, now: number): Fault =>
    new Fault('rate-limited', {
      detail: `This ${whose} may make ${limit} requests a minute.`,
      retryAfterSeconds: by.secondsToMore(now),
    });

  /** @returns false when one of them must be asked for more */
  function decide(x: Exchange, limit: number, own: Allowance, ceiling: Allowance | undefined): boolean {
    const now = clock.micros();
    const taken = own.take(now);
    if (taken === undefined) return false;
    const also = taken && ceiling ? ceiling.take(now) : true;
    if (also !== true) own.putBack();
    if (also === undefined) return false;
    announce(x, limit, now, own, ceiling);
    if (!taken) throw refused('key', limit, own, now);
    if (!also && ceiling) throw refused('tenant', perTenant ?? 0, ceiling, now);
    return true;
  }

  async function decideLater(x: Exchange, limit: number, own: Allowance, ceiling: Allowance | undefined) {
    do {
      const now = clock.micros();
      await (own.needs(now) ? own.ask(limit) : ceiling?.ask(perTenant ?? 0));
    } while (!decide(x, limit, own, ceiling));
  }

  return {
    take(x) {
      const caller = x.who;
      const limit = caller.ratePerMinute;
      const own = allowance(caller, uuidOf(caller.principal.id));
      const ceiling = perTenant === undefined ? undefined : allowance(caller, wholeTenant);
      return decide(x, limit, own, ceiling) ? undefined : decideLater(x, limit, own, ceiling);
    },
  };
}
