/**
 * Runs a file under the Node that the lock file pins, so that a machine with Node 20 and npm can run
 * everything: the platform's package first, else the Node that runs this if it is new enough.
 * Plain JavaScript, since this file runs under whatever Node is installed.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import path from 'node:path';

const oldest = [22, 19];
const args = process.argv.slice(2);

/** @returns {string | undefined} */
function pinned() {
  try {
    const manifest = createRequire(import.meta.url).resolve(
      `node-${process.platform}-${process.arch}/package.json`,
    );
    const binary = path.join(path.dirname(manifest), 'bin', 'node');
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

function newEnough() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}

const node = pinned() ?? (newEnough() ? process.execPath : undefined);
if (!node) {
  process.stderr.write(
    `vallum: no pinned Node for ${process.platform}-${process.arch} (was npm run with --omit=optional?), and this one is ` +
      `${process.version}: install Node ${oldest.join('.')} or later\n`,
  );
  process.exit(1);
}

const flags = ['--disable-warning=ExperimentalWarning', ...args];
if (typeof process.execve === 'function') {
  // The process becomes the program: signals and exit codes need no forwarding.
  process.execve(node, [node, ...flags], process.env);
}
const child = spawn(node, flags, { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
  // A terminal's Ctrl-C reaches the child by itself; a signal sent to this process alone must be passed on.
  process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY) || child.kill(signal));
}
child.on('error', (error) => {
  process.stderr.write(`vallum: could not run ${node}: ${error.message}\n`);
  process.exit(1);
});
child.on('exit', (code, signal) =>
  process.exit(signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1)),
);
