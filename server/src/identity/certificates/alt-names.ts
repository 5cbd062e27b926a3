/** A name, then a value as it is or, where it could be misread, as a JSON string; then a comma or the end. */
const entry = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;

/**
 * The URIs in Node's text of a certificate's subject alternative names (RFC 5280, 4.2.1.6).
 * @returns undefined for a text that is not read to its end: who wrote the names may have meant it to be misread.
 */
export function urisOf(altNames: string): string[] | undefined {
  const uris: string[] = [];
  entry.lastIndex = 0;
  let end = 0;
  for (let found = entry.exec(altNames); found; found = end < altNames.length ? entry.exec(altNames) : null) {
    const [, kind, value = ''] = found;
    end = entry.lastIndex;
    if (kind !== 'URI') continue;
    const text = value.startsWith('"') ? unquoted(value) : value;
    if (text === undefined) return undefined;
    uris.push(text);
  }
  return end === altNames.length ? uris : undefined;
}

function unquoted(value: string): string | undefined {
  try {
    return JSON.parse(value) as string;
  } catch {
    return undefined;
  }
}
