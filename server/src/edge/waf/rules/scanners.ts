import type { Rule } from '../rule.ts';
import { oneOf, re, rulesOf } from './rule-maker.ts';

const scanner = rulesOf('scanner');

export const scannerRules: readonly Rule[] = [
  scanner(
    'scanner-agent',
    5,
    ['agent', 'header', 'value', 'cookie', 'name'],
    re`(?:^|[^\w])${oneOf(re`sqlmap nikto nmap masscan nessus openvas acunetix wpscan dirbuster dirb gobuster ffuf feroxbuster nuclei zgrab w3af arachni havij burp(?:suite|collaborator)? whatweb jorgee zmeu muieblackcat netsparker invicti appscan webinspect qualys(?:guard|was)? skipfish wfuzz thc-hydra commix xsser xsstrike dotdotpwn
    fimap vega(?:scanner|/) jaeles dalfox nosqlmap tplmap joomscan droopescan cmsmap sn1per golismero grendel-scan grabber paros webscarab webshag wapiti uniscan whisker sqlninja sqlsus bsqlbf pangolin absinthe sqlpowerinjector brutus morfeus dfind core-project blackwidow bilbo cgichk datacha0s
    gootkit hellobot internet-measurement l9explore leakix masspwn metis mysqloit n-stealth netcraftsurveyagent nsauditor nuclei\W pmafind prog\.customcrawler rapid7 revolt s\.t\.a\.l\.k\.e\.r security\s+scan sysscan struts-pwn tbi-test toata\s+dragostea springenwerk t34mh4k voideye webbandit webvulnscan webtrends\s+security xenu  zap(?:roxy)?/ projectdiscovery expanse fuzz\s+faster kiterunner kr/\d chaosmap censysinspect(?:/|$) 0day crowdstrike-scan
    headerinspect(?:/|$) wprecon petalpwn katana/ subfinder httpx\s+-\s+open domino\s+hunter floodgate fhscan get-minimal mozilla/4\.0\s+\(compatible;\s+msie\s+6\.0;\s+win32\) \.nasl black\s+widow amiga-aweb advanced\s+email fantombrowser ecatch cisco-torch hydra arachnophilia whcc kmccrew casper(?:js)?\s+scan detectify indy\s+library`)}`,
  ),
  scanner(
    'scanner-path',
    5,
    ['path'],
    re`(?:^|/)(?:wp-(?:login|config|cron|signup|trackback)\.php|wp-(?:admin|content|includes)(?:/|$)|xmlrpc\.php|phpmyadmin|pma\b|myadmin|adminer|cgi-bin(?:/|$)|vendor/phpunit|actuator(?:/(?:env|heapdump|gateway|jolokia|mappings|beans|loggers|trace|refresh|shutdown))|solr/|manager/html|host-manager|jmx-console|web-console|invoker/|hnap1|boaform|gponform|owa/auth|ecp/|autodiscover|remote/fgt_lang|dana-na|dana/|global-protect|setup\.cgi|shell\?|luci/|sdk/weblanguage|telescope/requests|_ignition|_profiler|server-status|server-info|console/css|druid/index|nacos/|jenkins/script|geoserver|struts2?-|axis2|jolokia|hudson|phpunit|elfinder|fckeditor|kcfinder|laravel|invokefunction|thinkphp|evox/|nmaplowercheck\d+|nice\s+ports|\w+\.(?:php\d?|phtml|phar|aspx?|jspx?|jspf?|cgi|cfm|do|action|pl)(?:$|[/;?]))`,
  ),
];
