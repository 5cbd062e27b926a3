import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { whyNotLinear } from './testing/linear-expression.ts';

/** Every regular expression literal of this folder that ships, and every place where one is made otherwise. */
function expressionsHere(): { where: string; literal: string }[] {
  const folder = import.meta.dirname;
  const files = globSync('**/*.ts', { cwd: folder }).filter((file) => !/\.test\.ts$|^testing\//.test(file));
  return files.flatMap((file) => {
    const source = readFileSync(path.join(folder, file), 'utf8');
    const found: { where: string; literal: string }[] = [];
    const visit = (node: ts.Node): void => {
      const made = ts.isNewExpression(node) && node.expression.getText() === 'RegExp';
      if (ts.isRegularExpressionLiteral(node) || made) found.push({ where: file, literal: node.getText() });
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true));
    return found;
  });
}

describe('regular expressions of the guards', () => {
  const expressions = expressionsHere();

  it('are found by this test at all, since a checker that sees nothing must fail', () => {
    expect(expressions.length).toBeGreaterThan(5);
  });

  it.each(expressions)(
    '$where: $literal takes linear time, since nothing can interrupt it',
    ({ literal }) => {
      expect(literal).toMatch(/^\//);
      const end = literal.lastIndexOf('/');
      expect(whyNotLinear(literal.slice(1, end), literal.slice(end + 1))).toBeUndefined();
    },
  );
});

describe('whyNotLinear', () => {
  it.each([
    ['(a+)+b', 'y'],
    ['(?:a|ab)*c', 'y'],
    ['^a*a*b', ''],
    ['a*b', 'g'],
    ['^a+$', 'm'],
    ['(?:a{1,10}){1,10}', 'y'],
    ['^(a)\\1', ''],
    ['(?<=a+)b', 'y'],
    ['x{0,5000}', 'g'],
  ])('refuses /%s/%s', (source, flags) => {
    expect(whyNotLinear(source, flags)).toBeTypeOf('string');
  });

  it.each([
    ['[^\\0-\\x7f]', ''],
    ['^a+b', ''],
    ['a{1,32}b', ''],
    ['(?:[A-Z]{1,12} )?KEY', 'y'],
    ['(?:ab){2,5}', ''],
  ])('accepts /%s/%s', (source, flags) => {
    expect(whyNotLinear(source, flags)).toBeUndefined();
  });
});
