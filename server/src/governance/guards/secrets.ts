import { type StreamGuard, streamGuard } from './guard.ts';
import { SecretScan } from './secrets/scan.ts';

const name = 'secrets';

/**
 * Takes keys, tokens and passwords out of what goes to a model and of what comes back. A secret is told by its form (a prefix and
 * a length, a checksum, a header) or by what names it; being random alone makes none, or every hash and image would be one.
 */
export const secretsGuard: StreamGuard = streamGuard({
  name,
  channels: ['system', 'user', 'assistant', 'tool', 'output'],
  open: (place) => new SecretScan(name, place),
});
