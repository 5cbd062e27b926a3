/* What both pages need. No state, and nothing that comes from elsewhere: text goes into the page as text. */

/** @template {Element} T @param {string} id @returns {T} */
export const byId = (id) => /** @type {never} */ (document.getElementById(id));

/**
 * One call of the API, as whoever is signed in.
 * @param {string} method @param {string} path @param {object} [body]
 * @returns {Promise<{ ok: boolean, status: number, code: string, text: string, body: any }>}
 */
export async function call(method, path, body) {
  try {
    const answer = await fetch(path, {
      method,
      redirect: 'error',
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const said = answer.status === 204 ? {} : await answer.json();
    const wait = answer.headers.get('retry-after');
    const text = [said.detail ?? said.title ?? 'That did not work.', wait && `Try again in ${wait} s.`];
    return {
      ok: answer.ok,
      status: answer.status,
      code: said.code ?? '',
      text: text.filter(Boolean).join(' '),
      body: said,
    };
  } catch {
    return { ok: false, status: 0, code: 'unreachable', text: 'The server cannot be reached.', body: {} };
  }
}

/** Says something that must be noticed, and puts the focus on it. @param {string} text @param {'good' | 'bad'} [kind] */
export function say(text, kind = 'bad') {
  const message = byId('message');
  message.classList.toggle('good', kind === 'good');
  message.textContent = text;
  if (text) message.focus();
}

/** Runs work while a button waits for it, so that nothing is sent twice. @param {HTMLButtonElement | null} button @param {() => Promise<void>} work */
export async function busy(button, work) {
  if (!button || button.disabled) return;
  button.disabled = true;
  try {
    await work();
  } finally {
    button.disabled = false;
  }
}

/** @param {HTMLFormElement} form @param {(values: Record<string, string>) => Promise<void>} work */
export function onSubmit(form, work) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    void busy(form.querySelector('button[type=submit]'), () => work(values));
  });
}

/** Where to go after a sign-in: a path of this server, as the server would accept it, or the account. */
export function returnPath() {
  const wanted = new URLSearchParams(location.search).get('return_to') ?? '';
  const [path = ''] = wanted.split('?');
  const isOurs =
    wanted.length <= 512 &&
    /^\/(?!\/)[\w\-.~/!$&'()*+,;=:@%?]*$/.test(wanted) &&
    !/\/\/|\/\.{1,2}(?:\/|$)|%(?:2[ef]|5c|[01][0-9a-f]|7f)/i.test(path);
  return isOurs ? wanted : '/account';
}

/** Whether this browser can speak of passkeys in the API's words (WebAuthn, level 3). */
export const knowsPasskeys =
  typeof PublicKeyCredential === 'function' && 'parseRequestOptionsFromJSON' in PublicKeyCredential;

/** Asks the authenticator to sign in. @param {object} options @returns {Promise<object | undefined>} what it says; undefined where the person does not want to */
export async function askPasskey(options) {
  try {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    return (await navigator.credentials.get({ publicKey }))?.toJSON();
  } catch {
    return undefined;
  }
}

/** Asks the authenticator to make a passkey. @param {object} options @returns {Promise<object | undefined>} */
export async function makePasskey(options) {
  try {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    return (await navigator.credentials.create({ publicKey }))?.toJSON();
  } catch {
    return undefined;
  }
}
