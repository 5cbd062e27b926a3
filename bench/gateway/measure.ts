import type { Load, LoadResult } from '../load/load.ts';
import type { Child } from '../processes/child.ts';
import { cpuMicros, familyCpuMicros } from '../processes/cpu.ts';
import { quantile } from '../report/statistics.ts';
import { expectedText, requestBody, textOf } from '../servers/exchange.ts';
import type { Cell } from './cells.ts';
import { type Contender, wireRequest } from './contender.ts';

/** What one server did under one load in one round. */
export interface Measurement {
  readonly perSecond: number;
  /** CPU time of the server's process for each request, in µs. */
  readonly cpuMicros: number;
  /** The same of the PostgreSQL behind it. */
  readonly postgresMicros: number | undefined;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The median of its own commits, where it tells. */
  readonly commitMs: number | undefined;
}

/** Long enough for a connection and a first request, which is then waited for. */
const sampleMs = 50;

/** @returns why it cannot be measured: the wrong status, the wrong words, no end. Undefined when all is as it should be */
export async function problemWith(
  load: Child,
  contender: Contender,
  cell: Cell,
): Promise<string | undefined> {
  const { failures, sample } = await load.ask<LoadResult>(
    loadOf(contender, { ...cell, connections: 1 }, sampleMs),
  );
  const [reason] = Object.keys(failures);
  if (reason) return reason;
  try {
    const text = textOf(Buffer.from(sample, 'latin1').toString(), cell.stream);
    return text === expectedText(cell.stream) ? undefined : `another answer: ${text.slice(0, 100)}`;
  } catch (error) {
    return `not an answer: ${(error as Error).message}`;
  }
}

/** The requests of a load, as they go to one server. */
export const loadOf = (contender: Contender, { model, stream, connections }: Cell, ms: number): Load => ({
  port: contender.port,
  request: wireRequest(contender, requestBody(model, stream)),
  connections,
  ms,
});

/** @throws Error when a reply was not what it should be: a measurement of failures is none */
export async function measure(
  load: Child,
  contender: Contender,
  cell: Cell,
  ms: number,
): Promise<Measurement> {
  await contender.commitsMs?.();
  const { pid, postgresPid } = contender;
  const postgres = (): number => (postgresPid === undefined ? 0 : familyCpuMicros(postgresPid));
  const before = { server: cpuMicros(pid), postgres: postgres() };
  const result = await load.ask<LoadResult>(loadOf(contender, cell, ms));
  const after = { server: cpuMicros(pid), postgres: postgres() };
  const [reason] = Object.keys(result.failures);
  if (reason) throw new Error(`${contender.name} failed under load: ${reason}`);
  const commits = Float64Array.from((await contender.commitsMs?.()) ?? []).sort();
  return {
    perSecond: (result.completed / result.ms) * 1_000,
    cpuMicros: (after.server - before.server) / result.all,
    postgresMicros: postgresPid === undefined ? undefined : (after.postgres - before.postgres) / result.all,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    commitMs: commits.length > 0 ? quantile(commits, 0.5) : undefined,
  };
}
