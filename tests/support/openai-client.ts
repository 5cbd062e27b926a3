import OpenAI from 'openai';
import { expect } from 'vitest';
import type { Vallum } from './vallum.ts';

/** The official client, with nothing changed but where it calls and with which key. It tries once, unless told otherwise. */
export const openaiClient = ({ url }: Pick<Vallum, 'url'>, apiKey: string, maxRetries = 0): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries });

export const user = (content: string) => ({ role: 'user' as const, content });

type Chunks = AsyncIterable<OpenAI.Chat.Completions.ChatCompletionChunk>;

/** The text of each choice of a stream, when it has ended well. */
export async function textsOf(stream: Chunks): Promise<string[]> {
  const texts: string[] = [];
  for await (const { choices } of stream)
    for (const { index, delta } of choices) texts[index] = (texts[index] ?? '') + (delta.content ?? '');
  return texts;
}

/** What a call was rejected with, which must be an error of the client's own kind: an answer where there should be none is no error. */
export async function failureOf(call: PromiseLike<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const outcome = await Promise.resolve(call).then(
    (answer: unknown) => ({ answer }),
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(OpenAI.APIError);
  return outcome as InstanceType<typeof OpenAI.APIError>;
}
