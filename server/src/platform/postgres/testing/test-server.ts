import type { RolePasswords } from '../provision-roles.ts';
import type { Target } from '../target.ts';

/** What the run's server is reached by; test files get it from `inject('postgres')`. */
export interface TestServer {
  readonly owner: Target;
  readonly superuser: Target;
  readonly passwords: RolePasswords;
  /** For files of tests; deleted after the run. */
  readonly scratch: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    postgres: TestServer;
  }
}
