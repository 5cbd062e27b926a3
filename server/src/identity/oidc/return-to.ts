import { z } from 'zod';

/** Where people go after a sign-in when nobody said. */
export const defaultReturn = '/account';

/** One slash and what no browser reads otherwise: no backslash, no white space, no control character, no host. */
const ours = /^\/(?!\/)[\w\-.~/!$&'()*+,;=:@%?]*$/;
/** What a path could become when somebody on the way resolves or decodes it. */
const hidden = /\/\/|\/\.{1,2}(?:\/|$)|%(?:2[ef]|5c|[01][0-9a-f]|7f)/i;

/** Whether a redirect to this text stays with us, whoever follows it. */
export const isOurPath = (text: string): boolean =>
  text.length <= 512 && ours.test(text) && !hidden.test(text.split('?')[0] ?? '');

export const returnTo = z
  .string()
  .refine(isOurPath, 'must be a path of this server, such as /account')
  .default(defaultReturn);
