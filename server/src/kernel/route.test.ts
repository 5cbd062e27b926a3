import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openRoute, route } from './route.ts';

/** Everything that a room may say of a route, each to be told from any other. */
const said = {
  method: 'POST' as const,
  path: '/x/:id',
  summary: 'For this test',
  params: z.strictObject({ id: z.string() }),
  query: z.strictObject({}),
  body: z.strictObject({}),
  reply: z.strictObject({}),
  content: { input: () => [], output: () => [], replace: (body: unknown) => body },
  validated: () => ['/password'],
  resource: () => 'a resource',
  belongsTo: () => 'organization' as const,
  holds: () => 7,
  bodyBytes: 9,
};

describe('a route', () => {
  it('keeps all that is said of it: what is lost would be judged, sealed or permitted as if nobody had said it', () => {
    const made = route({ ...said, action: 'x:do', seals: 'each', handle: async () => ({}) });
    expect(made).toMatchObject({ ...said, action: 'x:do', seals: 'each', api: 'vallum' });
    expect(made).not.toHaveProperty('handle');
  });

  it('that is open does too, and needs no credential for its answer', () => {
    const made = openRoute({ ...said, handle: async () => ({}) });
    expect(made).toMatchObject({ ...said, action: 'open', seals: 'none', api: 'vallum' });
  });
});
