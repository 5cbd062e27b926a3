import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { machinePath, skipping } from '../conformance/programs.ts';
import { pasteCurl } from '../support/printed-curl.ts';
import { environment, launchVallum, repository } from '../support/vallum.ts';

/*
 * The README's two commands on a fresh clone, in a folder that only its owner may enter and whose name has spaces. It installs everything anew, and so runs only where
 * VALLUM_TEST_CLONE=1 asks for it.
 */
const asked = process.env.VALLUM_TEST_CLONE === '1';
if (!asked) skipping('the first run from a clone', 'set VALLUM_TEST_CLONE=1 to run it');

const isRoot = process.getuid?.() === 0;
/** Somebody without rights, who has a name: what a person without root is. */
const nobody = { uid: 65_534, gid: 65_534 };

interface Person {
  readonly who: string;
  readonly user?: typeof nobody;
  readonly install: readonly string[];
}
const people: readonly Person[] = [
  { who: isRoot ? 'root' : 'whoever runs the tests', install: [] },
  { who: 'whoever lets no install script run', install: ['--ignore-scripts'] },
  ...(isRoot ? [{ who: 'nobody', user: nobody, install: [] }] : []),
];

describe.skipIf(!asked).each(people)('a fresh clone, for $who', { timeout: 600_000 }, ({ user, install }) => {
  let parent: string;
  let clone: string;
  let env: NodeJS.ProcessEnv;

  beforeAll(() => {
    parent = mkdtempSync(path.join(tmpdir(), 'vallum clone '));
    clone = path.join(parent, 'a place with spaces', 'vallum');
    mkdirSync(clone, { recursive: true });
    const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: repository,
      encoding: 'utf8',
    });
    for (const file of files.split('\0').filter((name) => name && existsSync(path.join(repository, name))))
      cpSync(path.join(repository, file), path.join(clone, file));
    // npm's own settings of this run are not those of the person, who has a home.
    const home = path.join(parent, 'home');
    mkdirSync(home);
    const own = Object.entries(environment({})).filter(
      ([name]) => !/^(npm_|INIT_CWD|NODE_|VITEST)/i.test(name),
    );
    env = {
      ...Object.fromEntries(own),
      PATH: machinePath,
      ...(user && { HOME: home, USER: 'nobody', LOGNAME: 'nobody' }),
    };
    if (user) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, parent]);
    chmodSync(parent, 0o700);
    execFileSync('npm', ['ci', '--prefer-offline', ...install], { cwd: clone, env, ...user, stdio: 'pipe' });
  }, 600_000);
  afterAll(() => {
    if (parent) rmSync(parent, { recursive: true, force: true });
  });

  it('starts by `npm start`, and the command that it prints works as it stands', async () => {
    const vallum = await launchVallum({
      command: ['npm', 'start'],
      cwd: clone,
      env: { ...env, VALLUM_PORT: '0' },
      data: path.join(clone, '.vallum'),
      folder: clone,
      ...(user && { user }),
      group: true,
    });
    onTestFinished(() => vallum.remove());
    await expect.poll(() => vallum.output.stderr).toMatch(/^ *curl /m);
    expect(JSON.parse(await pasteCurl(vallum, user))).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { content: expect.stringContaining('You said: Hello') } }],
    });
    // A second start finds what the first has left.
    await vallum.stop('SIGINT');
    await vallum.start();
    await expect.poll(() => vallum.output.stderr.match(/^ *curl /gm)).toHaveLength(2);
    expect(JSON.parse(await pasteCurl(vallum, user))).toMatchObject({ object: 'chat.completion' });
  });
});
