import { describe, expect, it } from 'vitest';
import { createCatalog } from './catalog.ts';
import type { ModelInfo, ModelProvider } from './provider.ts';

const providerOf = (name: string, ...models: ModelInfo[]): ModelProvider => ({
  name,
  models: () => models,
  invoke: () => {},
  close: async () => {},
});

describe('the catalogue', () => {
  it('knows who answers for a model, and what it is called there', () => {
    const one = providerOf('one', { id: 'fast', upstream: 'vendor/fast-2' }, { id: 'plain' });
    const catalog = createCatalog([one, providerOf('two', { id: 'other' })]);
    expect(catalog.find('fast')).toEqual({ id: 'fast', provider: one, upstream: 'vendor/fast-2' });
    expect(catalog.find('plain')?.upstream).toBe('plain');
    expect(catalog.list().map(({ id }) => id)).toEqual(['fast', 'plain', 'other']);
  });

  it('knows no model by the name that only the provider has for it, so that an alias cannot be passed by', () => {
    expect(
      createCatalog([providerOf('one', { id: 'fast', upstream: 'fast-2' })]).find('fast-2'),
    ).toBeUndefined();
    expect(createCatalog([]).find('toString')).toBeUndefined();
  });

  it('refuses an id that two providers list', () => {
    expect(() => createCatalog([providerOf('one', { id: 'm' }), providerOf('two', { id: 'm' })])).toThrow(
      /model m is listed by one and by two/,
    );
  });
});
