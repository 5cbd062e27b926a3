/**
 * A process of its own with an embedded server, for tests of what happens between processes.
 * Arguments: the data folder, and the server's settings as JSON. Says `running` when it runs, then does so until it is told to stop.
 */
import { embeddedPostgres } from '../embedded/embedded-postgres.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);
const [dataDir = '', settings = '{}'] = process.argv.slice(2);
const server = embeddedPostgres({
  dataDir,
  log: say,
  settings: JSON.parse(settings) as Record<string, string>,
});
try {
  await server.start();
  say('running');
} catch (error) {
  say(`failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
// The server is a process of its own; something of ours must go on too.
const alive = setInterval(() => undefined, 60_000);
if (process.exitCode !== undefined) clearInterval(alive);
process.once('SIGTERM', async () => {
  await server.stop();
  clearInterval(alive);
});
