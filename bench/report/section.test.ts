import { describe, expect, it } from 'vitest';
import { replaceSection } from './section.ts';

const page = 'Before.\n\n<!-- bench:a -->\nold\n<!-- /bench:a -->\n\nAfter.\n';

describe('a section of the page of results', () => {
  it('is replaced between its marks, and nothing else is', () => {
    const once = replaceSection(page, 'a', 'new\n');
    expect(once).toBe('Before.\n\n<!-- bench:a -->\n\nnew\n\n<!-- /bench:a -->\n\nAfter.\n');
    expect(replaceSection(once, 'a', 'new')).toBe(once);
  });

  it('is not made up where there is no place for it', () => {
    expect(() => replaceSection(page, 'b', 'new')).toThrow('put <!-- bench:b --> and <!-- /bench:b -->');
  });
});
