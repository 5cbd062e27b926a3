import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError, describeConfig, loadConfig } from './config.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vallum-config-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = path.join(folder, 'vallum.yaml');

function load(yaml: string, env: Record<string, string> = {}) {
  writeFileSync(file, yaml);
  return loadConfig(env, folder);
}

const provider = `
models:
  providers:
    - name: remote
      base_url: https://models.example.com/v1
      api_key: sk-a-secret
      models: [{ id: large }]
`;

describe('the settings', () => {
  it('come from the file, over which a variable has the last word', () => {
    const { config } = load('host: 0.0.0.0\nport: 9000', { VALLUM_PORT: '9001' });
    expect(config).toMatchObject({ host: '0.0.0.0', port: 9001 });
  });

  it.each([
    ['prot: 1', {}, /prot \(from .*vallum\.yaml\).*it is a number/],
    ['port: many', {}, /port \(from .*vallum\.yaml\).*it is a string/],
    ['port: 9000', { VALLUM_PORT: 'many' }, /port \(from VALLUM_PORT\)/],
    [
      'models: { providers: [{ name: a, base_url: nowhere, models: [{ id: b }] }] }',
      {},
      /models\.providers\.0\.base_url/,
    ],
    ['', { VALLUM_PROT: '1' }, /VALLUM_PROT is not a setting; known are .*VALLUM_PORT/],
    ['tls: { cert: a, key: b, ca: c }', {}, /tls\.ca.*need each other/],
    ['tls: { cert: a, key: b, minimum: "1.1" }', {}, /tls\.minimum/],
    ['proxies: { trusted: [10.0.0.0/33] }', {}, /proxies\.trusted\.0.*address or a network/],
    ['proxies: { proxy_protocol: v2 }', {}, /proxies\.proxy_protocol.*needs trusted/],
    [
      'proxies: { trusted: [10.0.0.1], client_certificate_header: client-cert }',
      {},
      /proxies\.client_ca.*need each other/,
    ],
    ['cors: { origins: ["*"] }', {}, /cors\.origins\.0.*must be an origin/],
    ['cors: { origins: ["https://a.example/"] }', {}, /cors\.origins\.0.*must be an origin/],
    [
      `identity: { certificates: [{ ca_fingerprint: ${'a'.repeat(64)}, tenant: tnt_01890a5d-ac96-774b-bcce-b302099a8057, scopes: [vallum:read] }] }`,
      {},
      /identity\.certificates.*nobody is asked for a certificate/,
    ],
    ['- a list', {}, /must hold settings by name, and holds a list/],
  ])('that are wrong stop the start, with their place: %s %j', (yaml, env, message) => {
    expect(() => load(yaml, env)).toThrow(ConfigError);
    expect(() => load(yaml, env)).toThrow(message);
  });

  it('are said with where each comes from, in lists too, and secrets are masked', () => {
    const lines = describeConfig(load(provider, { VALLUM_HOST: '::1' })).split('\n');
    expect(lines).toContain('host: "::1"  # VALLUM_HOST');
    expect(lines).toContain('port: 8000  # default');
    expect(lines).toContain(`models.providers.0.name: "remote"  # ${file}`);
    expect(lines).toContain(`models.providers.0.models.0.id: "large"  # ${file}`);
    expect(lines).toContain(`models.providers.0.api_key: ********  # ${file}`);
    expect(lines).toContain('models.providers.0.connections: 256  # default');
    expect(lines.join('\n')).not.toContain('sk-a-secret');
  });
});
