/** Nesting deeper than this is resolved no further; the rule for a lookup within a lookup sees what is left. */
const levels = 6;

/**
 * Resolves lookups that only spell something: `${lower:j}`, `${::-j}`, `${env:NOTHING:-j}` are all `j`, as log4j reads them. What does something else stays.
 * Innermost first, one level a pass; each pass is linear.
 */
export function resolveLookups(text: string): string {
  let current = text;
  for (let level = 0; level < levels; level++) {
    const next = current.replace(/\$\{([^${}]{0,200})\}/g, (whole, inner: string) => spelled(inner) ?? whole);
    if (next === current) break;
    current = next;
  }
  return current;
}

/** What a lookup spells, or undefined where it is not only that. */
function spelled(inner: string): string | undefined {
  const fallback = inner.indexOf(':-');
  if (fallback >= 0) return inner.slice(fallback + 2);
  const [, change, text] = /^(lower|upper|toLowerCase|toUpperCase|lc|uc):(.*)$/is.exec(inner) ?? [];
  if (change === undefined || text === undefined) return undefined;
  return /^(?:lower|toLowerCase|lc)$/i.test(change) ? text.toLowerCase() : text.toUpperCase();
}
