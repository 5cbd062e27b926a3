import { type AST, RegExpParser, visitRegExpAST } from '@eslint-community/regexpp';

/** More repetitions than this are as good as unbounded. */
const boundedAt = 256;

/**
 * Why a regular expression might take more than linear time, or undefined if it cannot. Stricter than needed, so that the proof is
 * short: at most one part may repeat without bound, only where the expression is tied to one place, and nothing that repeats holds
 * something that may match in several lengths.
 */
export function whyNotLinear(source: string, flags: string): string | undefined {
  const unicode = flags.includes('u');
  const pattern = new RegExpParser().parsePattern(source, 0, source.length, { unicode });
  const tied = flags.includes('y') || (startsAnchored(pattern) && !flags.includes('m'));
  const faults: string[] = [];
  let unbounded = 0;
  visitRegExpAST(pattern, {
    onQuantifierEnter(quantifier) {
      const { max, raw, element } = quantifier;
      if (max > boundedAt) {
        unbounded++;
        if (!tied) faults.push(`${raw} repeats without bound, and may be tried at every place`);
      }
      if (max > 1 && variesInLength(element)) faults.push(`${raw} repeats what may match in several lengths`);
    },
    onBackreferenceEnter({ raw }) {
      faults.push(`${raw} refers back`);
    },
    onAssertionEnter(assertion) {
      if (assertion.kind === 'lookbehind' || assertion.kind === 'lookahead')
        faults.push(`${assertion.raw} looks around, which nothing here bounds`);
    },
  });
  if (unbounded > 1) faults.push('two parts repeat without bound, and can share a text in many ways');
  return faults[0];
}

const startsAnchored = (pattern: AST.Pattern): boolean =>
  pattern.alternatives.every(
    ({ elements: [first] }) => first?.type === 'Assertion' && first.kind === 'start',
  );

function variesInLength(node: AST.Node): boolean {
  let varies = false;
  visitRegExpAST(node, {
    onQuantifierEnter: ({ min, max }) => {
      varies ||= min !== max;
    },
    onGroupEnter: ({ alternatives }) => {
      varies ||= alternatives.length > 1;
    },
    onCapturingGroupEnter: ({ alternatives }) => {
      varies ||= alternatives.length > 1;
    },
  });
  return varies;
}
