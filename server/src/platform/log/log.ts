import { type DestinationStream, pino } from 'pino';
import { Fault, type Log, type LogFields } from '../../kernel/index.ts';

/** Copies field by field, so that an object with more in it, however it was typed, adds nothing to a line. */
function allowed({
  request,
  tenant,
  route,
  status,
  code,
  ms,
  count,
  path,
  version,
  issuer,
  error,
}: LogFields): Record<string, unknown> {
  const line = { request, tenant, route, status, code, ms, count, path, version, issuer };
  return error === undefined ? line : { ...line, error: causes(error) };
}

/** An error without its message, which may quote data: what kind it is, what a Fault says for operators, and where it was. */
function causes(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let at = error; at instanceof Error && chain.length < 8; at = at.cause) {
    const frames = at.stack?.split('\n').filter((line) => line.startsWith('    at ')) ?? [];
    const errors = at instanceof AggregateError ? { errors: at.errors.map(causes) } : {};
    chain.push({
      name: at.name,
      ...(at instanceof Fault && { code: at.code, because: at.message }),
      ...('code' in at && typeof at.code === 'string' && { code: at.code }),
      ...errors,
      stack: frames.slice(0, 10).map((line) => line.trim()),
    });
  }
  return chain;
}

/** @param destination standard output where it is not given. */
export function createLog(level: string, destination?: DestinationStream): Log {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    messageKey: 'event',
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const logger = destination ? pino(options, destination) : pino(options);
  return {
    info: (event, fields = {}) => logger.info(allowed(fields), event),
    warn: (event, fields = {}) => logger.warn(allowed(fields), event),
    error: (event, fields = {}) => logger.error(allowed(fields), event),
  };
}
