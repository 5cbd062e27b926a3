import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import type { PlainRequest } from './plain-request.ts';
import { bodyOf } from './raw-body.ts';

/** One request of CRS's regression tests, and what CRS says of it. */
export interface CrsCase {
  /** `942100-3`. */
  readonly name: string;
  /** The three digits of its family: `942`. */
  readonly family: string;
  readonly input: PlainRequest;
  /** Rules that CRS expects to match. */
  readonly expected: readonly number[];
  /** Rules that it expects not to. */
  readonly unexpected: readonly number[];
}

interface Stage {
  readonly input?: {
    readonly method?: string;
    readonly uri?: string;
    readonly headers?: Readonly<Record<string, string | number>>;
    readonly data?: string;
    readonly encoded_request?: string;
  };
  readonly output?: { readonly log?: { readonly expect_ids?: number[]; readonly no_expect_ids?: number[] } };
}

/** Where the public test data lies, or undefined: tests that need it skip. */
export function sharedData(part: string): string | undefined {
  const root = process.env.VALLUM_SHARED_DATA ?? path.resolve(import.meta.dirname, '../../../../shared/data');
  const folder = path.join(root, part);
  return existsSync(folder) ? folder : undefined;
}

/** All cases with a request that can be written down: the few that are raw bytes of broken HTTP are the listener's to refuse. */
export function crsCases(folder: string): CrsCase[] {
  return globSync('tests/regression/tests/REQUEST-*/*.yaml', { cwd: folder })
    .sort()
    .flatMap((file) => {
      const text = readFileSync(path.join(folder, file), 'utf8');
      const document = parse(text) as {
        rule_id: number;
        tests?: { test_id: number; stages: Stage[] }[];
      } | null;
      return (document?.tests ?? []).flatMap(({ test_id, stages }) =>
        stages.flatMap(({ input, output }): CrsCase[] => {
          if (!input || input.encoded_request) return [];
          const family = /REQUEST-(\d+)/.exec(file)?.[1] ?? '';
          return [
            {
              name: `${document?.rule_id}-${test_id}`,
              family,
              input: inputOf(input),
              expected: output?.log?.expect_ids ?? [],
              unexpected: output?.log?.no_expect_ids ?? [],
            },
          ];
        }),
      );
    });
}

function inputOf({
  method = 'GET',
  uri = '/',
  headers = {},
  data,
}: NonNullable<Stage['input']>): PlainRequest {
  const [path = '', ...query] = uri.replace(/^https?:\/\/[^/]+/, '').split('?');
  const rawHeaders = Object.entries(headers).flatMap(([name, value]) => [name, String(value)]);
  const type = String(
    Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '',
  );
  return {
    head: { method, path, query: query.join('?'), rawHeaders },
    ...(data !== undefined && { body: { value: bodyOf(type, data) } }),
  };
}
