import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { inject } from 'vitest';
import type {} from './test-server.ts';

/** A new folder that everybody may enter as far as its mode lets them; it goes when the run ends. */
export const scratchFolder = (): string => mkdtempSync(path.join(inject('postgres').scratch, 'a '));
