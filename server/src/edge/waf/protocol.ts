import { isUtf8 as isUtf8Bytes } from 'node:buffer';
import { decodePercent } from './decode.ts';
import type { HeadInput } from './input.ts';
import type { Finding } from './verdict.ts';

export const protocolFamily = 'protocol';

/**
 * What a request's frame must be like before anybody reads its content (RFC 9110, 9112). Plain code: these need counts and exact grammars, which rules do not have.
 */
export function protocolFindings(head: HeadInput): Finding[] {
  const headers = byName(head.rawHeaders);
  const findings: Finding[] = [];
  for (const { rule, where, score = 5, wrong } of checks)
    if (wrong(head, headers)) findings.push({ rule, family: protocolFamily, where, score });
  return findings;
}

type Headers = ReadonlyMap<string, readonly string[]>;

interface Check {
  readonly rule: string;
  readonly where: string;
  readonly score?: number;
  wrong(head: HeadInput, headers: Headers): boolean;
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Two of these, and whoever stands before or behind us may take the other one. */
const singletons = [
  'authorization',
  'content-encoding',
  'content-length',
  'content-type',
  'host',
  'origin',
  'range',
  'referer',
  'transfer-encoding',
  'user-agent',
  'x-api-key',
];

/** They change method, path or proxy behind the back of who checks them (httpoxy among them), or belong to WebDAV. */
const forbidden = [
  'proxy',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-url',
  'x-rewrite-url',
  'lock-token',
  'translate',
  'content-range',
  'request-range',
  'if',
];

const percentWrong = /%(?![0-9a-f]{2})/i;
const controlEscaped = /%(?:0[0-8bcef]|1[0-9a-f]|7f)/i;
const mediaType =
  /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(?:\s*;\s*[\w-]{1,40}=(?:[\w'()+,./:=?-]{1,200}|"[^"\\]{0,200}"))*\s*$/;
const host = /^(?:[a-z0-9_](?:[a-z0-9._-]{0,251}[a-z0-9_])?\.?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;
/** What servers keep beside their code: backups, sources, databases, keys. No path of an API ends so. */
const leftover =
  /\.(?:bak|backup|old|orig|save|sw[op]|tmp|temp|sql|db|mdb|sqlite3?|conf|config|cfg|ini|inc|log|dat|key|pem|p12|pfx|asax?|asp|ashx|cs|csproj|vb|vbs|dll|exe|com|cmd|bat|sys|lnk|htr|htw|ida|idc|idq|printer|rdb|resx?|resources|sh|pol|pwd|axd|cer|jse|licx|shtml|stm|sitemap|webinfo|xsd|xsx|asa|backup|dos|kdbx?|ppk|rar|bz2|tar|tgz)~?\/?$/i;

const checks: readonly Check[] = [
  { rule: 'protocol-method', where: 'method', wrong: ({ method }) => !methods.has(method) },
  {
    rule: 'protocol-host',
    where: 'header host',
    // HTTP/1.0 knows none; that 1.1 has one is the listener's check.
    wrong: (_, headers) => (headers.get('host') ?? []).some((text) => !host.test(text)),
  },
  {
    rule: 'protocol-header-twice',
    where: 'headers',
    wrong: (_, headers) => singletons.some((name) => (headers.get(name)?.length ?? 0) > 1),
  },
  {
    rule: 'protocol-header-forbidden',
    where: 'headers',
    wrong: (_, headers) => forbidden.some((name) => headers.has(name)),
  },
  {
    rule: 'protocol-header-value',
    where: 'headers',
    // RFC 9110, section 5.5. Bytes above 127 are opaque there, and nobody sends them with good intent.
    wrong: ({ rawHeaders }) => rawHeaders.some((text) => /[^\t\x20-\x7e]/.test(text)),
  },
  {
    rule: 'protocol-length',
    where: 'header content-length',
    wrong: (_, headers) =>
      (headers.get('content-length') ?? []).some((text) => !/^\d{1,15}$/.test(text)) ||
      (headers.has('content-length') && headers.has('transfer-encoding')),
  },
  {
    rule: 'protocol-transfer-encoding',
    where: 'header transfer-encoding',
    wrong: (_, headers) => (headers.get('transfer-encoding') ?? []).some((text) => !/^chunked$/i.test(text)),
  },
  {
    rule: 'protocol-body-with-get',
    where: 'headers',
    wrong: ({ method }, headers) =>
      (method === 'GET' || method === 'HEAD') &&
      ((headers.get('content-length')?.[0] ?? '0') !== '0' || headers.has('transfer-encoding')),
  },
  {
    rule: 'protocol-content-type',
    where: 'header content-type',
    wrong: (_, headers) => (headers.get('content-type') ?? []).some((text) => !mediaType.test(text)),
  },
  {
    rule: 'protocol-charset',
    where: 'header content-type',
    // Bodies are UTF-8; in another charset the same bytes say something else. Twice, and readers differ.
    wrong: (_, headers) => {
      const charsets =
        (headers.get('content-type')?.[0] ?? '').toLowerCase().match(/charset\s*=\s*"?[^\s;"]*/g) ?? [];
      return charsets.length > 1 || charsets.some((text) => !/=\s*"?(?:utf-8|us-ascii)$/.test(text));
    },
  },
  {
    rule: 'protocol-content-encoding',
    where: 'header content-encoding',
    wrong: (_, headers) => (headers.get('content-encoding') ?? []).some((text) => !/^identity$/i.test(text)),
  },
  {
    rule: 'protocol-range',
    where: 'header range',
    wrong: (_, headers) => (headers.get('range') ?? []).some(rangeWrong),
  },
  {
    rule: 'protocol-connection',
    where: 'header connection',
    wrong: (_, headers) =>
      ((headers.get('connection') ?? []).join().match(/keep-alive|close/gi) ?? []).length > 1,
  },
  {
    rule: 'protocol-path',
    where: 'path',
    wrong: ({ path }) =>
      !/^(?:\/[\x21-\x7e]*|\*)$/.test(path) ||
      /[#\\"<>^`{|}]/.test(path) ||
      percentWrong.test(path) ||
      controlEscaped.test(path),
  },
  {
    rule: 'protocol-query',
    where: 'query',
    wrong: ({ query }) =>
      /[^\x21-\x7e]/.test(query) || percentWrong.test(query) || controlEscaped.test(query),
  },
  {
    rule: 'protocol-utf8',
    where: 'request line',
    // What is not UTF-8 is read differently by whoever comes next; overlong forms are how filters are passed.
    wrong: ({ path, query }) => !isUtf8(path) || !isUtf8(query),
  },
  {
    rule: 'protocol-accept',
    where: 'header accept',
    wrong: (_, headers) =>
      (headers.get('accept') ?? []).some(
        (text) => /charset/i.test(text) && !/charset="?(?:utf-8|us-ascii|iso-8859-1)\b/i.test(text),
      ) || (headers.get('accept-encoding') ?? []).some((text) => text.length > 100),
  },
  {
    rule: 'protocol-boundary',
    where: 'header content-type',
    wrong: (_, headers) =>
      (headers.get('content-type') ?? []).some(
        (text) => /;\s*boundary\s*=/i.test(text) && !/^multipart\//i.test(text),
      ),
  },
  {
    rule: 'protocol-body-type',
    where: 'headers',
    wrong: (_, headers) =>
      !headers.has('content-type') &&
      ((headers.get('content-length')?.[0] ?? '0') !== '0' || headers.has('transfer-encoding')),
  },
  {
    rule: 'protocol-leftover',
    where: 'path',
    wrong: ({ path }) => leftover.test(decodePercent(path)) || /~(?:$|\/)/.test(path),
  },
];

/** The names of these checks. */
export const protocolRules: ReadonlySet<string> = new Set(checks.map(({ rule }) => rule));

const isUtf8 = (text: string): boolean =>
  !text.includes('%') ||
  (text.match(/(?:%[0-9a-f]{2})+/gi) ?? []).every((run) =>
    isUtf8Bytes(Buffer.from(run.replaceAll('%', ''), 'hex')),
  );

/** More parts than a reader of files asks for, an end before its start, or no range at all. */
function rangeWrong(text: string): boolean {
  const [unit, list = ''] = text.split('=');
  if (unit?.trim().toLowerCase() !== 'bytes') return true;
  const parts = list.split(',');
  return (
    parts.length > 5 ||
    parts.some((part) => {
      const [, from = '', to = ''] = /^\s*(\d{0,15})-(\d{0,15})\s*$/.exec(part) ?? ['', '1', '0'];
      return from === '' ? to === '' : to !== '' && Number(from) > Number(to);
    })
  );
}

function byName(rawHeaders: readonly string[]): Headers {
  const headers = new Map<string, string[]>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase();
    const value = rawHeaders[at + 1] ?? '';
    const known = headers.get(name);
    if (known) known.push(value);
    else headers.set(name, [value]);
  }
  return headers;
}
