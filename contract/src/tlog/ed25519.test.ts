import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { verifyEd25519 } from './ed25519.ts';
import { sharedData } from './testing/shared-data.ts';

const wycheproof = sharedData('ledger/wycheproof/testvectors_v1/ed25519_test.json');
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

interface Group {
  publicKey: { pk: string };
  tests: { tcId: number; msg: string; sig: string; result: string }[];
}

describe('verifyEd25519', () => {
  it.skipIf(!wycheproof)('agrees with all 151 vectors of Wycheproof', () => {
    const { testGroups } = JSON.parse(readFileSync(wycheproof ?? '', 'utf8')) as { testGroups: Group[] };
    const results = testGroups.flatMap(({ publicKey, tests }) =>
      tests.map(({ tcId, msg, sig, result }) => ({
        tcId,
        expected: result === 'valid',
        ok: verifyEd25519(bytes(sig), bytes(msg), bytes(publicKey.pk)),
      })),
    );
    expect(results).toHaveLength(151);
    expect(results.filter(({ ok, expected }) => ok !== expected)).toEqual([]);
  });

  it('refuses a key of small order, with which one signature would fit every message', () => {
    const identity = bytes(`01${'00'.repeat(31)}`);
    const signature = bytes(`01${'00'.repeat(63)}`);
    for (const message of ['00', '01', '0203'])
      expect(verifyEd25519(signature, bytes(message), identity)).toBe(false);
  });

  it('refuses a key that is no point of the curve, instead of failing', () => {
    expect(verifyEd25519(new Uint8Array(64), bytes('00'), bytes('02'.padEnd(64, '0')))).toBe(false);
  });
});
