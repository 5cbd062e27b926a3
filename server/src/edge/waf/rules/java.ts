import type { Rule } from '../rule.ts';
import { anywhere, oneOf, re, rulesOf } from './rule-maker.ts';

const java = rulesOf('java');

const packages =
  oneOf(re`java\.(?:lang|io|net|nio|util\.(?:concurrent|logging|zip|jar|prefs|scanner|priorityqueue|hashmap|timer\w*)|rmi|sql|beans|awt|security|applet|text) javax\.(?:script|naming|management|swing|servlet|xml|sql|crypto|imageio|el|faces|activation|net|persistence|security|tools|validation)
  com\.(?:sun|opensymphony|mchange|thoughtworks|caucho|rometools|zaxxer|mysql|alibaba|bea|ibm|oracle|tangosol|vaadin|microsoft\.sqlserver|pastdev|newrelic|p6spy|atomikos|apple) org\.(?:apache\.(?:commons\.(?:collections\d?|beanutils|dbcp\d?|configuration\d?|fileupload|io|jelly|proxy|jxpath|text|scxml|lang)|xalan|xbean|tomcat|struts\d?|shiro|wicket|myfaces|batik|bcel|click|axis\d?|openjpa|ibatis|log4j|logging|velocity|catalina|naming|aries|hadoop|activemq|cxf|ignite|drill|logging|xpath|commons) springframework codehaus\.(?:groovy|jackson) mozilla\.javascript hibernate jboss python\.(?:core|util) clojure quartz h2 postgresql jdom|reflections|jruby|docx4j|arrahtec|slf4j)`);

