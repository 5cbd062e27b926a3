import type { OrganizationId } from '@vallum/contract';
import type { Caller, Clock } from '../../kernel/index.ts';
import { type AddressLists, refusedBy } from './lists.ts';
import type { ListEntry, ListStore, OrganizationLists } from './ports.ts';
import { createRangeBuilder, type Ranges } from './ranges.ts';
import type { RefuseAddress } from './refusal.ts';

interface Believed {
  /** Undefined where the organization has no list. */
  readonly lists: AddressLists | undefined;
  readonly untilMs: number;
}

/** How long lists are believed without asking again. Changes are felt sooner: everything that is believed is forgotten then. */
const believedMs = 60_000;
const organizationsKept = 10_000;

/** The lists that hold at a moment. */
export function listsAt(
  { allow, deny }: Pick<OrganizationLists, 'allow' | 'deny'>,
  nowMs: number,
): AddressLists {
  return {
    deny: rangesOf(deny, nowMs),
    // Also where all of it is over: a list that ends must not let everybody in.
    allow: allow.length > 0 ? rangesOf(allow, nowMs) : undefined,
    reputation: [],
    countries: undefined,
  };
}

const holds = ({ expiresAtMs }: ListEntry, nowMs: number): boolean =>
  expiresAtMs === undefined || expiresAtMs > nowMs;

function rangesOf(entries: readonly ListEntry[], nowMs: number): Ranges {
  const builder = createRangeBuilder();
  for (const entry of entries) if (holds(entry, nowMs)) builder.add(entry.cidr);
  return builder.build();
}

/** When the first of the entries is over that still hold. */
function nextEnd({ allow, deny }: OrganizationLists, nowMs: number): number {
  let end = Number.POSITIVE_INFINITY;
  for (const { expiresAtMs } of [...allow, ...deny])
    if (expiresAtMs !== undefined && expiresAtMs > nowMs) end = Math.min(end, expiresAtMs);
  return end;
}

/** Holds callers to the lists of their organizations. */
export function createOrganizationLists(parts: {
  readonly store: Pick<ListStore, 'read'>;
  readonly clock: Clock;
  readonly refuse: RefuseAddress;
}) {
  const { store, clock, refuse } = parts;
  let known = new Map<OrganizationId, Believed>();
  let asked = new Map<OrganizationId, Promise<Believed>>();

  async function read(caller: Caller, to: typeof known): Promise<Believed> {
    const { organization, tenant } = caller;
    const found = await store.read({ organization, tenant });
    const now = clock.now();
    const some = found.allow.length + found.deny.length > 0;
    const believed = {
      lists: some ? listsAt(found, now) : undefined,
      untilMs: Math.min(now + believedMs, nextEnd(found, now)),
    };
    // What was asked before everything was forgotten is used by who asked, and kept by nobody.
    if (to !== known) return believed;
    if (known.size >= organizationsKept) known.clear();
    known.set(organization, believed);
    return believed;
  }

  /** All who wait for the same lists wait for one answer. */
  function ask(caller: Caller): Promise<Believed> {
    const { organization } = caller;
    const waiting = asked;
    const before = waiting.get(organization);
    if (before) return before;
    const reading = read(caller, known).finally(() => waiting.delete(organization));
    waiting.set(organization, reading);
    return reading;
  }

  function judge({ lists }: Believed, address: string): void {
    const list = lists && refusedBy(lists, address);
    if (list !== undefined) refuse(`organization:${list}`);
  }

  return {
    /** @throws Fault `address-refused` when a list of the caller's organization refuses the address; `unavailable` when nobody can say */
    check(caller: Caller, address: string): void | Promise<void> {
      const believed = known.get(caller.organization);
      if (!believed || believed.untilMs <= clock.now())
        return ask(caller).then((answer) => judge(answer, address));
      judge(believed, address);
    },
    /** Everything that is believed is asked for again. */
    forget(): void {
      known = new Map();
      asked = new Map();
    },
  };
}
