import { type Answer, ask, type Question } from './ask.ts';

/** What a browser does with cookies, as far as signing in needs it: it keeps one, sends it along, and says that a page of ours asks. */
export interface Browser {
  /** The cookie's name and text; empty where there is none. */
  readonly cookie: () => string;
  /** The attributes with which the cookie was set last. */
  readonly attributes: () => readonly string[];
  ask(path: string, question?: Question): Promise<Answer>;
  /** The JSON of an answer that must be a good one. @throws Error with what it was */
  good<T = Record<string, unknown>>(path: string, question?: Question): Promise<T>;
  signIn(email: string, password: string, more?: SignInOptions): Promise<Answer>;
}

interface SignInOptions {
  readonly code?: string;
  readonly tenant?: string;
}

/** @param from the address that it has, one of 127.0.0.0/8: what fails is counted by it. */
export function openBrowser(server: { readonly url: string }, from = '127.0.0.1', given = ''): Browser {
  let cookie = given;
  let attributes: readonly string[] = [];

  async function asks(path: string, question: Question = {}): Promise<Answer> {
    const headers = {
      'sec-fetch-site': 'same-origin',
      'user-agent': 'a browser of a test',
      ...(cookie && { cookie }),
      ...question.headers,
    };
    const answer = await ask(server, path, { from, ...question, headers });
    for (const each of answer.headers['set-cookie'] ?? []) {
      const [pair = '', ...rest] = each.split('; ');
      attributes = rest;
      cookie = rest.includes('Max-Age=0') ? '' : pair;
    }
    return answer;
  }

  return {
    cookie: () => cookie,
    attributes: () => attributes,
    ask: asks,
    async good<T>(path: string, question: Question = {}) {
      const answer = await asks(path, question);
      if (answer.status >= 300)
        throw new Error(`${question.method ?? ''} ${path} answered ${answer.status}: ${answer.text}`);
      return answer.json<T>();
    },
    signIn: (email, password, more = {}) => asks('/v1/sessions', { body: { email, password, ...more } }),
  };
}

interface InvitedPerson {
  readonly id: string;
  readonly email: string;
  /** It opens once, to choose another. */
  readonly password: string;
}

/** A user with a role, as an administrator makes one. @param tenant where the role holds; null for everywhere */
export async function invite(
  admin: Browser,
  email: string,
  role: string,
  tenant: string | null = null,
): Promise<InvitedPerson> {
  const made = await admin.good<{ id: string; one_time: { password: string } }>('/v1/users', {
    body: { email },
  });
  await admin.good(`/v1/users/${made.id}/roles`, { body: { role, tenant } });
  return { id: made.id, email, password: made.one_time.password };
}

/** The same with a password of their own, and signed in. */
export async function settle(
  server: { readonly url: string },
  admin: Browser,
  who: {
    readonly email: string;
    readonly role: string;
    readonly tenant?: string | null;
    readonly from?: string;
  },
  chosen: string,
): Promise<{ readonly id: string; readonly browser: Browser }> {
  const { id, email, password } = await invite(admin, who.email, who.role, who.tenant);
  const browser = openBrowser(server, who.from);
  const answer = await browser.signIn(email, password);
  if (answer.status !== 201)
    throw new Error(`the sign-in of ${email} answered ${answer.status}: ${answer.text}`);
  await browser.good('/v1/users/me/password', { body: { old_password: password, new_password: chosen } });
  return { id, browser };
}
