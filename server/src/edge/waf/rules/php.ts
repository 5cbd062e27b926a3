import type { Rule } from '../rule.ts';
import { anywhere, inParts, re, rulesOf } from './rule-maker.ts';

const php = rulesOf('php');

const functions = re`
  eval assert system exec passthru shell_exec popen proc_open proc_nice proc_terminate pcntl_\w+ phpinfo phpversion php_uname php_sapi_name posix_\w+ base64_(?:de|en)code gzinflate gzuncompress gzdecode gzcompress gzdeflate gzopen gzread readgzfile gzfile str_rot13 convert_uu(?:de|en)code call_user_func(?:_array)? create_function
  preg_(?:replace(?:_callback(?:_array)?)?|match(?:_all)?|filter|grep|split|quote) mb_ereg(?:i)?_replace(?:_callback)? array_(?:map|filter|walk(?:_recursive)?|reduce|diff_u\w+|udiff\w*|uintersect\w*|intersect_u\w+|search|key_exists|push|pop|shift|flip|merge|rand) usort uasort uksort iterator_apply register_(?:shutdown|tick)_function set_(?:error|exception)_handler ob_start forward_static_call\w* header_register_callback spl_autoload_\w+ ini_(?:set|get(?:_all)?|alter|restore) putenv getenv apache_\w+ set_include_path set_time_limit error_log error_reporting
  file_(?:get|put)_contents file_exists fopen fread fwrite fputs fgets fgetc fgetcsv fputcsv fpassthru freadfile readfile readlink move_uploaded_file unserialize serialize opendir readdir scandir glob mkdir rmdir unlink rename copy symlink link touch tempnam tmpfile chmod chown chgrp chdir chroot stat lstat is_(?:file|dir|readable|writable|executable|uploaded_file|callable|numeric|array) parse_ini_(?:file|string) parse_str extract import_request_variables get_defined_(?:vars|constants|functions) get_cfg_var get_current_user get_class\w* func_get_args? function_exists class_exists method_exists
  highlight_(?:file|string) show_source php_strip_whitespace token_get_all var_dump var_export print_r printf vprintf vsprintf sprintf fprintf debug_backtrace debug_zval_refcount phpcredits hex2bin bin2hex chr pack unpack strrev substr_replace str_repeat str_replace str_ireplace str_split strpos strstr strtolower strtoupper strlen strcmp implode explode array_shift intval settype json_decode json_encode curl_(?:exec|init|setopt|multi_exec) fsockopen pfsockopen stream_(?:socket_\w+|context_\w+|get_contents|wrapper_\w+) socket_(?:create|connect|accept|bind) mail mysqli?_\w+ pg_(?:connect|query|exec) sqlite_\w+ odbc_\w+ ftp_\w+ ldap_\w+ dl simplexml_load_\w+ md5_file sha1_file hash_file exif_\w+ getimagesize image(?:create|png|jpeg|gif)\w* zip_open bzopen session_(?:start|id|destroy|set_save_handler) setcookie header http_response_code define defined constant compact list phpcredits expect_popen escapeshell(?:arg|cmd) ssh2_exec mb_send_mail openlog syslog is_a uniqid usleep time_nanosleep get_object_vars array_keys array_values`;

