import { z } from 'zod';
import { decision, reason } from './decision.ts';

/** RFC 9457 problem details, with Vallum's members. */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  instance: z.string(),
  code: z.string(),
  request_id: z.string(),
  decision: decision.optional(),
  reasons: z.array(reason).optional(),
});
export type Problem = z.infer<typeof problem>;

/** The same, in the shape that OpenAI's API and clients know. */
export const openaiError = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string().nullable(),
    request_id: z.string(),
    decision: decision.optional(),
    reasons: z.array(reason).optional(),
  }),
});
export type OpenaiError = z.infer<typeof openaiError>;
