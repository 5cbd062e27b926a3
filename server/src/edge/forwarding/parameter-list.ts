/** The parameters of one element, their names in lower case. */
export type Parameters = ReadonlyMap<string, string>;

/** One `name=value`; the value plain or as a quoted string, then what must follow. Linear: no two parts of it can take the same character. */
const parameter =
  /[ \t]*([!#$%&'*+.^_`|~\w-]+)=(?:"((?:[^"\\\p{Cc}]|\\[^\p{Cc}])*)"|([^\s",;\p{Cc}]*))[ \t]*(?=[;,]|$)/uy;

/**
 * A list whose elements are parameters, as `Forwarded` (RFC 7239, section 4) and Envoy's `x-forwarded-client-cert` are: commas between
 * elements, semicolons between parameters.
 * @returns undefined for anything else, also for a name that one element has twice: two readers could take two different values.
 */
export function readParameterList(text: string): Parameters[] | undefined {
  const elements: Parameters[] = [];
  let element = new Map<string, string>();
  let at = 0;
  while (at <= text.length) {
    const code = text[at];
    if (code === undefined || code === ',') {
      if (element.size > 0) elements.push(element);
      element = new Map();
      at++;
    } else if (code === ';' || code === ' ' || code === '\t') at++;
    else {
      parameter.lastIndex = at;
      const found = parameter.exec(text);
      if (!found) return undefined;
      const [whole, name = '', quoted, plain = ''] = found;
      const key = name.toLowerCase();
      if (element.has(key)) return undefined;
      element.set(key, quoted === undefined ? plain : quoted.replace(/\\(.)/gu, '$1'));
      at += whole.length;
    }
  }
  return elements;
}
