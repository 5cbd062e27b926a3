/** A part of the process that runs: a server, a consumer, a timer. Constructing one does nothing. */
export interface Service {
  readonly name: string;
  start(): Promise<void>;
  /** Ends what was started. Called once, and only after `start` has resolved. */
  stop(): Promise<void>;
}

/**
 * Starts services in order. The returned function stops them, last first, and reports every error.
 * @throws AggregateError if one does not start; those before it are stopped again.
 */
export async function run(services: readonly Service[]): Promise<() => Promise<void>> {
  const running: Service[] = [];
  const stopAll = async () => {
    const errors: unknown[] = [];
    for (let service = running.pop(); service; service = running.pop()) {
      try {
        await service.stop();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'unclean stop');
  };
  for (const service of services) {
    try {
      await service.start();
      running.push(service);
    } catch (cause) {
      const also = await stopAll().then(
        () => [],
        (error: unknown) => [error],
      );
      throw new AggregateError([cause, ...also], `could not start ${service.name}`);
    }
  }
  return stopAll;
}
