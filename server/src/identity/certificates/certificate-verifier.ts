import type { X509Certificate } from 'node:crypto';
import type { TenantId } from '@vallum/contract';
import { type Clock, Fault } from '../../kernel/index.ts';
import { callerOf } from '../grant.ts';
import type { Places } from '../places.ts';
import type { Found } from '../verifier.ts';
import { type CertificateRefusal, type CertificateRule, grantOfCertificate } from './certificate-grant.ts';

/** How long a certificate is believed without asking again. */
const believedMs = 60_000;

/** Knows whom a client's certificates stand for. */
export interface CertificateVerifier {
  /** Tenants for which a certificate and another credential are needed, each with the other. */
  readonly bothFor: ReadonlySet<TenantId>;
  /** @throws Fault `not-authenticated`, the same for everything that can be wrong; `unavailable` where nobody can say */
  find(chain: readonly X509Certificate[]): Promise<Found>;
  refused(): Fault;
}

interface VerifierParts {
  readonly rules: readonly CertificateRule[];
  readonly bothFor: ReadonlySet<TenantId>;
  readonly places: Places;
  readonly clock: Clock;
  readonly subjectKey: Buffer;
  /** Told why, for operators alone. */
  readonly onRefused: (reason: CertificateRefusal | 'tenant') => void;
}

/** Client certificates, by the rules of the settings. */
export function createCertificateVerifier(parts: VerifierParts): CertificateVerifier {
  const { rules, bothFor, places, clock, subjectKey, onRefused } = parts;
  function refuse(reason: CertificateRefusal | 'tenant'): Fault {
    onRefused(reason);
    return refused();
  }
  return {
    bothFor,
    refused,
    async find(chain) {
      const now = clock.now();
      const verdict = grantOfCertificate(chain, rules, new Date(now));
      if ('refused' in verdict) throw refuse(verdict.refused);
      const place = await places.find(verdict.grant);
      if (!place) throw refuse('tenant');
      return {
        caller: callerOf('certificate', verdict.grant, place, subjectKey),
        untilMs: now + believedMs,
        expiresAtMs: Math.min(...chain.map(({ validToDate }) => validToDate.getTime())),
      };
    },
  };
}

const refused = (): Fault =>
  new Fault('not-authenticated', { detail: 'This client certificate stands for nobody here.' });
