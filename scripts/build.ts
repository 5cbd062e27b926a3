/**
 * `npm run build`: compiles what is published to `dist/contract` and `dist/cli`, each a folder to run `npm pack` in, with a manifest of its
 * own. Inside the tree nothing reads these: workspaces export their sources. An argument names another folder than `dist`, which
 * must lie in the tree too, since the types of dependencies are found from there.
 */
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

interface Manifest {
  readonly exports?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly [member: string]: unknown;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = path.resolve(process.argv[2] ?? path.join(root, 'dist'));
/** Where a package keeps what was compiled. */
const compiled = 'dist';

/**
 * JavaScript and declarations of a workspace, without its tests.
 * @param paths where to find the types of packages that were built before
 */
function compile(name: string, paths: Record<string, string[]>): void {
  const options: ts.CompilerOptions = {
    noEmit: false,
    declaration: true,
    noEmitOnError: true,
    rootDir: path.join(root, name, 'src'),
    outDir: path.join(dist, name, compiled),
    paths,
  };
  const parsed = ts.getParsedCommandLineOfConfigFile(path.join(root, 'tsconfig.json'), options, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => fail([diagnostic]),
  });
  const sources = (parsed?.fileNames ?? []).filter(
    (file) => file.startsWith(`${options.rootDir}/`) && !/\.test\.ts$|\/testing\//.test(file),
  );
  if (!parsed || sources.length === 0) throw new Error(`no sources in ${name}/src`);
  const program = ts.createProgram(sources, parsed.options);
  const emitted = program.emit();
  fail(ts.sortAndDeduplicateDiagnostics([...ts.getPreEmitDiagnostics(program), ...emitted.diagnostics]));
}

function fail(diagnostics: readonly ts.Diagnostic[]): void {
  if (diagnostics.length === 0) return;
  const host = {
    getCanonicalFileName: (file: string) => file,
    getCurrentDirectory: () => root,
    getNewLine: () => '\n',
  };
  throw new Error(ts.formatDiagnostics(diagnostics, host));
}

/** The workspace's manifest as others install it: compiled files instead of sources, and nothing that is for the tree only. */
function publishable(manifest: Manifest): Manifest {
  const { private: _, scripts: __, devDependencies: ___, exports, ...rest } = manifest;
  const built = Object.entries(exports ?? {}).map(([name, source]) => {
    const file = source.replace('./src/', `./${compiled}/`).replace(/\.ts$/, '');
    return [name, { types: `${file}.d.ts`, default: `${file}.js` }];
  });
  return {
    ...rest,
    ...(exports && { exports: Object.fromEntries(built) }),
    files: [compiled, ...Object.values(rest.bin ?? {}).map((file) => path.posix.dirname(file))],
  };
}

/** The files of a package that are not compiled. */
function copy(name: string, manifest: Manifest): void {
  const from = path.join(root, name);
  const to = path.join(dist, name);
  for (const file of Object.values(manifest.bin ?? {})) cpSync(path.join(from, file), path.join(to, file));
  cpSync(path.join(from, 'README.md'), path.join(to, 'README.md'));
  const license = path.join(root, 'LICENSE');
  if (existsSync(license)) cpSync(license, path.join(to, 'LICENSE'));
  else console.error(`${name}: built without a LICENSE, since the root has none: not for publishing`);
}

const contractTypes = (file: string): string[] => [path.join(dist, 'contract', compiled, file)];
const packages: readonly { readonly name: string; readonly paths: Record<string, string[]> }[] = [
  { name: 'contract', paths: {} },
  {
    name: 'cli',
    paths: {
      '@vallum/contract': contractTypes('index.d.ts'),
      '@vallum/contract/tlog': contractTypes('tlog/index.d.ts'),
    },
  },
];

for (const { name, paths } of packages) {
  const folder = path.join(dist, name);
  if (existsSync(path.join(folder, 'src')))
    throw new Error(`${folder} has sources in it: name a folder for what is built`);
  rmSync(folder, { recursive: true, force: true });
  compile(name, paths);
  const manifest = JSON.parse(readFileSync(path.join(root, name, 'package.json'), 'utf8')) as Manifest;
  copy(name, manifest);
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(publishable(manifest), null, 2)}\n`);
  console.log(`${name}: ${folder}`);
}
