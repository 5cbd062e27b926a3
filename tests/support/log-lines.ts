import { expect } from 'vitest';

/** The lines of a server's log, each of which must be one object of JSON: what cannot be parsed was broken by somebody. */
export function logLines(stdout: string): Readonly<Record<string, unknown>>[] {
  expect(stdout.endsWith('\n')).toBe(true);
  return stdout
    .slice(0, -1)
    .split('\n')
    .map((line) => {
      // Nothing that a terminal acts on, in whatever line.
      expect(line).toMatch(/^\{[^\p{Cc}]*\}$/u);
      return JSON.parse(line) as Record<string, unknown>;
    });
}
