import type { Route } from '../../kernel/index.ts';
import type { SameOrigin } from '../sessions/same-origin.ts';
import { ownPasskeyRoutes } from './routes/own-passkey-routes.ts';
import { type OwnRouteParts, ownRoutes } from './routes/own-routes.ts';
import type { PasskeyRouteParts } from './routes/passkey-ceremonies.ts';
import { passkeySignInRoutes } from './routes/passkey-sign-in-routes.ts';
import { signInRoutes } from './routes/sign-in-routes.ts';
import { type UserRouteParts, userRoutes } from './routes/user-routes.ts';
import { type UserSessionRouteParts, userSessionRoutes } from './routes/user-session-routes.ts';
import type { SignIn } from './sign-in.ts';

export type AccountRouteParts = Omit<
  UserRouteParts & UserSessionRouteParts & OwnRouteParts & PasskeyRouteParts,
  'signIn' | 'sameOrigin'
> & {
  readonly signIn: SignIn;
  readonly sameOrigin: Pick<SameOrigin, 'checkOpen'>;
};

/** Users, and what they do with accounts of their own: sign in, choose passwords, set up codes and passkeys. */
export const accountRoutes = (parts: AccountRouteParts): Route[] => [
  ...signInRoutes(parts),
  ...ownRoutes(parts),
  ...passkeySignInRoutes(parts),
  ...ownPasskeyRoutes(parts),
  ...userRoutes(parts),
  ...userSessionRoutes(parts),
];
