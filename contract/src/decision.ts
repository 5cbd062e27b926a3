import { z } from 'zod';

/** What may come of an action, mildest first; a higher one wins. */
export const decisions = ['allow', 'restrict', 'hold', 'block', 'terminate'] as const;

export const decision = z.enum(decisions);
export type Decision = z.infer<typeof decision>;

/** Why a decision was made: `by` names the step, policy or guard; `code` is stable, `text` is for people and never quotes content. */
export const reason = z.object({
  by: z.string(),
  code: z.string(),
  text: z.string().optional(),
});
export type Reason = z.infer<typeof reason>;

const rank: Record<Decision, number> = { allow: 0, restrict: 1, hold: 2, block: 3, terminate: 4 };

/** The higher of two decisions. */
export const worse = (a: Decision, b: Decision): Decision => (rank[a] >= rank[b] ? a : b);

/** Whether an exchange goes on under this decision. */
export const goesOn = (d: Decision): boolean => rank[d] < rank.hold;
