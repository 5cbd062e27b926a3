import type { Rule } from '../rule.ts';
import { anywhere, oneOf, parameters, re, rulesOf } from './rule-maker.ts';

const sql = rulesOf('sql');

const compare = re`(?:=|<=?>|[<>]=?|!=|\b(?:not\s+)?(?:like|rlike|regexp|glob|similar\s+to|between|in|is|sounds\s+like)\b)`;
const logic = re`(?:\b(?:or|and|xor|having|div|mod)\b|\|\||&&)`;
const object = oneOf(
  'table database schema user role login function procedure view index trigger sequence column extension',
);

/** Functions that only a database has, and that nobody writes in a name or a note. */
const functions = oneOf(re`
  pg_sleep extractvalue updatexml load_file load_extension group_concat concat_ws string_agg xmlagg name_const sys_context sys_exec sys_eval
  gtid_subset gtid_subtract st_latfromgeohash st_longfromgeohash st_pointfromgeohash json_keys row_count found_rows last_insert_id last_insert_rowid ctxsys\.drithsx\.sn
  utl_http\.request utl_inaddr\.get_host_(?:address|name) dbms_pipe\.receive_message dbms_lock\.sleep dbms_xmlgen\.\w+ dbms_ldap\.\w+ dbms_java\.\w+ dbms_utility\.\w+ httpuritype
  pg_read_file pg_ls_dir pg_stat_file lo_import lo_export query_to_xml database_to_xml table_to_xml current_setting set_config randomblob zeroblob sqlite_version openrowset openquery
  opendatasource fn_my_permissions is_srvrolemember is_member has_dbaccess suser_s?name user_name db_name object_name object_id col_name schema_name quotename master\.dbo\.\w+
  fn_xe_file_target_read_file sp_password polygon multipoint multilinestring linestring geometrycollection procedure\s+analyse make_set elt export_set find_in_set aes_(?:en|de)crypt des_(?:en|de)crypt
  xp_\w+ unhex ascii ord bit_(?:and|or|xor) charindex patindex instr substring_index to_n?char to_base64 from_base64 rawtohex hextoraw nchar chr sha1 crc32 ifnull nullif isnull iif least greatest`);

