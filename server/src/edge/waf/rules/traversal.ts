import type { Rule } from '../rule.ts';
import { commands, oneOf, parameters, re, rulesOf } from './rule-maker.ts';

const traversal = rulesOf('traversal');

const slash = re`[/\\\x{2215}\x{2216}\x{29f8}]`;
const end = re`(?:$|[/\\\s'"\x60?#&;:|),<>\x00~.])`;

/** Files of Unix whose content is worth stealing, below a root. */
const unixFiles = oneOf(re`
  etc/(?:passwd|shadow|gshadow|group|hosts|hostname|issue|motd|fstab|mtab|crontab|cron\.\w+|sudoers|resolv\.conf|profile|bashrc|environment|inittab|inetd\.conf|services|exports|login\.defs|security|pam\.d|ssh|ssl|apache2?|httpd|nginx|mysql|my\.cnf|php\d?|php\.ini|redis|postgresql|vsftpd|proftpd|samba|ldap|init\.d|rc\.\w+|os-release|\w+-release|debian_version|kubernetes|rancher|docker|ansible|openvpn|krb5\w*|aliases|shells|networks|protocols|modules|netplan|sysconfig|selinux|default|logrotate\w*|syslog\w*|rsyslog\w*|opt|skel|systemd|tomcat\d*|phpmyadmin|webmin|chrootusers|ftp\w*|httpd\.conf)
  proc/(?:self|\d{1,7}|version|cpuinfo|meminfo|mounts|net|cmdline|sched_debug|filesystems|partitions|devices|stat|swaps|kcore|sys|uptime|modules|thread-self|key-users|loadavg|interrupts)
  var/(?:log|run|lib|mail|spool|www|backups|db|cache|adm|apache2?|tomcat\d*|tmp|opt|mysql|nagios|cpanel|htmp|local|named|webmin|ftp|lock)\b sys/(?:class|kernel|firmware|devices|fs) run/secrets boot/(?:grub|vmlinuz\w*|config\w*) dev/(?:u?random|null|zero|shm|stdin|fd|mem|kmem|sd[a-z]|tcp|udp|pts|tty) root/(?:\.\w+|anaconda\S*) home/[\w.-]+/\.\w+
  usr/(?:local/)?(?:etc|apache2?|nginx|php\d?|lib/php\w*|share/(?:tomcat|nginx)\w*|pkg|home|ports|spool)/\w+ opt/(?:lampp|xampp|apache\d?|tomcat\w*|nginx|bitnami|coldfusion)\b Library/WebServer\b Volumes/\w+ private/etc\b`);

const hiddenFiles = oneOf(re`
  \.(?:claude|cursor|continue|aider|windsurf|codeium|copilot|roo|cline|gemini|codex|amazonq|kiro|junie|zed|opencode|goose)\w*(?:/\w+)? \.\w{2,20}ignore \.ssh/\w+ \.(?:bash|zsh|sh|ksh|ash|mysql|psql|python|irb|node_repl|sqlite|rediscli|php|lesshst|viminfo|nano)_?(?:history|rc|profile|logout|login|aliases)? \.(?:git|svn|hg|bzr|cvs)(?:/\w+|ignore|config|modules|attributes|-credentials)? \.(?:htaccess|htpasswd|htgroup|user\.ini|netrc|pgpass|my\.cnf|npmrc|yarnrc|pypirc|dockercfg|dockerenv|dockerignore|boto|s3cfg|rhosts|forward|plan|profile|gnupg|subversion|mozilla|vscode|idea|ds_store|env(?:\.\w+)?|envrc|aws|azure|kube|docker|config|gem|bundle|cargo|composer|rediscli\w*|wget\w*|curlrc|lftp|ftpconfig|remote-sync\.json|vscode|well-known/\.\.|travis\.yml|gitlab-ci\.yml|circleci|terraform|tfstate|vault-token|fetchmailrc|procmailrc|muttrc|xauthority|xinitrc|tmux\.conf|screenrc|vimrc|viminfo)`);

