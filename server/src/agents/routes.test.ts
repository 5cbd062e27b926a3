import { modelList } from '@vallum/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenaiUpstream, startOpenaiUpstream } from '../../../tests/support/openai-upstream.ts';
import type { Route } from '../kernel/index.ts';
import { openaiCompatible } from './adapters/provider-openai-compatible.ts';
import { rehearsal } from './adapters/provider-rehearsal.ts';
import { createCatalog } from './models/catalog.ts';
import type { ModelProvider } from './models/provider.ts';
import { modelRoutes } from './routes.ts';
import { exchangeWith } from './testing/model-call.ts';
import { RecordingOutlet } from './testing/recording-outlet.ts';

let upstream: OpenaiUpstream;
let remote: ModelProvider;
let routes: Route[];

beforeAll(async () => {
  upstream = await startOpenaiUpstream();
  remote = openaiCompatible({
    name: 'remote',
    baseUrl: upstream.url,
    models: [{ id: 'ok' }, { id: 'fast', upstream: 'ok' }],
  });
  routes = modelRoutes({ catalog: createCatalog([rehearsal(), remote]) });
});
afterAll(async () => {
  await remote.close();
  await upstream.close();
});

const routeTo = (path: string): Route => {
  const route = routes.find((one) => one.path === path);
  if (!route) throw new Error(`no route ${path}`);
  return route;
};
const body = (model: string) => ({ model, messages: [{ role: 'user' as const, content: 'Hello' }] });

describe('POST /v1/chat/completions', () => {
  it('declares what the path must know: action, content, size, seals and resource', () => {
    const chat = routeTo('/v1/chat/completions');
    expect(chat).toMatchObject({
      action: 'model:invoke',
      api: 'openai',
      seals: 'each',
      bodyBytes: 16 * 1024 * 1024,
    });
    expect(chat.content?.input(body('rehearsal')).map(({ text }) => text)).toEqual(['Hello']);
    expect(chat.resource?.(exchangeWith(body('fast')))).toBe('model/fast');
  });

  it.each(['rehearsal', 'ok'])('asks the provider of the model %s', async (model) => {
    const outlet = new RecordingOutlet();
    await routeTo('/v1/chat/completions').answer(exchangeWith(body(model)), outlet);
    await outlet.over;
    expect(JSON.parse(outlet.text).choices[0].message.role).toBe('assistant');
  });

  it('sends the bytes as they are, with the name that the provider has for the model', async () => {
    const bytes = Buffer.from('{"big": 12345678901234567890, "model": "fast", "messages": []}');
    const outlet = new RecordingOutlet();
    await routeTo('/v1/chat/completions').answer(exchangeWith(body('fast'), bytes), outlet);
    await outlet.over;
    expect(upstream.received.at(-1)?.text).toBe(bytes.toString().replace('"fast"', '"ok"'));
  });

  it('refuses a model that is not there with its name, and asks nobody', () => {
    const before = upstream.received.length;
    expect(() =>
      routeTo('/v1/chat/completions').answer(exchangeWith(body('gpt-9')), new RecordingOutlet()),
    ).toThrow(
      expect.objectContaining({
        code: 'not-found',
        param: 'model',
        detail: expect.stringContaining('`gpt-9`'),
      }),
    );
    expect(upstream.received.length).toBe(before);
  });
});

describe('GET /v1/models', () => {
  it('lists the models in the shape of the API, by the names that callers use', async () => {
    const list = routeTo('/v1/models');
    expect(list).toMatchObject({ action: 'model:list', api: 'openai', seals: 'none', bodyBytes: 0 });
    const exchange = exchangeWith(body('rehearsal'));
    exchange.caller = {
      principal: { type: 'service', id: 'key_01890a5d-ac96-774b-bcce-b302099a8057' },
      organization: 'org_01890a5d-ac96-774b-bcce-b302099a8057',
      tenant: 'tnt_01890a5d-ac96-774b-bcce-b302099a8057',
      environment: 'development',
      scopes: [],
      roles: [],
      credential: { kind: 'key', id: 'key_1' },
      ratePerMinute: 1,
    };
    const outlet = new RecordingOutlet();
    await list.answer(exchange, outlet);
    expect(modelList.parse(JSON.parse(outlet.text)).data.map(({ id, owned_by }) => [id, owned_by])).toEqual([
      ['rehearsal', 'rehearsal'],
      ['ok', 'remote'],
      ['fast', 'remote'],
    ]);
  });
});
