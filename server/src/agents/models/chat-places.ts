import type { Channel } from '../../kernel/index.ts';
import { anything, each, members, type Place } from './content-walk.ts';

/**
 * The places of OpenAI's chat completions API. This list says what is *not* content: `plain` identifiers, encoded media, and names of
 * members. Everything else in a body is text for the guards, so leaving a field out errs on the safe side.
 */

const text: Place = { members: new Map() };
const plain: Place = { plain: true };
const media: Place = { media: true };
/** Numbers by name, at any depth. */
const figures: Place = { plain: true, others: plain };
const nestedFigures: Place = { plain: true, others: figures };

const call = members({ name: text, arguments: text });
const toolCall = members({
  id: plain,
  type: plain,
  index: plain,
  function: call,
  custom: members({ name: text, input: text }),
});

const part = members({
  type: plain,
  text,
  refusal: text,
  image_url: members({ url: media, detail: plain }),
  input_audio: members({ data: media, format: plain }),
  file: members({ filename: text, file_id: plain, file_data: media }),
});

const channels: ReadonlyMap<unknown, Channel> = new Map<unknown, Channel>([
  ['system', 'system'],
  ['developer', 'system'],
  ['assistant', 'assistant'],
  ['tool', 'tool'],
  ['function', 'tool'],
]);

const message = members(
  {
    role: plain,
    content: each(part),
    name: text,
    refusal: text,
    reasoning: text,
    reasoning_content: text,
    tool_call_id: plain,
    tool_calls: each(toolCall),
    function_call: call,
    audio: members({ id: plain }),
  },
  { channel: (value) => channels.get(Reflect.get(value, 'role')) ?? 'user' },
);

const callable = members({ name: text, description: text, parameters: anything, strict: plain });

export const requestPlaces = members({
  model: plain,
  messages: each(message),
  tools: { ...each(members({ type: plain, function: callable })), channel: 'tool' },
  functions: { ...each(callable), channel: 'tool' },
  tool_choice: members({ type: plain, function: members({ name: text }) }, { plain: true }),
  function_call: members({ name: text }, { plain: true }),
  response_format: members({
    type: plain,
    json_schema: members({ name: text, description: text, schema: anything, strict: plain }),
  }),
  stop: each(text),
  user: text,
  safety_identifier: text,
  prompt_cache_key: text,
  metadata: anything,
  prediction: members({ type: plain, content: each(part) }),
  modalities: each(plain),
  audio: members({ voice: plain, format: plain }),
  logit_bias: figures,
  stream_options: figures,
  reasoning_effort: plain,
  verbosity: plain,
  service_tier: plain,
  stream: plain,
  store: plain,
  n: plain,
  seed: plain,
  temperature: plain,
  top_p: plain,
  max_tokens: plain,
  max_completion_tokens: plain,
  frequency_penalty: plain,
  presence_penalty: plain,
  logprobs: plain,
  top_logprobs: plain,
  parallel_tool_calls: plain,
});

const probabilities = members({ content: { tokens: true }, refusal: { tokens: true } });

/** What a reply says, and an event of a stream adds. */
export const answerPlaces = members({
  role: plain,
  content: text,
  refusal: text,
  reasoning: text,
  reasoning_content: text,
  tool_calls: each(toolCall),
  function_call: call,
  audio: members({ id: plain, data: media, transcript: text, expires_at: plain }),
});
export const toolCallPlaces = toolCall;
export const callPlaces = call;

export const choicePlaces = members({
  index: plain,
  finish_reason: plain,
  native_finish_reason: plain,
  stop_reason: plain,
  logprobs: probabilities,
  message: answerPlaces,
});

/** What stands around the choices, in a complete reply and in an event of a stream. */
export const replyPlaces = members({
  id: plain,
  object: plain,
  created: plain,
  model: plain,
  provider: plain,
  system_fingerprint: plain,
  service_tier: plain,
  obfuscation: plain,
  usage: nestedFigures,
  choices: each(choicePlaces),
});
