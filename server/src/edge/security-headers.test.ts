import { describe, expect, it } from 'vitest';
import { securityHeaders } from './security-headers.ts';

/** A policy's directives. */
function directives(headers: Readonly<Record<string, string>>): Record<string, string> {
  const policy = headers['content-security-policy'] ?? '';
  return Object.fromEntries(
    policy.split('; ').map((each): [string, string] => {
      const [name = '', ...sources] = each.split(' ');
      return [name, sources.join(' ')];
    }),
  );
}
const page = 'text/html; charset=utf-8';
const data = 'application/json';

/* What Mozilla's HTTP Observatory looks at, test by test, and takes points for. */
describe.each([page, data])('a reply of type %s', (type) => {
  const headers = securityHeaders(true).of(type);

  it('has a policy without unsafe sources, wildcards or schemes, that begins with nothing', () => {
    const policy = directives(headers);
    expect(policy['default-src']).toBe("'none'");
    expect(policy['base-uri']).toBe("'none'");
    expect(policy['form-action']).toMatch(/^'(none|self)'$/);
    for (const sources of Object.values(policy)) expect(sources).toMatch(/^'(none|self)'$/);
  });

  it('is framed by nobody', () => {
    expect(directives(headers)['frame-ancestors']).toBe("'none'");
  });

  it('is asked for by HTTPS alone from then on, for at least half a year', () => {
    const seconds = Number(/^max-age=(\d+)$/.exec(headers['strict-transport-security'] ?? '')?.[1]);
    expect(seconds).toBeGreaterThanOrEqual(15_768_000);
  });

  it('is what it says, sends nobody where we come from, and is no part of other origins', () => {
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
    });
    expect(Object.keys(headers)).not.toContain('access-control-allow-origin');
  });
});

it('a page runs our scripts and nothing that stands in it; what is no page runs nothing', () => {
  const ofPage = directives(securityHeaders(false).of(page));
  for (const kind of ['script-src', 'style-src', 'connect-src', 'img-src'])
    expect(ofPage[kind]).toBe("'self'");
  expect(directives(securityHeaders(false).of(data))['script-src']).toBeUndefined();
});

it('nothing is promised about HTTPS where it is not spoken', () => {
  expect(securityHeaders(false).of(page)['strict-transport-security']).toBeUndefined();
});
