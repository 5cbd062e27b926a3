/** What was asked cannot be asked that way: a wrong option, a file that cannot be read. The message says what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
