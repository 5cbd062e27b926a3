import type { Rule } from '../rule.ts';
import { commands, inParts, oneOf, re, rulesOf } from './rule-maker.ts';

const shell = rulesOf('shell');

/** Programs whose names are no English words: after a separator they are commands. */
const programs = inParts(
  re`
  whoami uname ifconfig ipconfig netstat nslookup traceroute tracert wget curl lynx w3m netcat ncat nc(?:\.\w+)? socat telnet bash zsh ksh csh tcsh dash ash fish busybox python[\d.]* perl ruby php\d? node(?:js)? lua gcc g\+\+ javac chmod chown chgrp mkfifo mknod mkdir rmdir crontab systemctl useradd
  usermod adduser userdel addgroup passwd groupadd sudo doas lsof lsblk lsmod lspci lscpu ls ps pwd cd cp mv rm ln dd df du tac nl xxd hexdump od strace ltrace gdb tcpdump nmap ssh scp sftp ftp tftp rsync openssl gpg tar gzip gunzip bzip2 unzip unxz zcat bzcat xzcat zgrep egrep fgrep grep sed awk gawk mawk nawk xargs tee
  printf printenv setenv unset uptime dmesg mysql(?:dump)? psql sqlite3 redis-cli mongo(?:dump)? docker kubectl git svn apt(?:-get)? yum dnf apk pip[\d.]* npm npx gem composer vim? nano emacs ed iptables nft arp route ip\s+(?:a|addr|link|route) getent setsid nohup pkill killall kill\s+-?\d shutdown reboot halt poweroff sysctl modprobe insmod
  aa-exec aa-disable ansible(?:-playbook)? aptitude bsdtar busctl capsh cpan cpulimit csvtool dhclient dstat dvips easy_install ebtables efax ethtool facter genisoimage ghci gcore hping3 iconv ionice ispell jjs journalctl jrunscript ksshell ldconfig ldd logsave lwp-\w+ mdadm minicom mtr msgconv neofetch ngrok nmcli nsenter octave openvpn
  pandoc pdftex pdflatex perf pkexec pkg puppet rake readelf rlogin rpm\w* rsh run-mailcap rview rvim sash scanmem setarch slsh smbclient ssh-\w+ sshpass start-stop-daemon sysctl systemd-\w+ taskset tbl tclsh troff tshark unshare update-alternatives valgrind vimdiff virsh vigr vipw xelatex xetex xmodmap xterm yarn zathura zypper uudecode uuencode
  chroot chattr lsattr getfacl setfacl stat base32 base64 md5sum sha\d+sum cksum cat id sh`,
  3,
);
/** Programs that are also words of prose: only what follows tells. */
const wordy = oneOf(re`
  who w last head tail more less find locate which whereis type env set export echo sleep time timeout host dig ping mail mount umount service source eval exec read wait test split join sort uniq cut rev paste fold tr comm diff file strings touch top history alias kill at batch watch screen tmux man info expr let command builtin hostname date id cal yes true false finger users groups logname install link dir pr fmt jq zip expand shuf factor seq`);
const argument = re`(?:\s+-{1,2}[a-z?]|\s+["']?(?:/|\.{1,2}/|~/|\$|\*)|\s+\d+(?:\.\d+)*\s*(?:$|[;&|)\x60#])|\s+[\w.-]+\.(?:txt|sh|py|log|conf|php|cfg|pl|html?|bak)\b|\s*(?:$|[;|&<>\x60)#]|\d?>))`;
const separator = re`(?:[;|&\n\r]|(?:^|[^\s\x60])\x60|\$\(|\|\||&&|[<>]\(|\{\s?|\bthen\s|\bdo\s|\belse\s|!\s)`;
/** What may stand between a separator and the program: variables, launchers, a path. */
const launch = re`(?:\s|\w+=\S*\s|(?:sudo|doas|exec|env|time|nohup|nice|busybox|command|builtin|eval|xargs|setsid|timeout\s+\d+|stdbuf\s+\S+)\s+(?:-\S+\s+)?){0,4}["']?(?:\.{0,2}(?:/[\w.*?\[\]-]+){0,6}/)?`;

