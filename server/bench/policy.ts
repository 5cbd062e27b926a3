/** How long a decision takes among 200 policies, kept and not: one line of JSON on standard output. `npm run bench -- policy` runs it. */
import { idOf } from '@vallum/contract';
import { quantile } from '../../bench/report/statistics.ts';
import { readGroups, readPolicies } from '../src/compose/policies.ts';
import { createPolicies } from '../src/governance/index.ts';
import type { Caller } from '../src/kernel/index.ts';

const policyCount = 200;
const calls = 5_000;
/** Decisions of one measured piece, where one alone would be shorter than the clock is fine. */
const perPiece = 1_000;

const base = readPolicies();
const others = Array.from(
  { length: policyCount - base.split('@id(').length + 1 },
  (_, i) =>
    `@id("team-${i}") permit (principal == service::"key_${i}", action == Action::"model:invoke", resource == Resource::"model/team-${i}") when { resource.tenant == principal.tenant };`,
);
const policies = createPolicies(`${base}\n${others.join('\n')}`, readGroups());

const uuid = (n: number): string => `01900000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const newCaller = (): Caller => ({
  principal: { type: 'service', id: idOf('key', uuid(1)) },
  organization: idOf('organization', uuid(2)),
  tenant: idOf('tenant', uuid(3)),
  environment: 'production',
  scopes: ['models:invoke'],
  roles: [],
  credential: { kind: 'key', id: 'key_1' },
  ratePerMinute: 100,
});

/** @throws Error when it is refused: it would be another path that is measured */
function decide(caller: Caller): void {
  if (!policies.decide(caller, 'model:invoke', 'model/bench').allowed) throw new Error('refused');
}

function newDecisions(): Float64Array {
  // Decisions are kept by caller, so to a new caller all are new.
  const callers = Array.from({ length: calls }, newCaller);
  return Float64Array.from(callers, (caller) => {
    const began = performance.now();
    decide(caller);
    return (performance.now() - began) * 1_000;
  }).sort();
}

function keptDecisions(): Float64Array {
  const caller = newCaller();
  return Float64Array.from({ length: calls / 10 }, () => {
    const began = performance.now();
    for (let call = 0; call < perPiece; call++) decide(caller);
    return ((performance.now() - began) * 1_000) / perPiece;
  }).sort();
}

/** Wall time of a decision, and CPU time of this thread, which others on the machine do not add to by taking their turns. */
function micros(decisions: number, run: () => Float64Array) {
  run();
  const before = process.threadCpuUsage();
  const sorted = run();
  const { user, system } = process.threadCpuUsage(before);
  return { cpu: (user + system) / decisions, p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
}

const fresh = micros(calls, newDecisions);
const kept = micros((calls / 10) * perPiece, keptDecisions);
process.stdout.write(`${JSON.stringify({ policyCount, fresh, kept })}\n`);
