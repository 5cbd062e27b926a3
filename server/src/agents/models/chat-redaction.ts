import { type Replacement, withTexts } from './json-pointer.ts';

/** What else says the text that stands in a choice: without this, a redacted text could be read there. */
const inChoice = /^(\/choices\/(?:0|[1-9]\d*))\/(?!logprobs(?:\/|$))/;
const inTranscript = /^(.*\/audio)\/transcript$/;

/**
 * A copy of a chat body, or of one event of a stream, with the texts replaced that a guard changed. The pointers are those of
 * `chatContent`. What repeats a replaced text goes too: a choice's log probabilities, and the sound of a transcript.
 * @throws TypeError for a pointer to nothing.
 */
export function replaceAt(body: unknown, replacements: readonly Replacement[]): unknown {
  const also = new Set<string>();
  for (const { pointer } of replacements) {
    const choice = inChoice.exec(pointer)?.[1];
    if (choice !== undefined) also.add(`${choice}/logprobs`);
    const audio = inTranscript.exec(pointer)?.[1];
    if (audio !== undefined) also.add(`${audio}/data`);
  }
  const taken = [...also].filter((pointer) => isThere(body, pointer));
  return withTexts(body, [...replacements, ...taken.map((pointer) => ({ pointer, text: null }))]);
}

/** Whether a pointer without escapes leads to something. */
function isThere(body: unknown, pointer: string): boolean {
  let value = body;
  for (const name of pointer.split('/').slice(1)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return false;
    value = Reflect.get(value, name);
  }
  return true;
}
