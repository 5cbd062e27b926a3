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

/** What the door takes of each request; the script says it in µs of CPU. */
export async function edge(): Promise<string> {
  const results = await runScript<Record<keyof typeof named, number>>('edge');
  const names = Object.keys(named) as (keyof typeof named)[];
  return [
    circumstances('In process, one thread; CPU time of the thread.'),
    'The WAF with the rules that come with it.',
    budgetTable([atMost(named.chatWhole, results.chatWhole / 1_000, 0.4, ' ms')]),
    table(
      ['judged', 'CPU µs'],
      names.map((name) => [named[name], figure(results[name])]),
    ),
  ].join('\n\n');
}
