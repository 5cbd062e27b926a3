import { expect, it } from 'vitest';
import { serverSettings } from './server-settings.ts';

const settings = (root: string, major: number, overrides = {}) =>
  serverSettings(
    { root, data: `${root}/data`, logs: `${root}/logs`, sockets: `${root}/run` },
    { major },
    overrides,
  );

it('writes folders so that the server reads them back as they are, whatever is in their names', () => {
  const text = settings('/a "b" \\c, it\'s\nd', 18);
  expect(text).toContain(`unix_socket_directories = '"/a ""b"" \\\\c, it''s\\nd/run"'`);
  expect(text).toContain(`log_directory = '/a "b" \\\\c, it''s\\nd/logs'`);
});

it('names no setting that an older server does not know, and lets a test have its way', () => {
  expect(settings('/x', 18)).toContain(`allow_alter_system = 'off'`);
  expect(settings('/x', 15)).not.toContain('allow_alter_system');
  expect(settings('/x', 18, { fsync: 'off' })).toContain(`\nfsync = 'off'\n`);
});
