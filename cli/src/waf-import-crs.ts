import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { plainText } from './plain-text.ts';
import { readInput } from './read-input.ts';
import { UsageError } from './usage-error.ts';

export interface ImportOptions {
  readonly url: string;
  /** A file with the key of an administrator. */
  readonly key: string;
  readonly paranoia: string;
  readonly dryRun?: boolean;
}

interface Report {
  readonly applied: boolean;
  readonly taken: readonly string[];
  readonly covered: readonly { readonly id: string; readonly by: string }[];
  readonly not_taken: readonly { readonly id: string; readonly reason: string }[];
}

/**
 * `vallum waf import-crs`: sends the rules of a CRS directory to the server, which takes them into use, and prints what it took.
 * @returns 0 when rules are in use (or would be), 1 when the server refused
 * @throws UsageError when the directory, the key or the server cannot be reached
 */
export async function wafImportCrs(folder: string, options: ImportOptions): Promise<number> {
  const paranoia = Number(options.paranoia);
  if (!/^[1-4]$/.test(options.paranoia)) throw new UsageError('--paranoia: give a level from 1 to 4');
  const url = endpoint(options.url);
  const key = await readKey(options.key);
  const files = await readRules(folder);
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'error',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ files, paranoia, dry_run: options.dryRun ?? false }),
  }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : 'no answer';
    throw new UsageError(`--url: cannot reach ${plainText(url.origin)}: ${plainText(cause)}`);
  });
  const answer = (await response.json().catch(() => undefined)) as unknown;
  if (!response.ok) {
    const { title, detail } = Object(answer) as { title?: unknown; detail?: unknown };
    process.stderr.write(
      `not imported: ${plainText(String(detail ?? title ?? 'the server gave no reason'))} (${response.status})\n`,
    );
    return 1;
  }
  process.stdout.write(
    reportLines(answer as Report)
      .map((line) => `${plainText(line)}\n`)
      .join(''),
  );
  return 0;
}

function endpoint(text: string): URL {
  try {
    const url = new URL('/v1/waf/crs-imports', text);
    if (url.protocol === 'https:' || url.protocol === 'http:') return url;
  } catch {
    // Said below, as for another scheme.
  }
  throw new UsageError(
    `--url: ${plainText(text)} is not the address of a server, such as http://127.0.0.1:8000`,
  );
}

/** A file with the key alone, or the bootstrap.json of the installation. */
async function readKey(file: string): Promise<string> {
  const text = (await readInput('--key', file)).trim();
  let key = text;
  if (text.startsWith('{')) {
    try {
      key = String((JSON.parse(text) as { adminKey?: unknown }).adminKey);
    } catch {
      key = '';
    }
  }
  if (!/^[\w.~+/=-]+$/.test(key)) throw new UsageError(`--key: there is no key in ${plainText(file)}`);
  return key;
}

/** The rules of a release lie in `rules/` of its folder; either of the two may be named. */
async function readRules(folder: string): Promise<{ name: string; text: string }[]> {
  for (const place of [folder, path.join(folder, 'rules'), path.join(folder, 'rules/@owasp_crs')]) {
    const names = await readdir(place).catch(() => []);
    const wanted = names.filter((name) => /^[\w.@-]+\.(?:conf|data)$/.test(name)).sort();
    if (!wanted.some((name) => /^REQUEST-.*\.conf$/.test(name))) continue;
    return Promise.all(
      wanted.map(async (name) => ({ name, text: await readFile(path.join(place, name), 'utf8') })),
    );
  }
  throw new UsageError(
    `${plainText(folder)}: there are no REQUEST-*.conf files in it or in its folder rules. Name the folder of an OWASP CRS release; Debian's is /usr/share/modsecurity-crs.`,
  );
}

function reportLines({ applied, taken, covered, not_taken }: Report): string[] {
  const all = taken.length + covered.length + not_taken.length;
  return [
    `${applied ? 'in use' : 'would be taken'}: ${taken.length} of ${all} rules`,
    `not needed, since a check of our own asks the same: ${covered.length}`,
    ...covered.map(({ id, by }) => `  ${id}  ${by}`),
    `not taken: ${not_taken.length}`,
    ...not_taken.map(({ id, reason }) => `  ${id}  ${reason}`),
  ];
}
