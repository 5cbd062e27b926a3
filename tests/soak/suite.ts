/** A long run of something that `npm test` does a little of. */
export interface Suite {
  readonly name: string;
  /** What it does, for who chooses one. */
  readonly about: string;
  /**
   * @param size how much of it: points, requests. Its own default where it is not given.
   * @param progress shows a line while it runs.
   * @throws Error when something did not hold.
   */
  run(size: number | undefined, progress: (line: string) => void): Promise<readonly Figure[]>;
}

/** One line of a suite's table. */
export interface Figure {
  readonly name: string;
  readonly value: number | string;
}
