/** `npm run bench -- NAME [--quick] [--write] [--profile]`: what Vallum costs, as ratios within one run. docs/benchmarks.md says how, and holds the results. */
import { parseArgs } from 'node:util';
import { gateway } from './commands/gateway.ts';
import type { Options } from './commands/options.ts';
import { ensureInstalled } from './install.ts';
import { newProfile, topCosts } from './processes/profile.ts';
import { say } from './report/say.ts';
import { writeSection } from './report/section.ts';

const benchmarks: Readonly<Record<string, (options: Options) => Promise<string>>> = {
  gateway,
};

const usage = `usage: npm run bench -- ${Object.keys(benchmarks).join(' | ')} [--quick] [--write] [--profile]
  --quick    fewer loads, rounds and seconds
  --write    put the result into docs/benchmarks.md as well
  --profile  take a CPU profile of the Vallum that is measured, and list what cost most (its figures then include the profiler)`;

function argumentsOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        profile: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    say((error as Error).message);
    return undefined;
  }
}

const parsed = argumentsOf(process.argv.slice(2));
const [name = '', ...more] = parsed?.positionals ?? [];
const benchmark = Object.hasOwn(benchmarks, name) && more.length === 0 ? benchmarks[name] : undefined;
if (!parsed || !benchmark) {
  say(usage);
  process.exit(2);
}
const { quick, write, profile } = parsed.values;
if (write && profile) {
  say(
    '--write and --profile do not go together: a profiled run is slower, and its figures are not for publishing',
  );
  process.exit(2);
}
ensureInstalled();
const profiling = profile ? newProfile() : undefined;
const report = await benchmark({ quick, profile: profiling });
process.stdout.write(`${report}\n`);
if (profiling) process.stdout.write(`\n${topCosts(profiling)}\n`);
if (write) writeSection(name, report);
process.exit(0);
