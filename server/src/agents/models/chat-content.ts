import type { ContentFields, Segment } from '../../kernel/index.ts';
import { replyPlaces, requestPlaces } from './chat-places.ts';
import { ChatStream } from './chat-stream.ts';
import { ContentWalk } from './content-walk.ts';

/** Where content is in chat completions: every string that is not on the list of plain places. */
export const chatContent: ContentFields = {
  input(body) {
    const segments: Segment[] = [];
    const walk = new ContentWalk('input-invalid', (text, pointer, channel) => {
      segments.push({ channel, pointer, text });
    });
    walk.value(body, requestPlaces, 'user', '');
    return segments;
  },
  output(body) {
    const segments: Segment[] = [];
    const walk = new ContentWalk('upstream-failed', (text, pointer, channel) => {
      segments.push({ channel, pointer, text });
    });
    walk.value(body, replyPlaces, 'output', '');
    return segments;
  },
  stream: (body) => new ChatStream(body),
};
