import { type Control, type Exchange, faultOf, type Standing, type Step } from '../kernel/index.ts';

interface StandingParts {
  readonly control: Control;
  /** Finds the caller again; see `createAuthenticate`. */
  readonly again: (exchange: Exchange) => Promise<void>;
  /** Policy's step. */
  readonly authorize: Step['run'];
  /** Every exchange under way. */
  readonly running: () => readonly Exchange[];
  /** Rejects what takes too long. */
  readonly within: (working: Promise<void>) => Promise<void>;
}

/** So many are renewed at once: they ask the database, and others need it too. */
const atOnce = 4;

/** Whether callers who were let in may still have what is under way for them (ADR 13). */
export function createStanding({ control, again, authorize, running, within }: StandingParts): Standing & {
  /** Renews everything that runs, and ends what may not go on. To be called when the generation has moved. */
  sweep(): void;
} {
  let sweeping = false;

  async function renewNow(x: Exchange): Promise<void> {
    do {
      await again(x);
      await authorize(x);
      // What moved meanwhile may be about this caller.
    } while (x.generation !== control.generation());
  }

  const renew = (x: Exchange): Promise<void> => within(renewNow(x));

  async function renewOrEnd(x: Exchange): Promise<void> {
    try {
      await renew(x);
    } catch (error) {
      x.revoke?.(faultOf(error));
    }
  }

  async function sweepAll(): Promise<void> {
    sweeping = true;
    for (let swept = 0; swept !== control.generation(); ) {
      swept = control.generation();
      // What cannot be revoked yet is on its way in, and asks before it goes further.
      const left = running().filter((x) => x.revoke !== undefined && !x.endsItself && x.generation !== swept);
      const work = async (): Promise<void> => {
        for (let x = left.pop(); x; x = left.pop()) await renewOrEnd(x);
      };
      await Promise.all(Array.from({ length: atOnce }, work));
    }
    sweeping = false;
  }

  return {
    holds: (x) => !x.caller || x.endsItself || (x.generation === control.generation() && control.confirmed()),
    renew,
    sweep() {
      if (!sweeping) void sweepAll();
    },
  };
}
