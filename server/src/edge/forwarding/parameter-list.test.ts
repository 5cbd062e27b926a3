import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readParameterList } from './parameter-list.ts';

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
const value = fc.string({ maxLength: 20 }).filter((text) => !/\p{Cc}/u.test(text));
const element = fc.dictionary(name, value, { minKeys: 1, maxKeys: 4, noNullPrototype: true });
const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
const plain = /^[^\s",;\p{Cc}]*$/u;

describe('a list of parameters', () => {
  it('is read as it was written, plain or quoted, with whatever spaces between', () =>
    fc.assert(
      fc.property(
        fc.array(element, { maxLength: 5 }),
        fc.boolean(),
        fc.constantFrom('', ' ', '\t '),
        (list, quotes, gap) => {
          const text = list
            .map((each) =>
              Object.entries(each)
                .map(([key, of]) => `${key}=${quotes || !plain.test(of) ? quoted(of) : of}`)
                .join(`${gap};${gap}`),
            )
            .join(`${gap},${gap}`);
          expect(readParameterList(text)?.map((each) => Object.fromEntries(each))).toEqual(list);
        },
      ),
    ));

  it('is anything at all or nothing: it never throws', () =>
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-c=;,"\\ ]*$/)), (text) => {
        const read = readParameterList(text);
        expect(read === undefined || Array.isArray(read)).toBe(true);
      }),
      { numRuns: 500 },
    ));

  it('is none where what a client wrote before it could swallow what a proxy has added', () => {
    for (const prefix of ['for=1.1.1.1;x="', 'for=1.1.1.1;x="\\', 'x="a\\"', 'for="', '"', 'x=a"'])
      for (const added of ['for=192.0.2.1', 'for="[2001:db8::1]:80"', 'for="192.0.2.1:80";proto=https'])
        expect(readParameterList(`${prefix}, ${added}`)).toBeUndefined();
  });

  it.each(['for', 'for=a;for=b', 'for=a b', '=a', 'for="a', 'for="a"b', 'for= a', 'a=b c=d'])(
    'is not %j',
    (text) => expect(readParameterList(text)).toBeUndefined(),
  );
});
