import {
  type AssignmentId,
  assignment,
  id,
  newAssignment,
  page,
  pageQuery,
  type Role,
  role,
  roleDescription,
  type TenantId,
} from '@vallum/contract';
import { z } from 'zod';
import { type Caller, type Exchange, Fault, newId, type Route, route } from '../../kernel/index.ts';
import { changeEntry } from '../change.ts';
import type { Scope } from '../ports.ts';
import { mustBeAnother, mustBeOwnToGive } from './no-more-than-own.ts';
import type { Assignment, Holder } from './ports.ts';
import type { RoleRouteParts } from './routes.ts';

const assignmentReply = ({
  id: assignmentId,
  holder,
  role: held,
  tenant,
  origin,
  createdAt,
}: Assignment): z.input<typeof assignment> => ({
  id: assignmentId,
  principal: holder,
  role: held,
  tenant,
  origin,
  created_at: createdAt,
});

/** What the two kinds of holders differ in. */
interface Kind {
  readonly type: Holder['type'];
  readonly path: string;
  /** Whose its roles are, unless the request names a tenant: users belong to the organization, service accounts to a tenant. */
  readonly home: 'organization' | undefined;
}
const kinds: readonly Kind[] = [
  { type: 'user', path: '/v1/users', home: 'organization' },
  { type: 'service', path: '/v1/services', home: undefined },
];

const ofTenant = { tenant: id('tenant').optional() };
type OfTenant = { readonly tenant?: TenantId | undefined };
type OfRole = { readonly tenant?: TenantId | null | undefined };

const scopeOf = ({ organization, tenant }: Caller, of: TenantId | undefined): Scope => ({
  organization,
  tenant: of ?? tenant,
});

/** What each role allows, as the policies say. */
const describing = ({ rights }: RoleRouteParts): Route =>
  route({
    method: 'GET',
    path: '/v1/roles',
    action: 'role:list',
    summary: 'List the roles, each with what it allows',
    seals: 'aggregate',
    reply: z.strictObject({ data: z.array(roleDescription) }),
    async handle({ caller }) {
      return {
        data: role.options.map((each) => {
          const { tenant, organization } = rights.actionsOf(each, caller);
          return { role: each, tenant: [...tenant], organization: [...organization] };
        }),
      };
    },
  });

