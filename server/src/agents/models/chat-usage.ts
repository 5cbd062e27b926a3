const isTokens = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/** The tokens that a reply, or an event of a stream, says were used: its member `usage`. */
export function usageOf(usage: unknown): { inputTokens: number; outputTokens: number } | undefined {
  if (typeof usage !== 'object' || usage === null) return undefined;
  const { prompt_tokens: inputTokens, completion_tokens: outputTokens } = usage as Record<string, unknown>;
  return isTokens(inputTokens) && isTokens(outputTokens) ? { inputTokens, outputTokens } : undefined;
}