export const shellRules: readonly Rule[] = [
  ...programs.map((part, index) =>
    shell(
      `shell-separated-${index + 1}`,
      5,
      commands,
      re`${separator}${launch}${part}(?:["']|\s|$|[;|&<>\x60)/,#]|\d?>)`,
    ),
  ),
  shell('shell-separated-word', 5, commands, re`${separator}${launch}${wordy}["']?${argument}`),
  ...[...programs, wordy].map((part, index) =>
    shell(
      `shell-start-${index + 1}`,
      5,
      commands,
      re`^["'\s(]*${launch}${part}["']?\s+(?:-{1,2}[a-z][\w-]*(?:\s|=|$)|-[a-z]\w*["'\s/]|["']?(?:/(?:\w|\*|\?)|\.{1,2}/|~/|\*(?:\s|$|\.))|["']?https?://|\$[({\w]|(?:\d{1,3}\.){3}\d{1,3}\b)`,
    ),
  ),
  shell(
    'shell-substitution',
    5,
    commands,
    re`\$\(\s*(?:\(|<|[a-z_./"'$\\~])|\$\(\(|[<>]\(\s*[a-z./]|\x60\s*[a-z][\w.-]*\s+(?:-|/|\.|~|\$|https?:)[^\x60]*\x60|\x60[^\x60]+[;|&$/<>][^\x60]*\x60`,
  ),
  shell(
    'shell-expansion',
    5,
    commands,
    re`\$\{?IFS\b|\$\{[#!]?[a-z_@*]\w*(?:[:/%#^,@!][^}]*|\[[^\]]*\])\}|\$'[^']*\\|\$\{\w+:\d|\$[@*]|(?:^|[\s;|&])\w*\{[\w/.-]+(?:,[\w/.$-]*){1,6}\}(?:$|[\s;|&<])`,
  ),
  shell(
    'shell-program-path',
    5,
    commands,
    re`(?:^|[^\w.-])/?(?:usr/(?:local/)?|opt/\w+/)?s?bin/(?:\.?/)*(?:\w|\*|\?|\[)|/(?:[\w.]*[?*\[][\w?*\[\].^-]*/){1,5}[\w?*\[\].-]+|/[\w.?*\[\]-]+/[\w.-]*(?:\?[\w?*]*|\*|\[\w[^\]]{0,8}\])[\w?*\[\].-]*(?:\s|$|[;|&<>])`,
  ),
  shell(
    'shell-redirection',
    5,
    commands,
    re`/dev/(?:tcp|udp)/|\d?>\s?&\s?\d|&>\s*/|[<>]{1,2}\s*/(?:dev|tmp|var|etc|home|root|proc|usr)/|<<<?\s*['"-]?\w+|\|&\s*\w|\b(?:mkfifo|mknod)\s|>\s*\w+\.(?:sh|php|txt|py|jsp|aspx?|pl)\b`,
  ),
  shell(
    'shell-function',
    5,
    commands,
    re`^\s*\(\s*\)\s*\{|\(\s*\)\s*\{.*[;:}]|\b\w{0,10}\(\)\s*\{\s*\w*\s*\|`,
  ),
  shell(
    'shell-interpreter',
    5,
    commands,
    re`\b(?:ba|z|k|c|tc|da|a|fi)?sh\s+(?:-\w*[cis]\w*\b|<|-x\b)|\b(?:python[\d.]*|perl|ruby|php\d?|node|lua|tclsh|osascript|awk|gawk|expect|groovy|jjs|irb|deno|bun)\s+-{1,2}(?:[cerElM]\w*|run|eval|exec)\s*["']?\S|\b(?:awk|gawk|mawk|nawk|sed|find|tar|vim?|less|man|ftp|gdb|git|nmap|zip|tcpdump)\b.+(?:\bsystem\s*\(|\bexec\b|-exec\b|--checkpoint-action|/inet/|\bBEGIN\s*\{|--to-command|-z\s+\w+|core\.pager|--script|-oProxyCommand)|\b__import__\s*\(|\bos\s*\.\s*(?:system|popen\d?|exec\w{1,3}|spawn\w*|getenv|environ|listdir|remove)\b\s*[(\[]|\bsubprocess\s*\.\s*(?:run|popen|call|check_\w+|getoutput)\b|\bimport\s+(?:os|socket|subprocess|pty|base64|urllib\d?|requests|commands|sys)\b|\bpty\s*\.\s*spawn\b|\bsocket\s*\.\s*socket\s*\(|\bTCPSocket\.(?:new|open)|\bfsockopen\s*\(|\bexec\s+\d+<>/dev`,
  ),
  shell(
    'shell-download',
    5,
    commands,
    re`\b(?:wget|curl|fetch|lynx|lwp-\w+|axel|aria2c)\s+(?:-{1,2}\S+\s+(?:\S+\s+)?){0,6}["']?(?:https?:|ftp:|\d{1,3}(?:\.\d{1,3}){3}|[\w-]+(?:\.[\w-]+){1,6}(?:[/:\s;|&)]|$))|\bn(?:et)?c(?:at)?\s+(?:-\w+\s+){0,6}[\w.-]+\s+\d{1,5}\b|\bn(?:et)?c(?:at)?\s+-\w*[elp]|\b(?:base64|xxd|openssl)\s+(?:-{1,2}\w+\s+){0,3}.*\|\s*(?:ba|z)?sh\b|\|\s*(?:sudo\s+)?(?:(?:/\w+)*/)?(?:ba|z|k|da)?sh\b`,
  ),
  shell(
    'shell-destructive',
    5,
    commands,
    re`\brm\s+(?:-\w*[rf]\w*\s+)+|\bchmod\s+(?:-\w+\s+)?(?:[0-7]{3,4}|[ugoa]*[+=-][rwxst]+)\s|\bchown\s+(?:-\w+\s+)?\w+(?::\w+)?\s+\S|\bdd\s+if=|\bmkfs\.?\w*\s|:\(\)\s*\{|\bkill(?:all)?\s+-\d|\bcrontab\s+-|\b(?:useradd|adduser|usermod)\s+-|\biptables\s+-|\bcat\s+(?:/|\.\./|~|\*|\$)|\bls\s+-\w+|\bps\s+-?(?:aux|ef)|\buname\s+-\w|\bid\s+-\w|\bfind\s+[./]\S*\s+-|\bsudo\s+-?\w|\bping\s+-\w\s+\d|\bsleep\s+\d+\s*(?:[;|&\x60)]|$)`,
  ),
  shell('shell-unknown', 3, commands, re`^\s*(?:\|{1,2}|[;&]{1,2})\s*[a-z/]\w+(?:\s|;|&|\||$)`),
  shell(
    'shell-launched',
    5,
    commands,
    re`^["'\s(]*(?:(?:sudo|doas|strace|ltrace|nohup|setsid|busybox|time|env|exec|xargs|nice|timeout\s+\d+)[\s;]+(?:-\S+\s+)?)+(?:whoami|uname|ifconfig|netstat|wget|curl|ncat|nc|socat|telnet|(?:ba|z|k|c|da)?sh|python[\d.]*|perl|ruby|php|node|lua|ansible|bsdtar|chmod|chown|useradd|ls|ps|cat|cp|mv|rm|dd|id|vim?|less|find|awk|sed|tar|env|head|tail|tee|base64|xxd|ping|nslookup|dig|mount|service|systemctl|kill|apt|yum|npm|pip\d?|git|docker|ssh|scp|gcc|make|su|passwd)(?:\s|$|[;|&<>])|^["'\s(]*(?:ls|ps|pwd|whoami|ifconfig|netstat|nslookup|wget|chmod|chown|mkdir|rmdir|uname|lsof|tcpdump|traceroute|systemctl|crontab|useradd|killall|pkill|iptables|unzip|gunzip|gcc|ncat|socat|xxd|egrep|fgrep|printenv|nohup|aa-disable|mkfifo|rm|mv|cp)\s+[\w.*/~$-]+(?:\s+\S+)*\s*$|\balias\s+(?:[+-]\w+\s+)*\w+=|(?:^|\s)!-\d|^~[+-]\d*$|^\$\[|(?:^|[\s;|&])(?:'\w{1,4}'|"\w{1,4}")[a-z]\w*(?:\s|$)|(?:^|[\s;|&])\w*\{(?:,[\w-]+|[\w-]+,-[\w-]+|\w+,\w+)(?:,[\w-]*)*\}\w+(?:\s|$)|(?:^|[\s;|&])\w*\{,[\w,-]+\}`,
  ),
  shell(
    'shell-chain',
    5,
    commands,
    re`[\w"'.]\|[a-z]{2,10}\s+-\w|(?:;|\||&&|\n|\r)\s*(?:for|while|until|if|case)\s+.+(?:;|\bdo\b|\bthen\b|\bin\b)`,
  ),
];
