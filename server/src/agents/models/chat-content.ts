import type { ContentFields, Segment, StreamCodec } from '../../kernel/index.ts';
import { replyPlaces, requestPlaces } from './chat-places.ts';
import { replaceAt } from './chat-redaction.ts';
import { ChatStream } from './chat-stream.ts';
import { ContentWalk } from './content-walk.ts';
import { dataOf, eventOf } from './sse.ts';

/** Where content is in chat completions: every string that is not on the list of plain places. */
export const chatContent: ContentFields = {
  input(body) {
    const segments: Segment[] = [];
    const walk = new ContentWalk('input-invalid', (text, pointer, channel, plain) => {
      segments.push(plain ? { channel, pointer, text, plain: true } : { channel, pointer, text });
    });
    walk.value(body, requestPlaces, 'user', '');
    return segments;
  },
  output(body) {
    const segments: Segment[] = [];
    const walk = new ContentWalk('upstream-failed', (text, pointer, channel) => {
      if (text !== '') segments.push({ channel, pointer, text });
    });
    walk.value(body, replyPlaces, 'output', '');
    return segments;
  },
  replace: replaceAt,
  stream: (body) => framesOf(new ChatStream(body)),
};

/** A stream's frames are server-sent events, each with one chunk as its data. */
const framesOf = (stream: ChatStream): StreamCodec => ({
  read(frame) {
    const data = dataOf(frame);
    return data === undefined ? undefined : stream.read(data);
  },
  write: (event, texts) => eventOf(stream.write(event, texts)),
  failure: (error, requestId) => stream.failure(error, requestId),
});