export const javaRules: readonly Rule[] = [
  java(
    'java-package',
    3,
    anywhere,
    re`(?:^|[^\w-])(?:java\.(?:lang|io|net|nio|util|rmi|sql|beans|awt|security)|javax\.\w+|com\.(?:sun|opensymphony|mchange|thoughtworks|caucho|alibaba|bea)|org\.(?:apache\.\w+|springframework|codehaus|mozilla\.javascript|hibernate|jboss|python)|sun\.(?:misc|reflect|rmi|print)|freemarker|groovy\.(?:util|lang)|ognl|jdk\.\w+|bsh|clojure|net\.sf|scala\.sys)[.$:]`,
  ),
  java(
    'java-class',
    5,
    anywhere,
    re`\bjava\.(?:Runtime|ProcessBuilder)\b|\bjava[.$/]+lang[.$/]+(?:Runtime|ProcessBuilder|ProcessImpl|Process|System|Class(?:Loader)?|Thread|Shutdown|Compiler|reflect|invoke|Object|String(?:Builder|Buffer)?|Math|Exception|Integer|Character|annotation|management|instrument|ref|Throwable|UNIXProcess)\b|\bjava[.$]io[.$](?:File\w*|Buffered\w+|ObjectInputStream|InputStream\w*|PrintWriter|RandomAccessFile|ByteArray\w+|Serializable|BufferedReader|Scanner|Output\w*|Reader|Writer)\b|\bjava[.$]net[.$](?:URL\w*|Socket|ServerSocket|InetAddress|HttpURLConnection|URI)\b|\bjava[.$]util[.$](?:Scanner|PriorityQueue|HashMap|HashSet|Hashtable|Locale|logging|zip|jar|concurrent|Properties|Base64|ArrayList|Map|Collections|TreeMap|prefs|regex|stream)\b|\bjava[.$]nio[.$]\w+|\bjava[.$](?:rmi|beans|sql|awt|security|text|applet)[.$]\w+|\bjavax[.$](?:script|naming|management|swing|servlet|xml|sql|crypto|el|faces|imageio|activation|tools)\b|\b${packages}[.$]\w+`,
  ),
  java(
    'java-call',
    5,
    anywhere,
    re`\b(?:getRuntime|getMethods?|getDeclared(?:Methods?|Fields?|Constructors?)|getConstructors?|newInstance|forName|getClassLoader|loadClass|defineClass|getEngineByName|getInputStream|getResource(?:AsStream)?|addURL|setAccessible|getenv|getProperty|readObject|transform|getClass|getWriter|getServletContext|getSession|getParameter|getAttribute|exec|invoke|start|waitFor|toCharArray|InitialContext|lookup)\s*\(\s*(?:\)|['"\w(@#])\S*(?:\)\s*[.;)]|['"]\s*\)|\(|#|@)|\bRuntime\s*\.\s*(?:getRuntime|exec)|\bProcessBuilder\b\s*(?:\(|\.|\{)|\bnew\s+(?:java|javax|ProcessBuilder|FileWriter|FileReader|FileInputStream|FileOutputStream|File|URL|Socket|Scanner|InitialContext|ScriptEngineManager|String\s*\[|byte\s*\[|ObjectInputStream|BufferedReader|PrintWriter|URLClassLoader|GroovyShell|GroovyClassLoader)\b`,
  ),
  java(
    'java-gadget',
    5,
    anywhere,
    oneOf(re`\bInvokerTransformer\b \bChainedTransformer\b \bConstantTransformer\b \bInstantiateTransformer\b \bTemplatesImpl\b \bBadAttributeValueExpException\b \bAnnotationInvocationHandler\b \bCommonsCollections\d?\b \bJdbcRowSetImpl\b \bClonedTransformer\b \bForClosure\b \bInstantiateFactory\b \bPrototype(?:Clone|Serialization)Factory\b \bWhileClosure\b \bBeanComparator\b \bLazyMap\b \bHashMap\b\W{0,6}\breadObject \bPropertyPathFactoryBean\b
    \bC3P0\w* \bJndiConverter\b \bMethodInvokeTypeProvider\b \bObjectFactoryDelegatingInvocationHandler\b \bBasicDataSource\b \bScriptEngine(?:Manager|Factory)?\b \bURLClassLoader\b \bGroovyShell\b \bConvertedClosure\b \bMethodClosure\b \bExpando\b \bSpelExpressionParser\b \bClassPathXmlApplicationContext\b \bFileSystemXmlApplicationContext\b \bysoserial\b \bJNDIExploit\b \bmarshalsec\b \bjava\.lang\.UNIXProcess\b \bBeanFactory\b\W{0,4}\bforceString\b \bELProcessor\b \bXMLDecoder\b \bObjectInputStream\b \bSerializationUtils\b \bXStream\b \bremoteJNDI\b \bLdapAttribute\b \bSignedObject\b \bTiedMapEntry\b`),
  ),
  java(
    'java-serialized',
    5,
    anywhere,
    re`rO0AB[XQ]|KztAAU|Cs7QAF|7QAFdA|H4sIAAAAAAAA[A-Za-z0-9]{2}|\b(?:0x)?aced0005\b|aced00057[0-9a-f]|\x{ac}\x{ed}\x00?\x05|\x{fffd}\x{fffd}\x00?\x05(?:sr|ur|t|w|xp)|/wEy[A-Za-z0-9+/]{8}|AAEAAAD/////|\bBCEL\$\$|\$\$BCEL\$\$`,
  ),
  java(
    'java-ognl',
    5,
    anywhere,
    re`#_?(?:memberAccess|context|attr|request|session|application|parameters|root|this|cmd|cmds|iswin|process|ros|ognlUtil|container|dm|res|req|resp|out|rt|str|wr|a|p|xx|_)\s*(?:[=.(\[]|@|\))|@[\w.]{3,}@\w+|\(\s*#\w+\s*=|#\{\s*\w+[.(]|(?:^|[^\w])[%$#*]\{\s*(?:#|@|\(|new\s|T\s*\(|'|"|\w+\s*\(|\d+\s*[-+*/%]|[\w.]+\.\w+\s*\(|[\w.\['"\]]+\()|\b_memberAccess\b|\bDEFAULT_MEMBER_ACCESS\b|\ballowStaticMethodAccess\b|\bxwork\b|\bredirect(?:Action)?:\s*[%$#{/\\h]|\baction:\s*[%$#]|\bmethod:#|\bdenyMethodExecution\b|\.multipart/form-data|\bsetExcluded(?:Classes|PackageNames)\b|\bclass\s*(?:\.|\[['"]?)\s*(?:module|classLoader|protectionDomain|forName)\b|\bclassLoader\s*(?:\.|\[)|\bpipeline\.first\.|\bT\s*\(\s*(?:java|org|javax|String|System|Runtime|Character|Class|\w+\.)`,
  ),
  java(
    'java-type-name',
    5,
    anywhere,
    re`\b(?:java\.\w+\.\w+|com\.sun\.(?:rowset|org|jndi|script)\b|sun\.(?:misc|reflect|print|rmi)\.\w+|org\.apache\.(?:xalan|ibatis|tomcat|commons|shiro|xbean|aries|hadoop|cocoon)\b|freemarker\.(?:template|ext|core)\b|ognl\.\w+|bsh\.(?:Interpreter|XThis|servlet)|groovy\.(?:lang|util)\.\w+|org\.yaml\.snakeyaml\b|javassist\.\w+|net\.sf\.(?:json|ehcache|cglib)\b|\$\{?class\.inspect|\[L(?:java|com|org)|\bclass\.getClass)\b`,
  ),
  java(
    'java-jsp',
    5,
    anywhere,
    re`<%[@=!-]?\s*\S.*|<jsp:\w+|<c:(?:set|out|import|if)\b|\bpageContext\b|<%--`,
  ),
];
