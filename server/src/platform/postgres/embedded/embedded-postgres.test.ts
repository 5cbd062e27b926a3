import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Connection } from '../connection.ts';
import { sqlState } from '../database-error.ts';
import { connectAsOwner } from '../owner-connection.ts';
import { type Statement, sql } from '../sql.ts';
import { removeDataFolder, stopServerOf, temporaryDataFolder } from '../testing/data-folder.ts';
import { embeddedProcess } from '../testing/embedded-process.ts';
import { fastSettings } from '../testing/fast-settings.ts';
import { type EmbeddedPostgres, embeddedPostgres } from './embedded-postgres.ts';
import { identify } from './process-identity.ts';

const folders: string[] = [];
let servers: EmbeddedPostgres[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  for (const folder of folders.splice(0)) {
    await stopServerOf(folder);
    removeDataFolder(folder);
  }
});

/** A folder with a space in its path. */
function dataFolder(): string {
  const outer = temporaryDataFolder();
  folders.push(outer);
  return path.join(outer, 'data folder');
}

async function start(dataDir: string, settings: Readonly<Record<string, string>> = fastSettings) {
  const lines: string[] = [];
  const log = (line: string) => {
    // Whether the binaries must be copied depends on where the checkout lies.
    if (!line.startsWith('PostgreSQL runs from a copy')) lines.push(line);
  };
  const server = embeddedPostgres({ dataDir, log, settings });
  await server.start();
  servers.push(server);
  const {
    socketDir: host,
    port,
    database,
    ownerUser: user,
    ownerPassword: password,
    superuser,
  } = server.connection();
  const target = { host, port, database, user, password };
  const ask = async (statement: Statement, as = target) => {
    const connection = await connectAsOwner(as);
    return await connection.query(statement).finally(() => connection.close());
  };
  return { server, lines, target, ask, superuser: { ...target, user: superuser } };
}

