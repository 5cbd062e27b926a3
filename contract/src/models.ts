import { z } from 'zod';

/** One model that a caller may name, in the shape of OpenAI's `GET /v1/models`. */
export const model = z.object({
  id: z.string(),
  object: z.literal('model'),
  /** Unix seconds; 0 where it is not known. */
  created: z.int(),
  /** The provider that answers for it. */
  owned_by: z.string(),
});
export type Model = z.infer<typeof model>;

export const modelList = z.object({ object: z.literal('list'), data: z.array(model) });
export type ModelList = z.infer<typeof modelList>;
