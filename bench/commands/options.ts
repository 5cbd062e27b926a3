export interface Options {
  /** Fewer loads, rounds and seconds: to see where one is, not to publish. */
  readonly quick: boolean;
  /** A part of the names of the loads that are wanted; all where there is none. */
  readonly load: string | undefined;
  /** Where the CPU profile of the Vallum that is measured goes, if one is taken. */
  readonly profile: string | undefined;
}
