type Schema = Readonly<Record<string, unknown>>;

/** Schemas may refer to themselves; what is required at every level has no finite value, and ends in null. */
const deepest = 16;
/** Characters of a value, about. Beyond it everything is null: a short schema can ask for a value of any size. */
const largest = 100_000;
const costOfOne = 10;
const mostItems = 100;
const plainest = 'example';

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const schemaIn = (schema: Schema, name: string): Schema => {
  const value = Object.hasOwn(schema, name) ? schema[name] : undefined;
  return isSchema(value) ? value : {};
};
const listIn = (schema: Schema, name: string): readonly unknown[] =>
  Array.isArray(schema[name]) ? schema[name] : [];
const numberIn = (schema: Schema, name: string): number | undefined =>
  typeof schema[name] === 'number' ? schema[name] : undefined;

/** What it costs to look at a schema, without what is below it. */
const weightOf = (schema: Schema): number =>
  ['required', 'anyOf', 'oneOf', 'allOf', 'prefixItems'].reduce(
    (sum, name) => sum + listIn(schema, name).length,
    costOfOne + Object.keys(schemaIn(schema, 'properties')).length,
  );

/** RFC 3339, 5321, 3986, 9562, 1123: the formats of JSON Schema that tools use. */
const formats: ReadonlyMap<unknown, string> = new Map([
  ['date-time', '2026-01-01T00:00:00Z'],
  ['date', '2026-01-01'],
  ['time', '00:00:00Z'],
  ['email', 'someone@example.com'],
  ['uri', 'https://example.com/'],
  ['uuid', '00000000-0000-4000-8000-000000000000'],
  ['hostname', 'example.com'],
  ['ipv4', '192.0.2.1'],
  ['ipv6', '2001:db8::1'],
]);

/**
 * A value that a JSON Schema allows, always the same for the same schema: what it names itself (`const`, `default`, `enum`, `examples`), else
 * the plainest of its type, with the required members only. `pattern`, `not` and conditions are not looked at.
 */
export const valueOfSchema = (schema: unknown): unknown =>
  isSchema(schema) ? new Values(schema).of(schema, 0) : plainest;

/** The values of one document of schemas, which refer to each other. */
class Values {
  readonly #root: Schema;
  #left = largest;

  constructor(root: Schema) {
    this.#root = root;
  }

  of(given: Schema, depth: number): unknown {
    this.#left -= weightOf(given);
    if (depth > deepest || this.#left < 0) return null;
    const schema = this.#flat(given, depth);
    const named = [schema.const, schema.default, listIn(schema, 'enum')[0], listIn(schema, 'examples')[0]];
    const value = named.find((one) => one !== undefined);
    if (value !== undefined) {
      this.#left -= JSON.stringify(value).length;
      return this.#left < 0 ? null : value;
    }
    switch (typeOf(schema)) {
      case 'object':
        return this.#object(schema, depth);
      case 'array':
        return this.#array(schema, depth);
      case 'integer':
        return numberFor(schema, 1);
      case 'number':
        return numberFor(schema, 0);
      case 'boolean':
        return true;
      case 'null':
        return null;
      default:
        return this.#string(schema);
    }
  }

  /** A schema with what it refers to, the first of its alternatives and all of `allOf` taken in. */
  #flat(schema: Schema, depth: number): Schema {
    this.#left -= weightOf(schema);
    const parts: Schema[] = [];
    if (typeof schema.$ref === 'string') parts.push(this.#referred(schema.$ref));
    for (const name of ['anyOf', 'oneOf']) {
      const alternatives = listIn(schema, name).filter(isSchema);
      const first = alternatives.find(({ type }) => type !== 'null') ?? alternatives[0];
      if (first) parts.push(first);
    }
    parts.push(...listIn(schema, 'allOf').filter(isSchema));
    if (parts.length === 0 || depth > deepest || this.#left < 0) return schema;
    const { $ref: _, anyOf: _a, oneOf: _o, allOf: _l, ...own } = schema;
    const flattened = [own, ...parts.map((part) => this.#flat(part, depth + 1))];
    return Object.assign({}, ...flattened, {
      properties: Object.assign({}, ...flattened.map((part) => schemaIn(part, 'properties'))),
      required: flattened.flatMap((part) => listIn(part, 'required')),
    });
  }

  /** What a local reference such as `#/$defs/city` leads to. */
  #referred(reference: string): Schema {
    let at: unknown = this.#root;
    if (!reference.startsWith('#')) return {};
    for (const step of reference.split('/').slice(1)) {
      const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
      at =
        typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? Reflect.get(at, name) : undefined;
    }
    return isSchema(at) ? at : {};
  }

  #object(schema: Schema, depth: number): unknown {
    const properties = schemaIn(schema, 'properties');
    const required = listIn(schema, 'required').filter((name) => typeof name === 'string');
    return Object.fromEntries(required.map((name) => [name, this.of(schemaIn(properties, name), depth + 1)]));
  }

  #array(schema: Schema, depth: number): unknown[] {
    const prefix = listIn(schema, 'prefixItems').filter(isSchema);
    const most = Math.min(numberIn(schema, 'maxItems') ?? mostItems, mostItems);
    const count = Math.min(Math.max(numberIn(schema, 'minItems') ?? 1, prefix.length), most);
    const items = schemaIn(schema, 'items');
    return Array.from({ length: count }, (_, i) => this.of(prefix[i] ?? items, depth + 1));
  }

  #string(schema: Schema): string {
    const known = formats.get(schema.format);
    if (known !== undefined) return known;
    const length = Math.min(Math.max(numberIn(schema, 'minLength') ?? 0, plainest.length), this.#left);
    this.#left -= length;
    const most = Math.max(numberIn(schema, 'maxLength') ?? length, 0);
    return plainest.padEnd(length, ` ${plainest}`).slice(0, most);
  }
}

function typeOf(schema: Schema): unknown {
  const { type } = schema;
  if (Array.isArray(type)) return type.find((one) => one !== 'null') ?? 'null';
  if (type !== undefined) return type;
  if (Object.keys(schemaIn(schema, 'properties')).length > 0) return 'object';
  return schema.items === undefined && schema.prefixItems === undefined ? 'string' : 'array';
}

/** The first of the plainest numbers that the limits allow. @param grain 1 for integers, 0 for any number. */
function numberFor(schema: Schema, grain: 0 | 1): number {
  const from = numberIn(schema, 'minimum') ?? Number.NEGATIVE_INFINITY;
  const to = numberIn(schema, 'maximum') ?? Number.POSITIVE_INFINITY;
  const above = numberIn(schema, 'exclusiveMinimum') ?? Number.NEGATIVE_INFINITY;
  const below = numberIn(schema, 'exclusiveMaximum') ?? Number.POSITIVE_INFINITY;
  const step = numberIn(schema, 'multipleOf') ?? grain;
  const middle = (Math.max(from, above) + Math.min(to, below)) / 2;
  const candidates = [1, 0, from, above, to, below, middle].flatMap((n) => {
    const down = step > 0 ? Math.floor(n / step) * step : n;
    return [n, down, down + (step || 1), down - (step || 1)];
  });
  const fits = (n: number) =>
    n >= from && n <= to && n > above && n < below && (step <= 0 || Number.isInteger(n / step));
  return candidates.find((n) => Number.isFinite(n) && fits(n)) ?? 0;
}
