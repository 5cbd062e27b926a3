import type { Rule } from '../rule.ts';
import { anywhere, oneOf, re, rulesOf } from './rule-maker.ts';

const script = rulesOf('javascript');
const scripting = rulesOf('scripting');

const modules = oneOf(
  'child_process fs fs/promises http https net os vm path cluster dgram dns module process repl tls util v8 worker_threads crypto readline stream buffer events url express',
);

export const javascriptRules: readonly Rule[] = [
  script(
    'javascript-require',
    5,
    anywhere,
    re`\brequire\s*(?:\(\s*|\x60)['"\x60(]?\s*(?:node:)?${modules}\b|\brequire\s*(?:\.\s*(?:main|cache|resolve|extensions)|\[\s*['"\x60])|\bimport\s*\(\s*['"\x60]|\b(?:import|from)\s+['"](?:node:)?${modules}['"]|\brequire\s*\(\s*(?:['"\x60+]|\w+\s*\+|String|Buffer|atob|unescape)`,
  ),
  script(
    'javascript-process',
    5,
    anywhere,
    re`\bchild_process\b|\bprocess\s*(?:\.|\[\s*['"\x60])\s*(?:env|mainModule|binding|exit|kill|cwd|argv|stdout|stdin|stderr|version\w*|platform|pid|on|nextTick|uptime|memoryUsage|dlopen|abort|chdir|setuid|getuid|constructor|_load|title|arch|execPath|release|umask)\b|\b(?:spawn|exec|execFile|fork)Sync\s*\(|\b(?:execFile|execFileSync)\b|\bglobal(?:This)?\s*(?:\.|\[)\s*['"]?(?:process|root|constructor|require|eval|mainModule)|\bmainModule\b|\bprocess\.binding\b|\b(?:Deno|Bun)\s*\.\s*(?:run|env|read\w*|write\w*|Command|spawn|file|serve|exit)\b|\b__(?:dirname|filename|defineGetter__|defineSetter__|lookupGetter__)\b|\barguments\s*\.\s*callee\b`,
  ),
  script(
    'javascript-file',
    5,
    anywhere,
    re`\b(?:fs|fsPromises|fs\.promises|fs/promises)['")\s]*\.\s*\w*(?:read|write|append|unlink|open|exists|stat|mkdir|rm|access|chmod|copy|rename|create|watch|link)\w*\s*\(|\b(?:read|write|append)File(?:Sync)?\s*\(|\breaddir(?:Sync)?\s*\(|\bcreate(?:Read|Write)Stream\s*\(|\bres(?:ponse)?\s*\.\s*(?:end|send|write|json|redirect)\s*\(`,
  ),
  script(
    'javascript-prototype',
    5,
    anywhere,
    re`__proto__|\bconstructor\s*(?:\.|\[\s*['"]?|\]\s*\[\s*['"]?|%5b)\s*(?:prototype|constructor|name)|\bprototype\s*(?:\]|\[|\.\s*(?:\w+\s*=|toString|constructor|polluted|__\w+))|\bObject\s*\.\s*(?:assign|defineProperty|setPrototypeOf|getPrototypeOf|create|getOwnPropertyNames|prototype)\b|\.\s*__(?:define|lookup)[GS]etter__`,
  ),
  script(
    'javascript-function',
    5,
    anywhere,
    re`_\$\$ND_FUNC\$\$_|XyQkTkRfRlVOQyQkX|\b__js_function\b|\bmodule\s*\.\s*exports\s*=|\bprocess\s*\[|\bnew\s+Function\s*\(|\bFunction\s*\(\s*['"\x60]|\bconstructor\s*\(\s*['"\x60\w]|\bfunction\s*\*?\s*\w*\s*\([^)]*\)\s*\{|\(\s*\w*\s*\)\s*=>\s*[\w({['"\x60]|\b\w+\s*=>\s*(?:\{|\w+\s*[.(])|\bwhile\s*\(\s*(?:!|\d|true\b|['"\x60\[({+-]|void\b)|\bfor\s*\(\s*;|\bconsole\s*\.\s*(?:log|debug|error|info|trace|warn|assert|dir|table)\s*(?:\(|\[|\.|\x60)|\bBuffer\s*\.\s*(?:from|alloc)\s*\(|\bnew\s+(?:Buffer|Proxy|Promise|Date)\s*\(\s*[\w'"(]|\b(?:global|window|this|self)\s*\[\s*['"]\w+['"]\s*\]|\bJSON\s*\.\s*(?:parse|stringify)\s*\(|\bvm\s*\.\s*run\w+|\bMath\s*\.\s*\w+\s*\(|\bdelete\s+this\b|\bconst\s+\w+\s*=|\blet\s+\w+\s*=\s*(?:\w+\s*\(|['"\[{])|\bvar\s+\w+\s*=\s*\S`,
  ),
  scripting(
    'scripting-ruby',
    5,
    anywhere,
    re`\b(?:Kernel|Process|IO|Open3|PTY|File|Dir|FileUtils)\s*(?:\.|::)\s*(?:popen\w*|exec|system|spawn|open|read\w*|write|binread|binwrite|capture\w*|send|fork|glob|entries|delete|unlink|rm\w*|mv|cp|syscall|eval|exit!?|clock_gettime|test|foreach|sysopen|rename|mkdir|kill|daemon)\b|%x\s*[\[{(!|/]|\binstance_(?:eval|variable_get|exec)\b|\bclass_eval\b|\bpublic_send\s*\(|\bobject_id\b|\bObjectSpace\b|\.methods\b\s*(?:-|\.)|\b__send__\b|!ruby/(?:object|hash|struct|class|regexp)|\bto_proc\b|\bERB\.new\b|\bYAML\.load\b|\bMarshal\.load\b|\bconst_get\b|--- !ruby|\bGem::|\bActionController\b|\bErubis?\b`,
  ),
  scripting(
    'scripting-perl',
    5,
    anywhere,
    re`@\{\s*\[|\bqx\s*[/({\['"]|\buse\s+(?:strict|warnings|Socket|IO::\w+|POSIX|LWP|CGI|MIME)\b|\$\w+\s*=~\s*[msy/]|\bopen\s*\(\s*\w+\s*,\s*['"]|\bprint\s*<<|\bmy\s+[$@%]\w+\s*=|\bsprintf\s*\(\s*['"]%|\$ENV\s*\{|\bunpack\s*\(\s*['"]|-\s*e\s*['"]print`,
  ),
  scripting(
    'scripting-python',
    5,
    anywhere,
    re`__(?:class|mro|subclasses|globals|builtins|init|import|base|bases|dict|getattribute|getitem|call|code|reduce|reduce_ex|module|name|doc|self|loader|spec|file|wrapped|closure|qualname)__|\bfunc_globals\b|\bgi_frame\b|\bf_(?:globals|locals|builtins|back|code)\b|\b(?:cpickle|pickle|marshal|yaml|shelve|jsonpickle|dill)\s*\.\s*(?:loads?|unsafe_load|load_all)\s*\(|!!python/|\bctypes\s*\.\s*\w+|\bexec\s*\(\s*(?:['"]|compile|base64|open|input|bytes|__)|\beval\s*\(\s*(?:['"]|compile|input|open|__|str|bytes|chr)|\b(?:globals|locals|vars|dir|breakpoint|getattr|setattr|compile)\s*\(\s*(?:\)|['"]|self|__|\w+\s*,)|\bopen\s*\(\s*['"][^'"]+['"]\s*(?:\)|,\s*['"][rwa])|\blambda\s+\w*\s*:|\bcos\nsystem|\bimportlib\b|\bsys\s*\.\s*(?:modules|stdout|argv|path|exit)\b|\bcposix\b|\bprint\s*\(\s*(?:['"\d]|open|__|os|int|md5)`,
  ),
];
