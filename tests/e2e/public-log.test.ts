import { type Checkpoint, leafHash, verifyConsistency } from '@vallum/contract/tlog';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeKey } from '../support/administer.ts';
import { ask } from '../support/ask.ts';
import { user } from '../support/openai-client.ts';
import { consistencyOver, rootOfLeaves, rootOver, tileClient } from '../support/tile-client.ts';
import { startVallum, type Vallum } from '../support/vallum.ts';

/* The log as an outsider sees it, without a key: signed checkpoints taken while it grows, and tiles, out of which the roots are made again. */

let vallum: Vallum;
let log: ReturnType<typeof tileClient>;
/** What the log signed over time, in that order. */
const seen: Checkpoint[] = [];

beforeAll(async () => {
  vallum = await startVallum();
  log = tileClient(vallum, vallum.secrets.ledgerPublicKey);
  const { key } = await makeKey(vallum);
  seen.push(await log.checkpoint());
  const body = { model: 'rehearsal', messages: [user('Hello')] };
  // Each call makes two entries.
  for (let round = 0; round < 40; round += 1) {
    const answers = Array.from({ length: 1 + (round % 16) }, () =>
      ask(vallum, '/v1/chat/completions', { key, body }),
    );
    for (const { status } of await Promise.all(answers)) expect(status).toBe(200);
    seen.push(await log.checkpoint());
  }
});
afterAll(() => vallum?.remove());

const last = (): Checkpoint => seen.at(-1) ?? expect.unreachable('no checkpoint');

describe('the public log', () => {
  it('is of one origin, grows, and goes over two full tiles', () => {
    expect(new Set(seen.map(({ origin }) => origin)).size).toBe(1);
    const sizes = seen.map(({ size }) => size);
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
    expect(new Set(sizes).size).toBeGreaterThan(30);
    expect(last().size).toBeGreaterThan(512);
  });

  it('has entries under every root that it ever signed, also when read at the size of then', async () => {
    const leaves = await log.leaves(last().size);
    expect(leaves).toHaveLength(last().size);
    for (const { size, root } of seen)
      expect(Buffer.from(rootOfLeaves(leaves.slice(0, size)))).toEqual(Buffer.from(root));
    for (const { size } of [seen[0], seen[7], seen[20]].flatMap((each) => each ?? []))
      expect(await log.leaves(size)).toEqual(leaves.slice(0, size));
  });

  it('has tiles of hashes that are those of its entries, and lead to the same root', async () => {
    const { size, root } = last();
    const hashes = await log.hashes(0, size);
    expect(hashes).toEqual((await log.leaves(size)).map((leaf) => Buffer.from(leafHash(leaf))));
    expect(Buffer.from(rootOver(hashes))).toEqual(Buffer.from(root));
    const above = await log.hashes(1, size);
    expect(above).toHaveLength(Math.floor(size / 256));
    above.forEach((hash, i) => {
      expect(hash).toEqual(Buffer.from(rootOver(hashes.slice(i * 256, i * 256 + 256))));
    });
  });

  it('never took back or changed what it had signed: each checkpoint contains the one before', async () => {
    const hashes = await log.hashes(0, last().size);
    for (const [i, { size: to, root: toRoot }] of seen.entries()) {
      const before = seen[i - 1];
      if (!before || before.size === to) continue;
      const proof = consistencyOver(hashes.slice(0, to), before.size);
      const claim = { from: before.size, to, fromRoot: before.root, toRoot, proof };
      expect(verifyConsistency(claim)).toEqual({ ok: true });
      // The check itself sees a change.
      const changed = { ...claim, fromRoot: before.root.map((byte) => byte ^ 1) };
      expect(verifyConsistency(changed).ok).toBe(false);
    }
  });

  it('has leaves that say nothing: a version and a commitment, no two alike', async () => {
    const leaves = await log.leaves(last().size);
    for (const leaf of leaves) expect([leaf.length, leaf[0]]).toEqual([33, 1]);
    expect(new Set(leaves.map((leaf) => Buffer.from(leaf).toString('hex'))).size).toBe(leaves.length);
  });

  it('lets full tiles be kept for ever, and has none that is wider than it is', async () => {
    const { headers } = await ask(vallum, '/ledger/tile/entries/000');
    expect(headers['cache-control']).toContain('immutable');
    for (const path of [
      '0/002',
      '0/003.p/1',
      '1/000',
      '1/000.p/3',
      '2/000.p/1',
      'entries/003.p/1',
      '0/2',
      '0/000.p/256',
    ])
      expect({ path, status: (await ask(vallum, `/ledger/tile/${path}`)).status }).toEqual({
        path,
        status: 404,
      });
  });

  it('is the same by its number, and the same after a restart', async () => {
    const numbered = tileClient(vallum, vallum.secrets.ledgerPublicKey, '/ledger/logs/1');
    expect(await numbered.checkpoint()).toEqual(await log.checkpoint());
    const leaves = await log.leaves(last().size);
    await vallum.stop();
    await vallum.start();
    const again = tileClient(vallum, vallum.secrets.ledgerPublicKey);
    expect((await again.checkpoint()).size).toBeGreaterThanOrEqual(last().size);
    expect(await again.leaves(last().size)).toEqual(leaves);
  });
});
