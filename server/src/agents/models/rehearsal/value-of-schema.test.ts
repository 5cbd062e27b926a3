import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { valueOfSchema } from './value-of-schema.ts';

type Schema = Record<string, unknown>;

const name = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 2 });
const number = fc.integer({ min: -1000, max: 1000 });

/** Schemas of what tools take, that some value fulfils. */
const { schema: anySchema } = fc.letrec<{ schema: Schema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<Schema>({ type: 'boolean' }, { type: 'null' }, { type: ['null', 'integer'] }),
    fc.record({ enum: fc.array(fc.oneof(fc.string(), number), { minLength: 1 }) }),
    fc.record({ const: fc.oneof(fc.string(), number) }),
    number.chain((minimum) =>
      fc.record(
        {
          type: fc.constantFrom('integer', 'number'),
          minimum: fc.constant(minimum),
          maximum: fc.integer({ min: minimum, max: minimum + 50 }),
        },
        { requiredKeys: ['type'] },
      ),
    ),
    fc.record({ type: fc.constant('number'), exclusiveMinimum: number }),
    fc.record({ type: fc.constant('integer'), multipleOf: fc.integer({ min: 1, max: 20 }), minimum: number }),
    fc.nat({ max: 30 }).chain((minLength) =>
      fc.record(
        {
          type: fc.constant('string'),
          minLength: fc.constant(minLength),
          maxLength: fc.integer({ min: minLength, max: 60 }),
        },
        { requiredKeys: ['type'] },
      ),
    ),
    fc.record({
      type: fc.constant('string'),
      format: fc.constantFrom('date-time', 'email', 'uuid', 'uri', 'date'),
    }),
    fc
      .nat({ max: 3 })
      .chain((minItems) =>
        fc.record({ type: fc.constant('array'), items: tie('schema'), minItems: fc.constant(minItems) }),
      ),
    fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
    fc.dictionary(name, tie('schema'), { maxKeys: 4 }).chain((properties) =>
      fc.record({
        type: fc.constant('object'),
        properties: fc.constant(properties),
        required: fc.subarray(Object.keys(properties)),
      }),
    ),
  ),
}));

describe('valueOfSchema', () => {
  it('gives a value that the schema allows', () => {
    fc.assert(
      fc.property(anySchema, (schema) => {
        const value = valueOfSchema(schema);
        const { error } = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]).safeParse(value);
        expect(error?.issues).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });

  it('gives the same value to the same schema, and whatever it is given does not fail', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (schema) => {
        expect(valueOfSchema(schema)).toEqual(valueOfSchema(schema));
      }),
    );
  });

  it('gives only what is required', () => {
    const properties = { a: { type: 'string' }, b: { type: 'string' } };
    expect(valueOfSchema({ type: 'object', properties, required: ['a'] })).toEqual({ a: 'example' });
  });

  it('follows references and takes in allOf', () => {
    const schema = {
      $defs: { city: { type: 'object', properties: { name: { const: 'Oslo' } }, required: ['name'] } },
      allOf: [{ $ref: '#/$defs/city' }, { properties: { size: { type: 'integer' } }, required: ['size'] }],
    };
    expect(valueOfSchema(schema)).toEqual({ name: 'Oslo', size: 1 });
  });

  it('comes to an end, and soon, with schemas that ask for without end', () => {
    const self = { type: 'object', properties: { a: { $ref: '#' }, b: { $ref: '#' } }, required: ['a', 'b'] };
    expect(JSON.stringify(valueOfSchema(self)).length).toBeLessThan(1_000_000);
    const wide = { type: 'array', minItems: 100, items: { $ref: '#' } };
    expect(JSON.stringify(valueOfSchema(wide)).length).toBeLessThan(1_000_000);
    const heavy = {
      type: 'array',
      minItems: 100,
      items: { type: 'array', minItems: 100, items: { default: 'x'.repeat(50_000) } },
    };
    expect(JSON.stringify(valueOfSchema(heavy)).length).toBeLessThan(1_000_000);
    const loop = { allOf: [{ $ref: '#' }, { $ref: '#' }, { $ref: '#' }] };
    expect(valueOfSchema(loop)).toBeDefined();
  });
});
