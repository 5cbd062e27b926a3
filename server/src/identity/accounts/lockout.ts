import { createHmac } from 'node:crypto';
import type { AttemptLimits } from './ports.ts';

const second = 1_000;
const minute = 60 * second;

/**
 * How often passwords may be tried. Of one account: five times, then after 1, 2, 4 … seconds and at last every 15 minutes, which is 96 guesses a day; tries while it is locked neither count nor
 * prolong it, so that nobody can keep an account locked without hitting the moment when it opens, and passkeys open it meanwhile. Over all accounts: 20 tries that fail in ten minutes from one
 * network (an IPv4 /24, an IPv6 /64), and 3 while all networks together have more than 200, as when a password is sprayed from many. What succeeds does not count.
 */
export const attemptLimits: AttemptLimits = {
  ofNetwork: 20,
  ofNetworkInSpray: 3,
  spray: 200,
  windowMs: 10 * minute,
  free: 4,
  firstLockMs: second,
  longestLockMs: 15 * minute,
};

/** When the window began that a time is in. */
export const windowOf = (nowMs: number, { windowMs }: AttemptLimits): number => nowMs - (nowMs % windowMs);

/** The network of an address: neighbours in it belong to one who sprays. */
export function networkOf(address: string): string {
  const v4 = /(?:^|:)(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}$/.exec(address)?.[1];
  if (v4 !== undefined) return v4;
  const [head = '', tail] = address.toLowerCase().split('%', 1).join('').split('::');
  const groups = head.split(':').filter(Boolean);
  const after = tail?.split(':').filter(Boolean) ?? [];
  const middle = Array.from({ length: Math.max(0, 8 - groups.length - after.length) }, () => '0');
  const whole = tail === undefined ? groups : [...groups, ...middle, ...after];
  return whole
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}

/** What is stored of a network: addresses are personal. */
export const hashNetwork = (pepper: Buffer, network: string): Buffer =>
  createHmac('sha256', pepper).update(`network ${network}`).digest();
