/** What the measured exchanges say: a request of 1 KB, and what the model behind it answers. */

const prompt =
  'A customer writes that the parcel with the order number 4711 was left at the wrong door, that the neighbours were on holiday for two weeks, ' +
  'and that the box stood in the rain in the meantime. The printer in it still works, although the tray for the paper is warped and the manual ' +
  'cannot be read any more. She would like to keep the device, and asks for a new tray, a new manual in English and an answer before Friday, since ' +
  'she is away from then on. Write a short and friendly reply for our service desk. Thank her for the photos, say that we are sorry, and tell her ' +
  'that both parts will be sent today by express at no cost. Do not promise a refund, and do not blame the carrier: what went wrong there is not ' +
  'known yet. Close with the name of the team, not with the name of a person, and offer the usual telephone number for questions. Keep it under ' +
  'one hundred and twenty words.';

/** 20 characters, like a few tokens. */
const piece = 'words of the answer ';
export const streamedPieces = 100;
export const streamedText = piece.repeat(streamedPieces);

const answer =
  'Dear customer, thank you for the photos. We are sorry that your parcel stood in the rain. A new tray for the paper and a manual in English ' +
  'leave our house today by express, and you pay nothing for them. If anything is still unclear, please call the usual number of the service ' +
  'desk. With kind regards, the team of the service desk.';

/** @param model decides how the upstream behaves; see `upstream.ts`. */
export function requestBody(model: string, stream: boolean): string {
  return JSON.stringify({
    model,
    messages: [
      { role: 'system', content: 'You write letters for the service desk of a shop.' },
      { role: 'user', content: prompt },
    ],
    temperature: 0.2,
    ...(stream && { stream: true }),
  });
}

const envelope = { id: 'chatcmpl-B9aVqkT3eXw2mN0c', created: 1_760_000_000, model: 'bench-1' };

export const plainReply = JSON.stringify({
  ...envelope,
  object: 'chat.completion',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: answer, refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 231, completion_tokens: 74, total_tokens: 305 },
});

const event = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({
    ...envelope,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  })}\n\n`;

/** Server-sent events, first to last. */
export const streamedEvents: readonly string[] = [
  event({ role: 'assistant', content: '' }),
  ...Array.from({ length: streamedPieces }, () => event({ content: piece })),
  event({}, 'stop'),
  'data: [DONE]\n\n',
];

/** What a reply's body says, whatever the way there did to its spelling. @throws SyntaxError when it is not what the API promises */
export function textOf(body: string, stream: boolean): string {
  if (!stream) return (JSON.parse(body) as Completion).choices[0]?.message?.content ?? '';
  const events = body.split('\n\n').filter((line) => line.startsWith('data: '));
  if (events.at(-1) !== 'data: [DONE]') return 'a stream without its end';
  return events
    .slice(0, -1)
    .map((line) => (JSON.parse(line.slice('data: '.length)) as Completion).choices[0]?.delta?.content ?? '')
    .join('');
}

export const expectedText = (stream: boolean): string => (stream ? streamedText : answer);

interface Completion {
  readonly choices: readonly {
    readonly message?: { readonly content?: string };
    readonly delta?: { readonly content?: string };
  }[];
}
