import type { OrganizationId, TenantId } from '@vallum/contract';
import { expect, it } from 'vitest';
import { createPlaces } from './places.ts';
import { handClock, organization, otherTenant, tenant } from './testing/test-issuer.ts';

const foreign: OrganizationId = 'org_00000000-0000-7000-8000-000000000009';

function setUp(bootstrapped = true) {
  const state = { asked: 0, first: bootstrapped ? organization : undefined };
  const clock = handClock();
  const places = createPlaces(
    {
      firstOrganization: async () => state.first,
      async tenant(scope: { organization: OrganizationId; tenant: TenantId }) {
        state.asked += 1;
        const isThere = scope.organization === organization && scope.tenant === tenant;
        return isThere ? { id: tenant, name: 'acme', environment: 'staging', createdAt: '' } : undefined;
      },
    },
    clock,
  );
  const find = (of: OrganizationId | undefined, named = tenant) =>
    places.find({ organization: of, tenant: named });
  return { find, state, clock };
}

it('finds a tenant in the organization that is given, or in the first, and asks again after a minute', async () => {
  const { find, state, clock } = setUp();
  for (const of of [undefined, organization])
    expect(await find(of)).toMatchObject({ organization, environment: 'staging' });
  expect(state.asked).toBe(1);
  clock.pass(60_000);
  await find(undefined);
  expect(state.asked).toBe(2);
});

it("finds nothing in another organization, and no tenant of another: what is kept of one is not the other's", async () => {
  const { find } = setUp();
  await find(organization);
  expect(await find(foreign)).toBeUndefined();
  expect(await find(organization, otherTenant)).toBeUndefined();
});

it('finds nothing before there is an organization, and the first one then', async () => {
  const { find, state } = setUp(false);
  expect(await find(undefined)).toBeUndefined();
  state.first = organization;
  expect(await find(undefined)).toMatchObject({ organization });
});
