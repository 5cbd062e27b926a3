import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Segment } from '../../kernel/index.ts';
import type { Finding } from './guard.ts';
import { Normaliser, normalise } from './normalise.ts';
import { redacted } from './redaction.ts';
import { tokenChecksum } from './secrets/checksum.ts';
import { lookAheadUnits } from './secrets/match.ts';
import { secretsGuard } from './secrets.ts';
import { plantedSecrets, randomFrom } from './testing/planted-secrets.ts';

const check = (text: string): readonly Finding[] => {
  const segment: Segment = { channel: 'user', pointer: '/input', text };
  return secretsGuard.check(normalise(text), segment) as Finding[];
};
const clean = (text: string): string => redacted(text, check(text));
/** Put together here, so that no scanner takes the test for a leak. */
const joined = (...parts: string[]) => parts.join('');
const seeds = Array.from({ length: 40 }, (_, seed) => seed);

describe('secretsGuard', () => {
  it.each(plantedSecrets(0).map(({ kind }, index) => ({ kind, index })))(
    'takes out $kind (sample $index), all of it and nothing else, whatever was drawn',
    ({ kind, index }) => {
      for (const seed of seeds) {
        const planted = plantedSecrets(seed)[index];
        if (!planted) throw new Error(`no sample ${index}`);
        const { text, secret } = planted;
        const around = (inner: string) => `Use this: ${inner} and keep it.\nNext line.`;
        expect(clean(around(text))).toBe(around(text.replace(secret, `[redacted:${kind}]`)));
      }
    },
  );

  it('finds each where texts have them: quoted, in JSON inside of a string, in a URL, after a comma, between characters of Chinese', () => {
    const bare = plantedSecrets(5).filter(({ text, secret }) => text === secret && !secret.includes('\n'));
    for (const { kind, secret } of bare) {
      const places = [
        '"…"',
        '`…`',
        "'…',",
        '(…)',
        'a,…,b',
        '密钥…。',
        '{\\"k\\":\\"…\\"}',
        'line\\n…\\n',
        '?k%3D…&x',
        '<b>…</b>',
      ];
      for (const place of places)
        expect(clean(place.replace('…', secret))).toBe(place.replace('…', `[redacted:${kind}]`));
    }
  });

  it('finds a key that hides behind invisible, full-width or look-alike characters, and takes those out with it', () => {
    const [key] = plantedSecrets(9);
    const spaced = [...(key?.text ?? '')].join('\u200b').replace('k', '\uff4b');
    expect(clean(`a ${spaced.slice(0, 119)} b`)).toBe('a [redacted:anthropic-key] b');
    expect(clean('p\u0430ssword = hunter2!')).toBe('p\u0430ssword = [redacted:password]');
  });

  it('looks for an AWS secret key near a key id, where it has no name', () => {
    const random = randomFrom(4);
    const secret = `wJ4/${Array.from({ length: 36 }, () => 'abcXYZ0189+/'.charAt(random(12))).join('')}`;
    const id = joined('AK', 'IA', 'QWERTYUIOPASDFGH');
    expect(clean(`${id},${secret}`)).toBe('[redacted:aws-access-key-id],[redacted:aws-secret-access-key]');
    expect(clean(`row,${secret}`)).toBe(`row,${secret}`);
    expect(clean(`${id} ${'word '.repeat(80)} ${secret}`)).toContain(secret);
  });

  it('leaves a GitHub or npm token alone whose checksum is wrong: it opens nothing', () => {
    const body = 'k3Tq8Wz1Yb6Nc4Vd9Xe2Rf7Sg5Ah0J';
    const good = joined('gh', 'p_', body, tokenChecksum(body));
    const bad = joined('gh', 'p_', body, '000000');
    expect(clean(good)).toBe('[redacted:github-token]');
    expect(clean(bad)).toBe(bad);
  });

  it('agrees with the checksum that GitHub gives', () => {
    // A token that was published when it had expired, split here.
    expect(tokenChecksum(joined('zQWBuTSOoRi4A9s', 'pHcVY5ncnsDkxkJ'))).toBe('0mLq17');
  });

  it.each([
    ['stand-ins', joined('sk-ant-', 'x'.repeat(40), ' sk-', 'your-api-key-goes-here ghp_', 'X'.repeat(36))],
    [
      'names that begin like keys',
      'sk-estimator-doc-link-fitted-and-more and sk-learn-container, hf_transformers, npm_config_registry',
    ],
    [
      'a mention of a key file',
      'The file begins with -----BEGIN PRIVATE KEY----- and then base64; it ends with -----END PRIVATE KEY-----.',
    ],
    [
      'a certificate',
      `-----BEGIN CERTIFICATE-----\n${'MIIDdzCCAl+gAwIBAgIE'.repeat(8)}\n-----END CERTIFICATE-----`,
    ],
    [
      'variables and calls',
      'password = getPassword(user2); token = process.env.TOKEN_2; api_key: $' +
        '{API_KEY_1}; secret=<your-secret-123456789>',
    ],
    ['members and types', 'password: string; const token = config.auth.token2; password = input2'],
    [
      'words about passwords',
      'password: must be long. Passwort: siehe unten. The token: a unit of text. secret: none',
    ],
    [
      'times, ports and hosts',
      'http://localhost:8080/a@b and https://example.com:443/?mail=a@b.c at 12:30:45, user@host:22',
    ],
    [
      'templates of URLs',
      'postgres://user:$' + '{PASSWORD}@host and redis://:<password>@host and mysql://u:{{pw}}@h',
    ],
    [
      'tokens of lists',
      'next_page_token: "CAUQAAa81bc92de0317f6a4b5c6d7e8f90", continuationToken=a81bc92de0317f6a4b5c6d7e8f90a1b2',
    ],
    [
      'words after Basic and Bearer',
      'Basic understanding of Bearer authentication; Basic authentication; bearer instruments',
    ],
    [
      'JSON in base64 that is no token',
      `data:application/json;base64,${Buffer.from('{"version":3,"sources":["a.ts"],"names":[]}').toString('base64')}`,
    ],
    ['numbers', 'token: 4096, max_tokens: 1234567890123456, api_key: 0000000000000000'],
  ])('leaves %s alone', (_, text) => {
    expect(check(text)).toEqual([]);
  });

  it('leaves hashes, ids, lock files and images alone, since being random makes no secret', () => {
    const random = randomFrom(8);
    const bytes = (count: number) => Buffer.from(Array.from({ length: count }, () => random(256)));
    const texts = Array.from({ length: 200 }, (_, at) => {
      const hash = createHash('sha256').update(`${at}`);
      return [
        randomUUID(),
        hash.copy().digest('hex'),
        `"integrity": "sha512-${bytes(64).toString('base64')}"`,
        `commit ${hash.copy().digest('hex').slice(0, 40)}`,
        `etag: W/"${hash.copy().digest('base64url')}"`,
        `src="data:image/png;base64,${bytes(600).toString('base64')}"`,
        `trace_id=${bytes(16).toString('hex')} span: ${bytes(8).toString('hex')}`,
        `h1:${bytes(32).toString('base64')}=`,
      ].join('\n');
    });
    expect(texts.flatMap(check)).toEqual([]);
  });

  it('never holds more of a stream than a matcher may look ahead, and keeps only what a matcher may look back at', () => {
    const begun = fc.array(
      fc.oneof(
        fc.tuple(fc.nat(500), fc.nat(80), fc.nat(40)).map(([seed, cut, at]) => {
          const all = plantedSecrets(seed);
          return (all[at % all.length]?.text ?? '').slice(0, cut);
        }),
        fc.constantFrom(' ', '\n', ':', '=', 'a', '-----BEGIN ', 'https://u:', '"'),
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(begun, (parts) => {
        const scan = secretsGuard.open({ channel: 'output', pointer: '' });
        const normaliser = new Normaliser();
        let arrived = 0;
        for (const unit of parts.join('')) {
          const { settled } = scan.push(normaliser.push(unit, false), false);
          arrived += 1;
          expect(arrived - settled).toBeLessThanOrEqual(lookAheadUnits);
        }
      }),
      { numRuns: 1000 },
    );
  });

  const shared = path.join(import.meta.dirname, '../../../../../shared/data');
  it('finds nothing in thousands of honest and dishonest prompts and documents', (test) => {
    if (!existsSync(shared)) return test.skip('the shared data folder is not beside this checkout');
    const texts = ['guards/injection.jsonl', 'waf/benign-chat.jsonl'].flatMap((file) =>
      readFileSync(path.join(shared, file), 'utf8')
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { text: string }).text),
    );
    expect(texts.length).toBeGreaterThan(9000);
    expect(texts.filter((text) => check(text).length > 0).length).toBeLessThanOrEqual(1);
  });
});
