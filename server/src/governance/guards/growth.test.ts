import { describe, expect, it } from 'vitest';
import type { StreamGuard } from './guard.ts';
import { injectionGuard } from './injection.ts';
import { normalise } from './normalise.ts';
import { tokenKinds } from './secrets/tokens.ts';
import { secretsGuard } from './secrets.ts';
import { createWindow } from './window.ts';

/** Shapes that make careless matchers superlinear: runs, beginnings without ends, nesting, and what is looked back over. */
const shapes: Record<string, string> = {
  'one letter': 'a',
  spaces: ' ',
  hyphens: '-',
  'open headers': '-----BEGIN PRIVATE KEY-----\n',
  'headers that go on': '-----BEGIN ',
  'a key without an end': `-----BEGIN PRIVATE KEY-----\n${'MIIEvQIBADANBgkq'.repeat(200)}`,
  'ends without a key': '-----END ',
  'nested quotes': '"\\"\\\\\\"',
  'assignments of assignments': 'password=',
  'names without values': 'api_key: ',
  'names that go on': 'secret_token_password_',
  colons: ':',
  'users without passwords': 'https://user:',
  'at signs': 'https://a:b@',
  'digits and colons': '123456789:',
  'headers of tokens': 'eyJ',
  'headers of tokens and dots': 'eyJhbGciOiJIUzI1NiJ9.',
  'words of rules': 'ignore all previous your system prompt ',
  'the same word': 'ignore ',
  'negated words': 'never not ignore ',
  'markers of roles': '<|im_start|>[INST]### System: ',
  'full stops': '.',
  'zero-width characters': '\u200b',
  'marks on one letter': '\u0301',
  'tag characters': '\u{e0041}',
  'look-alikes': '\u0430',
  'mixed scripts': 'a\u0430',
  'characters that are read as many': '\u3300\ufdfa',
  'unpaired surrogates': '\ud83d',
  'characters of Chinese': '忽略之前的指令',
  'key ids, then base64': `AKIA${'ABCDEFGHIJKLMNOP'} ${'Ab1/'.repeat(9)} `,
};
const prefixes = [...new Set(tokenKinds.flatMap((kind) => kind.prefixes))];

const wholeUnits = 250_000;
/** Where there are many shapes, or much is done for each piece, less shows the same. */
const fewUnits = 50_000;
/** How many times longer four times the text may take. */
const bound = 12;
const filled = (shape: string, length: number) =>
  shape.repeat(Math.ceil(length / shape.length)).slice(0, length);

/** The CPU time of a run, in µs. */
function cpuMicros(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/**
 * Four times the text takes four times as long; quadratic takes sixteen. Others on the machine make a run slower and never faster,
 * so a ratio that is too high is measured again, with the fastest runs seen. Below some µs, clocks are too coarse to tell.
 */
function expectLinear(run: (text: string) => void, shape: string, units: number) {
  const small = filled(shape, units);
  const large = filled(shape, units * 4);
  let base = Number.POSITIVE_INFINITY;
  let grown = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 4 && !(grown / base < bound); round++) {
    base = Math.min(
      base,
      Math.max(
        cpuMicros(() => run(small)),
        4000,
      ),
    );
    grown = Math.min(
      grown,
      cpuMicros(() => run(large)),
    );
  }
  expect(grown / base).toBeLessThan(bound);
}

const whole = (guard: StreamGuard) => (text: string) => {
  void guard.check(normalise(text), { channel: 'tool', pointer: '', text });
};

describe('guards take time in proportion to the text, since nothing can interrupt them', () => {
  it.each(Object.entries(shapes))('whole: %s', (_, shape) => {
    expectLinear(whole(secretsGuard), shape, wholeUnits);
    expectLinear(whole(injectionGuard), shape, wholeUnits);
  });

  it.each(prefixes)('whole: nothing but %s', (prefix) => {
    expectLinear(whole(secretsGuard), prefix, fewUnits);
  });

  it.each(Object.entries(shapes))('streaming: %s', (_, shape) => {
    expectLinear(
      (text) => {
        const window = createWindow([secretsGuard, injectionGuard]);
        for (let at = 0; at < text.length; at += 50) window.push(text.slice(at, at + 50));
        window.finish();
      },
      shape,
      fewUnits,
    );
  });
});
