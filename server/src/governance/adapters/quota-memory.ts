import type { TenantId } from '@vallum/contract';
import { type Clock, Fault, type Quota } from '../../kernel/index.ts';

const minuteMs = 60_000;

/**
 * Tokens per tenant and calendar minute, in this process. Settled and held together never exceed the limit at admission; what a provider uses beyond its hold is
 * settled too, and so counts against the rest of the minute.
 */
export function memoryQuota({ clock, tokensPerMinute }: { clock: Clock; tokensPerMinute: number }): Quota {
  const accounts = new Map<TenantId, { minute: number; settled: number; held: number }>();

  return {
    hold({ tenant, tokens }) {
      const now = clock.now();
      const minute = now - (now % minuteMs);
      const account = accounts.get(tenant) ?? { minute, settled: 0, held: 0 };
      accounts.set(tenant, account);
      if (account.minute !== minute) {
        account.minute = minute;
        account.settled = 0;
      }
      if (account.settled + account.held + tokens > tokensPerMinute) {
        throw new Fault('quota-exhausted', {
          detail: `This tenant may use ${tokensPerMinute} tokens a minute; ${tokens} more would be too many.`,
          retryAfterSeconds: Math.ceil((minute + minuteMs - now) / 1000),
        });
      }
      account.held += tokens;
      let open = true;
      return {
        settle(used) {
          if (!open) return;
          open = false;
          account.held -= tokens;
          account.settled += used;
        },
      };
    },
  };
}
