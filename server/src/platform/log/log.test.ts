import { describe, expect, it } from 'vitest';
import { Fault, type LogFields } from '../../kernel/index.ts';
import { createLog } from './log.ts';

function lines() {
  const written: string[] = [];
  const log = createLog('info', { write: (line) => void written.push(line) });
  return { log, last: () => JSON.parse(written.at(-1) ?? '{}') as Record<string, unknown>, written };
}

describe('a log line', () => {
  it('holds the event and the fields that are listed', () => {
    const { log, last } = lines();
    log.info('a request was refused', { request: 'req_1', status: 403, code: 'policy-denied' });
    expect(last()).toMatchObject({
      level: 'info',
      event: 'a request was refused',
      request: 'req_1',
      status: 403,
      code: 'policy-denied',
    });
  });

  it('drops what is not listed, however it got there', () => {
    const { log, last } = lines();
    log.info('x', {
      ...({ prompt: 'my diagnosis', authorization: 'Bearer vk_live_x' } as LogFields),
      status: 200,
    });
    expect(Object.keys(last()).sort()).toEqual(['event', 'level', 'status', 'time']);
  });

  it('says of an error what kind it is and where it was, never its message, which may quote data', () => {
    const { log, last, written } = lines();
    const cause = new TypeError('invalid input: "jane@example.org"');
    log.error('failed', {
      error: new Fault('unavailable', { detail: 'shown', because: 'the pool is full', cause }),
    });
    expect(written.join()).not.toContain('jane@example.org');
    expect(last().error).toMatchObject([
      { name: 'Fault', code: 'unavailable', because: 'the pool is full' },
      { name: 'TypeError' },
    ]);
  });
});
