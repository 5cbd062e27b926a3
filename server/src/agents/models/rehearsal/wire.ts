import type { ChatChunk, ChatCompletion, ChatRequest } from '@vallum/contract';
import type { Answer } from './answer.ts';

/** What all messages of one answer begin with. */
interface Envelope {
  readonly id: string;
  /** Unix seconds. */
  readonly created: number;
  readonly model: string;
}

const usageOf = ({ prompt, completion }: Answer['usage'], choices: number) => ({
  prompt_tokens: prompt,
  completion_tokens: completion * choices,
  total_tokens: prompt + completion * choices,
});

const callId = 'call_rehearsal';

/** An answer as a complete reply. */
export function completionOf(answer: Answer, request: ChatRequest, envelope: Envelope): ChatCompletion {
  const { says, finish } = answer;
  const message =
    'text' in says
      ? { role: 'assistant', content: says.text, refusal: null }
      : {
          role: 'assistant',
          content: null,
          refusal: null,
          tool_calls: [
            { id: callId, type: 'function', function: { name: says.tool, arguments: says.arguments } },
          ],
        };
  const n = request.n ?? 1;
  return {
    ...envelope,
    object: 'chat.completion',
    choices: Array.from({ length: n }, (_, index) => ({
      index,
      message,
      logprobs: null,
      finish_reason: finish,
    })),
    usage: usageOf(answer.usage, n),
  };
}

/** The events of a streamed answer, made as they are sent. `finish` from the one on with which the last choice ends. */
export function* eventsOf(
  answer: Answer,
  request: ChatRequest,
  envelope: Envelope,
): Generator<{ data: string; finish: boolean }> {
  const n = request.n ?? 1;
  const withUsage = request.stream_options?.include_usage === true;
  const event = (choices: ChatChunk['choices'], finish: boolean) => {
    const usage = withUsage ? { usage: choices.length === 0 ? usageOf(answer.usage, n) : null } : {};
    const chunk: ChatChunk = { ...envelope, object: 'chat.completion.chunk', choices, ...usage };
    return { data: JSON.stringify(chunk), finish };
  };
  for (const delta of deltasOf(answer))
    for (let index = 0; index < n; index += 1)
      yield event([{ index, delta, logprobs: null, finish_reason: null }], false);
  for (let index = 0; index < n; index += 1)
    yield event([{ index, delta: {}, logprobs: null, finish_reason: answer.finish }], index === n - 1);
  if (withUsage) yield event([], true);
  yield { data: '[DONE]', finish: true };
}

/** What each event of one choice adds. */
function* deltasOf({ says, directives }: Answer): Generator<ChatChunk['choices'][number]['delta']> {
  if ('text' in says) {
    yield { role: 'assistant', content: '', refusal: null };
    for (const content of pieces(says.text, directives.chunk)) yield { content };
    return;
  }
  const call = { index: 0, id: callId, type: 'function', function: { name: says.tool, arguments: '' } };
  yield { role: 'assistant', content: null, tool_calls: [call] };
  for (const piece of pieces(says.arguments, directives.chunk))
    yield { tool_calls: [{ index: 0, function: { arguments: piece } }] };
}

/** A text in pieces of so many UTF-16 code units, one more where a character of two would be cut. */
function* pieces(text: string, size: number): Generator<string> {
  let from = 0;
  while (from < text.length) {
    let to = from + size;
    const last = text.charCodeAt(to - 1);
    if (last >= 0xd800 && last <= 0xdbff) to += 1;
    yield text.slice(from, to);
    from = to;
  }
}
