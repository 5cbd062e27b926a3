/** The parts of a request that are judged; each may be given when it is there. */
export interface WafInput {
  readonly head?: HeadInput;
  readonly body?: BodyInput;
}

export interface HeadInput {
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  /** As `node:http` gives `rawHeaders`: name, value, name, value; so that what was sent twice is seen twice. */
  readonly rawHeaders: readonly string[];
}

export interface BodyInput {
  /** The parsed body. */
  readonly value: unknown;
  /** RFC 6901 pointers of the content strings in it, which guards judge instead. */
  readonly content?: ReadonlySet<string>;
}
