import { idOf } from '@vallum/contract';
import { type Caller, Exchange, newId } from '../../../kernel/index.ts';
import { refusing } from '../../unreadable.ts';

const uuid = (number: number): string => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;

export const callerOf = (ratePerMinute: number, key = 1, tenant = 1): Caller => ({
  principal: { type: 'service', id: idOf('key', uuid(key)) },
  organization: idOf('organization', uuid(1)),
  tenant: idOf('tenant', uuid(tenant)),
  environment: 'production',
  scopes: [],
  roles: [],
  credential: { kind: 'key', id: idOf('key', uuid(key)) },
  ratePerMinute,
});

/** An exchange of a caller who has been authenticated, or of nobody. */
export function exchangeOf(caller: Caller | undefined, address = '192.0.2.1'): Exchange {
  const x = new Exchange(newId('request', 1_800_000_000_000), 1_800_000_000_000, refusing('internal', ''), {
    method: 'GET',
    path: '/',
    query: '',
    params: {},
    headers: {},
    rawHeaders: [],
    address,
    body: async () => Buffer.alloc(0),
  });
  x.caller = caller;
  return x;
}
