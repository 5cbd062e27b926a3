import { z } from 'zod';
import { jsonSchemaOf, list, plainly, record } from './bounded-schema.ts';

/**
 * OpenAI's chat completions API, as far as Vallum must understand it. Fields that are not here are kept and forwarded: providers add
 * their own. What is here is checked, so that a mistake is named before it costs a call.
 * Source: the public reference of `POST /v1/chat/completions`.
 */

/** Who speaks in a message. */
const chatRoles = ['system', 'developer', 'user', 'assistant', 'tool', 'function'] as const;

/** The member that a content part of a known type must have, under its type's own name. */
const partTypes = ['text', 'image_url', 'input_audio', 'file', 'refusal'] as const;

type Raw = Readonly<Record<string, unknown>>;

/** A check that a member is there, for a rule that depends on another member. */
const requires = (when: (value: Raw) => readonly string[]) => (context: z.core.ParsePayload<Raw>) => {
  for (const name of when(context.value)) {
    if (context.value[name] !== undefined && context.value[name] !== null) continue;
    const message = 'this member is missing';
    context.issues.push({ code: 'custom', path: [name], input: context.value, message, continue: true });
  }
};

const part = z
  .object({
    type: z.string().min(1),
    text: z.string().optional(),
    refusal: z.string().optional(),
    image_url: z.object({ url: z.string() }).optional(),
    input_audio: z.object({ data: z.string(), format: z.string() }).optional(),
    file: z.object({ file_data: z.string().nullish(), file_id: z.string().nullish() }).optional(),
  })
  .check(requires(({ type }) => partTypes.filter((known) => known === type)));

const toolCall = z
  .object({
    id: z.string(),
    type: z.string().optional(),
    function: z.object({ name: z.string(), arguments: z.string() }).optional(),
  })
  .check(requires(({ type }) => (type === 'function' || type === undefined ? ['function'] : [])));

/** What each role must bring; an assistant may have called a tool instead of saying something. */
const needed = new Map<unknown, readonly string[]>([
  ['assistant', []],
  ['tool', ['content', 'tool_call_id']],
  ['function', ['name']],
]);

const message = z
  .object({
    role: z.enum(chatRoles),
    content: z.union([z.string(), list(part)]).nullish(),
    name: z.string().nullish(),
    refusal: z.string().nullish(),
    tool_call_id: z.string().nullish(),
    tool_calls: list(toolCall).nullish(),
    function_call: z.object({ name: z.string(), arguments: z.string() }).nullish(),
  })
  .check(requires(({ role }) => needed.get(role) ?? ['content']));

const tool = z
  .object({
    type: z.string().min(1),
    function: z
      .object({
        name: z.string().min(1),
        description: z.string().nullish(),
        parameters: z.object({}).nullish(),
      })
      .optional(),
  })
  .check(requires(({ type }) => (type === 'function' ? ['function'] : [])));

const shape = z.object({
  model: z.string().regex(/^[!-~]{1,256}$/, 'expected a model id: 1 to 256 printable characters, no spaces'),
  messages: list(message, 1),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  tools: list(tool).nullish(),
  tool_choice: z
    .union([z.string(), z.object({ type: z.string(), function: z.object({ name: z.string() }).nullish() })])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: z
    .object({ type: z.string(), json_schema: z.object({ name: z.string(), schema: z.unknown() }).nullish() })
    .nullish(),
  n: z.int().min(1).max(128).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  stop: z.union([z.string(), list(z.string())]).nullish(),
  seed: z.int().nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  logit_bias: record(z.number()).nullish(),
  modalities: list(z.string()).nullish(),
  reasoning_effort: z.string().nullish(),
  service_tier: z.string().nullish(),
  store: z.boolean().nullish(),
  user: z.string().nullish(),
  metadata: record(z.string()).nullish(),
});
export type ChatRequest = z.infer<typeof shape>;

/**
 * A chat completion request. Gives back the very object that was parsed, not a copy: zod's copies leave out a member named `__proto__`,
 * and what guards do not see must not be forwarded.
 */
export const chatRequest = z
  .unknown()
  .meta(jsonSchemaOf(shape))
  .check((context) => {
    const { error } = shape.safeParse(context.value);
    for (const issue of error?.issues ?? []) context.issues.push(...plainly(issue, [], context.value));
  }) as z.ZodType<ChatRequest, unknown>;

const usage = z.looseObject({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() });

const replyToolCall = z.looseObject({
  id: z.string(),
  type: z.string(),
  function: z.looseObject({ name: z.string(), arguments: z.string() }).optional(),
});

/** A complete reply. */
export const chatCompletion = z.looseObject({
  id: z.string(),
  object: z.literal('chat.completion'),
  created: z.int(),
  model: z.string(),
  choices: z.array(
    z.looseObject({
      index: z.int(),
      message: z.looseObject({
        role: z.string(),
        content: z.string().nullish(),
        refusal: z.string().nullish(),
        tool_calls: z.array(replyToolCall).nullish(),
      }),
      finish_reason: z.string().nullable(),
    }),
  ),
  usage: usage.nullish(),
});
export type ChatCompletion = z.infer<typeof chatCompletion>;

/** One event of a streamed reply. With `include_usage` the last one has no choices and the usage. */
export const chatChunk = z.looseObject({
  id: z.string(),
  object: z.literal('chat.completion.chunk'),
  created: z.int(),
  model: z.string(),
  choices: z.array(
    z.looseObject({
      index: z.int(),
      delta: z.looseObject({
        role: z.string().nullish(),
        content: z.string().nullish(),
        refusal: z.string().nullish(),
        tool_calls: z
          .array(
            z.looseObject({
              index: z.int(),
              id: z.string().nullish(),
              function: z
                .looseObject({ name: z.string().nullish(), arguments: z.string().nullish() })
                .nullish(),
            }),
          )
          .nullish(),
      }),
      finish_reason: z.string().nullish(),
    }),
  ),
  usage: usage.nullish(),
});
export type ChatChunk = z.infer<typeof chatChunk>;
