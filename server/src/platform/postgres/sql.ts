import { type SqlParameter, type SqlValue, toParameter } from './sql-value.ts';

/** The protocol counts parameters in 16 bits; one more would silently send other values. */
const mostParameters = 65_535;
const nameShape = /^[a-z][a-z0-9_]{0,62}$/;

/** Texts of templates without nested statements, by call site. */
const flatTexts = new WeakMap<readonly string[], string>();

const numbered = (pieces: readonly string[]): string =>
  pieces.reduce((text, piece, index) => (index === 0 ? piece : `${text}$${index}${piece}`), '');

/**
 * SQL and its values, apart. Only `sql` and `identifier` make one, so text that came from outside cannot become SQL:
 * an object that merely looks like a statement is not one.
 */
export class Statement {
  readonly #pieces: readonly string[];
  readonly text: string;
  readonly values: readonly SqlParameter[];
  /** Under which the server keeps its plan, where the connection is a direct one. */
  readonly name: string | undefined;

  private constructor(
    pieces: readonly string[],
    text: string,
    values: readonly SqlParameter[],
    name: string | undefined,
  ) {
    this.#pieces = pieces;
    this.text = text;
    this.values = values;
    this.name = name;
  }

  static #is(part: unknown): part is Statement {
    return typeof part === 'object' && part !== null && #pieces in part;
  }

  /** For `sql`. */
  static ofTemplate(template: TemplateStringsArray, parts: readonly (SqlValue | Statement)[]): Statement {
    if (!Array.isArray(template.raw)) throw new TypeError('sql is a template tag: write sql`…`, not sql(…)');
    const first = template[0] ?? '';
    const pieces = [first];
    const values: SqlParameter[] = [];
    let nested = false;
    for (const [index, part] of parts.entries()) {
      const after = template[index + 1] ?? '';
      if (Statement.#is(part)) {
        nested = true;
        const [head = '', ...rest] = part.#pieces;
        pieces.push((pieces.pop() ?? '') + head, ...rest);
        pieces.push((pieces.pop() ?? '') + after);
        values.push(...part.values);
      } else {
        values.push(toParameter(part, index));
        pieces.push(after);
      }
    }
    if (values.length > mostParameters)
      throw new RangeError(
        `a statement has ${values.length} values; ${mostParameters} is the most: send arrays`,
      );
    if (nested) return new Statement(pieces, numbered(pieces), values, undefined);
    let text = flatTexts.get(template);
    if (text === undefined) {
      text = numbered(pieces);
      flatTexts.set(template, text);
    }
    return new Statement(pieces, text, values, undefined);
  }

  /** For `identifier`. */
  static ofIdentifier(name: string): Statement {
    if (!nameShape.test(name))
      throw new TypeError('an SQL name is 1 to 63 of a-z, 0-9 and _, and begins with a letter');
    return new Statement([`"${name}"`], `"${name}"`, [], undefined);
  }

  /**
   * The same statement, to be prepared once per connection under this name. One name has one text, everywhere.
   * Connections that go through a pooler send it unnamed.
   */
  named(name: string): Statement {
    if (!nameShape.test(name))
      throw new TypeError('a statement name is 1 to 63 of a-z, 0-9 and _, and begins with a letter');
    return new Statement(this.#pieces, this.text, this.values, name);
  }
}

/**
 * SQL as a template: every value becomes a parameter, a nested statement becomes part of the text.
 * @throws TypeError for a value that has no parameter form, `undefined` above all: it is a forgotten value, not NULL.
 */
export const sql = (template: TemplateStringsArray, ...parts: readonly (SqlValue | Statement)[]): Statement =>
  Statement.ofTemplate(template, parts);

/** A name in SQL, quoted. @throws TypeError for anything but a plain lower-case name. */
export const identifier = (name: string): Statement => Statement.ofIdentifier(name);
