/**
 * Identity: organizations, their tenants, and who may act for them. An API key is found by a keyed digest and shown once; JWTs and client certificates of
 * others are believed as far as the settings say, and never further. What is wrong with a credential that is refused is not said. It knows who calls, not
 * what they may do: that is policy.
 */
export { createHashing } from './accounts/hashing.ts';
export { createRelyingParty } from './accounts/passkeys/relying-party.ts';
export { accountRoutes } from './accounts/routes.ts';
export { createSignIn } from './accounts/sign-in.ts';
export { createSecretBox } from './accounts/totp/secret-box.ts';
export { createAuthenticate } from './authenticate.ts';
export { bootstrap, type SecretsFile } from './bootstrap.ts';
export { certificateRuleOf, certificateSettings } from './certificates/certificate-rule.ts';
export { createCertificateVerifier } from './certificates/certificate-verifier.ts';
export { exchangeRoutes } from './exchange/routes.ts';
export { createShortLivedVerifier } from './exchange/verifier.ts';
export { createKeyVerifier } from './keys/key-verifier.ts';
export { createLastUsed } from './keys/last-used.ts';
export { createMisplacedLog } from './keys/misplaced-log.ts';
export { keyRoutes } from './keys/routes.ts';
export { createTending } from './keys/tending.ts';
export { createAdmission } from './oidc/admission.ts';
export { createFlowCookies } from './oidc/flow-cookie.ts';
export { providerOf, providersSettings } from './oidc/provider.ts';
export { providerRoutes } from './oidc/routes.ts';
export { createProviderSignIn } from './oidc/sign-in.ts';
export { pageRoutes } from './pages/routes.ts';
export { createPasswords } from './password.ts';
export { createPlaces } from './places.ts';
export { rolesRoutes } from './roles/routes.ts';
export { identityRoutes } from './routes.ts';
export { sessionRoutes } from './sessions/routes.ts';
export { createSameOrigin } from './sessions/same-origin.ts';
export { createSessions } from './sessions/sessions.ts';
export { createStanding } from './standing.ts';
export { issuerOf, issuerSettings } from './tokens/issuer.ts';
export { createRefusalLog } from './tokens/refusal-log.ts';
export { createTokenVerifier } from './tokens/verifier.ts';
export type { Verifier } from './verifier.ts';
