/**
 * A body that our routes would not take, as values to judge: the public test cases are of forms, parts and XML.
 * @param type its content type
 */
export function bodyOf(type: string, text: string): unknown {
  if (/json/i.test(type)) return json(text);
  if (/multipart/i.test(type)) return text.split(/\r?\n(?=--|[\w-]+:|\r?\n)/);
  if (/xml/i.test(type)) return xmlTexts(text);
  if (/plain|octet|amf/i.test(type)) return text;
  return form(text);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function form(text: string): Record<string, string[]> {
  const values: Record<string, string[]> = {};
  for (const pair of text.split('&')) {
    const equals = pair.indexOf('=');
    const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    const key = name.replaceAll('+', ' ');
    values[key] = [...(Object.hasOwn(values, key) ? (values[key] ?? []) : []), value.replaceAll('+', ' ')];
  }
  return values;
}

/** Texts and attribute values, and declarations whole. */
const xmlTexts = (text: string): string[] => [
  ...[...text.matchAll(/>([^<]+)</g)].map(([, inner = '']) => inner),
  ...[...text.matchAll(/[\w:-]+\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map(
    ([, double, single]) => double ?? single ?? '',
  ),
  ...[...text.matchAll(/<![A-Z][^>]*>/g)].map(([declaration]) => declaration),
];
