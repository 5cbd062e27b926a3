import type { Rule } from '../rule.ts';
import { anywhere, re, rulesOf } from './rule-maker.ts';

const lookup = rulesOf('lookup');
const everywhere = [...anywhere, 'shell', 'line'] as const;

/** The views have resolved what only spells a letter; what is nested deeper, or does something, is seen here. */
export const lookupRules: readonly Rule[] = [
  lookup(
    'lookup-jndi',
    5,
    everywhere,
    re`\$\{?\s*\S*jndi\s*\S*:|\bjndi\s*:\s*(?:ldaps?|rmi|dns|iiop|nis|nds|corba|https?|\$\{|[a-z]{2,8}\s*:)|\$\{jnd?\S*:|(?:ldap|rmi|dns|iiop|corbal?oc|nis)://\S+\}`,
  ),
  lookup(
    'lookup-nested',
    5,
    everywhere,
    re`\$\{[^{}]*\$\{|\$%7b|\$\{\s*(?:::|[^{}]*:-)|\$\{(?:lower|upper|date|main|bundle|docker|k8s|web|spring|log4j|sd|map|marker|base64|base32|script|dns|url|urldecoder|urlencoder|xml|java|file|const|resourcebundle|localhost|event|mdc|rnd|jvmrunargs|lc|uc|hostname|sysprop)\s*:|\$\{\s*(?:java|os|user)\.\w+`,
  ),
  lookup('lookup-environment', 4, everywhere, re`\$\{(?:env|sys|ctx)\s*:`),
];
