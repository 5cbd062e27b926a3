import { atLeast, atMost, type BudgetLine, budgetTable, figure, table } from '../report/markdown.ts';
import { streamedEvents } from '../servers/exchange.ts';
import { type Cell, instant, nameOf, slow } from './cells.ts';
import { type CellResult, over, ratio } from './rounds.ts';

const bare = 'passthrough';
const committing = 'passthrough + 2 commits';
const ours = 'vallum';
const peer = 'portkey';
const order = [bare, committing, ours, peer];

/** Every figure, a line for each server under each load. */
function figures(results: readonly CellResult[]): string {
  const rows = results.flatMap((result) =>
    order
      .filter((name) => result.measured.has(name))
      .map((name) => {
        const cpu = over(result, name, (each) => each.cpuMicros);
        return [
          `${nameOf(result.cell)}: ${name}`,
          figure(over(result, name, (each) => each.perSecond)),
          figure(ratio(result, [name, bare], (each) => each.perSecond)),
          figure(ratio(result, [name, committing], (each) => each.perSecond)),
          figure(cpu),
          figure(ratio(result, [name, bare], (each) => each.cpuMicros)),
          figure(result.cell.stream && cpu !== undefined ? cpu / streamedEvents.length : undefined),
          figure(over(result, name, (each) => each.postgresMicros)),
          figure(over(result, name, (each) => each.p50Ms)),
          figure(over(result, name, (each) => each.p99Ms)),
        ];
      }),
  );
  const heads = [
    'load: server',
    'requests/s',
    '× passthrough',
    '× with 2 commits',
    'CPU µs/request',
    '× passthrough',
    'CPU µs/event',
    'PostgreSQL µs/request',
    'p50 ms',
    'p99 ms',
  ];
  return table(heads, rows);
}

/** What of this the project has set itself limits for. */
function budgets(results: readonly CellResult[]): BudgetLine[] {
  const find = (wanted: Cell): CellResult | undefined =>
    results.find(
      ({ cell }) =>
        cell.stream === wanted.stream &&
        cell.connections === wanted.connections &&
        cell.model === wanted.model,
    );
  const plain = (connections: number, model = instant) => find({ stream: false, connections, model });
  const lines: BudgetLine[] = [];
  for (const connections of [32, 128]) {
    const result = plain(connections);
    const cell = `plain, ${connections} connections`;
    const of = (against: string, pick: Parameters<typeof ratio>[2]) =>
      result && ratio(result, [ours, against], pick);
    lines.push(
      atMost(
        `CPU per request against the passthrough (${cell})`,
        of(bare, (each) => each.cpuMicros),
        2,
        ' ×',
      ),
      atLeast(
        `throughput against the passthrough with 2 commits (${cell})`,
        of(committing, (each) => each.perSecond),
        0.5,
        ' ×',
      ),
      atLeast(
        `requests per CPU second against @portkey-ai/gateway (${cell})`,
        of(peer, (each) => 1 / each.cpuMicros),
        5,
        ' ×',
      ),
    );
  }
  lines.push(addedLatency(plain(1, slow)));
  const streaming = find({ stream: true, connections: 32, model: instant });
  lines.push(
    atMost(
      'CPU per event of a stream against the passthrough (32 connections, as fast as it goes)',
      streaming && ratio(streaming, [ours, bare], (each) => each.cpuMicros),
      2,
      ' ×',
    ),
  );
  return lines;
}

/** Half a millisecond, and one commit as the passthrough that commits has measured it in the same rounds. */
function addedLatency(result: CellResult | undefined): BudgetLine {
  const own = result && over(result, ours, (each) => each.p50Ms);
  const least = result && over(result, bare, (each) => each.p50Ms);
  const commit = result && over(result, committing, (each) => each.commitMs);
  const added = own !== undefined && least !== undefined ? own - least : undefined;
  const budget = 'added p50, one connection, upstream of 50 ms; a commit took';
  return atMost(`${budget} ${figure(commit, ' ms')}`, added, Number((0.5 + (commit ?? 0)).toFixed(2)), ' ms');
}

/** The report of a run, in Markdown. */
export function gatewayReport(
  results: readonly CellResult[],
  circumstances: string,
  notes: string[],
): string {
  const problems = results.flatMap(({ cell, problems: of }) =>
    [...of].map(([name, reason]) => `- ${name} was not measured under "${nameOf(cell)}": ${reason}.`),
  );
  return [circumstances, ...notes, problems.join('\n'), budgetTable(budgets(results)), figures(results)]
    .filter(Boolean)
    .join('\n\n');
}
