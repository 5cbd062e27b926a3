import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatNote, parseNote, signNote, verifyNote } from './note.ts';
import { testSigner } from './testing/sealed-log.ts';
import { TlogError } from './verification.ts';
import { parseVkey, vkeyOf } from './vkey.ts';

const { signer, vkey } = testSigner('ledger.example/log', 1);
const witness = testSigner('witness.example', 2);
const text = 'first line\n\nlast line\n';
const signed = signNote(text, signer);
const [own = {} as never] = parseNote(signed).signatures;
const [cosignature = {} as never] = parseNote(signNote(text, witness.signer)).signatures;

describe('verifyNote', () => {
  it.each(
    JSON.parse(readFileSync(new URL('./testdata/notes.json', import.meta.url), 'utf8')) as {
      made_with: string;
      vkey: string;
      note: string;
    }[],
  )('opens what others signed: $made_with', ({ vkey, note }) => {
    expect(verifyNote(note, [parseVkey(vkey)])).toMatchObject({ ok: true, text: parseNote(note).text });
    expect(verifyNote(note.replace('\n', ' \n'), [parseVkey(vkey)])).toMatchObject({
      code: 'signature-wrong',
    });
  });

  it('gives back the text and who signed it', () => {
    expect(verifyNote(signed, [vkey])).toEqual({ ok: true, text, signers: [vkey] });
  });

  it('ignores signatures by keys that it does not know, so that witnesses may add theirs', () => {
    const both = formatNote({ text, signatures: [cosignature, own] });
    expect(verifyNote(both, [vkey])).toMatchObject({ ok: true, signers: [vkey] });
    expect(verifyNote(both, [witness.vkey, vkey])).toMatchObject({ ok: true, signers: [witness.vkey, vkey] });
  });

  it('refuses a note that nobody we know signed, also where the name or the id of a key is the same', () => {
    const other = testSigner(vkey.name, 3).vkey;
    const sameId = { ...vkeyOf('other.example', vkey.publicKey), keyId: vkey.keyId };
    for (const keys of [[], [witness.vkey], [other], [sameId]])
      expect(verifyNote(signed, keys)).toMatchObject({ ok: false, code: 'not-signed' });
  });

  it('refuses another key that was given the same name and id, which anybody can do', () => {
    const forged = { ...testSigner(vkey.name, 3).vkey, keyId: vkey.keyId };
    expect(verifyNote(signed, [forged])).toMatchObject({ ok: false, code: 'signature-wrong' });
  });

  it('refuses the whole note when one of two known signatures is wrong', () => {
    const wrong = { ...cosignature, signature: own.signature };
    const note = formatNote({ text, signatures: [own, wrong] });
    expect(verifyNote(note, [vkey, witness.vkey])).toMatchObject({ ok: false, code: 'signature-wrong' });
  });

  it('refuses two signatures by one key, which could be counted as two signers', () => {
    const twice = formatNote({ text, signatures: [own, own] });
    expect(verifyNote(twice, [vkey])).toMatchObject({ ok: false, code: 'malformed' });
  });

  it('refuses a signature of another length', () => {
    const longer = { ...own, signature: new Uint8Array(65) };
    const note = formatNote({ text, signatures: [longer] });
    expect(verifyNote(note, [vkey])).toMatchObject({ ok: false, code: 'signature-wrong' });
  });

  it('refuses a second spelling of the same signature: S + L (RFC 8032, 5.1.7)', () => {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const le = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
    const s = le(own.signature.subarray(32)) + order;
    const high = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
    const respelled = { ...own, signature: Uint8Array.of(...own.signature.subarray(0, 32), ...high) };
    const note = formatNote({ text, signatures: [respelled] });
    expect(verifyNote(note, [vkey])).toMatchObject({ ok: false, code: 'signature-wrong' });
  });

  it('accepts sixteen signatures of post-quantum size, as every verifier must', () => {
    const large = Array.from({ length: 15 }, (_, i) => ({
      name: `pq-${i}.example`,
      keyId: i,
      signature: new Uint8Array(5000),
    }));
    expect(verifyNote(formatNote({ text, signatures: [...large, own] }), [vkey]).ok).toBe(true);
  });

  it('never throws, whatever it reads', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string({ unit: fc.constantFrom('\n', '—', ' ', 'a', 'AAAAAAAA') }),
        ),
        (noise) => {
          expect(verifyNote(noise, [vkey]).ok).toBe(false);
          expect(verifyNote(`${text}\n— ${noise}\n`, [vkey]).ok).toBe(false);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('parseNote', () => {
  it('gives back every note that can be written', () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'é', '日', ' ', '—', '+', '𝄞') });
    const signature = fc.record({
      name: fc.string({ unit: fc.constantFrom('a', '.', '/', 'ü'), minLength: 1 }),
      keyId: fc.nat({ max: 0xffff_ffff }),
      signature: fc.uint8Array({ minLength: 1, maxLength: 100 }),
    });
    fc.assert(
      fc.property(
        fc.array(line),
        fc.array(signature, { minLength: 1, maxLength: 64 }),
        (lines, signatures) => {
          const note = { text: `${lines.join('\n')}\n`, signatures };
          expect(parseNote(formatNote(note))).toEqual(note);
        },
      ),
    );
  });

  const line = signed.slice(signed.lastIndexOf('\n\n') + 2);
  it.each([
    ['nothing', ''],
    ['no signature', text],
    ['an empty list of signatures', `${text}\n`],
    ['no empty line before the signatures', `${text}${line}`],
    ['no newline at the end', signed.slice(0, -1)],
    ['an empty line at the end', `${signed}\n`],
    ['a tab in the text', signed.replace(' ', '\t')],
    ['line ends of Windows', signed.replaceAll('\n', '\r\n')],
    ['half a character', signed.replace('first', '\ud83d')],
    ['a hyphen for the em dash', signed.replace('—', '-')],
    ['two spaces', signed.replace('— ', '—  ')],
    ['something behind the signature', signed.replace(/\n$/, ' x\n')],
    ['a name with a plus sign', signed.replace('— ledger', '— led+ger')],
    ['a name with a white space that is not ASCII', signed.replace('— ledger', '— led\u00a0ger')],
    ['no name', signed.replace('— ledger.example/log', '— ')],
    ['base64 without padding', signed.replace('=', '')],
    ['base64 for the web', signed.replace(/[+/]/g, '_')],
    ['a signature of a key id only', `${text}\n— ledger.example/log AAAAAA==\n`],
    ['a line among the signatures that is none', `${signed}comment\n`],
    ['65 signatures', formatNote({ text, signatures: [own] }) + line.repeat(64)],
    ['more than it may hold', `${'x'.repeat(1_000_000)}\n${signed}`],
  ])('refuses %s', (_, note) => {
    expect(() => parseNote(note)).toThrow(expect.objectContaining({ code: 'malformed' }));
  });
});

describe('signNote', () => {
  it('refuses a text that nobody could read back, before it is signed', () => {
    const never = { ...signer, sign: () => expect.unreachable() };
    for (const bad of ['a\tb\n', 'half \ud83d\n']) expect(() => signNote(bad, never)).toThrow(TlogError);
    expect(() => signNote('no newline', signer)).toThrow(TlogError);
    expect(() => signNote(text, { ...signer, name: 'two words' })).toThrow(TlogError);
  });
});
