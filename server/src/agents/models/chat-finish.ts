/** A finish reason that is not null. A quote within a JSON string is escaped, so the name in quotes and a colon is a member. */
const finishReason = /"finish_reason"\s*:(?!\s*null)/;

/**
 * When a streamed chat answer is complete. A request may ask for several choices (`n`), which end at different times: the answer is complete
 * with the last of them, since holding everything back from the first end on would stall the choices that go on.
 */
export class ChatFinish {
  readonly #choices: number;
  readonly #ended = new Set<unknown>();
  #complete = false;

  /** @param body of the request. */
  constructor(body: unknown) {
    const n: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'n') : undefined;
    this.#choices = typeof n === 'number' ? n : 1;
  }

  get complete(): boolean {
    return this.#complete;
  }

  /** A choice has a finish reason. */
  ended(index: unknown): void {
    this.#ended.add(index);
    if (this.#ended.size >= this.#choices) this.#complete = true;
  }

  /** The stream says `[DONE]`. */
  done(): void {
    this.#complete = true;
  }

  /**
   * Looks at an event's data for a finish reason, and parses only where there is one.
   * @throws SyntaxError for data with a finish reason that is not JSON.
   */
  look(data: string): void {
    if (!finishReason.test(data)) return;
    const { choices } = JSON.parse(data) as { choices?: unknown };
    if (!Array.isArray(choices)) return;
    choices.forEach((choice: { index?: unknown; finish_reason?: unknown } | null, position) => {
      if (typeof choice?.finish_reason === 'string') this.ended(choice.index ?? position);
    });
  }
}
