import type { Channel } from '../../kernel/index.ts';
import {
  type Finding,
  type FindingAction,
  type Place,
  type Scan,
  type Step,
  type StreamGuard,
  streamGuard,
} from './guard.ts';
import { RuleMatcher, type Standard } from './injection/matcher.ts';
import type { Family } from './injection/rule.ts';
import type { NormalisedText } from './normalise.ts';

const name = 'injection';

/**
 * How each channel is judged. System and assistant texts are the developer's own. What a user writes may ask for much; what a tool or a
 * document says is data, and data that commands is refused sooner. A reply is judged as data too but only noted: it commands nobody
 * here, and a model that explains an attack must be able to quote it. Where it goes next, it is judged on that channel.
 */
const standards: Partial<Record<Channel, { readonly standard: Standard; readonly action: FindingAction }>> = {
  user: { standard: 'own', action: 'block' },
  tool: { standard: 'data', action: 'block' },
  output: { standard: 'data', action: 'note' },
};
const strictest = { standard: 'data', action: 'block' } as const;

const explanations: Record<Family, string> = {
  'instruction-override': 'The text tells the model to put its instructions aside.',
  'role-override': 'The text gives the model a role in which its rules would not hold.',
  'prompt-extraction': 'The text asks for the instructions that the model was given.',
  'tool-command': 'A text that should only inform tells the model to act.',
  'fake-role-marker': 'The text imitates the marks that part the turns of a conversation.',
  'hidden-text': 'The text holds characters that a reader does not see and a model does.',
};

/**
 * Refuses texts that try to command the model in the developer's place: rules over words, summed up. A first line, not the last:
 * an order that is phrased like any other sentence is not found by its words, and tools must be gated whatever this guard says.
 */
export const injectionGuard: StreamGuard = streamGuard({
  name,
  channels: ['user', 'tool', 'output'],
  open: (place) => new InjectionScan(place),
});

class InjectionScan implements Scan {
  readonly #place: Place;
  readonly #action: FindingAction;
  readonly #matcher: RuleMatcher;

  constructor(place: Place) {
    const judged = standards[place.channel] ?? strictest;
    this.#place = place;
    this.#action = judged.action;
    this.#matcher = new RuleMatcher(judged.standard);
  }

  push(piece: NormalisedText, ended: boolean): Step {
    const findings = piece.anomalies.map(({ kind, start, end }) =>
      // A direction override is odd but shows. What a reader does not see, or hides what he would, is refused in a reply too.
      this.#finding('hidden-text', start, end, kind === 'bidi-override' ? 'note' : 'block'),
    );
    for (const { family, start, end } of this.#matcher.read(piece, ended))
      findings.push(this.#finding(family, start, end, this.#action));
    return { findings, settled: piece.originBefore(piece.start + piece.text.length) };
  }

  #finding(kind: Family, start: number, end: number, action: FindingAction): Finding {
    return { guard: name, kind, pointer: this.#place.pointer, start, end, action, text: explanations[kind] };
  }
}
