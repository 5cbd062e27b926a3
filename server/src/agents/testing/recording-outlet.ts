import type { Outlet, ReplyHead } from '../../kernel/index.ts';
import { dataOf } from '../models/sse.ts';

/** An outlet that keeps what it gets, and refuses what the port does not allow. */
export class RecordingOutlet implements Outlet {
  replyHead: ReplyHead | undefined;
  readonly frames: { readonly bytes: Buffer; readonly finish: boolean }[] = [];
  ended = false;
  failure: unknown;
  /** Resolves when the reply has ended, either way. */
  readonly over: Promise<void>;
  /** What `frame` answers. */
  readonly #takesMore: (frames: number) => boolean;
  readonly #settle: () => void;

  constructor(takesMore: (frames: number) => boolean = () => true) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.over = promise;
    this.#settle = resolve;
    this.#takesMore = takesMore;
  }

  head(head: ReplyHead): void {
    if (this.replyHead) throw new Error('a second head');
    this.#open();
    this.replyHead = head;
  }

  frame(bytes: Uint8Array, finish: boolean): boolean {
    if (!this.replyHead) throw new Error('a frame before the head');
    this.#open();
    if (!finish && this.frames.at(-1)?.finish)
      throw new Error('a frame that does not finish after one that does');
    // A copy: the port does not say that the bytes stay as they are.
    this.frames.push({ bytes: Buffer.from(bytes), finish });
    return this.#takesMore(this.frames.length);
  }

  end(): void {
    if (!this.replyHead) throw new Error('an end before the head');
    this.#open();
    this.ended = true;
    this.#settle();
  }

  fail(error: unknown): void {
    this.#open();
    this.failure = error ?? new Error('failed with nothing');
    this.#settle();
  }

  /** All that was sent. */
  get text(): string {
    return Buffer.concat(this.frames.map(({ bytes }) => bytes)).toString('utf8');
  }

  /** The data of the events that have some. */
  get data(): string[] {
    return this.frames.flatMap(({ bytes }) => dataOf(bytes) ?? []);
  }

  /** What the events' deltas say of one choice. */
  content(choice = 0): string {
    let text = '';
    for (const data of this.data) {
      if (data === '[DONE]') continue;
      for (const { index, delta } of JSON.parse(data).choices)
        if (index === choice) text += delta.content ?? '';
    }
    return text;
  }

  #open(): void {
    if (this.ended || this.failure !== undefined) throw new Error('something after the end');
  }
}