export const sqlRules: readonly Rule[] = [
  {
    id: 'sql-libinjection',
    family: 'sql',
    score: 5,
    all: [{ on: ['name', 'value', 'cookie', 'path', 'referer'], test: { libinjection: 'sqli' } }],
  },
  sql(
    'sql-union',
    5,
    anywhere,
    re`\bunion\b[^a-z]+(?:(?:all|distinct|distinctrow|any)\b[^a-z]+)?select\b|\bunion\W+\w*\W*\bselect\W{1,10}(?:null|\d|char|concat|@)`,
  ),
  sql(
    'sql-select-expression',
    5,
    anywhere,
    re`\bselect\W+(?:(?:all|distinct|top\s+\d+)\W+)?(?:\*\s*(?:from|,)|@@?\w|\d+\s*(?:,|from\b|--|#)|null\b|0x[0-9a-f]|(?:count|concat|char|chr|cast|convert|sleep|version|user|database|ascii|substr|substring|mid|hex|load_file|group_concat|if|ifnull|case|length|len|min|max|sum|pg_sleep|benchmark|extractvalue|updatexml|unhex|password|schema|current_user|host_name|db_name)\s*[(]|case\s+when\b|(?:user|password|pass|passwd|username|login|email)s?\b\s*(?:,|from\b|\|\|))`,
  ),
  sql('sql-select-from', 3, anywhere, re`\bselect\b.+\bfrom\b.+`),
  sql(
    'sql-select-where',
    3,
    anywhere,
    re`\bselect\b.+\bfrom\s+[\w."\x60\[\]]+(?:\s+\w+)?\s*(?:\bwhere\b\s*[\w."\x60\[\]]+\s*${compare}|\blimit\s+\d|\border\s+by\b|;|--|#|\))`,
  ),
  sql(
    'sql-subselect',
    5,
    anywhere,
    re`[(=,|]\s*\(*\s*select\b[\s(]*(?:[*@'\x22\d+~!-]|(?:distinct|all|top\s+\d+|case|null)\b|\w+\s*\(|[^;]*\b(?:from|where|limit|union|into)\b)`,
  ),
  sql(
    'sql-catalogue',
    5,
    anywhere,
    oneOf(re`\binformation_schema\b \bpg_(?:catalog|shadow|user|database|tables|authid|proc|roles|stat_activity|sleep) \bsqlite_(?:master|schema|temp_master) \bsys(?:objects|columns|databases|logins|users|processes|tables|comments|protects|xlogins)\b
    \bsys\s*\.\s*(?:objects|columns|tables|databases|sql_logins|schemas|user|user_summary|v?_?session|dual|all_tables) \bmaster\s*\.{1,2}\s*(?:sys\w+|dbo|xp_\w+) \bmsdb\b\s*\.  \btempdb\b\s*\.{1,2} \bmysql\s*\.\s*(?:user|db|host|tables_priv|innodb_\w+|help_\w+)\b
    \b(?:all|user|dba)_(?:tables|tab_columns|users|objects|tab_privs|role_privs|constraints|catalog|views|ind_columns|source|password)\b \bv\$\w+ \bmsys(?:aces|access\w*|columns\w*|imex\w+|objects|queries|relationships|modules\w*)\b \brdb\$\w+ \bsyscat\s*\. \bsysibm\s*\. \bsysmaster\s*:
    \b(?:northwind|tempdb)\b\W \bperformance_schema\b \bsystem\.(?:indexes|users|namespaces)\b`),
  ),
  sql('sql-functions', 5, anywhere, re`(?:^|[^\w.])${functions}\s*\(`),
  sql(
    'sql-functions-rare',
    5,
    parameters,
    re`\b(?:abs|acos|adddate|addtime|aes_\w+|asin|atan2?|ascii|auto_increment|bit_\w+|cbrt|ceil(?:ing)?|char_length|character_length|chr|coalesce|coercibility|collation|concat(?:_ws)?|connection_id|convert_tz|cos|cot|crc32|cur(?:date|time)|current_(?:date|time|timestamp|user|setting|schema)|date_(?:add|format|sub|part|trunc)|datediff|dayname|dayof(?:month|week|year)|des_\w+|dumpfile|export_set|extractvalue|find_in_set|floor|found_rows|from_(?:base64|days|unixtime)|get_(?:format|lock)|group_concat|hex(?:toraw)?|ifnull|in(?:et6?|str)_?\w*|isnull|is_(?:free|used)_lock|julianday|last_(?:day|inser\w+)|lcase|ln|load_(?:file|extension)|lpad|ltrim|make(?:date|time|_set)|master_pos_wait|md5|microsecond|monthname|name_const|nullif|oct(?:et_length)?|old_password|ord|outfile|pg_\w+|percentile_\w+|period_(?:add|diff)|printf|procedure_analyse|radians|rand(?:om(?:blob)?)?|regexp_\w+|release_lock|row_count|rpad|rtrim|sec_to_time|session_user|sha[12]?|sin|sqlite_\w+|sqrt|starts_with|std(?:dev\w*)?|str(?:_to_date|cmp|ftime|pos)|subdate|substr(?:ing(?:_index)?)?|subtime|sysdate|system_user|tan|time_?(?:diff|format|to_sec|stampadd|stampdiff)|to_(?:base64|days|seconds|n?char|date|number)|ucase|uncompress(?:ed_length)?|unhex|unix_timestamp|updatexml|utc_(?:date|time|timestamp)|uuid(?:_short)?|xmltype|yearweek|concat|zeroblob)\s?\(|(?:^|[\s=,('\x22+])(?:position|space|length|sign|compress|database|decode|encrypt|glob|trim|pow|trunc|mid|conv|bin|avg|typeof|unicode|weekday|soundex|log|pi)\((?:\s*$|['\x22\d@(\w]*\s*[,)])`,
  ),
  sql(
    'sql-functions-common',
    5,
    parameters,
    re`(?:['"=,(|+\s]|^)\s*(?:substr|substring|mid|left|right|lpad|rpad|length|char_length|len|concat|char|hex|cast|convert|coalesce|if|exists|count|reverse|replace|repeat|space|lower|upper|trim|floor|rand|round|conv|bin|pow|exp|now|sysdate|avg|sum|min|max|stuff|str)\s*\([^()]*(?:\bselect\b|\bfrom\b|@@|0x[0-9a-f]{2}|\bas\s+(?:n?char|n?varchar|int|signed|unsigned|binary|decimal|numeric|text)\b|\busing\b|(?:user|database|version|schema|current_user|session_user|password|char|chr|ascii|concat|hex|unhex|substr|substring|rand|sysdate|now)\s*\()`,
  ),
  sql(
    'sql-identity',
    5,
    anywhere,
    re`@@(?:version|hostname|datadir|basedir|tmpdir|global|session|servername|servicename|language|spid|identity|max_connections|secure_file_priv|plugin_dir|port|user|innodb\w*|log_bin|rowcount|fetch_status)\b|(?:^|[^\w.])(?:current_user|session_user|system_user|user|database|schema|version|connection_id|current_database|current_schema|pg_backend_pid|sqlite_version)\s*\(\s*\)`,
  ),
  sql(
    'sql-delay',
    5,
    anywhere,
    re`\bwaitfor\s+(?:delay|time)\s*['"(]|(?:^|[^\w.])sleep\s*\(\s*[\d@('\x22][^)\s]*\s*\)|(?:^|[^\w.])benchmark\s*\(\s*[\d@]|\bdbms_\w+\s*\.\s*\w+\s*\(`,
  ),
  sql(
    'sql-stacked',
    5,
    anywhere,
    re`;\s*\(*\s*(?:drop\s+${object}|alter\s+(?:${object}|session|system)|create\s+(?:or\s+replace\s+)?(?:temp\w*\s+)?${object}|truncate\s+(?:table\s+)?\w|insert\s+(?:ignore\s+)?into\b|update\s+[\w."\x60\[\]]+\s+set\b|delete\s+from\b|select\s*(?:[*@'\x22(\d+~!-]|(?:distinct|all|top)\s|[\w.\x60]+\s*(?:\(|,|from\b|as\b|into\b|;|--|$)|null\b|case\b)|union\s+(?:all\s+)?select\b|exec(?:ute)?\b\s*[\s(@'\w]|declare\s+@|set\s+@|shutdown\b|grant\s+\w|revoke\s+\w|copy\s+[\w(]|backup\s+database|restore\s+database|waitfor\b|begin\b|if\s*\(|call\s+\w+\s*\(|handler\s+\w+\s+open|do\s+\w+\s*\(|prepare\s+\w+\s+from|merge\s+\w+\s+using|load\s+data|attach\s+database|dbcc\s)`,
  ),
  sql(
    'sql-statement',
    5,
    anywhere,
    re`\binsert\s+(?:ignore\s+|low_priority\s+|delayed\s+)?into\s+[\w."\x60\[\]]+\s*(?:\(|values\b|select\b|set\b|default\b)|\bdelete\s+from\s+[\w."\x60\[\]]+\s*(?:where\b\s*\S+\s*${compare}|;|--|#)|\bupdate\s+[\w."\x60\[\]]+\s+set\s+[\w."\x60\[\]]+\s*=|\breplace\s+into\s+\w+\s*(?:\(|values\b|set\b)|\b(?:drop|truncate)\s+(?:table|database|schema)\s+(?:if\s+exists\s+)?[\w."\x60\[\]]+\s*(?:;|--|#|$|cascade)|\bcreate\s+table\s+\w+\s*\(|\bcreate\s+(?:or\s+replace\s+)?(?:function|procedure|trigger)\s+\w+\s*(?:\(|(?:as|before|after|returns)\b)|\balter\s+(?:table|user|login)\s+\w+\s+(?:add|drop|modify|rename|with\s+password|identified)\b|\binto\s+(?:out|dump)file\b|\bload\s+data\s+(?:local\s+|low_priority\s+)?infile\b|\bexec(?:ute)?\s+(?:immediate|master\b|sp_\w+|xp_\w+)|\bdeclare\s+@?\w+\s+(?:n?varchar|n?char|int|cursor|table)\b|\bgrant\s+(?:all|select|dba)\b.+\bto\b|\bhandler\s+\w+\s+(?:open|read|close)\b|\bcreate\s+user\s+\S+\s+identified\b`,
  ),
  sql(
    'sql-procedures',
    5,
    anywhere,
    re`\b(?:xp_(?:cmdshell|reg\w+|dirtree|fileexist|enum\w+|loginconfig|makecab|ntsec\w*|terminate\w*|servicecontrol|availablemedia|subdirs|fixeddrives)|sp_(?:execute\w*|oacreate|oamethod|addextendedproc|addlogin|addsrvrolemember|makewebtask|configure|help\w*|password|prepare|replwritetovarbin|sqlexec|start_job|add_job\w*|add_jobstep|who2?)|sys_(?:exec|eval))\b`,
  ),
  sql(
    'sql-tautology',
    5,
    parameters,
    re`${logic}\s*(?:not\s+|!|~)*\(*\s*(?:(?:'[^']{0,40}'|"[^"]*"|\d+(?:\.\d+)?|0x[0-9a-f]+|true|false|null)\)*\s*${compare}\s*\(*\s*(?:['"\d(]|0x|true\b|false\b|null\b|not\s+null|char\b|select\b)|(?:\d+|true|false)\s*(?:--|#|/\*|;))`,
  ),
  sql(
    'sql-quoted-logic',
    5,
    parameters,
    re`['"\x60]\)*\s*(?:${logic}|\^|\|\|?|&&?|[*+/%-])\s*\(*\s*(?:not\s+|!|~)*\s*['"\x60(]*[\w.@-]*['"\x60)]*\s*(?:${compare}|\|\||&&)\s*(?:['"\x60(\d\w@-]|$)`,
  ),
  sql(
    'sql-quoted-operator',
    5,
    parameters,
    re`^['"][^'"]*['"]\s*(?:!=|<>|=|<|>)\s*['"]|\)\s*(?:like|rlike|regexp|between|in|div|mod)\s*\(|^[^'"]*(?:'\)*\s*(?:\|\||=|<=?>?|>=?|!=|\*|\+|\^|%|&&?|\||-|/|like|rlike|regexp|div|mod|and|or|xor|is)\s*\(*\s*'|"\)*\s*(?:\|\||=|<=?>?|>=?|!=|\*|\+|\^|%|&&?|like|rlike|regexp|div|mod|and|or|xor|is)\s*\(*\s*")`,
  ),
  sql(
    'sql-broken-out',
    5,
    parameters,
    re`^[^'"\x60]*['"\x60]\s*\)*\s*(?:--(?:\s|[-+]|$)|#\s*$|/\*|;\s*(?:--|#|/\*|$|\x00|[a-z]{3,10}\s)|(?:or|and|xor|union|having|order\s+by|group\s+by|limit|where|procedure|into)\b\s*[\d'"(@\w]|\|\|\s*[\w('"]|&&\s*[\w('"])|^['"]\)*\s*(?:=|<|>|!|\^|\*|\+|-|\|)|^\d+['"]\)+`,
  ),
  sql(
    'sql-number-logic',
    5,
    parameters,
    re`^\s*(?:[\w.@]*['"\x60)]+\s*|-?\d+\s+)(?:or|and|xor|\|\||&&|having|rlike|like|between|in|regexp|div|mod)\b?\s*\(*\s*(?:not\s+)?(?:-?\d+|['"\w.]+)\)*\s*(?:=|<|>|!=|like\b|between\b|in\s*\(|is\s+(?:not\s+)?null|rlike\b|regexp\b|div\b|mod\b)`,
  ),
  sql(
    'sql-clause',
    5,
    parameters,
    re`\bgroup\s+by\s+.+\bhaving\b|\bas\s*["\x60'][\w\s]+["\x60']\s*from\b|\x60\s*(?:rlike|regexp|like)\s|^["'\x60]\s*(?:as|rlike|regexp|like)\s|\bdeclare\s*@\w|\balter\s+table\s+[\w.\x60"\[\]]+\s+\w+|;\s*truncate\b|2\.225073858507\d*e-?308|\d\.e\.\w|\bhaving\s+(?:\d+|['"]|min\(|max\(|count\()\s*(?:=|<|>|['"\d(])|\b(?:order|group)\s+by\s+(?:\d+(?:\s*,\s*\d+)*|\(select\b|[\w.]+\s*(?:--|#|;|/\*))\s*(?:--|#|;|\)|/\*|$|having\b|asc\b|desc\b|limit\b)|\bprocedure\s+analyse\b|\blimit\s+\d+\s*(?:,|offset)\s*\d+\s*(?:--|#|;|into|procedure|union|$)|\bcase\s+(?:when\b|\(|\w+\s+when\b).+\bthen\b|\bwhere\s+(?:[\w."\x60]+|'[^']*')\s*(?:=|<>|like|in)\s*(?:['"(\d]|[\w."\x60]+\s*(?:--|;|#|$))`,
  ),
  sql(
    'sql-comment',
    5,
    parameters,
    re`^[\w@.\s+-]*['"\x60)]+\s*(?:--|#|;\s*--)|\b(?:union|select|from|where|or|and)/\*|unionselectfrom|\*/\s*(?:union|select|from|where|or|and|\()|/\*!\d{0,6}\s*\w|\d\s*(?:--\s*$|#\s*$|/\*\s*$)|;\s*--\s|(?:--|#)[^\n]*\n\s*(?:union|select|or|and|from|where)\b`,
  ),
  sql('sql-hex', 2, parameters, re`(?:^|[^\w&#;])(?:0x[0-9a-f]{6,}|x'[0-9a-f]{4,}'|b'[01]{8,}')`),
  sql('sql-scientific', 5, parameters, re`\d\.?\d*e[(\s]*(?:\(|['"]|union\b|from\b|where\b)|\b\d+\.e\(`),
  sql(
    'sql-json',
    5,
    parameters,
    re`['"\x60]\s*(?:or|and|\|\||&&)?\s*(?:json_(?:extract|value|query|valid|length|depth|type|contains|array|object)\w*\s*\(|::jsonb?|(?:->>?|@>|<@|#>>?|\?\|?)\s*['"{$])|'\{[^']*\}'\s*(?:::jsonb?|(?:->>?|@>|<@|#>>?|\?))`,
  ),
];
