import type { ModelProvider } from './provider.ts';

/** Who answers for a model. */
export interface CatalogEntry {
  readonly id: string;
  readonly provider: ModelProvider;
  /** What the provider calls the model. */
  readonly upstream: string;
}

/** Every model that callers may name. */
export interface Catalog {
  find(id: string): CatalogEntry | undefined;
  list(): readonly CatalogEntry[];
}

/** @throws Error for an id that two providers claim: which of them answers must not depend on their order. */
export function createCatalog(providers: readonly ModelProvider[]): Catalog {
  const entries = new Map<string, CatalogEntry>();
  for (const provider of providers)
    for (const { id, upstream = id } of provider.models()) {
      const other = entries.get(id);
      if (other)
        throw new Error(
          `model ${id} is listed by ${other.provider.name} and by ${provider.name}; rename one`,
        );
      entries.set(id, { id, provider, upstream });
    }
  const list = [...entries.values()];
  return { find: (id) => entries.get(id), list: () => list };
}
