import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDatabaseUrl } from './database-url.ts';
import { scratchFolder } from './testing/scratch.ts';

const parse = (url: string) => parseDatabaseUrl('VALLUM_DATABASE_URL', url);

describe('a database URL', () => {
  it('names host, port, login and database', () => {
    expect(parse('postgresql://us%40er:p%2Fw@127.0.0.1:6543/my%20db')).toEqual({
      ...{ host: '127.0.0.1', port: 6543, user: 'us@er', password: 'p/w', database: 'my db' },
    });
    expect(parse('postgres://u@[::1]/d')).toMatchObject({ host: '::1', port: 5432, password: '' });
  });

  it('names a Unix socket by its folder', () => {
    expect(parse('postgresql:///d?host=/run/postgresql&user=u&password=p&sslmode=verify-full')).toEqual({
      ...{ host: '/run/postgresql', port: 5432, user: 'u', password: 'p', database: 'd' },
    });
  });

  it('demands a certificate with the right name from another machine, unless it is told otherwise', () => {
    expect(parse('postgresql://u:p@db.example/d').tls).toEqual({ rejectUnauthorized: true });
    expect(parse('postgresql://u:p@db.example/d?sslmode=verify-full').tls).toEqual({
      rejectUnauthorized: true,
    });
    expect(parse('postgresql://u:p@db.example/d?sslmode=disable').tls).toBeUndefined();
    expect(parse('postgresql://u:p@db.example/d?sslmode=require').tls).toEqual({ rejectUnauthorized: false });
    expect(parse('postgresql://u:p@localhost/d').tls).toBeUndefined();
    // What looks like this machine and is not.
    expect(parse('postgresql://u:p@127.evil.example/d').tls).toBeDefined();
  });

  it('checks the chain and not the name for verify-ca, with the given authority', () => {
    const file = path.join(scratchFolder(), 'ca.pem');
    writeFileSync(file, 'PEM');
    const { tls } = parse(`postgresql://u:p@db.example/d?sslmode=verify-ca&sslrootcert=${file}`);
    expect(tls).toMatchObject({ rejectUnauthorized: true, ca: Buffer.from('PEM') });
    expect(tls?.checkServerIdentity?.('db.example', {} as never)).toBeUndefined();
  });

  it('says what is wrong and where, and never shows the URL, which holds a password', () => {
    const wrong: [string, string][] = [
      ['mysql://u:hunter2@h/d', 'write postgresql://'],
      ['u:hunter2@h/d', 'write postgresql://'],
      ['postgresql://u:hunter2@h', 'the database is missing'],
      ['postgresql://:hunter2@h/d', 'the user is missing'],
      ['postgresql:///d?user=u&password=hunter2', 'the host is missing'],
      ['postgresql://u:hunter2@h/d?sslmode=prefer', 'sslmode is one of'],
      ['postgresql://u:hunter2@h/d?sslmod=disable', 'the parameter sslmod is not known'],
      [
        'postgresql://u:hunter2@h/d?sslrootcert=/nowhere',
        'sslrootcert names /nowhere, which cannot be read (ENOENT)',
      ],
      ['postgresql:///d?host=a,b&user=u&password=hunter2', 'name one host'],
    ];
    for (const [url, message] of wrong) {
      const error = thrown(() => parse(url));
      expect(error.message).toContain('VALLUM_DATABASE_URL: ');
      expect(error.message).toContain(message);
      expect(`${error.stack}${String(error.cause)}`).not.toContain('hunter2');
    }
  });
});

function thrown(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}
