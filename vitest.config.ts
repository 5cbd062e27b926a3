import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{contract,server,cli}/src/**/*.test.ts', 'tests/**/*.test.ts', 'bench/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // One PostgreSQL for the whole run; a test file that needs it calls `testDatabase()`.
    globalSetup: ['server/src/platform/postgres/testing/global-setup.ts'],
    // Servers that tests start: half of what a start takes is reading its sources.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url)) },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores; several suites start processes of their own, and wait for them more than they compute.
    maxWorkers: 3,
    reporters: ['default'],
  },
});
