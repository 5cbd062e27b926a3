import type { Rule } from '../rule.ts';
import { oneOf, parameters, re, rulesOf } from './rule-maker.ts';

const nosql = rulesOf('nosql');

/** MongoDB's operators, those that a query, an update or a pipeline may be steered with. */
const operator = re`\$(?:ne|eq|gte?|lte?|n?in|not|n?or|and|exists|type|regex|options|where|expr|elemmatch|mod|size|all|text|jsonschema|function|accumulator|lookup|merge|out|unionwith|graphlookup|group|match|project|set|unset|inc|push|pull|rename|near|geowithin|comment|slice|meta|func|reduce|map)`;

export const nosqlRules: readonly Rule[] = [
  nosql('nosql-operator-name', 5, ['name'], re`(?:^|[\[.])\s*${operator}\s*(?:$|[\].])`),
  nosql(
    'nosql-operator',
    5,
    parameters,
    re`[{,\[]\s*['"]?\s*${operator}\s*['"]?\s*[:\]]|^\s*\[?${operator}\]?\s*[:=]`,
  ),
  nosql(
    'nosql-javascript',
    5,
    parameters,
    re`\bthis\s*\.\s*\w+\s*(?:[=!]==?|[<>]|\.\s*(?:match|length|constructor)\b|\[)|;\s*return\s+(?:true|1|this|\(|['"])|\bdb\s*\.\s*\w+\s*\.\s*${oneOf('find\\w* insert\\w* update\\w* remove drop\\w* aggregate count distinct mapreduce save')}\s*\(|\bdb\s*\.\s*(?:dropDatabase|getCollection\w*|runCommand|adminCommand|eval|stats|version)\s*\(|['"]\s*(?:\|\||&&)\s*(?:['"]?\w*['"]?\s*[=!]==?|true\b|this\b|1\b)|\bObjectId\s*\(\s*['"]|\btojson(?:one)?\s*\(|\bmapReduce\s*\(|\bsleep\s*\(\s*\d{3,}\s*\)`,
  ),
];
