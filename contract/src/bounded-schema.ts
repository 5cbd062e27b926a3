import { z } from 'zod';

/**
 * Schemas of collections that end at the first member which is wrong, for bodies that may have millions of them: zod checks every member and
 * makes an issue of each, which took 30 s for 16 MB. They check and give back what they were given.
 */

type Issues = z.core.ParsePayload['issues'];

/** The JSON Schema of what a schema takes, to be part of a larger one. */
export const jsonSchemaOf = (schema: z.ZodType) => {
  const { $schema: _, ...described } = z.toJSONSchema(schema, { io: 'input' });
  return described;
};

/** Adds what is wrong with the first wrong member of a collection. */
function checkEach(
  element: z.ZodType,
  members: Iterable<readonly [PropertyKey, unknown]>,
  issues: Issues,
): void {
  for (const [at, member] of members) {
    const { error } = element.safeParse(member);
    if (!error) continue;
    issues.push(...error.issues.flatMap((issue) => plainly(issue, [at], member)));
    return;
  }
}

/** As `z.array`, but ends at the first element that is wrong. */
export const list = <T extends z.ZodType>(element: T, minItems = 0) =>
  z
    .unknown()
    .meta({ type: 'array', items: jsonSchemaOf(element), minItems })
    .check(({ value, issues }) => {
      if (Array.isArray(value) && value.length >= minItems) checkEach(element, value.entries(), issues);
      else if (Array.isArray(value))
        issues.push({ code: 'too_small', minimum: minItems, inclusive: true, origin: 'array', input: value });
      else issues.push({ code: 'invalid_type', expected: 'array', input: value });
    }) as unknown as z.ZodArray<T>;

/** As `z.record` of names, but ends at the first value that is wrong. */
export const record = <T extends z.ZodType>(element: T) =>
  z
    .unknown()
    .meta({ type: 'object', additionalProperties: jsonSchemaOf(element) })
    .check(({ value, issues }) => {
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        checkEach(element, Object.entries(value), issues);
      else issues.push({ code: 'invalid_type', expected: 'object', input: value });
    }) as unknown as z.ZodRecord<z.ZodString, T>;

/** An issue where it is: that of the alternative which the value was meant to be, instead of "no alternative fits". */
export function plainly(
  issue: z.core.$ZodIssue,
  above: readonly PropertyKey[],
  input: unknown,
): z.core.$ZodRawIssue[] {
  const path = [...above, ...issue.path];
  if (issue.code !== 'invalid_union') return [{ code: 'custom', path, input, message: issue.message }];
  const meant = issue.errors.find((alternative) => alternative.some((inner) => inner.path.length > 0));
  if (meant) return meant.flatMap((inner) => plainly(inner, path, input));
  const expected = issue.errors.flatMap((issues) =>
    issues.flatMap((inner) => ('expected' in inner ? [inner.expected] : [])),
  );
  return [{ code: 'custom', path, input, message: `Invalid input: expected ${expected.join(' or ')}` }];
}
