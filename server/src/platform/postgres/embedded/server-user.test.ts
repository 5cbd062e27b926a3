import { describe, expect, it } from 'vitest';
import { canUse, chooseServerUser, findUser, type ServerUser } from './server-user.ts';

const isRoot = process.getuid?.() === 0;
const users: Record<string, ServerUser> = {
  postgres: { name: 'postgres', uid: 26, gid: 26 },
  nobody: { name: 'nobody', uid: 65534, gid: 65534 },
  ours: { name: 'ours', uid: 900, gid: 900 },
  65534: { name: 'nobody', uid: 65534, gid: 65534 },
  900: { name: 'ours', uid: 900, gid: 900 },
  root: { name: 'root', uid: 0, gid: 0 },
};

function choose(there: readonly string[], configured?: string, owner?: number) {
  const lines: string[] = [];
  const find = (name: string) => (there.includes(name) ? users[name] : undefined);
  const user = chooseServerUser({ configured, owner, log: (line) => lines.push(line), find, isRoot: true });
  return { name: user?.name, lines };
}

describe('whom the server runs as', () => {
  it('is postgres for root, since that user is there for nothing else', () => {
    expect(choose(['postgres', 'nobody'])).toEqual({ name: 'postgres', lines: [] });
  });

  it('is postgres also where another one was configured, and the log says so', () => {
    const { name, lines } = choose(['postgres', 'ours', 'nobody'], 'ours');
    expect([name, lines]).toEqual(['postgres', [expect.stringContaining('ours is used only where')]]);
  });

  it('is the configured one where there is no postgres', () => {
    expect(choose(['ours', 'nobody'], 'ours')).toEqual({ name: 'ours', lines: [] });
  });

  it('is nobody at last, named as the risk that it is', () => {
    const { name, lines } = choose(['nobody']);
    expect([name, lines]).toEqual(['nobody', [expect.stringContaining('RISK')]]);
    expect(choose(['postgres', '65534'], undefined, 65534).lines).toEqual([expect.stringContaining('RISK')]);
  });

  it('is who owns the files of a cluster that is there, whoever would be chosen today', () => {
    expect(choose(['postgres', '900'], undefined, 900).name).toBe('ours');
    expect(() => choose(['postgres'], undefined, 901)).toThrow('user number 901');
  });

  it('is never root, and never a user who is not there', () => {
    expect(() => choose(['root', 'nobody'], 'root')).toThrow('PostgreSQL refuses root');
    expect(() => choose(['nobody'], 'gone')).toThrow('gone, who is not a user of this system');
    expect(() => choose([])).toThrow('set VALLUM_POSTGRES_USER');
  });

  it('is ourselves where we are not root', () => {
    const log = () => undefined;
    expect(chooseServerUser({ configured: 'ours', owner: 1, log, isRoot: false })).toBeUndefined();
  });

  it('is looked up in the system, where an option-like name is a name', () => {
    expect(findUser('root')).toEqual({ name: 'root', uid: 0, gid: 0 });
    expect(findUser('-u')).toBeUndefined();
    expect(findUser('no such user')).toBeUndefined();
  });

  it.runIf(isRoot)('is asked of the system what they may use', () => {
    const nobody = findUser('nobody');
    expect([canUse(nobody, '/tmp'), canUse(nobody, '/root'), canUse(nobody, '/usr')]).toEqual([
      true,
      false,
      false,
    ]);
    expect(canUse(nobody, '/tmp/$(touch /tmp/evil)')).toBe(false);
  });
});
