import type { Rule } from '../rule.ts';
import { anywhere, oneOf, parameters, re, rulesOf } from './rule-maker.ts';

const ldap = rulesOf('ldap');
const xml = rulesOf('xml');
const include = rulesOf('include');

const attribute = oneOf(
  'objectclass cn uid ou dc sn mail userpassword password user\\w* givenname samaccountname member\\w* uidnumber description telephonenumber displayname name login pwd o department manager homedirectory \\w{1,30}',
);

export const markupRules: readonly Rule[] = [
  ldap(
    'ldap-filter',
    5,
    parameters,
    re`\)\s*\(\s*[|&!]\s*\(?|\(\s*[|&!]\s*\(\s*[\w!&|(-]+\s*(?:[~<>]?=|:[\w:.]*=|\()|[*\w]?\)\s*\(\s*${attribute}\s*[~<>]?=\s*[^)]*|\*\s*\)\s*(?:\(|\)|&|\||%|$|\x00)|^\s*\*?\s*\)\s*\(\s*[|&\w]|\(\s*(?:objectclass|cn|uid|sn|mail|userpassword|samaccountname|givenname)\s*(?:[~<>]?=|:=)|\)\s*[|&]\s*\(|^\*\(\||\)\(&\)|^\s*\(\s*[|&!]\s*\(|[&|]\(\w+=\*|\x00\s*\)\s*\(|\)\)\s*\x00|\badmin\)\(|^\*\)|\(\w+=\*\)`,
  ),
  xml(
    'xml-entity',
    5,
    anywhere,
    re`<!(?:DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)\b|<\s*!\s*(?:DOCTYPE|ENTITY)|\b(?:SYSTEM|PUBLIC)\s+["'][^"']*["']|%\w+;\s*(?:%|\]|<)|&xxe;|\bxmlns:(?:xi|xsl|xlink|java|php|user|msxsl|exploit|rt|ob|date|str)\s*=`,
  ),
  xml(
    'xml-active',
    5,
    anywhere,
    re`<(?:xi|xsl|xslt|xs|soap\w*|esi|java|php|msxsl|jsp|fo):\w+|<\?xml[\s-]|<xml\b|\bxi:include\b|\bxsl:(?:value-of|template|stylesheet|copy-of|include|import|variable)\b|\bdocument\s*\(\s*['"]|\bunparsed-(?:text|entity\w*)\s*\(|<!\[CDATA\[|\bphp:function\b|<\?(?:import|mso|xml-stylesheet)\b|<esi:`,
  ),
  xml(
    'xml-xpath',
    5,
    parameters,
    re`['"]\s*(?:or|and|\])\s*(?:\(|not|count|string-length|name|contains|starts-with|position|substring|normalize-space|true\(|/)|\b(?:ancestor|ancestor-or-self|child|descendant|descendant-or-self|following|following-sibling|parent|preceding|preceding-sibling|self|namespace|attribute)::(?:node|text|\*|\w)|\b(?:string-length|local-name|namespace-uri|normalize-space|starts-with|position|last|text|comment|processing-instruction|count|name)\s*\(\s*(?:\)|/|\.|\*|\w+::|//)|\]\s*\|\s*(?://|/|\*|\w+\[)|(?:^|\||\s|=)//(?:\*|\w+)\[|\bcount\s*\(\s*/|['"]\s*\]\s*(?:\||/|\[)`,
  ),
  include(
    'include-directive',
    5,
    anywhere,
    re`<!--\s*#\s*(?:exec|include|echo|config|printenv|set|if|elif|else|endif|flastmod|fsize)\b|<esi:|<!--\s*esi\b|\bcmd\s*=\s*["'][^"']+["']\s*-->`,
  ),
];