const stop = async (server: EmbeddedPostgres) => {
  servers = servers.filter((other) => other !== server);
  await server.stop();
};
const postmasterPid = (dataDir: string): number =>
  Number.parseInt(readFileSync(path.join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8'), 10);
const until = async (so: () => boolean | Promise<boolean>) => {
  while (!(await so())) await new Promise((resolve) => setTimeout(resolve, 10));
};
const mode = (file: string): string => (statSync(file).mode & 0o777).toString(8);

describe('the embedded server, as it is shipped', () => {
  it('is durable, closed to everybody else, silent about data, and keeps what it was told', async () => {
    const dataDir = dataFolder();
    const first = await start(dataDir, {});
    const settings = await first.ask(
      sql`SELECT name, setting FROM pg_settings WHERE name = ANY(${Object.keys(expected)})`,
      first.superuser,
    );
    expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual(expected);
    expect(
      await first.ask(
        sql`SELECT datcollate, pg_encoding_to_char(encoding) AS encoding FROM pg_database WHERE datname = current_database()`,
      ),
    ).toEqual([{ datcollate: 'C', encoding: 'UTF8' }]);

    const { socketDir, port } = first.server.connection();
    expect([mode(socketDir), mode(path.join(socketDir, `.s.PGSQL.${port}`))]).toEqual(['700', '700']);
    expect(mode(path.join(dataDir, 'postgres.password'))).toBe('600');
    const guess = Connection.open(
      { ...first.target, password: 'guess' },
      { applicationName: 'x', connectTimeoutMs: 1_000, direct: true },
    );
    expect(await guess.catch(sqlState)).toBe('28P01');
    await first.ask(sql`CREATE TABLE kept (id int)`);
    await expect(first.ask(sql`SELECT ${'secret in a cast'}::int`)).rejects.toThrow('invalid input syntax');
    await stop(first.server);

    const logs = path.join(dataDir, 'postgres', 'logs');
    const logged = readdirSync(logs)
      .map((name) => readFileSync(path.join(logs, name), 'utf8'))
      .join('');
    expect(logged).toContain('ready to accept connections');
    expect(logged).not.toMatch(/secret|SELECT/);

    const second = await start(dataDir, {});
    expect(await second.ask(sql`SELECT FROM kept`)).toEqual([]);
    expect(second.lines).toEqual([]);
  });

  it('shows its password to no other process: on no command line, in no environment', async () => {
    const dataDir = dataFolder();
    const starting = start(dataDir);
    let done = false;
    const finished = starting.finally(() => {
      done = true;
    });
    const file = path.join(dataDir, 'postgres.password');
    await until(() => existsSync(file));
    const password = readFileSync(file, 'utf8');
    let looks = 0;
    while (!done) {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
        for (const what of ['cmdline', 'environ']) expect(readProc(pid, what)).not.toContain(password);
      looks += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await finished;
    expect(looks).toBeGreaterThan(3);
  });

  it('is in a session of its own, which a Ctrl-C in ours does not reach', async () => {
    const dataDir = dataFolder();
    await start(dataDir);
    const pid = postmasterPid(dataDir);
    const [, , group, session] = (readProc(String(pid), 'stat').split(') ')[1] ?? '').split(' ');
    expect([Number(group), Number(session)]).toEqual([pid, pid]);
  });

  it('leaves nothing running when it stops, and frees its folder', async () => {
    const dataDir = dataFolder();
    const { server } = await start(dataDir);
    const pid = postmasterPid(dataDir);
    await stop(server);
    expect(identify(pid)).toBeUndefined();
    expect(existsSync(path.join(dataDir, 'postgres', 'data', 'postmaster.pid'))).toBe(false);
    await start(dataDir);
  });

  it('is stopped by force when it does not stop otherwise, and recovers', async () => {
    const dataDir = dataFolder();
    const first = await start(dataDir, { ...fastSettings, fsync: 'on', synchronous_commit: 'on' });
    await first.ask(sql`CREATE TABLE kept (id int)`);
    process.kill(postmasterPid(dataDir), 'SIGSTOP');
    await stop(first.server);
    expect(first.lines.at(-1)).toContain('killing it');
    const second = await start(dataDir, { ...fastSettings, fsync: 'on', synchronous_commit: 'on' });
    expect(await second.ask(sql`SELECT FROM kept`)).toEqual([]);
  });
});

describe('two processes', () => {
  it('cannot use one folder: the second is told who has it', async () => {
    const dataDir = dataFolder();
    const other = embeddedProcess(dataDir, fastSettings);
    await other.said('running');
    await expect(start(dataDir)).rejects.toThrow(`is in use by process ${other.pid}`);
    const link = `${dataDir} by another name`;
    symlinkSync(dataDir, link);
    await expect(start(link)).rejects.toThrow(`is in use by process ${other.pid}`);
    await other.stop();
    await start(dataDir);
  });

  it('that start at once on a new folder make one cluster', async () => {
    const dataDir = dataFolder();
    const both = [embeddedProcess(dataDir, fastSettings), embeddedProcess(dataDir, fastSettings)];
    const outcomes = await Promise.allSettled(both.map((one) => one.said('running')));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    for (const one of both) await one.stop();
    expect(both.flatMap(({ lines }) => lines).filter((line) => line.startsWith('failed'))).toEqual([
      expect.stringContaining('is in use by process'),
    ]);
  });
});

describe('a server whose process died', () => {
  it('is attached to again', async () => {
    const dataDir = dataFolder();
    const dying = embeddedProcess(dataDir, fastSettings);
    await dying.said('running');
    const pid = postmasterPid(dataDir);
    await dying.kill();
    const { lines, ask } = await start(dataDir);
    expect(postmasterPid(dataDir)).toBe(pid);
    expect([lines, await ask(sql`SELECT 1 AS one`)]).toEqual([[], [{ one: 1 }]]);
  });

  it('is started afresh when it does not answer any more', async () => {
    const dataDir = dataFolder();
    const dying = embeddedProcess(dataDir, fastSettings);
    await dying.said('running');
    const pid = postmasterPid(dataDir);
    await dying.kill();
    process.kill(pid, 'SIGSTOP');
    const { lines, ask } = await start(dataDir);
    expect(lines[0]).toContain(`(process ${pid}): it does not answer`);
    expect([postmasterPid(dataDir) === pid, await ask(sql`SELECT 1 AS one`)]).toEqual([false, [{ one: 1 }]]);
  });

  it('is started afresh when its settings are not what they would be now', async () => {
    const dataDir = dataFolder();
    const dying = embeddedProcess(dataDir, fastSettings);
    await dying.said('running');
    await dying.kill();
    const { lines, ask } = await start(dataDir, { ...fastSettings, work_mem: '5MB' });
    expect(lines).toEqual([expect.stringContaining('it has other settings')]);
    expect(await ask(sql`SELECT current_setting('work_mem') AS size`)).toEqual([{ size: '5MB' }]);
  });

  it('and that died too is no obstacle, whoever has its number now', async () => {
    const dataDir = dataFolder();
    const { server } = await start(dataDir);
    await stop(server);
    const cluster = path.join(dataDir, 'postgres');
    // As a crash of the machine leaves them: the number is that of a process which must come to no harm.
    const innocent = process.pid;
    writeFileSync(
      path.join(cluster, 'data', 'postmaster.pid'),
      `${innocent}\n${cluster}/data\n1\n5432\n\n\n 1 1\nready\n`,
      { mode: 0o644 },
    );
    writeFileSync(path.join(cluster, 'run', '.s.PGSQL.5432.lock'), `${innocent}\n`, { mode: 0o644 });
    const { ask } = await start(dataDir);
    expect(await ask(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
  });
});

describe('a server that dies under us', () => {
  it('is started again, also while a process of it is still at work, and keeps what was committed', async () => {
    const dataDir = dataFolder();
    const { lines, ask, target } = await start(dataDir, {
      ...fastSettings,
      fsync: 'on',
      synchronous_commit: 'on',
    });
    await ask(sql`CREATE TABLE kept (id int)`);
    const busy = await connectAsOwner(target);
    await busy.query(sql`SET statement_timeout = '1500ms'`);
    // Looks at no latch, so it does not notice that its postmaster is gone before its time is up.
    const computing = busy.query(sql`DO 'BEGIN LOOP END LOOP; END'`).catch((error: unknown) => error);
    const pid = postmasterPid(dataDir);
    process.kill(pid, 'SIGKILL');
    await until(() => lines.includes('the database server answers again'));
    expect(lines).toContain(`the database server (process ${pid}) ended: starting it again`);
    expect(await ask(sql`SELECT FROM kept`)).toEqual([]);
    expect(await computing).toBeInstanceOf(Error);
  });

  it('recovers by itself from the crash of one of its processes, and the log says so', async () => {
    const dataDir = dataFolder();
    const { lines, ask, target } = await start(dataDir, {
      ...fastSettings,
      fsync: 'on',
      synchronous_commit: 'on',
    });
    await ask(sql`CREATE TABLE kept (id int)`);
    const victim = await Connection.open(target, {
      applicationName: 'victim',
      connectTimeoutMs: 1_000,
      direct: true,
    });
    const [row] = await ask(sql`SELECT pid FROM pg_stat_activity WHERE application_name = 'victim'`);
    process.kill(Number(row?.pid), 'SIGKILL');
    await until(() => lines.includes('the database server answers again'));
    expect(lines[0]).toMatch(/dropped its connections: one of its processes crashed/);
    expect(await ask(sql`SELECT FROM kept`)).toEqual([]);
    expect(victim.isLost).toBe(true);
  });
});

describe('a cluster that cannot be trusted', () => {
  it('is not what a crash in the middle of initdb leaves', async () => {
    const dataDir = dataFolder();
    const dying = embeddedProcess(dataDir, fastSettings);
    const root = path.join(dataDir, 'postgres');
    const unfinished = () =>
      existsSync(root) ? readdirSync(root).filter((name) => name.startsWith('new-')) : [];
    await until(() => unfinished().some((name) => existsSync(path.join(root, name, 'global', 'pg_control'))));
    await dying.kill();
    expect(existsSync(path.join(root, 'data'))).toBe(false);
    const { server, ask } = await start(dataDir);
    expect(await ask(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
    await stop(server);
    // The initdb that lost its parent may have written on for a moment; what it left goes at the next start.
    await until(async () => {
      await stop((await start(dataDir)).server);
      return unfinished().length === 0;
    });
  });

  it.runIf(process.getuid?.() === 0)(
    'does not keep a start from its own, while an initdb that lost its parent still writes what nobody can clear away',
    async () => {
      const dataDir = dataFolder();
      // The server's user may not remove it, as it may not while it grows.
      mkdirSync(path.join(dataDir, 'postgres', 'new-left', 'base', '4'), { recursive: true, mode: 0o755 });
      const { ask } = await start(dataDir);
      expect(await ask(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
    },
  );

  it('stops the start when another major version made it', async () => {
    const dataDir = dataFolder();
    const { server } = await start(dataDir);
    await stop(server);
    writeFileSync(path.join(dataDir, 'postgres', 'data', 'PG_VERSION'), '17\n');
    await expect(start(dataDir)).rejects.toThrow(
      /was made by PostgreSQL 17, and this release brings 18.* take a backup/,
    );
  });

  it('stops the start when its password is gone, rather than begin with a new one', async () => {
    const dataDir = dataFolder();
    const { server } = await start(dataDir);
    await stop(server);
    renameSync(path.join(dataDir, 'postgres.password'), path.join(dataDir, 'elsewhere'));
    await expect(start(dataDir)).rejects.toThrow('bring that file back');
    expect(existsSync(path.join(dataDir, 'postgres.password'))).toBe(false);
  });

  it('stops the start with the reason when it cannot be run', async () => {
    const dataDir = dataFolder();
    mkdirSync(dataDir, { mode: 0o711 });
    await expect(start(dataDir, { ...fastSettings, shared_buffers: 'a lot' })).rejects.toThrow(
      /ended while it started: .*FATAL/,
    );
    await start(dataDir);
  });
});

function readProc(pid: string, what: string): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'utf8');
  } catch {
    return '';
  }
}

const expected: Record<string, string> = {
  ...{
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    data_checksums: 'on',
    wal_level: 'replica',
  },
  ...{
    listen_addresses: '',
    unix_socket_permissions: '0700',
    password_encryption: 'scram-sha-256',
    ssl: 'off',
  },
  ...{ allow_alter_system: 'off', TimeZone: 'UTC', log_timezone: 'UTC' },
  ...{
    log_statement: 'none',
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
  },
  ...{
    log_parameter_max_length: '0',
    log_parameter_max_length_on_error: '0',
    log_min_duration_statement: '-1',
  },
};
