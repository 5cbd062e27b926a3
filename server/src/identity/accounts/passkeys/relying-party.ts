import { isIP } from 'node:net';
import { type Exchange, Fault } from '../../../kernel/index.ts';
import type { RelyingParty } from './ceremony.ts';

/**
 * Whom passkeys are made for: the host of `url`, where it is configured. Without it only `localhost` can be meant, at whichever port it is asked for: a passkey for it is of no use anywhere else.
 * Addresses have no passkeys (WebAuthn Level 3, 5.1.3: the id is a domain).
 */
export function createRelyingParty(url: string | undefined): (x: Exchange) => RelyingParty {
  const configured = url === undefined ? undefined : partyOf(url);
  return ({ arrival: { headers } }) => {
    const host = typeof headers.host === 'string' ? headers.host : '';
    const party =
      url === undefined && /^localhost(?::\d+)?$/.test(host) ? partyOf(`http://${host}`) : configured;
    if (party) return party;
    throw new Fault('not-found', {
      detail: 'Passkeys need a host name: set `url` in vallum.yaml, or open this server as http://localhost.',
    });
  };
}

function partyOf(url: string): RelyingParty | undefined {
  const { hostname, origin } = new URL(url);
  return isIP(hostname.replaceAll(/^\[|\]$/g, '')) ? undefined : { id: hostname, origin };
}
