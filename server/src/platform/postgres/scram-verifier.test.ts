import { createHmac, hash } from 'node:crypto';
import { expect, it } from 'vitest';
import { scramVerifier } from './scram-verifier.ts';

it('verifies the exchange that RFC 7677, section 3 shows', async () => {
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
  const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
  const messages = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${nonce},s=${salt.toString('base64')},i=4096,c=biws,r=${nonce}`;
  const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');

  const verifier = await scramVerifier('pencil', salt);
  const [, salted, storedKey = '', serverKey = ''] =
    /^SCRAM-SHA-256\$4096:([^$]+)\$([^:]+):(.+)$/.exec(verifier) ?? [];
  expect(salted).toBe('W22ZaJ0SNY7soEsUEjb6gQ==');
  // Section 3 of RFC 5802: the proof is ClientKey xor HMAC(StoredKey, AuthMessage), and H(ClientKey) is StoredKey.
  const signature = createHmac('sha256', Buffer.from(storedKey, 'base64')).update(messages).digest();
  const clientKey = proof.map((byte, index) => byte ^ (signature[index] ?? 0));
  expect(hash('sha256', clientKey, 'base64')).toBe(storedKey);
  const server = createHmac('sha256', Buffer.from(serverKey, 'base64')).update(messages).digest('base64');
  expect(server).toBe('6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
});

it('takes a fresh salt each time, and refuses a password that would need SASLprep without repeating it', async () => {
  expect(await scramVerifier('secret')).not.toBe(await scramVerifier('secret'));
  for (const password of ['', 'pass word', 'pässword', 'a\u00ad'])
    await expect(scramVerifier(password)).rejects.toThrow(/printable ASCII characters without spaces$/);
});
