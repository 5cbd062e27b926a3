import type { RuleFile } from '../rule.ts';
import { httpRules } from './http.ts';
import { javaRules } from './java.ts';
import { javascriptRules } from './javascript.ts';
import { lookupRules } from './lookup.ts';
import { markupRules } from './markup.ts';
import { nosqlRules } from './nosql.ts';
import { phpRules } from './php.ts';
import { remoteRules } from './remote.ts';
import { scannerRules } from './scanners.ts';
import { shellRules } from './shell.ts';
import { sqlRules } from './sql.ts';
import { templateRules } from './template.ts';
import { traversalRules } from './traversal.ts';
import { windowsRules } from './windows.ts';
import { xssRules } from './xss.ts';

/** The rules that come with Vallum: written from the languages that attacks are in, by family. */
export const ownRules: RuleFile = {
  version: 1,
  source: 'vallum',
  rules: [
    ...sqlRules,
    ...nosqlRules,
    ...xssRules,
    ...shellRules,
    ...windowsRules,
    ...phpRules,
    ...javaRules,
    ...javascriptRules,
    ...templateRules,
    ...traversalRules,
    ...remoteRules,
    ...markupRules,
    ...lookupRules,
    ...httpRules,
    ...scannerRules,
  ],
};
