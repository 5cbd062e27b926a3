export interface Stoppable {
  stop(): Promise<unknown>;
}

/** Runs work that starts things, and stops them all, last first, however it ends. @throws what the work threw, or why something did not stop */
export async function atTheEnd<T>(work: (stop: Stoppable[]) => Promise<T>): Promise<T> {
  const started: Stoppable[] = [];
  // Once, whoever comes first: an interrupt makes the work fail, and who waits for that must wait for the stops as well.
  let stopping: Promise<void> | undefined;
  const stopAll = (): Promise<void> => {
    stopping ??= stopEach();
    return stopping;
  };
  const stopEach = async (): Promise<void> => {
    const errors: unknown[] = [];
    for (const each of started.splice(0).reverse())
      await each.stop().catch((error: unknown) => void errors.push(error));
    if (errors.length > 0) throw new AggregateError(errors, 'something did not stop');
  };
  // A database that is left behind by Ctrl-C would go on for ever.
  const interrupted = (): void => {
    stopAll().then(
      () => process.exit(130),
      () => process.exit(1),
    );
  };
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted);
  try {
    return await work(started);
  } finally {
    await stopAll();
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
}
