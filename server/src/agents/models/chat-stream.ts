import { Fault, type StreamEvent } from '../../kernel/index.ts';
import { ChatFinish } from './chat-finish.ts';
import { answerPlaces, callPlaces, choicePlaces, replyPlaces, toolCallPlaces } from './chat-places.ts';
import { replaceAt } from './chat-redaction.ts';
import { usageOf } from './chat-usage.ts';
import { ContentWalk } from './content-walk.ts';
import { openaiFailure } from './openai-failure.ts';
import { eventOf } from './sse.ts';

interface Text {
  readonly lane: string;
  readonly text: string;
}

/** What `write` needs of an event: the chunk, and where its texts are. */
interface Parsed {
  readonly chunk: unknown;
  readonly pointers: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const doneMark = '[DONE]';

/**
 * Reads and rewrites the events of one streamed chat completion. Lanes: `choice/0/content`, `choice/0/refusal`,
 * `choice/0/tool/1/arguments`, and for what is not known `choice/0/` or `event/` and the path to it.
 * `finish` is true from the event on with which the last choice ends, see `ChatFinish`.
 */
export class ChatStream {
  readonly #finish: ChatFinish;
  readonly #walk: ContentWalk;
  /** Of the event at hand. */
  #texts: Text[] = [];
  #pointers: string[] = [];
  /** A text's lane is `#lane` and what its pointer has after `#base`. */
  #base = '';
  #lane = '';

  /** @param body of the request, which says how many choices there will be. */
  constructor(body: unknown) {
    this.#finish = new ChatFinish(body);
    this.#walk = new ContentWalk('upstream-failed', (text, pointer) => {
      if (text === '') return;
      this.#texts.push({ lane: this.#lane + pointer.slice(this.#base.length), text });
      this.#pointers.push(pointer);
    });
  }

  /** @throws Fault `upstream-failed` for what is no event of a chat completion, an error of the provider among them. */
  read(data: string): StreamEvent {
    this.#texts = [];
    this.#pointers = [];
    this.#walk.begin();
    if (data === doneMark) {
      this.#finish.done();
      return { texts: this.#texts, finish: true, parsed: undefined };
    }
    const chunk = parse(data);
    this.#start('', 'event');
    let choices: unknown;
    for (const name in chunk)
      if (name === 'choices' && Array.isArray(chunk.choices)) choices = chunk.choices;
      else this.#walk.member(chunk, name, replyPlaces, 'output', '');
    if (Array.isArray(choices))
      for (let index = 0; index < choices.length; index += 1) this.#choice(choices[index], index);
    const usage = usageOf(chunk.usage);
    const parsed: Parsed = { chunk, pointers: this.#pointers };
    return { texts: this.#texts, finish: this.#finish.complete, ...(usage && { usage }), parsed };
  }

  write(event: StreamEvent, texts: readonly string[]): string {
    if (event.parsed === undefined) return doneMark;
    // Only `read` makes events, and this is what it puts there.
    const { chunk, pointers } = event.parsed as Parsed;
    if (texts.length !== pointers.length)
      throw new TypeError('an event is written with as many texts as it had');
    const changed = pointers.flatMap((pointer, i) => {
      const text = texts[i] ?? '';
      return text === event.texts[i]?.text ? [] : [{ pointer, text }];
    });
    return JSON.stringify(replaceAt(chunk, changed));
  }

  failure(error: unknown, requestId: string): Uint8Array {
    return eventOf(JSON.stringify(openaiFailure(error, requestId)));
  }

  #start(base: string, lane: string): void {
    this.#base = base;
    this.#lane = lane;
  }

  #choice(choice: unknown, position: number): void {
    const at = `/choices/${position}`;
    if (!isObject(choice)) {
      this.#start(at, `choice/${position}`);
      this.#walk.value(choice, choicePlaces, 'output', at);
      return;
    }
    const index = Number.isInteger(choice.index) ? choice.index : position;
    const lane = `choice/${index}`;
    for (const name in choice) {
      if (name === 'delta' && isObject(choice.delta)) this.#delta(choice.delta, `${at}/delta`, lane);
      else {
        this.#start(at, lane);
        this.#walk.member(choice, name, choicePlaces, 'output', at);
      }
    }
    if (typeof choice.finish_reason === 'string') this.#finish.ended(index);
  }

  #delta(delta: Json, at: string, lane: string): void {
    for (const name in delta) {
      const value = delta[name];
      if (name === 'content' && typeof value === 'string') {
        // By far the most events: spares the walk.
        if (value === '') continue;
        this.#texts.push({ lane: `${lane}/content`, text: value });
        this.#pointers.push(`${at}/content`);
      } else if (name === 'tool_calls' && Array.isArray(value)) {
        for (let i = 0; i < value.length; i += 1) this.#toolCall(value[i], `${at}/tool_calls/${i}`, lane, i);
      } else {
        this.#start(at, lane);
        this.#walk.member(delta, name, answerPlaces, 'output', at);
      }
    }
  }

  #toolCall(call: unknown, at: string, choiceLane: string, position: number): void {
    const index = isObject(call) && Number.isInteger(call.index) ? call.index : position;
    const lane = `${choiceLane}/tool/${index}`;
    this.#start(at, lane);
    if (!isObject(call)) {
      this.#walk.value(call, toolCallPlaces, 'output', at);
      return;
    }
    for (const name in call) {
      const value = call[name];
      const inner = name === 'function' && isObject(value) ? value : undefined;
      this.#start(inner ? `${at}/function` : at, lane);
      if (!inner) this.#walk.member(call, name, toolCallPlaces, 'output', at);
      else for (const part in inner) this.#walk.member(inner, part, callPlaces, 'output', `${at}/function`);
    }
  }
}

function parse(data: string): Json {
  let chunk: unknown;
  try {
    chunk = JSON.parse(data);
  } catch (cause) {
    throw new Fault('upstream-failed', { because: 'an event of the stream is not JSON', cause });
  }
  if (!isObject(chunk))
    throw new Fault('upstream-failed', { because: 'an event of the stream is no object' });
  if (chunk.error !== undefined && chunk.error !== null)
    throw new Fault('upstream-failed', { because: 'the provider sent an error within the stream' });
  return chunk;
}
