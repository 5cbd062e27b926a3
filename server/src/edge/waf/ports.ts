import type { ExceptionId, OrganizationId, TenantId } from '@vallum/contract';
import type { RuleFile } from './rule.ts';
import type { Exception, Mode } from './verdict.ts';

/** The isolation that settings are read and written in. */
export interface Scope {
  readonly organization: OrganizationId;
  readonly tenant: TenantId;
}

/** Whose setting it is: the scope's tenant's, or its organization's. */
export type Level = 'tenant' | 'organization';

/** What was set; undefined where nothing was. */
export interface Modes {
  readonly organization: Mode | undefined;
  readonly tenant: Mode | undefined;
}

/** An exception as it is kept. */
export interface KeptException extends Exception {
  readonly id: ExceptionId;
  readonly level: Level;
  readonly reason: string;
  readonly createdAt: string;
}

export type NewException = Omit<KeptException, 'createdAt'>;

/** What organizations and tenants have set, under row-level security. Every write moves the control epoch. */
export interface WafSettings {
  /** What is in force in the scope; undefined where the organization has no such tenant. */
  read(
    scope: Scope,
  ): Promise<{ readonly modes: Modes; readonly exceptions: readonly Exception[] } | undefined>;
  /** @param mode undefined to take the setting back */
  setMode(scope: Scope, level: Level, mode: Mode | undefined): Promise<void>;
  /** Newest first. */
  exceptions(scope: Scope, level: Level, limit: number, before?: ExceptionId): Promise<KeptException[]>;
  exception(scope: Scope, level: Level, id: ExceptionId): Promise<KeptException | undefined>;
  /** @returns undefined where there are as many in force as there may be */
  addException(scope: Scope, exception: NewException, most: number): Promise<KeptException | undefined>;
  removeException(scope: Scope, level: Level, id: ExceptionId): Promise<void>;
}

/** Keeps the imported rules over a restart, and shares them with all processes. A change moves the control epoch. */
export interface ImportedRules {
  /** Which rules are kept; undefined where there are none. */
  digest(): Promise<string | undefined>;
  /** Rejects when they are there and cannot be read: to go on with fewer rules is not failing closed. */
  load(): Promise<{ readonly digest: string; readonly file: RuleFile } | undefined>;
  /** In place of those before; durable when it resolves. */
  save(file: RuleFile): Promise<void>;
  remove(): Promise<void>;
}
