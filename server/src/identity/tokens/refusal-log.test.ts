import { expect, it } from 'vitest';
import type { LogFields } from '../../kernel/index.ts';
import { handClock } from '../testing/test-issuer.ts';
import { createRefusalLog } from './refusal-log.ts';

it('says each reason once a minute with how often it came, so that a flood of tokens is no flood of lines', () => {
  const lines: (LogFields | undefined)[] = [];
  const write = (_: string, fields?: LogFields): void => void lines.push(fields);
  const clock = handClock();
  const refused = createRefusalLog({ info: write, warn: write, error: write }, clock, 'a token was refused');
  for (let i = 0; i < 1_000; i += 1) refused('expired', 'https://a.example');
  refused('issuer-unknown', undefined);
  clock.pass(60_000);
  refused('expired', 'https://a.example');
  expect(lines).toEqual([
    { code: 'expired', count: 1, issuer: 'https://a.example' },
    { code: 'issuer-unknown', count: 1 },
    { code: 'expired', count: 1_000, issuer: 'https://a.example' },
  ]);
});
