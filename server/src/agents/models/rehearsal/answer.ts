import type { ChatRequest } from '@vallum/contract';
import { Fault } from '../../../kernel/index.ts';
import { chatContent } from '../chat-content.ts';
import type { Directives } from './directives.ts';
import { directivesIn } from './directives.ts';
import { valueOfSchema } from './value-of-schema.ts';

/** What the rehearsal model says to a request: always the same to the same. */
export interface Answer {
  readonly directives: Directives;
  readonly says: { readonly text: string } | { readonly tool: string; readonly arguments: string };
  readonly finish: 'stop' | 'length' | 'tool_calls';
  readonly usage: { readonly prompt: number; readonly completion: number };
}

type Message = ChatRequest['messages'][number];
type Tool = NonNullable<NonNullable<ChatRequest['tools']>[number]['function']>;

/** Common for English text; good enough to see budgets at work, and easy to check by hand. */
const charactersPerToken = 4;
const tokensOf = (characters: number): number => Math.ceil(characters / charactersPerToken);

const longestEcho = 200;
const filler =
  'This sentence is there to make the reply as long as it was asked to be, and it says nothing else. ';

/** @throws Fault `input-invalid` for a directive that cannot be followed, or a tool that is not there. */
export function answerTo(body: ChatRequest): Answer {
  const asked = textOf(body.messages.findLast(({ role }) => role === 'user'));
  const { directives, rest } = directivesIn(asked);
  const prompt = tokensOf(chatContent.input(body).reduce((sum, { text }) => sum + text.length, 0));
  const tool = toolFor(body, directives);
  if (tool) {
    const value = valueOfSchema(tool.parameters ?? { type: 'object' });
    const args = JSON.stringify(typeof value === 'object' && value !== null ? value : {});
    const usage = { prompt, completion: tokensOf(tool.name.length + args.length) };
    return { directives, says: { tool: tool.name, arguments: args }, finish: 'tool_calls', usage };
  }
  const { text, finish } = limited(
    body,
    directives.say ?? structured(body) ?? plainReply(body, rest, directives),
  );
  return { directives, says: { text }, finish, usage: { prompt, completion: tokensOf(text.length) } };
}

/** The tool to call now: none once a tool has answered, so that a loop of calls comes to its end. */
function toolFor(body: ChatRequest, { tool: directed }: Directives): Tool | undefined {
  const last = body.messages.at(-1)?.role;
  if (last === 'tool' || last === 'function' || body.tool_choice === 'none') return undefined;
  const tools = (body.tools ?? []).flatMap((tool) => (tool.function ? [tool.function] : []));
  const named = (name: string, param: string): Tool => {
    const tool = tools.find((candidate) => candidate.name === name);
    if (!tool)
      throw new Fault('input-invalid', { param, detail: 'The tool that is asked for is not among tools.' });
    return tool;
  };
  const chosen = typeof body.tool_choice === 'object' ? body.tool_choice?.function?.name : undefined;
  if (chosen !== undefined) return named(chosen, 'tool_choice');
  if (directed !== undefined) return named(directed, 'messages');
  if (body.tool_choice !== 'required') return undefined;
  if (!tools[0])
    throw new Fault('input-invalid', {
      param: 'tool_choice',
      detail: 'A tool is required, and tools has none.',
    });
  return tools[0];
}

/** A reply in the format that was asked for. */
function structured({ response_format: format }: ChatRequest): string | undefined {
  if (format?.type === 'json_schema') return JSON.stringify(valueOfSchema(format.json_schema?.schema));
  return format?.type === 'json_object' ? JSON.stringify({ reply: 'example' }) : undefined;
}

function plainReply(body: ChatRequest, asked: string, { length }: Directives): string {
  const last = body.messages.at(-1);
  const says =
    last?.role === 'tool' || last?.role === 'function'
      ? `The tool ${toolNameOf(body, last)} answered: ${excerpt(textOf(last))}`
      : `You said: ${excerpt(asked)}`;
  const reply = `This is the rehearsal model, which runs offline and gives the same answer to the same request. ${says}`;
  if (length === undefined) return reply;
  return `${reply} ${filler.repeat(Math.ceil(length / filler.length))}`.slice(0, length).toWellFormed();
}

/** The name of the tool that a message answers for, as the call gave it. */
function toolNameOf({ messages }: ChatRequest, answer: Message): string {
  const calls = messages.flatMap(({ tool_calls: calls }) => calls ?? []);
  return (
    answer.name ?? calls.find(({ id }) => id === answer.tool_call_id)?.function?.name ?? 'that was called'
  );
}

/** What the request allows of a text: until a stop word, and so many tokens. */
function limited(body: ChatRequest, full: string): { text: string; finish: 'stop' | 'length' } {
  let text = full;
  for (const word of [body.stop ?? []].flat()) {
    const at = word === '' ? -1 : text.indexOf(word);
    if (at !== -1) text = text.slice(0, at);
  }
  const most =
    (body.max_completion_tokens ?? body.max_tokens ?? Number.POSITIVE_INFINITY) * charactersPerToken;
  return text.length > most
    ? { text: text.slice(0, most).toWellFormed(), finish: 'length' }
    : { text, finish: 'stop' };
}

function textOf(message: Message | undefined): string {
  const content = message?.content ?? '';
  return typeof content === 'string'
    ? content
    : content
        .map(({ text }) => text ?? '')
        .join(' ')
        .trim();
}

const excerpt = (text: string): string =>
  text.length <= longestEcho ? text : `${text.slice(0, longestEcho).toWellFormed()}…`;
