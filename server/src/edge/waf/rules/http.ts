import type { Rule } from '../rule.ts';
import { anywhere, oneOf, parameters, re, rulesOf } from './rule-maker.ts';

const http = rulesOf('http');
const mail = rulesOf('mail');
const session = rulesOf('session');

const headerNames = oneOf(
  'content-(?:type|length|disposition|encoding|location|security-policy|transfer-encoding) set-cookie2? location refresh transfer-encoding host link status connection access-control-\\w[\\w-]* x-[\\w-]+ last-modified www-authenticate authorization server cookie user-agent referer origin vary etag expires date pragma cache-control http-equiv',
);

export const httpRules: readonly Rule[] = [
  http(
    'http-split',
    5,
    anywhere,
    re`[\r\n\x{0a8d}\x{0d0a}\x{560a}\x{560d}嘊嘍]\s*${headerNames}\s*:|[\r\n]\s*HTTP/\d|[\r\n]{2,}\s*<(?:html|script|svg|img|body)\b|^\s*HTTP/\d(?:\.\d)?\s+\d{3}`,
  ),
  http(
    'http-smuggle',
    5,
    anywhere,
    re`(?:^|[\r\n\s])(?:GET|POST|HEAD|PUT|DELETE|PATCH|OPTIONS|CONNECT|TRACE|TRACK|DEBUG|PROPFIND|MOVE|COPY|LOCK|MKCOL|PURGE)\s+(?:/|https?://|\*|%2f)\S*\s+HTTP/\d|[\r\n]\s*(?:GET|POST|PUT|DELETE|HEAD)\s+/`,
  ),
  http(
    'http-line-break-in-name',
    5,
    ['name', 'path', 'cookie', 'header', 'agent', 'referer'],
    re`[\r\n]|%(?:25)*0[ad]|%u(?:000[ad]|2028|560[ad])|%e5%98%8[ad]`,
  ),
  mail(
    'mail-header',
    5,
    parameters,
    re`[\r\n]+\s*(?:bcc|cc|reply-to|return-path|mime-version|content-type|x-mailer|from|to|sender)\s*:[^\r\n]*@|[\r\n]+\s*(?:bcc|cc|subject|to|from)\s*:\s*\S+[\r\n]`,
  ),
  mail(
    'mail-command',
    5,
    parameters,
    re`\r?\n[\w.\s]*\b(?:EHLO|HELO|MAIL\s+FROM|RCPT\s+TO|STARTTLS|VRFY|EXPN|CAPABILITY|FETCH|SELECT|EXAMINE|LOGIN|LIST|LSUB|APPEND|EXPUNGE|AUTHENTICATE|NOOP|RETR|DELE|TOP|UIDL|STAT|USER|PASS|QUIT|RSET|DATA)\b(?:\s|$|[:<])|\r\n(?:flushall|config\s+set|slaveof|set\s+\S+\s+\d+|get\s+\S+|save|eval|auth|stats|delete)\b|(?:^|\n)\*\d+\r?\n\$\d+\r?\n`,
  ),
  session(
    'session-fixation-name',
    5,
    ['name'],
    re`^(?:jsessionid|aspsessionid\w*|asp\.net_sessionid|phpsess(?:ion|id)|phpsessid|weblogicsession|session-id|cfid|cftoken|cfsid|jservsession|jwsession|sessid|sid|viewstate|zend_session\w*|_flask_session|connect\.sid|laravel_session|(?:next-|__\w+-)?(?:next-)?auth\.session-token|meteor_login_token|ci_session\w*|cakephp|rack\.session|_rails_session|symfony|express\.sid|koa[.:]sess?(?:ion)?(?:id)?|play_session|sap-sessionid|wordpress_\w+|\w*jsessionid\w*|flask_session|django_session|plone\.session|craftsessionid|sessionid_\w+|\w+_session_id|shopify_\w+|concrete5|typo3_\w+|fe_typo_user|be_typo_user|joomla_\w+|\w+\.sess(?:ion)?|sessionhash|session\.id)$`,
  ),
  session(
    'session-fixation-script',
    5,
    anywhere,
    re`\.\s*cookie\b[^;]*;?.*\b(?:domain|expires|path|secure|httponly|max-age)\s*=|\bhttp-equiv\b.*\bset-cookie\b|\bset-cookie2?\b\s*[:=]`,
  ),
];
