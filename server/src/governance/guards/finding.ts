import { type Finding, findingActions } from './guard.ts';

const kindShape = /^[a-z0-9-]{1,64}$/;

/** Explanations are sentences of ours; something longer is likely to be content. */
const explanationUnits = 300;

/** The finding that stands for a guard which did not judge. */
export const failed = (guard: string, pointer: string): Finding => ({
  guard,
  kind: 'guard-failed',
  pointer,
  start: 0,
  end: 0,
  action: 'block',
  text: 'A guard failed or did not answer in time. What is not inspected is refused: try again, or ask the operator.',
});

/** Whether a guard's answer is a finding it may make: a guard is not trusted to be right about its own shape. */
export function isFinding(value: unknown, guard: string, pointer: string, units: number): value is Finding {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, start, end, action, text, ...rest } = value as Record<keyof Finding, unknown>;
  return (
    rest.guard === guard &&
    rest.pointer === pointer &&
    typeof kind === 'string' &&
    kindShape.test(kind) &&
    isOffset(start, units) &&
    isOffset(end, units) &&
    (action === 'redact' ? start < end : start <= end) &&
    findingActions.some((known) => known === action) &&
    (text === undefined || (typeof text === 'string' && text.length <= explanationUnits))
  );
}

const isOffset = (value: unknown, units: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= units;
