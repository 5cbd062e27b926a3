/** How a session's text is kept by a browser. */
export interface SessionCookie {
  readonly name: string;
  /** The whole `set-cookie` value that stores a text, for so many seconds at most. */
  set(text: string, maxAgeSeconds: number): string;
  /** The one that deletes it. */
  readonly clear: string;
}

/**
 * RFC 6265bis: no script reads it (HttpOnly), no page of another site has it sent (SameSite=Strict). Strict is enough for sign-in through an identity provider too: our pages are static, and
 * what they show they ask for themselves, from our own origin. With TLS its name begins with `__Host-`, so that no other host of the domain, and nothing without TLS, can have set it.
 * @param secure whether others reach this server by https.
 */
export function sessionCookie(secure: boolean): SessionCookie {
  const name = secure ? '__Host-vallum-session' : 'vallum-session';
  const attributes = `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
  return {
    name,
    set: (text, maxAgeSeconds) => `${name}=${text}; Max-Age=${Math.floor(maxAgeSeconds)}; ${attributes}`,
    clear: `${name}=; Max-Age=0; ${attributes}`,
  };
}
