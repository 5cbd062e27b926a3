import { addressLists, newAddressLists } from '@vallum/contract';
import type { z } from 'zod';
import { type Clock, changeEntry, Fault, type LedgerAppend, type Route, route } from '../../kernel/index.ts';
import { refusedBy } from './lists.ts';
import { loosens } from './loosens.ts';
import { listsAt } from './organization-lists.ts';
import type { ListEntry, ListStore, OrganizationLists } from './ports.ts';
import { cidrProblem } from './ranges.ts';

interface AddressRouteParts {
  readonly store: ListStore;
  readonly ledger: LedgerAppend;
  readonly clock: Clock;
}

type Lists = Pick<OrganizationLists, 'allow' | 'deny'>;
type GivenLists = z.output<typeof newAddressLists>;

const entryReply = ({ cidr, expiresAtMs, note }: ListEntry) => ({
  cidr,
  expires_at: expiresAtMs === undefined ? null : new Date(expiresAtMs).toISOString(),
  note: note ?? null,
});

const reply = ({ allow, deny, updatedAt }: OrganizationLists): z.input<typeof addressLists> => ({
  allow: allow.map(entryReply),
  deny: deny.map(entryReply),
  updated_at: updatedAt ?? null,
});

/** The lists of a request. @throws Fault `input-invalid` with the place of what is wrong */
function listsIn(given: GivenLists, nowMs: number): Lists {
  const read = (list: 'allow' | 'deny'): ListEntry[] =>
    given[list].map(({ cidr, expires_at: expiresAt, note }, index) => {
      const wrong = (member: string, what: string): Fault =>
        new Fault('input-invalid', {
          detail: `body.${list}.${index}.${member}: ${what}.`,
          param: `${list}.${index}.${member}`,
        });
      const problem = cidrProblem(cidr);
      if (problem) throw wrong('cidr', problem);
      const expiresAtMs = expiresAt ? Date.parse(expiresAt) : undefined;
      if (expiresAtMs !== undefined && expiresAtMs <= nowMs) throw wrong('expires_at', 'lies in the past');
      return { cidr, expiresAtMs, note: note || undefined };
    });
  const lists = { allow: read('allow'), deny: read('deny') };
  if (lists.allow.length > 0 && lists.allow.every(({ expiresAtMs }) => expiresAtMs !== undefined))
    throw new Fault('input-invalid', {
      detail:
        'body.allow: every entry expires, after which nobody could come in any more, nor change this. Give one of them no expires_at.',
      param: 'allow',
    });
  return lists;
}

/** The address lists of an organization. Every change is in the ledger. */
export const addressRoutes = ({ store, ledger, clock }: AddressRouteParts): Route[] => [
  route({
    method: 'GET',
    path: '/v1/addresses',
    action: 'address:read',
    summary: "Read the lists of addresses from which the organization's credentials may be used",
    seals: 'aggregate',
    reply: addressLists,
    handle: async ({ caller: { organization, tenant } }) => reply(await store.read({ organization, tenant })),
  }),
  route({
    method: 'PUT',
    path: '/v1/addresses',
    action: 'address:configure',
    summary: "Replace the lists of addresses from which the organization's credentials may be used",
    seals: 'each',
    body: newAddressLists,
    reply: addressLists,
    async handle({ caller: { organization, tenant }, body, exchange }) {
      const now = clock.now();
      const after = listsIn(body, now);
      if (refusedBy(listsAt(after, now), exchange.arrival.address) !== undefined)
        throw new Fault('conflict', {
          detail:
            'These lists would refuse the address that this request comes from, and you with it. Add it to allow, take it out of deny, or call from where you mean to stay.',
        });
      const before = await store.read({ organization, tenant });
      const entry = changeEntry(
        exchange,
        clock,
        {
          after: { allow: after.allow.length, deny: after.deny.length },
          before: { allow: before.allow.length, deny: before.deny.length },
          type: 'addresses.replaced',
        },
        // Addresses may be of people, and notes say anything.
        { before: textOf(before), after: textOf(after) },
      );
      // What loosens is on record before it is done; what only restricts is on this machine's disk first, and in the ledger as soon as it answers.
      if (loosens(before, after)) await ledger.append(entry);
      else await ledger.journal(entry);
      const replaced = await store.replace({ organization, tenant }, after, before.version);
      if (!replaced)
        throw new Fault('conflict', {
          detail: 'Somebody else has changed the lists meanwhile: read them again.',
        });
      return reply(replaced);
    },
  }),
];

const textOf = ({ allow, deny }: Lists): string =>
  JSON.stringify({ allow: allow.map(entryReply), deny: deny.map(entryReply) });
