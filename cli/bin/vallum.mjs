#!/usr/bin/env node
/**
 * The `vallum` command. In the tree it runs the sources under the Node that the lock file pins; in the published package
 * it runs what was compiled, on any Node from 20.19. Plain JavaScript, since this file runs under whatever Node is installed.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const runner = new URL('../../scripts/node.mjs', import.meta.url);

if (existsSync(source) && existsSync(runner)) {
  // The runner takes the file to run, and what is for it, from the arguments.
  process.argv.splice(2, 0, source);
  await import(runner.href);
} else {
  await import(new URL('../dist/main.js', import.meta.url).href);
}
