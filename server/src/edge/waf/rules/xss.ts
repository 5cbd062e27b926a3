import type { Rule } from '../rule.ts';
import { anywhere, oneOf, re, rulesOf } from './rule-maker.ts';

const xss = rulesOf('xss');

const tags = oneOf(
  'script iframe object embed applet base meta link style form frameset frame svg math isindex bgsound ilayer layer xml portal template marquee animate\\w* set foreignobject noscript xss noembed plaintext textarea vmlframe video audio picture source img image body html head input button select option keygen details dialog table td div\\s+style handler listener event-source import xsl:\\w+ a\\s+href t\\W',
);
/** A letter of a scheme, with what browsers skip between letters. */
const spaced = (word: string): string => [...word].join(re`[\x00-\x20]{0,4}`);

export const xssRules: readonly Rule[] = [
  {
    id: 'xss-libinjection',
    family: 'xss',
    score: 5,
    all: [{ on: [...anywhere], test: { libinjection: 'xss' } }],
  },
  xss(
    'xss-active-tag',
    5,
    anywhere,
    re`<[\s\x00/!?]*(?:\w+:)?(?:script|iframe|object|embed|applet|frameset|svg|math|isindex|bgsound|layer|ilayer|portal|marquee|foreignobject|vmlframe|plaintext|noembed)(?:[\s\x00/+>"'<=:]|$)`,
  ),
  xss(
    'xss-tag-attribute',
    5,
    anywhere,
    re`<[\s\x00/!?]*${tags}[\s\x00/"'+][^>]*\b(?:on\w{2,}|href|src\w*|srcdoc|style|action|formaction|data\w*|background|poster|content|http-equiv|xlink:href|type|attributename|values?|from|to|dynsrc|lowsrc|code(?:base|type)?|ping|folder|xmlns|is|rel|autofocus|datasrc|implementation)[\s\x00]*=`,
  ),
  xss(
    'xss-tag',
    3,
    anywhere,
    re`<[\s\x00/]*(?:meta|base|link|style|form|img|image|body|html|head|input|button|textarea|select|video|audio|details|dialog|template|animate\w*|keygen|xml|import|a)\b[^<>]*(?:>|$)`,
  ),
  xss('xss-handler-in-tag', 5, anywhere, re`<[a-z!/?%][^>]*[\s\x00/"'+;]on[a-z]{3,}[\s\x00-\x20]{0,8}=`),
  xss(
    'xss-handler',
    5,
    anywhere,
    re`(?:^|["'\x60\s/+;>])on(?:abort|activate|after\w+|anim\w+|auxclick|before\w+|begin|blur|bounce|cancel|canplay\w*|change|click|close|contextmenu|copy|cut|cuechange|data\w+|dblclick|drag\w*|drop|durationchange|end|ended|error\w*|finish|focus\w*|formdata|fullscreen\w*|gesture\w+|gotpointercapture|hashchange|help|input|invalid|key\w+|layoutcomplete|load\w*|losecapture|lostpointercapture|message|mouse\w+|move\w*|offline|online|orientation\w+|outofsync|page\w+|paste|pause|play\w*|pointer\w+|popstate|progress|propertychange|ratechange|readystatechange|repeat|reset|resize\w*|resume|reverse|row\w+|scroll\w*|search|seek\w*|select\w*|show|start|stalled|stop|storage|submit|suspend|syncrestored|timeout|timeupdate|toggle|touch\w+|trackchange|transition\w+|unhandledrejection|unload|volumechange|waiting|webkit\w+|wheel)[\s\x00-\x20]{0,8}=[\s\x00-\x20]{0,8}["'\x60\w(\[{!~+-]`,
  ),
  xss(
    'xss-handler-glued',
    5,
    anywhere,
    re`(?:^|["'/])[\s/]*on[a-z]{3,26}\s*=|["']\s*(?:formaction|srcdoc|href|src|style|data-\w+)\s*=|^\s+on[a-z]{3,26}\s*=|<\s*\w?:?\s*script\b|<:?\w*frame\b|data\s*:\s*\w*\s*,\s*<`,
  ),
  xss(
    'xss-scheme',
    5,
    anywhere,
    re`\b(?:${spaced('java')}|${spaced('vb')}|${spaced('live')})[\x00-\x20]{0,4}${spaced('script')}[\x00-\x20]{0,4}:[:\x00-\x20]{0,4}(?:/[/*]|[\w$.\[\]'"\x60%+!~{]*(?:[(\x60=\[%{]|/\*)|$)|\bdata[\x00-\x20]*:[\x00-\x20]*(?:text/(?:html|xml|javascript|css)|image/svg\+xml|application/(?:x-javascript|javascript|xhtml\+xml|xml|x-shockwave-flash)|[^,;]*;base64\s*,\s*(?:PHN|PCF|PD9))|\b(?:mhtml|view-source|mocha|ms-its|disk|feed)[\x00-\x20]*:[\x00-\x20]*(?:javascript|file|https?)`,
  ),
  xss(
    'xss-document',
    5,
    anywhere,
    re`\b(?:document|window|self|top|parent|frames|globalThis|this|opener)\s*(?:\?\.|\.|\[\s*['"\x60])\s*(?:cookie|domain|write(?:ln)?|location|body|open|execCommand|getElement\w*|querySelector\w*|createElement|documentElement|URL|referrer|forms|scripts|implementation|defaultView|name\s*[=(]|alert|confirm|prompt|eval|onerror|setTimeout|setInterval|execScript|postMessage|import|constructor|atob|fetch|localStorage|sessionStorage|navigator)\b`,
  ),
  xss(
    'xss-computed-member',
    5,
    anywhere,
    re`\b(?:document|window|self|top|parent|frames|globalThis|this|opener|constructor)\s*(?:\?\.\s*)?\[\s*(?:['"\x60/+(\[!~]|\w+\s*[+(\[\]])|\]\s*\(\s*(?:['"\x60\d)]|document|alert|\w+\s*\))|\[\s*['"\x60](?:alert|eval|constructor|innerHTML|cookie|write|prompt|confirm|map|filter|find|sort|concat|join|toString|source)['"\x60]\s*\]`,
  ),
  xss(
    'xss-call',
    5,
    anywhere,
    re`(?:^|[^\w.-])(?:alert|confirm|prompt|eval|execScript|setTimeout|setInterval|setImmediate|Function|importScripts|fetch|atob|btoa|unescape|decodeURI\w*|XMLHttpRequest|String\s*\.\s*(?:fromCharCode|raw)|print|open)(?:\s|/\*.*?\*/|\?\.|\.(?:call|apply|bind)){0,4}(?:\(\s*(?:\d|['"\x60/)\[!+~]|document|window|location|self|top|this|name|cookie|atob|String|unescape|eval|alert|xss|URL|\w+\s*\+)|\x60)|\bString\s*\.\s*fromCharCode|\bnew\s+(?:Function|XMLHttpRequest|ActiveXObject|WebSocket|Worker|Image)\s*\(|\.(?:inner|outer)HTML\s*[+=]|\.insertAdjacentHTML\s*\(|\bdocument\s*\.\s*\w+\s*=|\blocation\s*(?:\.\s*(?:href|hash|assign|replace|search)\s*)?(?:=\s*['"\x60\w(]|\(\s*['"\x60])|\blocation\s*\.\s*(?:hash|search|href|pathname)\b|\bimport\s*\(\s*['"\x60]|\.(?:constructor|__proto__|prototype)\s*[.\[(]|\bthrow\s+(?:onerror|/\w|\w+\s*,)|\bonerror\s*=|\{\s*onerror\s*=|\bwith\s*\(\s*(?:document|window|location|\w+)\s*\)|\bReflect\s*\.\s*(?:apply|construct)|\[\s*\]\s*\.\s*(?:constructor|map|filter|find|sort|at)\b`,
  ),
  xss(
    'xss-style',
    5,
    anywhere,
    re`\bexpression\s*\(|-moz-binding\s*:|\bbehaviou?r\s*:\s*url|@import\s*(?:['"]|url|\\)|\burl\s*\(\s*['"]?\s*(?:javascript|data\s*:\s*text/html)|<\s*style\b[^>]*>|\bstyle\s*=\s*['"]?[^'"]*(?:expression|behaviou?r|-moz-binding|javascript|@import|animation(?:-name)?\s*:|url\s*\()|<[^>]*\bstyle\s*=\s*["'][^"']*[\\(]`,
  ),
  xss(
    'xss-attribute',
    5,
    anywhere,
    re`(?:^|["'\x60\s/<])(?:srcdoc|formaction|xlink:href|xml:base|ev:event|fscommand|seeksegmenttime|http-equiv|allowscriptaccess|xmlns:\w+|xmlns)\s*=\s*["'\x60\w]|["'\x60]\s*(?:autofocus|contenteditable|accesskey|tabindex|style)\s*(?:=|\s).*\bon\w+\s*=`,
  ),
  xss(
    'xss-obfuscated',
    5,
    anywhere,
    re`[!+]\s*\[\s*\]|\bset(?:Interval|Timeout|Immediate)\s*\(|\bReflect\s*\.\s*\w+|(?:[!+~\s(\[]*\[\s*\][+\[\]()!\s]*){5,}|\+A(?:Dw|GA)-|\+ADw\b|¼\s*/?\s*\w+[^¾]*¾|(?:\\(?:x[0-9a-f]{2}|u00[0-9a-f]{2})){5,}|&(?:#x?0{0,6}(?:3c|60|6a|106|74|4a|28|40|3a|58);?){1}|<\s*\\x|゚ω゚|\([$_]+=\{\}|[$_]+\s*=\s*~\[\]|\[\]\[\(!\[\]`,
  ),
  xss(
    'xss-markup',
    5,
    anywhere,
    re`<!--\[if\b|<!\[CDATA\[.*<|<\?(?:xml-stylesheet|import)\b|<%[^>]*(?:script|alert)|<\s*/?\s*(?:\w+:)?(?:script|iframe|svg|object|embed)\b|<!attlist|<\w+[^>]*\bstyle\s*=\s*[^>]*position\s*:\s*(?:fixed|absolute)|<[a-z]+/(?:on\w|src|href)|<[a-z!]\w*[\x00-\x20/+]+[\w:-]+\s*=\s*['"]?\s*(?:javascript|vbscript|data|\\)`,
  ),
];
