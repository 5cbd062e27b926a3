import { canonical, type Json, ledgerEntry } from '@vallum/contract';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Exchange, newId, type Route } from '../kernel/index.ts';
import { intentOf, outcomeOf, refusalOf } from './exchange-entry.ts';

const route = { method: 'POST', path: '/v1/x', action: 'model:invoke' } as Route;
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const exchanges = fc
  .record({
    resource: text,
    reasons: fc.array(fc.record({ by: text, code: text, text }, { requiredKeys: ['by', 'code'] })),
    usage: fc.boolean(),
  })
  .map(({ resource, reasons, usage }) => {
    const x = new Exchange(newId('request', 1_800_000_000_000), 1_800_000_000_000, route, {} as never);
    x.caller = {
      principal: { type: 'service', id: newId('key', 1) },
      organization: newId('organization', 1),
      tenant: newId('tenant', 1),
      environment: 'production',
      scopes: [],
      roles: [],
      credential: { kind: 'key', id: 'key_1' },
      ratePerMinute: 1,
    };
    x.resource = resource;
    if (reasons.length > 0) x.judge('restrict', ...reasons);
    if (usage) x.usage = { inputTokens: 3, outputTokens: 4, estimated: true };
    x.steps.push({ name: 'edge.screen', micros: 12, decision: 'allow' });
    return x;
  });

it('is, as text, what canonical JSON makes of it as an object, and what the schema allows', () => {
  fc.assert(
    fc.property(exchanges, (x) => {
      const entries = [
        intentOf(x),
        outcomeOf(x, 1_800_000_000_123, 'complete', 200),
        outcomeOf(x, 1_800_000_000_123, 'failed', undefined, 'unavailable'),
        refusalOf(x, 'policy-denied', 403),
      ];
      for (const { entry, text: written, trace } of entries) {
        expect(written).toBe(canonical(entry as Json));
        expect(ledgerEntry.parse(JSON.parse(written ?? ''))).toEqual(entry);
        expect(JSON.parse(trace ?? '')).toMatchObject({
          method: 'POST',
          path: '/v1/x',
          steps: [{ name: 'edge.screen', micros: 12 }],
        });
      }
    }),
  );
});

it('holds what others call its principal as a commitment alone, in the entry that comes first', () => {
  const name = 'jane@example.org';
  fc.assert(
    fc.property(exchanges, (x) => {
      x.caller = { ...x.who, subject: { issuer: 'https://login.example.org', name } };
      for (const { entry, text: written, fields } of [intentOf(x), refusalOf(x, 'policy-denied', 403)]) {
        expect(fields).toEqual([
          { name: 'subject', value: `{"issuer":"https://login.example.org","name":"${name}"}` },
        ]);
        expect(JSON.stringify(entry) + written).not.toContain(name);
      }
      expect(outcomeOf(x, 1_800_000_000_123, 'complete', 200).fields).toBeUndefined();
    }),
  );
});
