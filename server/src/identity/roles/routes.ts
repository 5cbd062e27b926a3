import type { Clock, LedgerAppend, Rights, Route } from '../../kernel/index.ts';
import type { Directory } from '../ports.ts';
import type { RoleStore, ServiceStore } from './ports.ts';
import { roleRoutes } from './role-routes.ts';
import { serviceRoutes } from './service-routes.ts';

export interface RoleRouteParts {
  readonly roles: RoleStore;
  readonly services: ServiceStore;
  readonly directory: Pick<Directory, 'tenant'>;
  readonly rights: Rights;
  readonly ledger: LedgerAppend;
  readonly clock: Clock;
}

/** Roles, who has them, and the service accounts that can. Every change is in the ledger, and none gives more than the giver has. */
export const rolesRoutes = (parts: RoleRouteParts): Route[] => [
  ...roleRoutes(parts),
  ...serviceRoutes(parts),
];
