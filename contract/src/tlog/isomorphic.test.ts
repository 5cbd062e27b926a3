import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it('uses nothing that only Node has, so that a browser verifies with the same code', () => {
  const folder = fileURLToPath(new URL('..', import.meta.url));
  const sources = globSync('**/*.ts', { cwd: folder }).filter((file) => !/\.test\.ts$|testing/.test(file));
  expect(sources.length).toBeGreaterThan(12);
  const nodeOnly = sources.filter((file) =>
    /from 'node:|\bBuffer\b|\bprocess\.|\brequire\(/.test(readFileSync(`${folder}/${file}`, 'utf8')),
  );
  expect(nodeOnly).toEqual([]);
});
