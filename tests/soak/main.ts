import { parseArgs } from 'node:util';
import { chaos } from './chaos.ts';
import { record } from './record.ts';
import type { Suite } from './suite.ts';

/** `npm run soak -- NAME [--size=N] [--write]`: long runs by name. Writes nothing but with `--write`. */

const suites: readonly Suite[] = [chaos];

function usage(wrong: string): never {
  console.error(`soak: ${wrong}\n\n  npm run soak -- NAME [--size=N] [--write]\n`);
  for (const { name, about } of suites) console.error(`  ${name}: ${about}`);
  process.exit(2);
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { size: { type: 'string' }, write: { type: 'boolean', default: false } },
    });
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
}

const { values, positionals } = parse();
const [name, ...more] = positionals;
const suite = suites.find((each) => each.name === name);
if (!suite || more.length > 0) usage(name ? `there is no suite ${positionals.join(' ')}` : 'name a suite');
const size = values.size === undefined ? undefined : Number(values.size);
if (size !== undefined && !(Number.isInteger(size) && size > 0))
  usage(`--size is a whole number above 0, and was ${values.size}`);

const figures = await suite.run(size, (line) => console.log(line));
const width = Math.max(...figures.map((figure) => figure.name.length));
console.log(`\n${suite.name}`);
for (const figure of figures) console.log(`  ${figure.name.padEnd(width)}  ${figure.value}`);
if (values.write) console.log(`\nwritten to ${record(suite.name, figures)}`);
