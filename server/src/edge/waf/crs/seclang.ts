/** One SecRule as it is written, with what is chained to it. */
export interface SecRule {
  readonly variables: readonly string[];
  /** `rx`, `pm`, ...; what has no name is `rx`. */
  readonly operator: string;
  readonly negated: boolean;
  readonly argument: string;
  /** Actions in order; `t` may come many times. */
  readonly actions: readonly { readonly name: string; readonly value: string }[];
  readonly chained: readonly SecRule[];
}

/** The SecRules of one configuration file, in order. Other directives are left out. */
export function readSecRules(text: string): SecRule[] {
  const rules: SecRule[] = [];
  let open: { rule: SecRule; chained: SecRule[] } | undefined;
  for (const line of logicalLines(text)) {
    const [directive, variables, operator, actions = ''] = tokensOf(line);
    if (directive?.toLowerCase() !== 'secrule' || variables === undefined || operator === undefined) continue;
    const chained: SecRule[] = [];
    const rule: SecRule = {
      ...operatorOf(operator),
      variables: splitVariables(variables),
      actions: actionsOf(actions),
      chained,
    };
    if (open) open.chained.push(rule);
    else {
      rules.push(rule);
      open = { rule, chained };
    }
    if (!rule.actions.some(({ name }) => name === 'chain')) open = undefined;
  }
  return rules;
}

/** The value of the first action of a name, without its quotes. */
export const actionOf = ({ actions }: SecRule, wanted: string): string | undefined =>
  actions.find(({ name }) => name === wanted)?.value;

/** Lines that end in a backslash go on; comments are lines. */
function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const raw of text.split(/\r?\n/)) {
    if (line === '' && /^\s*(?:#|$)/.test(raw)) continue;
    if (raw.endsWith('\\')) line += raw.slice(0, -1);
    else {
      lines.push(line + raw);
      line = '';
    }
  }
  if (line) lines.push(line);
  return lines;
}

/** Words and "quoted words"; inside of quotes \" is a quote, and any other backslash is itself. */
function tokensOf(line: string): string[] {
  const tokens: string[] = [];
  for (let at = 0; at < line.length; ) {
    if (/\s/.test(line[at] ?? '')) at++;
    else if (line[at] === '"') {
      let token = '';
      for (at++; at < line.length && line[at] !== '"'; at++) {
        if (line[at] === '\\' && line[at + 1] === '"') at++;
        token += line[at];
      }
      at++;
      tokens.push(token);
    } else {
      const from = at;
      while (at < line.length && !/\s/.test(line[at] ?? '')) at++;
      tokens.push(line.slice(from, at));
    }
  }
  return tokens;
}

function operatorOf(text: string): Pick<SecRule, 'operator' | 'negated' | 'argument'> {
  const [, not = '', name, argument = ''] = /^(!?)@(\w+)\s*(.*)$/s.exec(text) ?? [];
  if (name !== undefined) return { operator: name, negated: not === '!', argument };
  return text.startsWith('!')
    ? { operator: 'rx', negated: true, argument: text.slice(1) }
    : { operator: 'rx', negated: false, argument: text };
}

/** A bar inside of `/a|b/` belongs to the selector; what follows `XML:` is a path. */
function splitVariables(text: string): string[] {
  const variables: string[] = [];
  let current = '';
  let inside = false;
  for (const character of text) {
    if (character === '|' && !inside) {
      variables.push(current);
      current = '';
      continue;
    }
    if (character === '/' && (inside || /^[^X].*:$/.test(current))) inside = !inside;
    current += character;
  }
  return [...variables, current].filter(Boolean);
}

function actionsOf(text: string): { name: string; value: string }[] {
  const actions: { name: string; value: string }[] = [];
  let current = '';
  let quoted = false;
  for (let at = 0; at <= text.length; at++) {
    const character = text[at];
    if (character === "'" && text[at - 1] !== '\\') quoted = !quoted;
    if (character !== undefined && (character !== ',' || quoted)) {
      current += character;
      continue;
    }
    const [, name, value = ''] = /^\s*([\w.]+)(?::(.*))?\s*$/s.exec(current) ?? [];
    if (name) actions.push({ name, value: value.trim().replace(/^'(.*)'$/s, '$1') });
    current = '';
  }
  return actions;
}
