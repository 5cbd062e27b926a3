/** What the door costs each request: one line of JSON on standard output. `npm run bench -- edge` runs it. */

import { type CrsCase, crsCases, sharedData } from '../../tests/support/waf/crs-cases.ts';
import { levelOneRules } from '../../tests/support/waf/level-one.ts';
import { chatContent } from '../src/agents/models/chat-content.ts';
import { createWaf, ownRules } from '../src/edge/waf/index.ts';
import { systemClock } from '../src/kernel/index.ts';
import { believed } from './believed.ts';
import { textsOf } from './texts.ts';

const promptCharacters = 2_000;
/** The system counts a thread's time in ticks, so a piece takes many of them. */
const pieceMs = 400;
const pieces = 5;
/** Between two looks at the clock. */
const perLook = 50;
/** V8 compiles in the background; before, all is slower. */
const warmUpMs = 1_500;

const waf = createWaf({ rules: [ownRules], clock: systemClock, budgetMs: 5_000 });

/** As the official client of OpenAI sends it, with another path where a head is to be new. */
const headTo = (path: string) => ({
  method: 'POST',
  path,
  query: '',
  rawHeaders: Object.entries({
    host: '127.0.0.1:8000',
    connection: 'keep-alive',
    Accept: 'application/json',
    'Content-Type': 'application/json',
    'User-Agent': 'OpenAI/JS 6.10.0',
    'X-Stainless-Retry-Count': '0',
    'X-Stainless-Lang': 'js',
    'X-Stainless-Package-Version': '6.10.0',
    'X-Stainless-OS': 'Linux',
    'X-Stainless-Arch': 'x64',
    'X-Stainless-Runtime': 'node',
    'X-Stainless-Runtime-Version': 'v24.21.0',
    Authorization: 'Bearer vk_live_abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJK',
    'content-length': '2290',
  }).flat(),
});

const [prompt = ''] = textsOf('English prose', promptCharacters, 1);
const chat = {
  model: 'gpt-4o',
  stream: true,
  temperature: 0.2,
  messages: [
    { role: 'system', content: 'You write code.' },
    { role: 'user', content: prompt },
  ],
};
const administration = { name: "O'Brien's agent (EU)", scopes: ['vallum:read'], rate_per_minute: 100 };

function judgeChat(): boolean {
  const content = new Set(chatContent.input(chat).map(({ pointer }) => pointer));
  return waf.inspect({ body: { value: chat, content } }).findings.length === 0;
}

let count = 0;
function newHead() {
  count += 1;
  return headTo(`/v1/requests/${count}`);
}
const usual = headTo('/v1/chat/completions');
const cases: Readonly<Record<string, () => boolean>> = {
  headAgain: () => waf.inspectHead(usual).findings.length === 0,
  headAnew: () => waf.inspectHead(newHead()).findings.length === 0,
  chatBody: judgeChat,
  chatWhole: () => waf.inspectHead(usual).findings.length === 0 && judgeChat(),
  administrationBody: () => waf.inspect({ body: { value: administration } }).findings.length === 0,
};

/** CPU time of this thread for one, in µs; the median of some pieces. @throws Error when one is not clean: it would be another path */
function micros(judge: () => boolean): number {
  for (const until = performance.now() + warmUpMs; performance.now() < until; ) judge();
  const times = Array.from({ length: pieces }, () => {
    let judged = 0;
    const before = process.threadCpuUsage();
    for (const until = performance.now() + pieceMs; performance.now() < until; judged += perLook)
      for (let i = 0; i < perLook; i += 1) if (!judge()) throw new Error('something was found');
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / judged;
  });
  return times.sort((a, b) => a - b)[Math.floor(pieces / 2)] ?? 0;
}

/** Of the requests of CRS's tests that a rule of its level 1 is to catch, how many are blocked, by family. */
function recall(folder: string): { family: string; cases: number; blocked: number }[] {
  const wanted = crsCases(folder).filter(({ expected }) => expected.some((rule) => levelOneRules.has(rule)));
  const isBlocked = ({ input }: CrsCase): boolean => waf.judge(input).decision === 'block';
  return [...Map.groupBy(wanted, ({ family }) => family)].map(([family, of]) => ({
    family,
    cases: of.length,
    blocked: of.filter(isBlocked).length,
  }));
}

const data = sharedData('waf/crs');
const judged = Object.fromEntries(Object.entries(cases).map(([name, judge]) => [name, micros(judge)]));
const known = Object.fromEntries(
  Object.entries(await believed()).map(([name, authenticate]) => [name, micros(authenticate)]),
);
process.stdout.write(`${JSON.stringify({ judged, known, recall: data ? recall(data) : [] })}\n`);
