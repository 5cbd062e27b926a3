import { readFileSync } from 'node:fs';
import path from 'node:path';
import { compose } from './compose.ts';
import { ConfigError, describeConfig, loadConfig, urlOf } from './config.ts';
import { type Log, run } from './kernel/index.ts';
import { createLog } from './platform/log/index.ts';
import { prepare } from './prepare.ts';

/** config → prepare → compose → run → stop. Lines for people go to standard error, log lines as JSON to standard output. */

/** What a stop may take beyond the drain, which has 8 seconds where nothing else is set: 10 are promised. */
const afterDrainMs = 1_500;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function start(): Promise<void> {
  const began = performance.now();
  const loaded = loadConfig(process.env, process.cwd());
  if (process.argv[2] === 'config') {
    process.stdout.write(`${describeConfig(loaded)}\n`);
    return;
  }
  const { config } = loaded;
  const log = createLog(config.log.level);

  let stopAll: (() => Promise<void>) | undefined;
  let stopping = false;
  const stop = async (because: string, exitCode: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log.info(`stopping: ${because}`);
    // A database that says nothing must not hold it up; what is open then is found by the next start.
    setTimeout(() => {
      log.error('the stop took too long: the process ends');
      process.exit(1);
    }, config.limits.drain_ms + afterDrainMs).unref();
    try {
      await stopAll?.();
      log.info('stopped');
      process.exit(exitCode);
    } catch (error) {
      log.error('the stop was not clean', { error });
      process.exit(1);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(signal, 0));
  endOnTheUnexpected(log);

  const foundation = await prepare(config, log);
  const { services, listener, secrets } = await compose(
    config,
    foundation,
    log,
    (because) => void stop(because, 1),
  );
  stopAll = await run(services);
  if (stopping) return void (await stopAll());

  const url = urlOf(config, listener.port());
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  log.info('ready', { version: version(), ms: Math.round(performance.now() - began) });
  say(`\nVallum ${version()} is ready at ${url} (${seconds} s)\n`);
  if (await secrets.exists()) say(firstSteps(url, secrets));
}

function firstSteps(url: string, { file, header }: { file: string; header: string }): string {
  const body = '{"model":"rehearsal","messages":[{"role":"user","content":"Hello"}]}';
  return [
    `The first secrets are in ${file}: keys, and the administrator's password. Only you can read it.`,
    'Take them over and delete it; the administrator key in it ends after 24 hours.',
    '',
    'Try it:',
    '',
    `  curl -H @${quoted(header)} -H 'content-type: application/json' ${url}/v1/chat/completions -d '${body}'`,
    '',
  ].join('\n');
}

/** For a POSIX shell, where it needs it. */
const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** A process whose state nobody knows any more must not go on answering. */
function endOnTheUnexpected(log: Log): void {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error) => {
      log.error('the process ends: nobody expected this', { error });
      process.exit(1);
    });
  }
}

const version = (): string =>
  (JSON.parse(readFileSync(path.join(import.meta.dirname, '../package.json'), 'utf8')) as { version: string })
    .version;

try {
  await start();
} catch (error) {
  if (error instanceof ConfigError) say(`vallum: the settings are not valid:\n${error.message}`);
  else say(`vallum: could not start: ${reasons(error).join('\n  ')}`);
  process.exit(1);
}

/** What went wrong, outermost first. At a start there is nobody's data yet, so messages may be shown. */
function reasons(error: unknown): string[] {
  if (error instanceof AggregateError) return [error.message, ...error.errors.flatMap(reasons)];
  if (error instanceof Error) return [error.message, ...(error.cause ? reasons(error.cause) : [])];
  return [String(error)];
}