const appFiles = oneOf(re`
  id_(?:rsa|dsa|ecdsa|ed25519)(?:\.pub)? authorized_keys known_hosts wp-config\w*\.(?:php|bak|txt|old|swp) web\.config config\.inc\.php config\.php configuration\.php localsettings\.php settings\.py database\.yml secrets\.yml credentials\.(?:json|xml|csv) docker-compose\.ya?ml dockerfile \bcomposer\.(?:json|lock) package-lock\.json yarn\.lock phpunit\.xml
  boot\.ini win\.ini system\.ini php\.ini my\.ini my\.cnf autoexec\.bat config\.sys desktop\.ini ntuser\.dat unattend(?:ed)?\.(?:xml|txt) sysprep\.(?:xml|inf) iis\.log eula\.txt httpd\.conf nginx\.conf tomcat-users\.xml server\.xml context\.xml web-inf/\w+ meta-inf/\w+ web\.xml applicationhost\.config machine\.config global\.asax appsettings(?:\.\w+)?\.json elmah\.axd trace\.axd
  system32[/\\]\w+ windows[/\\](?:system|repair|win\.ini|debug|panther|temp|iis) winnt[/\\]\w+ inetpub[/\\]\w+ \bsam\b[/\\] \w*(?:backup|dump|database|db)\w*\.(?:sql|zip|tar|gz|tgz|rar|7z|bak|mdb|sqlite3?|sql\.\w+) __x00__ (?:aider|chat)\.\w*aider mcp\.json claude\.md agents\.md access[._-]log error[._-]log phpinfo\.php info\.php shell\.php c99\.php r57\.php adminer\.php sftp-config\.json`);

export const traversalRules: readonly Rule[] = [
  traversal(
    'traversal-parent',
    5,
    ['name', 'value', 'cookie', 'path', 'line', 'agent', 'referer', 'header', 'shell'],
    re`(?:^|[\s"'\x60=(:;,&?@|]|${slash})\.{2,}(?:;[^/\\]*)?[\x00]?${slash}|${slash}\.{2,3}(?:$|[;&?#\s\x00])|(?:^|${slash})\.\x00?\.\x00?${slash}|\.\.${slash}{1,4}\.\.|(?:^|${slash})\.{4,}${slash}{1,2}|\?\./|\.\?/\.\?`,
  ),
  traversal(
    'traversal-encoded',
    5,
    ['path', 'line', 'value', 'name', 'cookie'],
    re`%(?:25)*(?:2e|c0%(?:25)*ae|u002e|uff0e|e0%(?:25)*80%(?:25)*ae|32%65)(?:%(?:25)*(?:2e|c0%(?:25)*ae|u002e|uff0e)|\.)(?:%(?:25)*(?:2f|5c|c0%(?:25)*(?:af|2f)|c1%(?:25)*9c|u2215|u2216|uefc8|uf025)|[/\\])|\.\.(?:%(?:25)*(?:2f|5c|c0%(?:25)*(?:af|2f|9v|qf)|c1%(?:25)*(?:9c|1c|8s|pc|af)|u2215|u2216|uefc8|uf025|bg%qf|f8%80%80%80%af))`,
  ),
  traversal('traversal-unix-file', 5, commands, re`(?:^|[^\w.-])(?:file:)?/{0,4}${unixFiles}`),
  traversal('traversal-hidden-file', 5, commands, re`(?:^|[\s"'\x60=/\\~])${hiddenFiles}${end}`),
  traversal('traversal-app-file', 5, commands, re`(?:^|[\s"'\x60=/\\:])${appFiles}${end}`),
  traversal(
    'traversal-windows-path',
    5,
    [...parameters, 'shell'],
    re`(?:^|[\s"'\x60=(])(?:[a-z]:[/\\]{1,2}(?:windows|winnt|users[/\\]+[^/\\]+[/\\]+(?:appdata|ntuser|\.\w)|inetpub|program\s?files\w*|programdata|boot|temp|xampp|wamp\w*|apache\w*|php\d?|documents\s+and\s+settings|recycler|\$recycle|autoexec|sysprep|minint|i386|oracle|mysql)|//\?/|\\\\[.?]\\)`,
  ),
  traversal('traversal-share', 4, [...parameters, 'shell'], re`^\\\\[\w.$-]+\\[\w.$-]+`),
  traversal('traversal-nul', 5, ['path', 'name', 'value', 'cookie', 'line'], re`\x00|%(?:25)*00`),
];
