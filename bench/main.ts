/** `npm run bench -- NAME`: what Vallum costs, as ratios within one run. docs/benchmarks.md says how, and holds the results. */
import { parseArgs } from 'node:util';
import { edge } from './commands/edge.ts';
import { gateway } from './commands/gateway.ts';
import { guards } from './commands/guards.ts';
import { ledger } from './commands/ledger.ts';
import type { Options } from './commands/options.ts';
import { policy } from './commands/policy.ts';
import { start } from './commands/start.ts';
import { streams } from './commands/streams.ts';
import { ensureInstalled } from './install.ts';
import { newProfile, topCosts } from './processes/profile.ts';
import { say } from './report/say.ts';
import { writeSection } from './report/section.ts';

const benchmarks: Readonly<Record<string, (options: Options) => Promise<string>>> = {
  gateway,
  streams,
  start,
  guards,
  edge,
  policy,
  ledger,
};

const usage = `usage: npm run bench -- ${Object.keys(benchmarks).join(' | ')} [--quick] [--write] [--load TEXT] [--profile]
  --quick    fewer loads, rounds and seconds
  --write    put the result into docs/benchmarks.md as well
  --load     gateway: only the loads with this in their names, such as 'plain, 32'
  --profile  gateway, streams: take a CPU profile of Vallum and list what cost most; the figures then include the profiler`;

function argumentsOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        load: { type: 'string' },
        profile: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    say((error as Error).message);
    return undefined;
  }
}

/** @returns the exit code */
async function main(): Promise<number> {
  const parsed = argumentsOf(process.argv.slice(2));
  const [name = '', ...more] = parsed?.positionals ?? [];
  const benchmark = Object.hasOwn(benchmarks, name) && more.length === 0 ? benchmarks[name] : undefined;
  if (!parsed || !benchmark) {
    say(usage);
    return 2;
  }
  const { quick, write, load, profile } = parsed.values;
  if (write && (quick || profile || load !== undefined)) {
    say('--write goes with none of the others: what is published is a whole run, without a profiler');
    return 2;
  }
  ensureInstalled();
  const profiling = profile ? newProfile() : undefined;
  const report = await benchmark({ quick, load, profile: profiling });
  process.stdout.write(`${report}\n`);
  if (profiling) process.stdout.write(`\n${topCosts(profiling)}\n`);
  if (write) writeSection(name, report);
  return 0;
}

try {
  process.exit(await main());
} catch (error) {
  const errors: unknown[] = error instanceof AggregateError ? [error, ...error.errors] : [error];
  const reasons = errors.map((each) => (each instanceof Error ? each.message : String(each)));
  say(`bench: ${reasons.join('\n  ')}`);
  process.exit(1);
}
