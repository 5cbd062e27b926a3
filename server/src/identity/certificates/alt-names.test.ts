import { expect, it } from 'vitest';
import { urisOf } from './alt-names.ts';

it.each([
  ['', []],
  ['DNS:a.example, IP Address:127.0.0.1, URI:spiffe://a/b', ['spiffe://a/b']],
  ['URI:spiffe://a/b, URI:https://c', ['spiffe://a/b', 'https://c']],
  ['URI:"spiffe://a/b, URI:spiffe://evil/c", DNS:x', ['spiffe://a/b, URI:spiffe://evil/c']],
  ['DNS:"a, URI:spiffe://evil/c"', []],
  ['email:"\\"a\\", URI:spiffe://evil/c"@x', undefined],
  ['DNS:a,URI:spiffe://evil/c', undefined],
  ['URI:"spiffe://a/b', undefined],
  ['URI:"\\x"', undefined],
  ['spiffe://a/b', []],
] as const)('finds in %j the URIs %j', (text, uris) => {
  expect(urisOf(text)).toEqual(uris);
});
