/**
 * Lists of words that rules refer to, in several languages. Case, accents and apostrophes do not count: `dont` is "don't", and
 * `regles` is "règles". Chinese and Japanese words have two characters, as the reader gives them.
 */
const words = (...rows: readonly string[]): readonly string[] => rows.flatMap((row) => row.split(' '));

export const lexicon: Readonly<Record<string, readonly string[]>> = {
  /** Verbs that put instructions aside. */
  dismiss: words(
    'ignore ignores ignoring disregard disregards disregarding forget overlook neglect',
    'ignoriere ignorier ignorieren ignoriert vergiss vergesst vergessen missachte missachten uebergehe ubergehe verwirf',
    'ignorez ignorer oublie oubliez oublier neglige negligez negliger',
    'ignora ignoren ignorar ignores olvida olvide olviden olvidar olvidate omite descarta descarte desestima',
    'esqueca esquece esquecam esquecer desconsidere desconsiderar desconsidera despreze',
    'ignorate ignorare ignori dimentica dimenticate dimenticare trascura scorda scordati tralascia',
    'negeer negeren vergeet vergeten',
    'игнорируй игнорируйте игнорировать проигнорируй проигнорируйте забудь забудьте забыть отбрось отмени',
    '忽略 忽视 无视 無視 忘记 忘記 忘掉 忘れ',
  ),
  /** Verbs that do so among other things: firewalls override policies, and shops cancel orders. */
  setAside: words(
    'override overriding overrule bypass skip discard drop abandon cancel void nullify dismiss erase',
  ),
  /** What was there before. */
  prior: words(
    'previous previously prior above earlier preceding before past former foregoing initial original existing old aforementioned',
    'vorherige vorherigen vorige vorigen bisherige bisherigen obige obigen fruhere fruheren vorangegangene vorangegangenen vorher zuvor bisher',
    'precedentes precedents precedente precedent anterieures anterieurs avant dessus initiales',
    'anteriores anterior previas previos previa previo antes arriba iniciales acima iniciais',
    'precedenti anteriori prima sopra iniziali',
    'vorige eerdere voorgaande bovenstaande',
    'предыдущие предыдущую предыдущих прошлые прежние ранее выше предшествующие',
    '之前 以上 先前 前面 上述 上面 以前 上記',
  ),
  /** What a model was told to do. */
  orders: words(
    'instruction instructions directive directives direction directions command commands order orders prompt prompts rule rules',
    'guideline guidelines guidance guardrails constraints restrictions limitations policy policies programming training safeguards',
    'anweisung anweisungen instruktion instruktionen befehl befehle vorgaben regeln richtlinien aufforderungen',
    'consigne consignes ordre ordres regle regles directrices',
    'instruccion instrucciones indicacion indicaciones orden ordenes regla reglas',
    'instrucao instrucoes ordem ordens regra regras diretrizes comandos',
    'istruzione istruzioni indicazioni ordine ordini regola regole direttive comandi',
    'instructies opdrachten opdracht regels',
    'инструкция инструкции инструкций указания указаний команды приказы правила',
    '指令 指示 说明 規則 规则 提示 命令 要求 设定 ルール',
  ),
  /** Orders, by words that have few other meanings. */
  instructions: words(
    'instruction instructions directive directives prompt prompts guideline guidelines guardrails programming safeguards',
    'anweisung anweisungen instruktionen vorgaben richtlinien consignes instrucciones indicaciones instrucoes diretrizes istruzioni direttive',
    'instructies инструкции указания 指令 指示',
  ),
  all: words(
    'all any every each everything anything whatever entire',
    'alle alles sammtliche samtliche jede',
    'tout toutes tous toute',
    'todas todos todo toda cualquier qualquer',
    'tutte tutti tutto ogni',
    'все всё всех 所有 全部 一切 任何 すべ',
  ),
  everything: words('everything anything alles tout todo tudo tutto всё 一切'),
  given: words(
    'given gave got received receive provided told said taught learned learnt instructed assigned stated written know',
    'gesagt bekommen erhalten gegeben dit donne donnees recues dije dicho dado dadas recibido recebeu disse dito detto dato date ricevuto',
  ),
  yours: words(
    'your ur yours deine deinen deiner ihre ihren tes vos votre tus sus seus suas tue tuoi vostre je jouw uw твои ваши свои',
  ),
  these: words('the these this those any such die diese ces les las los estas estos as os estas queste le'),
  not: words(
    'not no never dont cannot cant without nicht kein keine ne pas jamais nunca não nao non mai niet не',
    'shouldnt mustnt wont didnt doesnt',
  ),
  dont: words('not dont never stop quit cease longer nicht ne no nao non niet не'),
  obey: words(
    'follow obey adhere comply respect listen abide following obeying adhering complying heed befolge befolgen beachte beachten suivez suis sigas sigue siga seguire segui volg следуй',
  ),
  /** Makes known. */
  reveal: words(
    'reveal show say spell encode tell print output repeat display leak expose share disclose recite dump divulge spell echo return give provide list summarize translate paste quote reproduce',
    'zeige zeig nenne verrate wiederhole gib ausgeben montre montrez revele revelez affiche repete repetez',
    'muestra muestrame revela repite dime imprime mostre repita diga mostra rivela ripeti stampa dimmi',
    'покажи покажите раскрой повтори выведи 显示 告诉 重复 输出 透露 表示 教え',
  ),
  repeat: words(
    'repeat print output echo recite display return write reproduce wiederhole repete repetez repite repita ripeti повтори 重复',
  ),
  ask: words('what whats which were was tell show quel quelles quelle cual cuales qual quali welke wie'),
  /** What a model was given and a user does not see. */
  hiddenly: words(
    'system systemprompt initial original hidden secret internal developer starting first confidential underlying preliminary sistema systeme sistema',
  ),
  prompts: words(
    'prompt prompts preprompt systemprompt message instruction instructions directive directives configuration initialization',
    'anweisungen instruktionen consignes instrucciones instrucoes istruzioni инструкции',
  ),
  words: words('words text content contents message messages lines paragraph tokens'),
  above: words('above preceding previously earlier oben dessus arriba acima sopra'),
  verbatim: words('verbatim exactly entirety'),
  secrets: words(
    'password passwords passcode passphrase secret credentials passwort contrasena senha пароль 密码',
  ),
  conversation: words(
    'messages message conversation context input text inputs dialogue chat history contexto contexte kontext',
  ),
  allowed: words('allowed permitted supposed'),
  rules: words('rules guidelines constraints'),
  users: words('user users human person customer anyone anybody'),
  mention: words('mention tell inform reveal notify alert disclose'),
  telling: words('telling informing asking notifying alerting mentioning'),
  put: words('set put throw cast push leave'),
  task: words('task job goal objective mission purpose role aufgabe tache tarea tarefa compito'),
  ordersColon: words('instructions: instruction: request: directive: task: orders: rules: prompt: command:'),
  off: words('off disabled deactivated removed'),
  models: words(
    'ai ais assistant assistants chatbot chatbots llm llms model models bot gpt chatgpt agent agents',
  ),
  makers: words('openai openais anthropic chatgpt'),
  notice: words('note attention message instruction instructions notice reminder hint warning'),
  reading: words('reading processing summarizing analyzing parsing'),
  authorized: words('authorized authorised permitted instructed asked approved'),
  simulate: words('simulate emulate impersonate imagine'),
  conscience: words(
    'ethics ethical moral morals morality ethicality legality censorship filter filters filtering guideline guidelines guardrails safeguards',
  ),
  limits: words(
    'restrictions restriction limits limitations limitation rules constraints boundaries policies policy regulations confines restraints',
    'inhibitions einschrankungen restricciones restricoes restrizioni limiti ограничений',
  ),
  free: words('free freed broken unbound unshackled liberated escaped'),
  bound: words('bound restricted limited constrained bounded governed restrained held confined'),
  abide: words('abide follow adhere comply obey conform respect'),
  dismisses: words(
    'ignore ignores ignoring bypass bypasses bypassing disregard disregards defy defies break breaks breaking violate violates',
  ),
  unlimited: words(
    'unrestricted unfiltered uncensored amoral jailbreak jailbroken jailbreaked jailbreaks limitless unhinged unethical',
  ),
  jailbreak: words('jailbreak evil unfiltered unrestricted'),
  wicked: words(
    'illegal unethical immoral dangerous harmful offensive unlawful inappropriate explicit hateful vulgar racist sexist nsfw malicious violent illegally',
  ),
  refuse: words('refuse refuses reject rejects decline declines deny denies censor censors'),
  say: words('say says tell respond reply state inform'),
  cannot: words('cannot cant sorry apologize unable'),
  apologize: words('apologize apologise apologizes'),
  warnings: words('warnings warning disclaimers disclaimer cautionary moralizing'),
  policies: words('policy policies guidelines limitations restrictions'),
  send: words('send forward email mail post upload transmit transfer exfiltrate wire pay deliver share'),
  privately: words(
    'conversation history credentials password passwords cookies tokens secrets keys inbox emails contacts calendar',
  ),
  reply: words('reply response responses answer answers output summary'),
  /** The reader's markers: a word right after one of `|[<#/`, or before a colon. */
  imMarker: ['|im'],
  roleMarker: words(
    '[inst /inst <sys /sys |system |assistant |user |endoftext |eot <system /system #system: #instruction: #instructions:',
  ),
  angleMarker: ['<start', '<end'],
};
