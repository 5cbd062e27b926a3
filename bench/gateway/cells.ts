/** One load, that every server gets in every round. */
export interface Cell {
  readonly stream: boolean;
  readonly connections: number;
  /** How the upstream behaves. */
  readonly model: string;
}

export const instant = 'instant';
export const slow = 'wait-50ms';
/** An event of a stream every so often. */
export const paced = 'paced-10ms';
export const slowlyPaced = 'paced-100ms';

const counts = [1, 32, 128];

/** Both kinds of reply, few and many connections, an upstream that costs nothing and one that takes as long as a fast model. */
export const allCells: readonly Cell[] = [false, true].flatMap((stream) =>
  [instant, slow].flatMap((model) => counts.map((connections) => ({ stream, connections, model }))),
);

/** The cells that a budget is about. */
export const fewCells: readonly Cell[] = [
  { stream: false, connections: 1, model: slow },
  { stream: false, connections: 32, model: instant },
  { stream: false, connections: 128, model: instant },
  { stream: true, connections: 32, model: instant },
];

/** As a user names it: `--load` picks by a part of this. */
export const nameOf = ({ stream, connections, model }: Cell): string =>
  `${stream ? 'stream' : 'plain'}, ${connections} connection${connections > 1 ? 's' : ''}, upstream ${model === slow ? '50 ms' : model}`;
