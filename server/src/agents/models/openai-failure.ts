import type { OpenaiError } from '@vallum/contract';
import { faultCatalog, faultOf } from '../../kernel/index.ts';

/** An error in the shape that OpenAI's clients know. Of a fault only what may be shown is in it; of any other error, nothing. */
export function openaiFailure(error: unknown, requestId: string): OpenaiError {
  const fault = faultOf(error);
  const { title, openai } = faultCatalog[fault.code];
  return {
    error: {
      message: fault.detail ?? title,
      type: openai,
      param: fault.param ?? null,
      code: fault.code,
      request_id: requestId,
    },
  };
}
