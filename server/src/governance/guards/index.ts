/**
 * Guards: what looks at the texts of requests and replies, and says allow, restrict, hold or block, with reasons.
 * Every text is looked at, whole or streaming, by the same definitions; a guard that throws, hangs or answers nonsense has denied.
 * A window holds back at most 256 characters of a stream, and what it lets out is what whole-text redaction would have left.
 * Not promised: that words alone tell every injected order, or that every secret has a form. What a tool may do is governed elsewhere.
 */

export { injectionGuard } from './injection.ts';

export { createGuards, type Guards } from './pipeline.ts';
export type { Edit } from './redaction.ts';
export { secretsGuard } from './secrets.ts';
export type { Verdict } from './verdict.ts';
export { createWindow, type Window } from './window.ts';
