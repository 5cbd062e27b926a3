import { describe, expect, it } from 'vitest';
import type { HeadInput } from './input.ts';
import { protocolFindings } from './protocol.ts';

const rules = ({ headers = [], ...head }: Partial<HeadInput> & { headers?: string[] }): string[] =>
  protocolFindings({
    method: 'GET',
    path: '/v1/agents',
    query: '',
    rawHeaders: ['Host', 'localhost:8000', ...headers],
    ...head,
  }).map(({ rule }) => rule);
const post = (...headers: string[]): string[] =>
  rules({ method: 'POST', headers: ['Content-Length', '12', ...headers] });

describe('a request that is well formed', () => {
  it.each<[string, Parameters<typeof rules>[0]]>([
    ['to read', {}],
    ['with a query', { query: 'q=a%20b&tag=%C3%A9&x=%F0%9F%98%80' }],
    ['by address', { rawHeaders: ['host', '[::1]:8000'] }],
    ['with no Host, as an old load balancer asks', { rawHeaders: [] }],
    [
      'to write',
      { method: 'POST', headers: ['content-type', 'application/json; charset=utf-8', 'content-length', '2'] },
    ],
    [
      'in pieces',
      { method: 'POST', headers: ['content-type', 'application/json', 'transfer-encoding', 'chunked'] },
    ],
    [
      'in parts',
      {
        method: 'POST',
        headers: ['content-type', 'multipart/form-data; boundary=----x1', 'content-length', '2'],
      },
    ],
    ['for a range', { headers: ['range', 'bytes=0-99, 200-, -5'] }],
    ['to delete, without a body', { method: 'DELETE', headers: ['content-length', '0'] }],
    ['with two headers of one name that may come twice', { headers: ['accept', 'a/b', 'accept', 'c/d'] }],
  ])('%s has nothing wrong', (_, head) => {
    expect(rules(head)).toEqual([]);
  });
});

describe('a request is refused for', () => {
  it.each<[string, string[], string]>([
    ['a method nobody has', rules({ method: 'TRACE' }), 'protocol-method'],
    ['a method in small letters', rules({ method: 'get' }), 'protocol-method'],
    ['a Host with a path in it', rules({ rawHeaders: ['host', 'a.example/x'] }), 'protocol-host'],
    ['a Host with a user in it', rules({ rawHeaders: ['host', 'a@b.example'] }), 'protocol-host'],
    ['two Hosts', rules({ headers: ['host', 'evil.example'] }), 'protocol-header-twice'],
    [
      'two credentials',
      rules({ headers: ['Authorization', 'a', 'authorization', 'b'] }),
      'protocol-header-twice',
    ],
    [
      'a header that changes the method',
      rules({ headers: ['x-http-method-override', 'DELETE'] }),
      'protocol-header-forbidden',
    ],
    [
      'a header that changes the path',
      rules({ headers: ['x-original-url', '/admin'] }),
      'protocol-header-forbidden',
    ],
    ['httpoxy', rules({ headers: ['proxy', 'http://evil.example'] }), 'protocol-header-forbidden'],
    ['a control character in a header', rules({ headers: ['x-a', 'b\u0001'] }), 'protocol-header-value'],
    ['a length that is none', post('content-length', '+12'), 'protocol-length'],
    [
      'a length and pieces',
      post('content-type', 'application/json', 'transfer-encoding', 'chunked'),
      'protocol-length',
    ],
    [
      'an encoding of the transfer',
      rules({ method: 'POST', headers: ['transfer-encoding', 'gzip, chunked'] }),
      'protocol-transfer-encoding',
    ],
    ['a body where there is none', rules({ headers: ['content-length', '3'] }), 'protocol-body-with-get'],
    ['a body of no type', post(), 'protocol-body-type'],
    ['a type that is none', post('content-type', 'json'), 'protocol-content-type'],
    ['another charset', post('content-type', 'application/json; charset=utf-7'), 'protocol-charset'],
    [
      'two charsets',
      post('content-type', 'application/json; charset=utf-8; charset=utf-16'),
      'protocol-charset',
    ],
    [
      'a boundary that hides a type',
      post('content-type', 'text/plain; boundary="application/json"'),
      'protocol-boundary',
    ],
    [
      'a compressed body',
      post('content-type', 'application/json', 'content-encoding', 'gzip'),
      'protocol-content-encoding',
    ],
    [
      'more ranges than anybody needs',
      rules({ headers: ['range', 'bytes=0-,0-,0-,0-,0-,0-'] }),
      'protocol-range',
    ],
    ['a range that ends before it begins', rules({ headers: ['range', 'bytes=9-1'] }), 'protocol-range'],
    [
      'a connection that is kept and closed',
      rules({ headers: ['connection', 'keep-alive, close'] }),
      'protocol-connection',
    ],
    ['a path that does not begin', rules({ path: 'v1' }), 'protocol-path'],
    ['a broken escape in the path', rules({ path: '/a%2' }), 'protocol-path'],
    ['a NUL in the path', rules({ path: '/a%00.json' }), 'protocol-path'],
    ['a broken escape in the query', rules({ query: 'a=%zz' }), 'protocol-query'],
    ['an escape of IIS', rules({ query: 'a=%u0041' }), 'protocol-query'],
    ['an overlong form', rules({ query: 'a=%c0%af' }), 'protocol-utf8'],
    ['a leftover of an editor', rules({ path: '/index.php~' }), 'protocol-leftover'],
    ['a database beside the code', rules({ path: '/dump%2esql' }), 'protocol-leftover'],
    [
      'an answer in another charset',
      rules({ headers: ['accept', 'text/html; charset=cp1026'] }),
      'protocol-accept',
    ],
  ])('%s', (_, found, rule) => {
    expect(found).toContain(rule);
  });
});
