import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { type RawReply, type Route, rawRoute } from '../../kernel/index.ts';

/** What pages are made of. Nothing of it is put together when it is asked for, so nobody's words can get into it. */
const files = ['sign-in.js', 'account.js', 'page.js', 'page.css', 'icon.svg'] as const;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

function replyOf(file: string): RawReply {
  const contentType = types[path.extname(file)] ?? '';
  return {
    contentType,
    bytes: readFileSync(path.join(import.meta.dirname, file)),
  };
}

const page = (at: string, file: string, summary: string): Route => {
  const reply = replyOf(file);
  return rawRoute({
    method: 'GET',
    path: at,
    action: 'open',
    summary,
    seals: 'none',
    handle: async () => reply,
  });
};

/** The pages on which people sign in and see to their account. They hold nobody's data: what they show they ask the API for, as whoever is signed in. */
export function pageRoutes(): Route[] {
  const parts = new Map<string, RawReply>(files.map((file) => [file, replyOf(file)]));
  return [
    page('/sign-in', 'sign-in.html', 'The page to sign in'),
    page('/account', 'account.html', 'The page for what is your own: sessions, passkeys, password'),
    rawRoute({
      method: 'GET',
      path: '/pages/:file',
      action: 'open',
      summary: 'Scripts and styles of the pages',
      seals: 'none',
      params: z.strictObject({ file: z.enum(files) }),
      handle: async ({ params: { file } }) => parts.get(file) ?? replyOf(file),
    }),
  ];
}
