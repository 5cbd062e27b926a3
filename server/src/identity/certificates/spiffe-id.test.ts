import { expect, it } from 'vitest';
import { readSpiffeId } from './spiffe-id.ts';

it('reads who a workload is', () => {
  expect(readSpiffeId('spiffe://prod.example.org/ns/agents/sa/reader')).toEqual({
    trustDomain: 'prod.example.org',
    path: '/ns/agents/sa/reader',
  });
});

it.each([
  '',
  'spiffe://',
  'spiffe://example.org',
  'spiffe://example.org/',
  'spiffe://example.org//a',
  'spiffe://example.org/a/',
  'spiffe://example.org/a/../b',
  'spiffe://example.org/./b',
  'spiffe://example.org/%61',
  'spiffe://example.org/a?x=1',
  'spiffe://example.org/a#x',
  'spiffe://example.org:443/a',
  'spiffe://user@example.org/a',
  'spiffe://Example.org/a',
  'SPIFFE://example.org/a',
  'spiffe:///a',
  'https://example.org/a',
  'spiffe://example.org/a\n',
  'spiffe://exämple.org/a',
  `spiffe://${'a'.repeat(256)}/a`,
  `spiffe://example.org/${'a'.repeat(2_048)}`,
])('takes %j for no id, since two readers could take it for two', (uri) => {
  expect(readSpiffeId(uri)).toBeUndefined();
});
