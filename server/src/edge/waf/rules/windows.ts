import type { Rule } from '../rule.ts';
import { commands, oneOf, re, rulesOf } from './rule-maker.ts';

const windows = rulesOf('windows');

const start = re`(?:^|[;|&\n\r\x60(){}"'=]|\b(?:do|call|start|cmd)\s)\s{0,4}@?["']?(?:(?:[a-z]:)?[\w\\/.%-]*[\\/])?`;
const nouns = oneOf(
  'Expression WebRequest RestMethod Command WmiMethod CimMethod Item ItemProperty Content ChildItem Process Service Object Wmi\\w* Cim\\w* Location Host String File Csv Clixml Job ScheduledTask\\w* Event\\w* History Variable Alias Acl AD\\w+ Net\\w* LocalUser LocalGroup\\w* ExecutionPolicy SecureString Json Xml Path Connection Module Type Member Credential Mp\\w+ HotFix ComputerInfo Clipboard Volume PSDrive PSSession Computer Culture Date Random BitsTransfer WinEvent Mimikatz Shellcode DllInjection',
);
const verbs = oneOf(
  'Invoke Get Set New Start Stop Remove Add Import Export Out Write Test Select ForEach Where ConvertTo ConvertFrom Convert Copy Move Rename Clear Enter Exit Enable Disable Register Unregister Restart Resolve Send Receive Read Compress Expand Find Join Split Measure Sort Group Tee Update Wait Debug Trace Suspend Resume Mount Dismount Checkpoint Restore Grant Revoke',
);

