import { hash } from 'node:crypto';

/** Numbers that look random and are the same for the same seed, so that what failed can be run again. */
export interface Random {
  /** A whole number from `from` up to and without `to`. */
  between(from: number, to: number): number;
  pick<T>(items: readonly T[]): T | undefined;
}

export function seeded(seed: string): Random {
  let drawn = 0;
  const next = (): number => {
    const digest = hash('sha256', `${seed}/${drawn++}`, 'buffer');
    return digest.readUIntBE(0, 6) / 2 ** 48;
  };
  const between = (from: number, to: number): number => from + Math.floor(next() * (to - from));
  return { between, pick: (items) => items[between(0, items.length)] };
}
