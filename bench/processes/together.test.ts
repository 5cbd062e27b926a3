import { describe, expect, it } from 'vitest';
import { atTheEnd } from './together.ts';

describe('what was started together', () => {
  it('is stopped last first when the work is done, and its result is handed on', async () => {
    const stopped: string[] = [];
    const result = await atTheEnd(async (stop) => {
      for (const name of ['a', 'b', 'c']) stop.push({ stop: async () => stopped.push(name) });
      return 'result';
    });
    expect([result, stopped]).toEqual(['result', ['c', 'b', 'a']]);
  });

  it('is stopped when the work fails, so that no database is left behind', async () => {
    const stopped: string[] = [];
    const work = atTheEnd(async (stop) => {
      stop.push({ stop: async () => stopped.push('a') });
      throw new Error('no answer');
    });
    await expect(work).rejects.toThrow('no answer');
    expect(stopped).toEqual(['a']);
  });

  it('is stopped as far as it can be when one does not stop, and that is said', async () => {
    const stopped: string[] = [];
    const work = atTheEnd(async (stop) => {
      stop.push({ stop: async () => stopped.push('a') });
      stop.push({ stop: () => Promise.reject(new Error('stuck')) });
    });
    await expect(work).rejects.toThrow('something did not stop');
    expect(stopped).toEqual(['a']);
  });
});
