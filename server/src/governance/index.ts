/**
 * Governance: what may be done, how much of it, and whether what is said is safe. Default deny; what fails, hangs or answers nonsense has denied.
 * It judges and never acts on what a text asks for. The same guards see every route's content.
 */
export { createGuards, createWindow, injectionGuard, secretsGuard } from './guards/index.ts';
export { createPolicies } from './policies.ts';
export { createRights } from './rights.ts';
export { createGovernance } from './steps.ts';