/** Who has which role: listed, given and taken away, for one kind of holder. */
function holding({ type, path, home }: Kind, parts: RoleRouteParts): Route[] {
  const { roles, directory, rights, ledger, clock } = parts;
  const params = z.strictObject({ id: id(type) });
  const one = z.strictObject({ id: id(type), assignment: id('assignment') });
  const holderOf = (given: string): Holder => ({ type, id: given }) as Holder;
  /** Named by the request, else where this kind of holder lives. */
  const ofQuery = ({ query }: Exchange) => (query as OfTenant).tenant ?? home;

  async function mustExist(scope: Scope, holder: Holder): Promise<void> {
    if (!(await roles.exists(scope, holder))) throw new Fault('not-found');
  }

  /** Where a new role is to hold: of users wherever that is, of service accounts in their own tenant or in all. */
  async function placeOf(caller: Caller, query: OfTenant, body: OfRole): Promise<TenantId | null> {
    if (body.tenant === null) return null;
    const own = query.tenant ?? caller.tenant;
    const wanted = body.tenant ?? own;
    if (type === 'service' && wanted !== own)
      throw new Fault('input-invalid', {
        detail:
          'body.tenant: a service account acts in its own tenant; leave it out, or null for every tenant.',
        param: 'tenant',
      });
    if (!(await directory.tenant({ organization: caller.organization, tenant: wanted })))
      throw new Fault('not-found', { detail: 'No such tenant in this organization.', param: 'tenant' });
    return wanted;
  }

  return [
    route({
      method: 'GET',
      path: `${path}/:id/roles`,
      action: 'role:holders',
      summary: `List the roles of a ${type}, newest first`,
      seals: 'aggregate',
      params,
      query: pageQuery.extend({ cursor: id('assignment').optional(), ...ofTenant }),
      reply: page(assignment),
      belongsTo: ofQuery,
      async handle({ caller, params: { id: of }, query: { limit, cursor, tenant } }) {
        const [scope, holder] = [scopeOf(caller, tenant), holderOf(of)];
        await mustExist(scope, holder);
        const before = cursor as AssignmentId | undefined;
        const only = type === 'user' ? tenant : undefined;
        const held = await roles.page(scope, holder, {
          limit,
          ...(before && { before }),
          ...(only && { tenant: only }),
        });
        const next = held.length === limit ? (held.at(-1)?.id ?? null) : null;
        return { data: held.map(assignmentReply), next_cursor: next };
      },
    }),
    route({
      method: 'POST',
      path: `${path}/:id/roles`,
      action: 'role:assign',
      summary: `Give a ${type} a role, in one tenant or in all`,
      seals: 'each',
      status: 201,
      params,
      ...(type === 'service' && { query: z.strictObject(ofTenant) }),
      body: newAssignment,
      reply: assignment,
      resource: ({ params: of }) => `${type}/${(of as { id: string }).id}`,
      belongsTo({ query, body }) {
        const { tenant } = body as OfRole;
        return tenant === null ? 'organization' : (tenant ?? (query as OfTenant | undefined)?.tenant);
      },
      async handle({ caller, params: { id: of }, query, body, exchange }) {
        const named = (query as OfTenant | undefined) ?? {};
        const [scope, holder] = [scopeOf(caller, named.tenant), holderOf(of)];
        mustBeAnother(exchange, of);
        await mustExist(scope, holder);
        const tenant = await placeOf(caller, named, body);
        const given = body.role as Role;
        mustBeOwnToGive(exchange, rights, { roles: [given], tenant, principal: holder });
        const held = await roles.held(scope, holder);
        if (held.some((each) => each.role === given && each.tenant === tenant))
          throw new Fault('conflict', { detail: 'They have this role there already.' });
        const made = { id: newId('assignment', clock.now()), holder, role: given, tenant };
        const after = { id: made.id, principal: { id: of, type }, role: given, tenant };
        // What loosens is on record before it is done.
        await ledger.append(changeEntry(exchange, clock, { after, type: 'role.assigned' }));
        return assignmentReply(await roles.assign(scope, made));
      },
    }),
    route({
      method: 'DELETE',
      path: `${path}/:id/roles/:assignment`,
      action: 'role:remove',
      summary: `Take a role away from a ${type}`,
      seals: 'each',
      params: one,
      query: z.strictObject(ofTenant),
      reply: assignment,
      resource: ({ params: of }) => `${type}/${(of as { id: string }).id}`,
      belongsTo: ofQuery,
      async handle({ caller, params: { id: of, assignment: which }, query: { tenant }, exchange }) {
        const [scope, holder] = [scopeOf(caller, tenant), holderOf(of)];
        mustBeAnother(exchange, of);
        await mustExist(scope, holder);
        const held = await roles.find(scope, holder, which as AssignmentId);
        // Who names a tenant was asked about that one alone.
        if (!held || (type === 'user' && tenant && held.tenant !== tenant)) throw new Fault('not-found');
        mustBeOwnToGive(exchange, rights, { roles: [held.role], tenant: held.tenant, principal: holder });
        if (isOwner(held) && !(await roles.hasOtherOwner(scope, holder)))
          throw new Fault('policy-denied', {
            detail:
              'The last owner of the organization stays: make somebody else an owner in every tenant first.',
          });
        const before = { id: held.id, principal: { id: of, type }, role: held.role, tenant: held.tenant };
        // What restricts is done at once: on record on this machine's disk first, in the ledger as soon as it answers.
        await ledger.journal(changeEntry(exchange, clock, { before, type: 'role.removed' }));
        await roles.remove(scope, holder, held.id);
        return assignmentReply(held);
      },
    }),
  ];
}

/** For good, of the organization; as the database counts them (0007_roles.sql). */
const isOwner = ({ holder, role: held, tenant, origin }: Assignment): boolean =>
  holder.type === 'user' && held === 'owner' && tenant === null && origin === 'assigned';

/** Roles: what each allows, and who has them. */
export const roleRoutes = (parts: RoleRouteParts): Route[] => [
  describing(parts),
  ...kinds.flatMap((kind) => holding(kind, parts)),
];
