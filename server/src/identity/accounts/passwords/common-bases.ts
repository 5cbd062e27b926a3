/**
 * What passwords are made of when people make them: words of four letters and more, in lower case, that guessing tries first, with endings, years and letters replaced.
 * Written down by us from what is common knowledge of this field; it needs no list of others, and is no substitute for one (docs/guides/accounts.md says how to give one).
 */
export const commonBases: readonly string[] = `
password passwort passwd passcode passphrase passe motdepasse contrasena contrasenya senha parola wachtwoord salasana losenord haslo heslo jelszo sifre
letmein openup openit opensesame welcome willkommen bienvenue bienvenido benvenuto changeme change changeit chang3 default defaults initial temporary temp
secret secrets topsecret geheim secreto segreto hidden private confidential access granted entry login logon signin account
admin administrator administrador root superuser sysadmin sysop webmaster postmaster hostmaster operator manager master user users username guest
test tests testing tester demo sample example trial backup server service system computer laptop desktop internet network router wifi wireless
windows linux ubuntu debian apple macintosh google facebook twitter instagram youtube amazon microsoft oracle cisco samsung nokia android iphone
database mysql postgres mongo redis docker kubernetes azure cloud github gitlab jenkins tomcat apache nginx public secure security
vallum rampart agent agents model models token tokens bearer apikey openai claude gemini chatgpt robot robots
company business office work working corporate finance account payroll hospital clinic doctor patient nurse medical health
monkey dragon tiger lion eagle falcon phoenix panther cheetah jaguar cobra viper shark dolphin whale panda bear wolf wolves fox rabbit bunny kitty kitten
puppy doggy dogs cats horse horses pony chicken duck turtle spider scorpion mustang bulldog hunter ranger rangers
sunshine moonlight moonshine starlight rainbow sunset sunrise thunder lightning storm snow winter spring summer autumn fall season
sommer fruehling herbst verano invierno ete hiver january february march april june july august september october november december
januar februar maerz juni juli oktober dezember monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag sonntag
morning evening night midnight today tomorrow yesterday forever always never again
love lover loves loveyou iloveyou iloveu lovely darling sweetheart sweety sweetie honey baby babygirl babyboy princess prince queen king kings angel angels
heaven hello hallo bonjour hola ciao goodbye thanks thankyou please sorry friend friends friendship family mother father mommy daddy sister brother
michael michelle jennifer jessica jordan daniel david thomas robert richard william charles joseph anthony andrew matthew joshua christopher christian
nicole amanda ashley sarah laura maria marie anna hannah emily emma olivia sophia isabella charlotte elizabeth victoria alexander alexandra alexis
maximilian martin stefan andreas peter paul lukas felix julia katharina claudia sabine carlos pedro juan jose antonio francisco manuel ricardo fernando
pierre jean jacques francois nicolas julien camille giulia marco luca alessandro giovanni ivan dmitri sergey natasha tatiana ahmed mohammed fatima
george harry potter hermione ginger pepper cookie cookies chocolate vanilla cherry strawberry banana orange lemon apple peaches coffee cheese butter pizza
burger chicken pumpkin peanut candy sugar honey whiskey vodka tequila beer wine
football soccer baseball basketball hockey tennis golf cricket rugby volleyball swimming running cycling racing nascar
arsenal chelsea liverpool manchester united barcelona realmadrid juventus bayern munich dortmund benfica porto celtic everton tottenham yankees lakers
cowboys steelers eagles packers patriots broncos raiders redsox dodgers giants
superman batman spiderman ironman wolverine avengers marvel starwars skywalker darth vader yoda jedi startrek enterprise matrix trinity neo gandalf frodo
pokemon pikachu mario luigi zelda sonic minecraft fortnite roblox warcraft starcraft counterstrike callofduty halo diablo
naruto sasuke goku dragonball simpson simpsons simba nemo shrek mickey minnie donald disney barbie hellokitty tinkerbell
mercedes porsche ferrari lamborghini mustang corvette camaro toyota honda nissan subaru mazda audi yamaha suzuki kawasaki harley davidson ducati
london paris berlin madrid lisbon vienna zurich munich hamburg newyork chicago boston dallas houston austin denver seattle california texas florida
america american england english france deutschland germany espana spain italia italy brazil brasil mexico canada australia russia china japan india
metallica nirvana slipknot eminem beatles elvis rocknroll guitar music musica drummer dancer dance singer rockstar
freedom peace hope faith grace trust believe blessed blessing jesus christ jesuschrist church bible buddha allah
computer keyboard monitor mouse printer hacker hackers hacking cracker cyber matrix killer killers death devil demon satan ghost vampire zombie
power powerful strong stronger money cash dollar dollars million rich lucky luck winner winners champion champions success victory
purple yellow green black white silver golden gold diamond crystal pearl ruby emerald sapphire orange violet scarlet
flower flowers rose roses jasmine daisy lily violet garden forest mountain river ocean beach island desert paradise
merlin wizard magic magical mystery fantasy dream dreams dreamer unicorn fairy pirate ninja samurai warrior soldier army navy marine airforce
school student teacher college university study english history science physics chemistry biology math
whatever nothing something anything everything somebody nobody everybody trustno trustnoone iamgod fuckyou fuckoff asshole bitch shit pussy sexy sexy
correcthorsebatterystaple abcd abcdef asdf asdfgh qwer qwert qwerty qwertz azerty qazwsx zaqwsx wsxedc
`
  .trim()
  .split(/\s+/)
  .filter((word) => word.length >= 3);
