import type { Rule } from '../rule.ts';
import { anywhere, re, rulesOf } from './rule-maker.ts';

const template = rulesOf('template');
const arithmetic = re`['"]?\d+['"]?\s*(?:[*+/%-]|\*\*)\s*['"]?\d+`;

export const templateRules: readonly Rule[] = [
  template(
    'template-arithmetic',
    5,
    anywhere,
    re`(?:\{\{\{?|\$\{|#\{|\*\{|%\{|@\{|~\{|\[\[|<%=?|\{%|\{|@\(|\$\(\(|\$\{\{|#\(|\{@|\[=|\{=|<#=?|\{\{=|\}\}|=)\s*\(?\s*${arithmetic}\s*\)?\s*(?:\}|\)|%>|\]|#?>)|^=\s*${arithmetic}|@\(\s*\d+\s*[*+-]\s*\d+\s*\)`,
  ),
  template(
    'template-expression',
    5,
    anywhere,
    re`\{\{[^}]*(?:\b(?:config|self|request|session|lipsum|cycler|joiner|namespace|get_flashed_messages|url_for|_self|app|dump|range|settings|current_app|g|constructor|getClass|class|input|process|global|require|this|range|system|exec|phpinfo|include|source|import|block|debug|root|env|printf|print|html|js|call|len|index|slice)\b\s*(?:\.|\[|\(|\||\}|['"\x60])|\.__|\|\s*(?:attr|filter|map|sort|reduce|system|join|format|safe|raw|list|string|e|escape|upper|lower|first|last|length|batch|select|reject|groupby|tojson|pprint|urlize|passthru|exec|slice)\b|\(\s*[^)]*\)\s*\.|\[\s*['"]|'[^']{0,40}'\s*(?:\.|\*|\[|~|\|)|"[^"]*"\s*(?:\.|\*|\[|~|\|)|\(\s*\)\s*[.[])`,
  ),
  template(
    'template-statement',
    5,
    anywhere,
    re`\{%-?\s*(?:for|if|set|import|include|from|with|debug|raw|extends|block|macro|print|csrf_token|load|exec|autoescape|call|filter|apply|sandbox|verbatim|assign|capture|\w+\s+\w)|\{#if\b|\{\{#\s*(?:with|each|if|lookup|unless)\b|\{\{/\w|<#(?:assign|list|if|include|import|function|macro|setting|global|local|attempt)\b|<@\w|#(?:set|foreach|if|include|parse|evaluate|define|macro)\s*\(\s*[$"'\w]|\$\{?class\.(?:inspect|type|forName)|\{(?:php|literal|if\s|include\s|eval\s|math\s|fetch\s|self::|\$smarty|system\s*\(|'|\$\w+\.\w+)|\$smarty\b|\{\$\w+(?:\.|->|\[|\|)|<%[=@#!-]?[^>]*(?:%>|$)|@(?:import|inherits|using|foreach|for|while|if|do|switch|functions|section|model|php|include|eval|inject|csrf)\s*[({]|@\{[^}]*\}|@\w+\.\w+\s*\(|@\(\s*\w+[.(]`,
  ),
  template(
    'template-object',
    5,
    anywhere,
    re`\$\{[^}]*(?:\(|@|\.class\b|\.getClass|"\.|'\.|\?new\b|\?api|\?eval|\bT\s*\(|\bself\b|\bsession\b|\brequestScope|\bapplicationScope|\bparam\.|\bheader\b|\bpageContext|\bproduct\.|\bfreemarker|\bexecute|\bruntime)[^}]*|["']\s*\?(?:new|eval|api|interpret)\b|\?(?:new|interpret|eval)\s*\(\s*\)|\bfreemarker\.template\.utility\b|\$\w+\.(?:getClass|class|inspect|render|evaluate)\b|\$\{\{[^}]*\}\}|#\{[^}]*(?:\(|\.|\*|\[)[^}]*\}|\[\[\s*[$#*]\{|__\$\{|\*\{[^}]*(?:T\s*\(|\(|new\s)|~\{[^}]*(?:\$|::|\()|::\s*\.x\b|\{@(?:math|eq|lt|gt|if|select)\b|\bsettings\.SECRET_KEY|\{\{\s*\.(?:\w+|\s*\}\})[^}]*\}\}|\{\{\s*(?:printf|call|js|html|define|template|range|with)\s`,
  ),
];
