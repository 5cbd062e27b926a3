/**
 * Who may import whom (ARCHITECTURE.md, "Walls"). All rules are errors. `scripts/check.ts` also fails when fewer modules are seen than exist:
 * a checker that sees nothing must fail.
 */
const rooms = 'edge|identity|governance|agents|vault|ledger|soc|compliance';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Types may refer to each other inside of a room; code may not.',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'contract-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^contract/src/' },
      to: { path: '^(server|cli|sdk|console|tests|bench|scripts)/' },
    },
    {
      name: 'outside-never-imports-the-server',
      severity: 'error',
      from: { path: '^(cli|sdk|console)/' },
      to: { path: '^server/' },
    },
    {
      name: 'kernel-imports-the-contract-only',
      severity: 'error',
      from: { path: '^server/src/kernel/' },
      to: { path: '^server/src/', pathNot: '^server/src/kernel/' },
    },
    {
      name: 'platform-knows-no-room',
      severity: 'error',
      from: { path: '^server/src/platform/' },
      to: { path: '^server/src/', pathNot: '^server/src/(platform|kernel)/' },
    },
    {
      name: 'rooms-by-the-front-door',
      severity: 'error',
      from: { path: '^server/src/([^/]+)/', pathNot: ['/testing/', '^server/src/compose/'] },
      to: {
        path: `^server/src/(${rooms}|kernel)/`,
        pathNot: ['^server/src/$1/', `^server/src/(${rooms}|kernel)/index\\.ts$`],
      },
    },
    {
      name: 'composition-by-the-front-door',
      severity: 'error',
      comment:
        'compose.ts with its blocks in compose/, and prepare.ts for what must be there before it, may name adapters: it is where ports meet them.',
      from: {
        path: '^server/src/[^/]+\\.ts$',
        pathNot: ['^server/src/(compose|prepare)\\.ts$', '\\.test\\.ts$'],
      },
      to: { path: `^server/src/(${rooms}|kernel)/`, pathNot: `^server/src/(${rooms}|kernel)/index\\.ts$` },
    },
    {
      name: 'agents-alone-import-rooms',
      severity: 'error',
      comment: 'agents may import governance and vault; no other room imports a room.',
      from: { path: `^server/src/(${rooms})/`, pathNot: ['^server/src/agents/', '/testing/'] },
      to: { path: `^server/src/(${rooms})/`, pathNot: '^server/src/$1/' },
    },
    {
      name: 'agents-import-governance-and-vault-only',
      severity: 'error',
      from: { path: '^server/src/agents/' },
      to: { path: `^server/src/(${rooms})/`, pathNot: '^server/src/(agents|governance|vault)/' },
    },
    {
      name: 'domain-knows-no-adapter',
      severity: 'error',
      comment:
        'Domain files import neither adapters nor platform. Tests may, and what they stand on (testing/).',
      from: { path: `^server/src/(${rooms})/`, pathNot: ['/adapters/', '/testing/', '\\.test\\.ts$'] },
      to: { path: ['/adapters/', '^server/src/platform/'] },
    },
    {
      name: 'nobody-imports-tests',
      severity: 'error',
      from: { pathNot: ['\\.test\\.ts$', '^tests/', '^bench/', '\\.contract\\.ts$', '/testing/'] },
      to: { path: ['\\.test\\.ts$', '^tests/', '\\.contract\\.ts$', '/testing/'] },
    },
    {
      name: 'black-box-tests-open-no-box',
      severity: 'error',
      comment:
        'tests/ and bench/ see the product as a user does: processes, HTTP, files. Formats they may read.',
      from: { path: '^(tests|bench)/' },
      to: { path: '^(server|cli)/src/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['/dist/', '/node_modules/.*/node_modules/'] },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
