import { z } from 'zod';

/** Identity providers through which people can sign in. */
export const signInProviders = z.strictObject({
  data: z.array(
    z.strictObject({
      /** In `/v1/sign-in/{name}`. */
      name: z.string(),
      title: z.string(),
      /** Whether signing out there is offered too, at `/v1/sign-in/{name}/sign-out`. */
      sign_out: z.boolean(),
    }),
  ),
});
