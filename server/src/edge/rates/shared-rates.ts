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

/** The rates that hold one caller. */
interface Rated {
  readonly limit: number;
  readonly own: Allowance;
  readonly ceiling: Allowance | undefined;
  /** For the header of that name. */
  readonly policy: string;
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
  /** By caller, as whoever authenticates them keeps them: so that a request makes no name of its own. */
  const known = new WeakMap<Caller, Rated>();

  function allowance({ organization, tenant }: Caller, uuid: string): Allowance {
    const name = `${tenant} ${uuid}`;
    const kept = allowances.get(name);
    if (kept) return kept;
    const made = new Allowance(store, clock, { organization, tenant }, uuid);
    allowances.set(name, made);
    forgetOldest(allowances, namesKept);
    return made;
  }

  function ratedOf(caller: Caller): Rated {
    const kept = known.get(caller);
    if (kept) return kept;
    const limit = caller.ratePerMinute;
    const tenants = perTenant === undefined ? '' : `, "tenant";q=${perTenant};w=60`;
    const rated = {
      limit,
      own: allowance(caller, uuidOf(caller.principal.id)),
      ceiling: perTenant === undefined ? undefined : allowance(caller, wholeTenant),
      policy: `"key";q=${limit};w=60${tenants}`,
    };
    known.set(caller, rated);
    return rated;
  }

  function announce(x: Exchange, { policy, own, ceiling }: Rated, now: number): void {
    const state = `"key";r=${own.left};t=${own.secondsToMore(now)}`;
    x.carry({
      'ratelimit-policy': policy,
      ratelimit: ceiling ? `${state}, "tenant";r=${ceiling.left};t=${ceiling.secondsToMore(now)}` : state,
    });
  }

  const refused = (whose: string, limit: number, by: Allowance, now: number): Fault =>
    new Fault('rate-limited', {
      detail: `This ${whose} may make ${limit} requests a minute.`,
      retryAfterSeconds: by.secondsToMore(now),
    });

  /** @returns false when one of them must be asked for more */
  function decide(x: Exchange, rated: Rated): boolean {
    const { own, ceiling } = rated;
    const now = clock.micros();
    const taken = own.take(now);
    if (taken === undefined) return false;
    const also = taken && ceiling ? ceiling.take(now) : true;
    if (also !== true) own.putBack();
    if (also === undefined) return false;
    announce(x, rated, now);
    if (!taken) throw refused('key', rated.limit, own, now);
    if (!also && ceiling) throw refused('tenant', perTenant ?? 0, ceiling, now);
    return true;
  }

  async function decideLater(x: Exchange, rated: Rated): Promise<void> {
    const { own, ceiling, limit } = rated;
    do await (own.needs(clock.micros()) ? own.ask(limit) : ceiling?.ask(perTenant ?? 0));
    while (!decide(x, rated));
  }

  return {
    take(x) {
      const rated = ratedOf(x.who);
      return decide(x, rated) ? undefined : decideLater(x, rated);
    },
  };
}
