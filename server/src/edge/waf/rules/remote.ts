import type { Rule } from '../rule.ts';
import { parameters, re, rulesOf } from './rule-maker.ts';

const remote = rulesOf('remote');

/** What starts the host of a URL, credentials included. */
const authority = re`(?:[a-z][a-z0-9+.-]+:)?[/\\]{2,}(?:[^/\\\s@?#]*@)?`;
/** Cloud metadata services, by address in each way that inet_aton reads it, and by name. */
const metadata = re`(?:169\.254\.(?:169\.254|170\.2|169\.253|169\.123|0\.23|42\.42)|2852039166|0xa9fea9fe|0xa9\.0xfe\.0x?a9\.0x?fe|0251\.0376\.0251\.0376|0{0,8}251\.0{0,8}376\.\S*376|025177524776|169\.16689662|169\.254\.43518|425\.510\.425\.510|7147006462|\[?(?:::|(?:0:){5})(?:ffff:)?(?:0:)?(?:a9fe:a9fe|169\.254\.169\.254)|\[?fd00:ec2::(?:254|23)|\[?fe80::a9fe:a9fe|100\.100\.100\.200|192\.0\.0\.192|metadata\.(?:google\.internal|goog|azure\.internal|packet\.net|platformequinix\.com|oraclecloud\.com)|metadata/(?:v1|latest|instance|computemetadata)|instance-data(?:\.\w|/|:|$)|rancher-metadata|169-254-169-254|latest/(?:meta-data|user-data|dynamic/instance-identity|api/token)|computemetadata/v1|kubernetes\.default(?:\.svc)?)`;
const loopback = re`(?:localhost|localtest\.me|lvh\.me|vcap\.me|127(?:\.\d{1,3}){1,3}|0x7f(?:\.?[0-9a-fx.]*)|0{1,8}177\.|017700000001|2130706433|0(?:\.0){3}|0\b|\[(?:::|0{0,4}:0{0,4}:[0:]*):?(?:1|ffff:127\.[\d.]+|ffff:7f00:1)?\])`;

export const remoteRules: readonly Rule[] = [
  remote('remote-metadata', 5, [...parameters, 'shell'], re`(?:^|${authority}|[\s"'=(@/])${metadata}`),
  remote(
    'remote-loopback',
    5,
    parameters,
    re`^(?:ipv6-)?localhost[\w.]*/|^(?:https?|ftp):{1}(?:127\.|localhost\b|0x7f)|(?:^|[\s"'=(])${authority}${loopback}(?:[:/\\?#\s'"]|$)`,
  ),
  remote(
    'remote-loopback-disguised',
    5,
    parameters,
    re`${authority}(?:0x7f[0-9a-fx.]*|0{1,8}177(?:\.\d+){1,3}|017700000001|2130706433|127(?:\.\d{1,3}){1,2}|\[(?:::|0{0,4}:0{0,4}:[0:]*):?(?:1|ffff:[\d.a-f:]+)?\]|0(?:\.0){3}|\d{8,10}|0x[0-9a-f]{8}|0[0-7]{10,12}|(?:0x[0-9a-f]{1,2}\.){1,3}0x[0-9a-f]{1,6}|(?:0[0-7]{2,6}\.){1,3}0[0-7]{1,6}|[a-z0-9.-]+\.(?:nip|xip|sslip)\.io|[a-z0-9.-]*(?:localtest\.me|lvh\.me|vcap\.me|1u\.ms|rbndr\.us))(?:[:/\\?#\s'"]|$)`,
  ),
  remote(
    'remote-address',
    5,
    parameters,
    re`(?:^|[\s"'=(])(?:https?|ftps?|file):[/\\]{1,4}(?:[^/\\\s@]*@)?(?:\d{1,3}\.){3}\d{1,3}(?:[:/\\?#\s'"]|$)`,
  ),
  remote(
    'remote-scheme',
    5,
    parameters,
    re`(?:^|[\s"'=(<:;,|]|url:)(?:(?:jar|url|view-source):\w+|gopher|dict|netdoc|ldaps?|ldapi|rmi|iiop|corba(?:loc|name)|tftp|file|phar|php|zlib|zip|glob|expect|ogg|rar|ssh2(?:\.\w{2,6})?|compress\.\w{2,8}|view-source|sftp|smb|cifs|nfs|telnet|finger|pop3|imap|smtp|rtsp|rtmp|scp|svn|chrome|resource|about|unix|netcat|local_file|bzip2|convert\.\w+|data|nntp|vnc|ms-\w+):[/\\]{2,}`,
  ),
  remote(
    'remote-include',
    5,
    ['line', 'value', 'name'],
    re`^(?:file|ftps?|https?)\?+$|(?:_CONF|_SERVER|GLOBALS|config|docroot|path)\[\w+\]\s*=\s*(?:ht|f)tps?:|\b(?:include|require|require_once|include_once|virtual|readfile|file_get_contents|fopen|src|template|page|file|path|doc|document_root|root|base|basedir|base_path|docroot|absolute_path|mosconfig_\w+|root_dir|config\w*|dir|inc|lang|module|mod|theme|skin|body|content|main|load|pg|display|view|layout|cmd|go)\]?\)?\s*(?:=|\()\s*['"]?(?:ht|f)tps?:[/\\]{2}\S*\?*(?:\.(?:txt|php\d?|jpg|gif|png|inc|dat|cmd|sh)\?{0,3})?(?:\?\s*$|\.(?:txt|php\d?|inc|dat)\b\??|\?&|%3f)|^(?:ht|f)tps?:[/\\]{2}\S+\?+$|\b(?:include|require)(?:_once)?\s*\(?\s*['"]?(?:ht|f)tps?:`,
  ),
  remote(
    'remote-callback',
    5,
    parameters,
    re`\b[\w.-]*(?:\.oast(?:ify)?\.(?:com|me|pro|live|site|online|fun)|\.interact\.sh|burpcollaborator\.net|\.dnslog\.\w{2,4}|\.ceye\.io|\.requestbin\.\w{2,6}|\.bxss\.(?:me|in)|\.xss\.ht|canarytokens\.\w{2,4}|\.r87\.(?:me|com)|\.dns\.\w{2,10}\.log|webhook\.site|pipedream\.net|requestcatcher\.com|ngrok(?:-free)?\.(?:io|app)|beeceptor\.com)\b`,
  ),
  remote('remote-socket', 5, [...parameters, 'line'], re`\bunix:[\w./%-]*\|`),
  remote(
    'remote-credentials',
    5,
    parameters,
    re`^(?:https?|ftps?):[/\\]{2}[^/\\\s@?#]*@[^/\s@]+(?:/|$|\s|:|\?|#)`,
  ),
  remote(
    'remote-confused',
    5,
    parameters,
    re`^(?:https?|ftps?):(?:/{3,}|\\|/\\|[^/\\\s]+\.\w{2,6}/)|^\s*(?:/{2,}|\\{2,}|/\\)[\w.-]+\.\w{2,6}(?:/|$|\?|:)|(?:https?):[/\\]{2}[^/\s]*(?:#@|\\@|&@|%23@|\s@|;@)`,
  ),
];
