import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withModel } from './model-field.ts';

const rewrite = (text: string, model: string) => withModel(Buffer.from(text), model).toString('utf8');

describe('withModel', () => {
  it('changes the member and not one byte else', () => {
    expect(rewrite('{ "seed": 12345678901234567890, "model" : "a" ,"messages":[ ]}', 'b')).toBe(
      '{ "seed": 12345678901234567890, "model" : "b" ,"messages":[ ]}',
    );
  });

  it('is the same as to parse, change and write, for every body', () => {
    const body = fc.tuple(
      fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue(), { maxKeys: 4 }),
      fc.string({ unit: 'grapheme' }),
      fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue(), { maxKeys: 4 }),
    );
    fc.assert(
      fc.property(body, fc.string(), fc.constantFrom(0, 1), ([before, model, after], name, indent) => {
        delete before.model;
        delete after.model;
        const text = JSON.stringify({ ...before, model, ...after }, undefined, indent);
        const parsed: Record<string, unknown> = JSON.parse(text);
        expect(JSON.parse(rewrite(text, name))).toEqual({ ...parsed, model: name });
      }),
    );
  });

  it('is not led astray by the same words elsewhere', () => {
    const text = String.raw`{"a":"model","b":["model","x"],"c":{"model":"inner"},"d":"\"model\":\"y\" \\","model":"z"}`;
    expect(rewrite(text, 'new')).toBe(text.replace('"model":"z"', '"model":"new"'));
  });

  it('knows the member in other spelling', () => {
    expect(rewrite(String.raw`{"mod\u0065l":"a"}`, 'b')).toBe(String.raw`{"mod\u0065l":"b"}`);
  });

  it.each([
    '{}',
    '{"model":1}',
    '{"model":{"model":"a"}}',
    '{"model":"a","model":"b"}',
    String.raw`{"model":"a","mode\u006c":"b"}`,
  ])(
    'refuses %s: with no such member, or two, the provider might answer with another model than was decided on',
    (text) => {
      expect(() => rewrite(text, 'c')).toThrow(
        expect.objectContaining({ code: 'input-invalid', param: 'model' }),
      );
    },
  );
});
