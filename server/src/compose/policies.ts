import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createPolicies } from '../governance/index.ts';

const folder = path.join(import.meta.dirname, '../../policies');

/** The groups of actions that policies name. */
export const readGroups = (): Record<string, string[]> =>
  JSON.parse(readFileSync(path.join(folder, 'actions.json'), 'utf8')) as Record<string, string[]>;

/** Every policy of the product, in the order of its files' names. */
export const readPolicies = (): string =>
  globSync('*.cedar', { cwd: folder })
    .sort()
    .map((file) => readFileSync(path.join(folder, file), 'utf8'))
    .join('\n');

/** What is in force. @throws Error where it is not Cedar, or there is none */
export const loadPolicies = () => createPolicies(readPolicies(), readGroups());
