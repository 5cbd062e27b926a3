import type { ListEntry, OrganizationLists } from './ports.ts';

type Lists = Pick<OrganizationLists, 'allow' | 'deny'>;

const endOf = ({ expiresAtMs }: ListEntry): number => expiresAtMs ?? Number.POSITIVE_INFINITY;

/** Whether each of these entries is among those, for as long at least. */
function isWithin(entries: readonly ListEntry[], those: readonly ListEntry[]): boolean {
  const ends = new Map<string, number>();
  for (const entry of those) ends.set(entry.cidr, Math.max(ends.get(entry.cidr) ?? 0, endOf(entry)));
  return entries.every((entry) => (ends.get(entry.cidr) ?? -1) >= endOf(entry));
}

/** Whether a change may let somebody in who was refused. Entry by entry, so that what cannot be told for sure counts as loosening. */
export function loosens(before: Lists, after: Lists): boolean {
  if (!isWithin(before.deny, after.deny)) return true;
  if (before.allow.length === 0) return false;
  return after.allow.length === 0 || !isWithin(after.allow, before.allow);
}
