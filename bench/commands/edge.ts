import { runScript } from '../processes/script.ts';
import { circumstances } from '../report/machine.ts';
import { atMost, budgetTable, figure, table } from '../report/markdown.ts';

const named = {
  headAgain: 'path and headers of a client that has sent the like before',
  headAnew: 'path and headers that were never seen',
  chatBody: 'a chat body with a prompt of 2 KB, its content taken out',
  chatWhole: 'both for a chat call: headers seen before, body of 2 KB',
  administrationBody: 'a small body with one plain text',
} as const;

const known = {
  keyAgain: 'a key that is believed, among 100,000 credentials',
  tokenAgain: 'a JWT that was verified within the minute',
} as const;

interface Results {
  readonly judged: Record<keyof typeof named, number>;
  readonly known: Record<keyof typeof known, number>;
  /** Empty where the public data is not there. */
  readonly recall: readonly { readonly family: string; readonly cases: number; readonly blocked: number }[];
}

/** What the families of CRS's tests are about. */
const families: Readonly<Record<string, string>> = {
  930: 'traversal',
  931: 'inclusion of remote files',
  932: 'commands',
  933: 'PHP',
  934: 'Node.js, requests to inner addresses, templates',
  941: 'scripts (XSS)',
  942: 'SQL',
  943: 'fixation of sessions',
  944: 'Java',
};

const percent = (part: number, of: number): string => `${Math.round((100 * part) / of)} %`;

/** What the door takes of each request (the script says it in µs of CPU), and what it catches. */
export async function edge(): Promise<string> {
  const { judged, known: times, recall } = await runScript<Results>('edge');
  const names = Object.keys(named) as (keyof typeof named)[];
  const credentials = Object.keys(known) as (keyof typeof known)[];
  const all = recall.reduce((sum, { cases }) => sum + cases, 0);
  const blocked = recall.reduce((sum, each) => sum + each.blocked, 0);
  return [
    circumstances('In process, one thread; CPU time of the thread.'),
    'The WAF with the rules that come with it; `identity.authenticate` with a credential that has been found good before.',
    budgetTable([atMost(named.chatWhole, judged.chatWhole / 1_000, 0.4, ' ms')]),
    table(
      ['judged, or known', 'CPU µs'],
      [
        ...names.map((name) => [named[name], figure(judged[name])]),
        ...credentials.map((name) => [known[name], figure(times[name])]),
      ],
    ),
    all === 0
      ? 'Recall was not measured: the regression tests of OWASP CRS are not there (`VALLUM_SHARED_DATA`).'
      : [
          "Of the requests in OWASP CRS's regression tests that a rule of its level 1 is to catch, blocked by our own rules. They were written with these tests in sight: this says what is covered, not what a new attack meets.",
          table(
            ['family', 'requests', 'blocked', 'recall'],
            [
              ...recall.map(({ family, cases, blocked: caught }) => [
                `${family}: ${families[family] ?? 'other'}`,
                String(cases),
                String(caught),
                percent(caught, cases),
              ]),
              ['all', String(all), String(blocked), percent(blocked, all)],
            ],
          ),
        ].join('\n\n'),
  ].join('\n\n');
}
