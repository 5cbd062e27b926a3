import { fileURLToPath } from 'node:url';
import { startServer } from '../processes/child.ts';
import { type Contender, contenderOf } from './contender.ts';

/** Started by its path, so nothing imports it. @type {import('@portkey-ai/gateway')} */
const program = fileURLToPath(
  new URL('../node_modules/@portkey-ai/gateway/build/start-server.js', import.meta.url),
);

/**
 * `@portkey-ai/gateway` as its README starts it, without its console and without checks, with the upstream as its custom host. It trusts private
 * addresses only when they are named in its environment.
 */
export async function startPortkey(upstreamPort: number): Promise<Contender> {
  const child = await startServer(program, (port) => [`--port=${port}`, '--headless'], {
    ...process.env,
    NODE_ENV: 'production',
    TRUSTED_CUSTOM_HOSTS: '127.0.0.1,localhost',
  });
  return contenderOf('portkey', child, {
    authorization: 'Bearer sk-bench-upstream',
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort}/v1`,
  });
}