export const windowsRules: readonly Rule[] = [
  windows(
    'windows-shell',
    5,
    commands,
    re`\bcmd(?:\.exe)?[\s\x22]*\s*/{1,2}[a-z:]+\b|\bcmd\.exe\b|\bpowershell(?:_ise)?(?:\.exe)?\b\s*(?:-|/[a-z]|\.\w|["'&|;]|\w+-\w+|\$)|\bpwsh(?:\.exe)?\s+-|\bcommand\.com\b|\b(?:cscript|wscript|mshta|rundll32|regsvr32|certutil|bitsadmin|msiexec|installutil|regasm|regsvcs|msbuild|odbcconf|cmstp|forfiles|pcalua|wmic|schtasks|vssadmin|wevtutil|bcdedit|nltest|dsquery|procdump|psexec|mimikatz|esentutl|diskshadow|ntdsutil|makecab|extrac32|hh|xwizard|msdt|presentationhost)(?:\.exe)?\s+(?:[-/"'\\%$]|https?:|javascript:|vbscript:|\w+\.(?:dll|ocx|hta|js|vbs|sct|inf|xml)|(?:process|os|useraccount|service|shadowcopy|list|delete|call|create|shadows|cl|qe)\b)`,
  ),
  windows(
    'windows-command',
    5,
    commands,
    re`${start}(?:net\d?(?:\.exe)?\s+(?:user|localgroup|group|view|share|use|start|stop|accounts|session|time|config)\b|ipconfig\b(?:\s*/|\s*$|[&|;])|tasklist\b|taskkill\s|systeminfo\b|whoami\b(?:\s*/|\s*$|[&|;\x60)])|reg(?:\.exe)?\s+(?:query|add|delete|save|export|import|load)\b|sc(?:\.exe)?\s+(?:query|create|start|stop|config|delete|\\\\)|dir\s*(?:[a-z]:|/\w|\\|\.\.|[&|;]|%|$)|type\s+(?:[a-z]:|%|\\|\.\.|\S+\.(?:ini|txt|config|log|bat))|copy\s+\S+\s+\S|xcopy\s|robocopy\s|del\s+(?:/|\S+[\\.*])|erase\s+/|rd\s+/s|rmdir\s+/s|ren\s+\S+\s+\S|move\s+\S+\s+[a-z]:|attrib\s+[+-/]|icacls\s|cacls\s|takeown\s|findstr\s|where\s+/|tree\s+(?:/|[a-z]:)|fsutil\s|diskpart\b|format\s+[a-z]:|nbtstat\b|netsh\s|arp\s+-a|route\s+print|tracert\s|getmac\b|hostname\s*(?:$|[&|;])|ver\s*(?:$|[&|;])|vol\s*(?:$|[&|;]|[a-z]:)|set\s*(?:$|[&|;])|driverquery\b|gpresult\b|query\s+(?:user|session)\b|quser\b|qwinsta\b|ping\s+(?:-n|/n|\d)|nslookup\s|ftp\s+-|start\s+(?:/|\\\\|https?:|calc|notepad|cmd)|echo\s+\S.*>\s*\S|for\s+(?:/[dflr]\s|%|.*\s%{1,2}~?\w\s+in\s*\()|if\s+(?:/i\s|not\s|exist\s|errorlevel\s|cmdextversion\s|defined\s|["'%]\S*\s*==)|if\s+(?:not\s+)?exist\s|assoc\s+\.|subst\s+[a-z]:|shutdown\s+/|(?:regedit|bcdboot|bcdedit|certreq|chkdsk|cmdkey|cmdl32|cmstp|csc|defrag|diantz|diskcomp|diskcopy|dnscmd|doskey|dsget|dsmod|fltmc|ftype|gpscript|gpupdate|ieexec|ilasm|infdefaultinstall|jsc|klist|logman|logoff|manage-bde|mavinject|mklink|mmc|mountvol|mpcmdrun|msconfig|mstsc|ntbackup|openfiles|pathping|pktmon|pnputil|powercfg|rasdial|rasautou|regini|rpcping|runas|scriptrunner|secedit|setx|sfc|syskey|tscon|tskill|typeperf|verclsid|wbadmin|winrm|winrs|wsmprovhost|xwizard|dsadd|dsmove|atbroker|bginfo|cdb|dxcap|mftrace|msxsl|sqlps|vsjitdebugger|wsl|winget)(?:\.exe\b|\s*[/<>]|\s+-\w|\s+\w+\s+/|\s+[a-z]:\\|\s+\w+\.\w{2,4}\b)|calc(?:\.exe)?\s*(?:$|[&|;])|notepad(?:\.exe)?\s*(?:$|[&|;])|more\s+[a-z]:|chdir\b|md\s+[a-z]:)`,
  ),
  windows(
    'windows-variable',
    5,
    commands,
    re`%(?:comspec|windir|systemroot|systemdrive|programfiles\w*(?:\(x86\))?|programdata|appdata|localappdata|temp|tmp|userprofile|username|userdomain|computername|logonserver|path|pathext|homepath|homedrive|allusersprofile|public|os|processor_\w+|number_of_processors|cd|errorlevel|random)(?::~?[^%]*)?%|\$env:\w+|%~(?:[a-z]{1,5})?\d`,
  ),
  windows(
    'windows-cmdlet',
    5,
    commands,
    re`\b${verbs}-${nouns}\b|\b(?:iex|iwr|irm|icm|gci|gwmi|saps|spps|gps|gsv)\s*[($"'{&|\\-]|\|\s*(?:iex|icm|out-\w+|%\s*\{|\?\s*\{|select\s+-)|\bNew-Object\s+\(?['"]?(?:System\.)?(?:Net|IO|Text|Diagnostics|Security|Management|Reflection|ComObject|-com)\b|\[(?:System\.)?(?:Net|IO|Text|Convert|Reflection|Diagnostics|Runtime|Security|Environment|Char|Byte|Ref|ScriptBlock|Activator|AppDomain|Array|Math|Type|Management|Windows|Microsoft)[\w.\[\]]*\]\s*(?:::|\$|\()|\.Download(?:String|File|Data)\s*\(|\bFromBase64String\s*\(|\b-(?:e(?:nc|ncodedcommand)?|ec)\s+[A-Za-z0-9+/=]{16,}|\s-(?:nop|noprofile|noni|noninteractive|w(?:indowstyle)?\s+(?:hidden|1)|ex(?:ec(?:utionpolicy)?)?\s+(?:bypass|unrestricted)|sta)\b|\bAdd-Type\s+-|\bSet-ExecutionPolicy\b|\$\w+\s*=\s*New-|\bStart-Process\b|\bpowercat\b`,
  ),
  windows(
    'windows-caret',
    5,
    ['value', 'name', 'cookie', 'path', 'referer', 'agent'],
    re`\b[a-z]{1,3}\^[a-z]{1,6}(?:\^[a-z]{1,6}){1,10}(?:\s|\.|$|/)|\bc\^m\^?d|\bc\^?m\^d|[a-z]""[a-z]{1,8}\s|\x60[a-z]\x60?[a-z]+-`,
  ),
];
