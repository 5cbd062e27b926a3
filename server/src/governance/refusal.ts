import type { Reason } from '@vallum/contract';
import { Fault } from '../kernel/index.ts';

/** What a caller is told when guards refused: their own standing words for what they found, never what they found it in. */
export const refusalBy = (reasons: readonly Reason[]): Fault =>
  new Fault('content-blocked', { detail: [...new Set(reasons.flatMap(({ text }) => text ?? []))].join(' ') });
