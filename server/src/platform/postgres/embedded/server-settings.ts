import type { Binaries } from './binaries.ts';
import { type ClusterHome, socketPort } from './cluster-home.ts';

/** A string in postgresql.conf (manual, section 19.1.1): quotes double, backslashes escape. */
const quoted = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\n', '\\n')}'`;

/** An item of a list of folders, so that a comma in a name does not end it. */
const listed = (folder: string): string => `"${folder.replaceAll('"', '""')}"`;

/** `log_*`: what could hold data is never logged. Errors reach Vallum, which logs their codes. */
const silence = {
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
  log_statement: 'none',
  log_min_duration_statement: '-1',
  log_checkpoints: 'off',
};

const durability = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on', wal_level: 'replica' };

/** A small server: idle cost matters more than peak on a laptop. */
const size = {
  max_connections: '100',
  shared_buffers: '128MB',
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  min_wal_size: '80MB',
  max_wal_size: '1GB',
  checkpoint_timeout: '15min',
  // Its memory is in /dev/shm, which containers keep small.
  max_parallel_workers_per_gather: '0',
  jit: 'off',
};

/** The text of `postgresql.conf`. @param overrides for tests: a setting here wins. */
export function serverSettings(
  home: ClusterHome,
  { major }: Pick<Binaries, 'major'>,
  overrides: Readonly<Record<string, string>>,
): string {
  const settings: Record<string, string> = {
    listen_addresses: '',
    port: String(socketPort),
    unix_socket_directories: listed(home.sockets),
    unix_socket_permissions: '0700',
    hba_file: accessFile(home),
    password_encryption: 'scram-sha-256',
    ...(major >= 17 && { allow_alter_system: 'off' }),
    ...durability,
    ...size,
    TimeZone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C',
    DateStyle: 'ISO',
    logging_collector: 'on',
    log_directory: home.logs,
    log_filename: 'postgresql-%Y%m%d-%H%M%S.log',
    log_rotation_size: '10MB',
    log_rotation_age: '0',
    log_file_mode: '0600',
    log_line_prefix: '%m [%p] ',
    ...silence,
    ...overrides,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${quoted(value)}`);
  return `# Written by Vallum at each start; changes here are lost.\n${lines.join('\n')}\n`;
}

/** `pg_hba.conf`: the socket with a password, and nothing else. The second line is for backups. */
export const accessRules = 'local all all scram-sha-256\nlocal replication all scram-sha-256\n';

export const settingsFile = (home: ClusterHome): string => `${home.root}/postgresql.conf`;
export const accessFile = (home: ClusterHome): string => `${home.root}/pg_hba.conf`;
