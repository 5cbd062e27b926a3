import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../kernel/index.ts';
import { importedRulesFile } from './adapters/imported-rules-file.ts';
import { type ImportedRules, takeCrs } from './imports.ts';
import { wafRoutes } from './routes.ts';
import { ownRules } from './rules/own-rules.ts';
import { createWaf, type Waf } from './waf.ts';

const conf = (word: string, id = 1) => [
  { name: 'a.conf', text: `SecRule ARGS "@rx ${word}" "id:${id},phase:2,block"` },
];

let folder = '';
let file = '';
let store: ImportedRules;
let waf: Waf;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vallum-waf-'));
  file = path.join(folder, 'rules.json');
  store = importedRulesFile(file);
  waf = createWaf({ rules: [ownRules], clock: systemClock, budgetMs: 1_000 });
});
afterEach(() => {
  waf.dispose();
  rmSync(folder, { recursive: true });
});
const blocks = (text: string): boolean => waf.judge({ body: { value: [text] } }).decision === 'block';

describe('an import', () => {
  it('is in use at once and after a restart, beside our own rules and in place of the last one', async () => {
    expect(await store.load()).toBeUndefined();
    await takeCrs({ waf, store }, { files: conf('first word'), paranoia: 1, dryRun: false });
    expect(blocks('the first word')).toBe(true);
    await takeCrs({ waf, store }, { files: conf('second word'), paranoia: 1, dryRun: false });
    expect([blocks('the first word'), blocks('the second word'), blocks("' or 1=1 --")]).toEqual([
      false,
      true,
      true,
    ]);
    expect((await store.load())?.rules.map(({ id }) => id)).toEqual(['crs-1']);
    expect(readdirSync(folder)).toEqual(['rules.json']);
  });

  it('that only asks changes nothing', async () => {
    const { taken } = await takeCrs({ waf, store }, { files: conf('a word'), paranoia: 1, dryRun: true });
    expect(taken).toEqual(['crs-1']);
    expect(blocks('a word')).toBe(false);
    expect(await store.load()).toBeUndefined();
  });

  it('of nothing is refused, and the rules before it stay', async () => {
    await takeCrs({ waf, store }, { files: conf('first word'), paranoia: 1, dryRun: false });
    const nothing = takeCrs({ waf, store }, { files: conf('(?=x)'), paranoia: 1, dryRun: false });
    await expect(nothing).rejects.toMatchObject({ code: 'input-invalid' });
    expect(blocks('the first word')).toBe(true);
  });

  it('that cannot be kept is not in use either, so that a restart changes nothing', async () => {
    await takeCrs({ waf, store }, { files: conf('first word'), paranoia: 1, dryRun: false });
    const full: ImportedRules = {
      load: () => store.load(),
      save: () => Promise.reject(new Error('no space')),
    };
    const failing = takeCrs({ waf, store: full }, { files: conf('second word'), paranoia: 1, dryRun: false });
    await expect(failing).rejects.toThrow('no space');
    expect([blocks('the first word'), blocks('the second word')]).toEqual([true, false]);
  });

  it('whose file was damaged stops the start: fewer rules than were asked for are not enough', async () => {
    writeFileSync(file, '{"rules":[]}');
    await expect(store.load()).rejects.toThrow(/Import them again/);
  });
});

it('the route marks the rule texts as content, since they are attacks as they are written down', () => {
  const [importing] = wafRoutes({ waf, store });
  const body = importing?.body?.parse({ files: conf("' or 1=1 --") });
  const content = new Set(importing?.content?.input(body).map(({ pointer }) => pointer));
  expect(waf.judge({ body: { value: body, content } }).decision).toBe('allow');
  expect(waf.judge({ body: { value: body } }).decision).toBe('block');
});
