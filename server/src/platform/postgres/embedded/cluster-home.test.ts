import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { connectAsOwner } from '../owner-connection.ts';
import { sql } from '../sql.ts';
import { fastSettings } from '../testing/fast-settings.ts';
import { scratchFolder } from '../testing/scratch.ts';
import { prepareHome, socketFolder } from './cluster-home.ts';
import { embeddedPostgres } from './embedded-postgres.ts';
import { chooseServerUser } from './server-user.ts';

const isRoot = process.getuid?.() === 0;
const log = () => undefined;
const user = chooseServerUser({ configured: undefined, owner: undefined, log });
const uid = user?.uid ?? process.getuid?.() ?? 0;
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(mode: number): string {
  const folder = scratchFolder();
  chmodSync(folder, mode);
  folders.push(folder);
  return folder;
}

describe('the place of the cluster', () => {
  it("is in the data folder, closed to all but the server's user", () => {
    const dataDir = newFolder(0o711);
    const home = prepareHome({ dataDir, systemDir: '/nowhere', user, log });
    expect(home.root).toBe(path.join(dataDir, 'postgres'));
    for (const folder of [home.sockets, home.logs]) {
      const { mode, uid: owner } = statSync(folder);
      expect([mode & 0o777, owner]).toEqual([0o700, uid]);
    }
  });

  it.runIf(isRoot)(
    "is elsewhere when the server's user cannot reach the data folder, and is found there again",
    async () => {
      const closed = newFolder(0o700);
      const dataDir = path.join(closed, 'data');
      const systemDir = path.join(newFolder(0o755), 'system');
      const lines: string[] = [];
      const options = { dataDir, systemDir, settings: fastSettings, log: (line: string) => lines.push(line) };
      for (const expected of [1, 2]) {
        const server = embeddedPostgres(options);
        await server.start();
        const { socketDir: host, port, database, ownerUser, ownerPassword: password } = server.connection();
        expect(host.startsWith(systemDir)).toBe(true);
        const owner = await connectAsOwner({ host, port, database, user: ownerUser, password });
        await owner.query(sql`CREATE TABLE IF NOT EXISTS started (id int)`);
        await owner.query(sql`INSERT INTO started VALUES (1)`);
        expect(await owner.query(sql`SELECT FROM started`)).toHaveLength(expected);
        await owner.close();
        await server.stop();
        // Whatever the rights are by now, the data is where it was.
        chmodSync(closed, 0o755);
      }
      expect(lines.filter((line) => line.startsWith('the database'))).toEqual([
        expect.stringMatching(/the database is in .*\/system\/[0-9a-f]{16}, since the user/),
      ]);
      expect(existsSync(path.join(dataDir, 'postgres'))).toBe(false);
    },
  );

  it('is not made anew where a file says that it was elsewhere', () => {
    const dataDir = newFolder(0o711);
    writeFileSync(path.join(dataDir, 'postgres.location'), '/nowhere/at/all\n');
    expect(() => prepareHome({ dataDir, systemDir: '/nowhere', user, log })).toThrow(
      /says that the database is in \/nowhere\/at\/all, and it is not: bring that folder back, or delete/,
    );
  });

  it.runIf(isRoot)('is not moved when it has become out of reach', () => {
    const dataDir = newFolder(0o711);
    const home = prepareHome({ dataDir, systemDir: '/nowhere', user, log });
    mkdirSync(home.data);
    chmodSync(dataDir, 0o700);
    expect(() => prepareHome({ dataDir, systemDir: '/nowhere', user, log })).toThrow('chmod o+x');
  });

  it.runIf(isRoot)('gives away no folder of ours through a link that somebody put in its place', () => {
    const dataDir = newFolder(0o711);
    const ours = newFolder(0o755);
    mkdirSync(path.join(dataDir, 'postgres'));
    symlinkSync(ours, path.join(dataDir, 'postgres', 'logs'));
    try {
      prepareHome({ dataDir, systemDir: newFolder(0o755), user, log });
    } catch {
      // Refused or not, the folder behind the link stays ours.
    }
    expect(statSync(ours).uid).toBe(0);
  });
});

describe('the folder of the socket', () => {
  const long = path.join('/tmp', 'x'.repeat(90), 'run');

  it("is the cluster's when the path to the socket fits into the kernel's structure", () => {
    expect(socketFolder('/tmp/short/run', user)).toBe('/tmp/short/run');
  });

  it("is a short one of the server's user alone when it does not, the same each time", () => {
    const short = socketFolder(long, user);
    folders.push(short);
    const { mode, uid: owner } = statSync(short);
    expect([short.length < 50, mode & 0o777, owner]).toEqual([true, 0o700, uid]);
    expect(socketFolder(long, user)).toBe(short);
    expect(socketFolder(`${long}2`, user)).not.toBe(short);
    folders.push(socketFolder(`${long}2`, user));
  });

  it('is refused when somebody else was there before: open to others, a link, of another user', () => {
    const short = socketFolder(long, user);
    folders.push(short);
    const refused = () => expect(() => socketFolder(long, user)).toThrow('remove it, or set VALLUM_DATA');
    chmodSync(short, 0o777);
    refused();
    rmSync(short, { recursive: true });
    symlinkSync('/tmp', short);
    refused();
    rmSync(short);
    if (!isRoot) return;
    mkdirSync(short, { mode: 0o700 });
    chownSync(short, 12_345, 12_345);
    refused();
  });

  it('serves a data folder with a path as long as a path can be', async () => {
    const dataDir = path.join(newFolder(0o711), 'd'.repeat(120), "it's, as such, long");
    const server = embeddedPostgres({ dataDir, settings: fastSettings, log });
    await server.start();
    const { socketDir: host, port, database, ownerUser, ownerPassword: password } = server.connection();
    folders.push(host);
    const owner = await connectAsOwner({ host, port, database, user: ownerUser, password });
    expect(await owner.query(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
    await owner.close();
    await server.stop();
    expect(host.length).toBeLessThan(60);
    expect(readFileSync(path.join(dataDir, 'postgres', 'data', 'PG_VERSION'), 'utf8')).toBe('18\n');
  });
});