export const phpRules: readonly Rule[] = [
  php(
    'php-tag',
    5,
    anywhere,
    re`<\?(?:php\b|=|\s|$|[^x\w])|<\?(?:[^x]|x[^m]|xm[^l]|xml[^\s])|[\[{][/\\]?php[\]}]|<%\s*(?:=|@|echo|print)|<script\s+[^>]*language\s*=\s*["']?php`,
  ),
  ...inParts(functions, 5).map((part, index) =>
    php(
      `php-call-${index + 1}`,
      5,
      anywhere,
      re`(?:^|[^\w.$>-])@?\\?${part}(?:\(|\s+\(\s*(?:['\x22$(\\@\[]|\w+\s*\(|\)\s*;))`,
    ),
  ),
  php(
    'php-call-glued',
    5,
    anywhere,
    re`(?:base64_(?:de|en)code|bz(?:de)?compress|bzopen|call_user_func(?:_array)?|create_function|curl_(?:exec|init|setopt)|file_(?:get|put)_contents|fsockopen|gz(?:de|en)code|gz(?:un)?compress|gz(?:in|de)flate|move_uploaded_file|passthru|pcntl_exec|pfsockopen|phpinfo|posix_\w+|proc_open|php_uname|php_strip_whitespace|shell_exec|show_source|str_rot13|unserialize|var_dump|array_map|readgzfile|highlight_file)\s*\(|(?:eval|assert|system)\(|\b(?:exec|system|eval|assert|passthru|shell_exec|popen|file|phpinfo|include|require)\s*(?://|#)[^\n]*\n\s*\(|\$\w+\s*(?://|#)[^\n]*\n\s*\(|\(\s*['"]?\w*['"]?\s*\.\s*\(|\(\s*\w+\s*\.\s*['"(]?\w+\)?\s*\.?\w*\)\s*\(`,
  ),
  php('php-brace-variable', 3, anywhere, re`\$\s*\{\s*\$?\w+\s*\}`),
  php(
    'php-call-member',
    5,
    anywhere,
    re`(?:->|::)\s*\$?\w+\s*\(|\bnew\s+(?:Reflection\w+|SplFileObject|SoapClient|DirectoryIterator|PDO|mysqli|SimpleXMLElement|FilesystemIterator|GlobIterator|Closure|DOMDocument|Imagick|ZipArchive)\b`,
  ),
  php(
    'php-call-bare',
    5,
    anywhere,
    re`(?:^|[;{}\s(=])(?:include|require)(?:_once)?\s*(?:\(|['"]|\$)|\b(?:echo|print|die|exit)\s*\(?\s*(?:\x60|['"][^'"]*['"]\s*(?:;|\.)|\$\w|shell_exec|system|exec|md5|phpversion|file_get)|\bfunction\s*\w*\s*\([^)]*\)\s*(?:use\s*\([^)]*\)\s*)?\{|\buse\s+function\b|\bnamespace\s+\w+;`,
  ),
  php(
    'php-superglobal',
    5,
    anywhere,
    re`\$\{?\s*['"]?_?(?:GLOBALS|_(?:GET|POST|REQUEST|COOKIE|SERVER|SESSION|FILES|ENV))\b|(?:^|[^\w])_(?:GET|POST|REQUEST|COOKIE|SERVER|SESSION|FILES|ENV)\s*\[|\bGLOBALS\s*[\[(]|\bHTTP_(?:GET|POST|COOKIE|SERVER|ENV|SESSION|REQUEST|POST_FILES)_VARS\b|\bHTTP_RAW_POST_DATA\b|\$(?:php_errormsg|argv|argc|http_response_header|this\s*->)|^_(?:GET|POST|REQUEST|COOKIE|SERVER|SESSION|FILES|ENV)\b`,
  ),
  php(
    'php-object',
    5,
    anywhere,
    re`(?:^|[^\w])[OC]:\s*\+?\d{1,9}\s*:\s*(?:"[^"]*"|'[^']{0,200}')\s*:\s*\+?\d+\s*:\s*\{|\ba:\d{1,6}:\{\s*(?:[isbdaOCNRr][:;]|\})|\bs:\d{1,6}:"[^"]*";|\bE:\d+:"[\w\\]+:\w+";`,
  ),
  php(
    'php-variable-function',
    5,
    anywhere,
    re`\$\{?\s*\$*\w+\s*\}?\s*(?:\[[^\]]*\]|\{[^}]*\})*\s*\(\s*(?:['"$@)\w]|\x60)|\(\s*['"]?\w+['"]?\s*\)\s*(?:\(|/\*)|\(\s*(?:['"]\w*['"]\s*\.\s*)+['"]\w*['"]\s*\)\s*\(|['"]\w{2,}['"]\s*\(\s*['"$]|\[\s*['"]\w{2,}['"]\s*\]\s*(?:\[\s*\d\s*\]\s*)?\(|\$\w+\s*(?:\[[^\]]*\])?\s*=\s*(?:['"(@$]|base64|\w+\s*\()|\$\{['"]|\(\s*~\s*['"%]|['"][^'"]*['"]\s*\^\s*['"]|\.\s*chr\s*\(`,
  ),
  php(
    'php-setting',
    5,
    anywhere,
    re`\b(?:allow_url_(?:fopen|include)|auto_(?:prepend|append)_file|disable_(?:functions|classes)|open_basedir|safe_mode\w*|suhosin\.[\w.]+|cgi\.(?:force_redirect|fix_pathinfo|redirect_status_env)|enable_dl|register_globals|magic_quotes_\w+|mail\.\w+|session\.\w+|upload_\w+|user_(?:agent|dir|ini\.\w+)|zend\.\w+|opcache\.[\w.]+|assert\.\w+|error_(?:log|prepend_string|append_string)|extension(?:_dir)?|include_path|highlight\.\w+|html_errors|implicit_flush|input_encoding|mbstring\.\w+|output_(?:buffering|handler)|unserialize_callback_func|zlib\.\w+|arg_separator\.\w+|default_socket_timeout|display_(?:startup_)?errors|file_uploads|hidef\.\w+|max_execution_time|memory_limit|post_max_size|short_open_tag|sys_temp_dir|variables_order|xmlrpc_\w+|unserialize_max_depth|engine|smtp|date\.timezone|docref_\w+|expose_php|last_modified|log_errors|open_basedir|realpath_\w+|report_memleaks|request_order|sendmail_\w+|smtp_port|sql\.safe_mode|url_rewriter\.tags|y2k_compliance|apc\.\w+|bcmath\.\w+|child_terminate|com\.\w+|curl\.\w+|exif\.\w+|iconv\.\w+|imagick\.\w+|ldap\.\w+|mysqli?\.\w+|pcre\.\w+|phar\.\w+|runkit\.\w+|soap\.\w+|sqlite3?\.\w+|tidy\.\w+|xdebug\.\w+)\s*=`,
  ),
  php(
    'php-file-name',
    5,
    ['header', 'name'],
    re`\.(?:php\d?|phtml|phar|phps|pht|php\.\w{1,5}|asp|aspx|ashx|jspx?|cgi|htaccess|user\.ini)(?:\.\w{1,6})?[.\s;"']*$`,
  ),
  php(
    'php-wrapper',
    5,
    anywhere,
    re`\b(?:php|phar|zlib|glob|expect|ogg|rar|zip|ssh2(?:\.\w{2,8})?|compress\.\w{2,8}|data|input|memory|temp|filter):[/\\]{2}|\bphp:[/\\]{0,2}(?:input|filter|memory|temp|output|fd|stdin|stdout)\b|\bconvert\.(?:base64|iconv|quoted)\b|\bstring\.(?:rot13|toupper|tolower|strip_tags)\b`,
  ),
];
