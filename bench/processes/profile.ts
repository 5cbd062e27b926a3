import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { repository } from '../../tests/support/vallum.ts';
import { figure, table } from '../report/markdown.ts';

/** The format that V8 writes (Chrome DevTools Protocol, Profiler.Profile), as far as it is read here. */
interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const listed = 40;

/** @returns a new folder for profiles. */
export const newProfile = (): string => mkdtempSync(path.join(tmpdir(), 'vallum-profile-'));

/** Runs what starts a Node process so that it writes its profile into the folder when it ends. */
export async function profiled<T>(folder: string | undefined, start: () => Promise<T>): Promise<T> {
  if (folder === undefined) return start();
  const before = process.env.NODE_OPTIONS;
  process.env.NODE_OPTIONS = `--cpu-prof --cpu-prof-dir=${folder}`;
  try {
    return await start();
  } finally {
    if (before === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = before;
  }
}

/** The functions in which most time was spent, by themselves, as a table; idle time does not count. */
export function topCosts(folder: string): string {
  const files = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
  if (files.length === 0) return `There is no profile in ${folder}.`;
  return files
    .map((name) => `Profile ${path.join(folder, name)}\n\n${costsOf(path.join(folder, name))}`)
    .join('\n\n');
}

function costsOf(file: string): string {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as Profile;
  const places = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
      id,
      `${functionName || '(anonymous)'} ${url ? `${shorter(url)}:${lineNumber + 1}` : ''}`,
    ]),
  );
  const micros = new Map<string, number>();
  samples.forEach((id, at) => {
    const place = places.get(id) ?? '?';
    if (/^\((idle|program)\) $/.test(place)) return;
    micros.set(place, (micros.get(place) ?? 0) + (timeDeltas[at] ?? 0));
  });
  const total = [...micros.values()].reduce((sum, each) => sum + each, 0);
  const rows = [...micros]
    .sort(([, a], [, b]) => b - a)
    .slice(0, listed)
    .map(([place, each]) => [place, figure((each / total) * 100, ' %')]);
  return table(['function', 'self'], rows);
}

const shorter = (url: string): string =>
  url.replace(`file://${repository}`, '').replace(/^.*node_modules\//, '');
