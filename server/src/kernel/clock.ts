/** Time as it is given to whoever needs it, so that tests can choose it. */
export interface Clock {
  /** Unix time in milliseconds, whole. */
  now(): number;
  /** Microseconds since an arbitrary start, never going back; for measuring. */
  micros(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  micros: () => performance.now() * 1000,
};
