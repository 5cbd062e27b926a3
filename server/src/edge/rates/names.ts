/** Forgets what was put in first, once there is more than is kept. */
export function forgetOldest(names: Map<unknown, unknown>, kept: number): void {
  const oldest = names.size > kept ? names.keys().next() : undefined;
  if (oldest && !oldest.done) names.delete(oldest.value);
}
