import { busy, byId, call, knowsPasskeys, makePasskey, onSubmit, say } from './page.js';

const signInPage = `/sign-in?${new URLSearchParams({ return_to: '/account' })}`;

/** One call; a session that is over goes to the sign-in page, and what did not work is said. @returns {Promise<any>} the answer, or undefined */
async function ask(method, path, body) {
  const answer = await call(method, path, body);
  if (answer.ok) return answer.body;
  if (answer.status === 401 && answer.code === 'not-authenticated') location.assign(signInPage);
  else say(answer.text);
  return undefined;
}

/** An element with text in it. */
function element(name, text, className = '') {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

/** A row of a list: what it is, what is known of it, and a button that does something with it. */
function row(title, about, label, act) {
  const item = document.createElement('li');
  const words = document.createElement('div');
  words.append(element('div', title), element('div', about, 'quiet'));
  item.append(words);
  if (act) {
    const button = element('button', label);
    button.type = 'button';
    button.setAttribute('aria-label', `${label}: ${title}`);
    button.addEventListener('click', () => void busy(button, act));
    item.append(button);
  }
  return item;
}

const time = (text) => new Date(text).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });

const methods = {
  password: 'by password',
  'password+totp': 'by password and code',
  'password+recovery': 'by password and recovery code',
  passkey: 'by passkey',
  oidc: 'through an identity provider',
};

async function showSessions() {
  const sessions = await ask('GET', '/v1/sessions');
  if (!sessions) return;
  byId('sessions').replaceChildren(
    ...sessions.data.map(({ id, client, method, seen_at: seen, current }) => {
      const about = `${methods[method] ?? method}, last seen ${time(seen)}`;
      const title = client || 'An unknown program';
      if (current) return row(title, `This session, ${about}`);
      return row(title, about, 'End', async () => {
        if (!(await ask('DELETE', `/v1/sessions/${id}`))) return;
        await showSessions();
        say('The session is over.', 'good');
      });
    }),
  );
}

async function showPasskeys() {
  const passkeys = await ask('GET', '/v1/users/me/passkeys');
  if (!passkeys) return;
  byId('no-passkeys').hidden = passkeys.data.length > 0;
  byId('passkeys').replaceChildren(
    ...passkeys.data.map(({ id, name, created_at: made, last_used_at: used }) =>
      row(
        name,
        `Added ${time(made)}, ${used ? `last used ${time(used)}` : 'not used yet'}`,
        'Remove',
        async () => {
          if (!(await ask('DELETE', `/v1/users/me/passkeys/${id}`))) return;
          await showPasskeys();
          say('The passkey is removed.', 'good');
        },
      ),
    ),
  );
}

function showTotp(isOn) {
  byId('totp-state').textContent = isOn
    ? 'It is on: a code is asked for beside your password.'
    : 'It is off: your password alone signs you in.';
  byId('totp-begin').hidden = isOn;
  byId('totp-removal').hidden = !isOn;
  byId('totp-secret').hidden = true;
}

async function show() {
  const me = await ask('GET', '/v1/users/me');
  if (!me) return;
  byId('content').hidden = false;
  // Who has yet to choose a password may do nothing else.
  for (const section of document.querySelectorAll('.when-settled')) section.hidden = me.must_change_password;
  byId('username').value = me.email;
  // Who comes through a provider has no password here, nor a second factor to it.
  byId('password-section').hidden = me.issuer !== null;
  if (me.must_change_password) {
    say('Choose a password of your own to go on.');
    return;
  }
  byId('who-email').textContent = me.email;
  byId('who-name').textContent = me.name || 'not given';
  byId('who-roles').textContent = me.roles.join(', ') || 'none in this tenant';
  byId('tenant').replaceChildren(
    ...me.tenants.map(({ id, name, environment }) => {
      const option = element('option', `${name} (${environment})`);
      option.value = id;
      option.selected = id === me.tenant;
      return option;
    }),
  );
  byId('totp-section').hidden = me.issuer !== null;
  showTotp(me.totp);
  await Promise.all([showSessions(), showPasskeys()]);
}

onSubmit(byId('tenant-form'), async ({ tenant }) => {
  if (!(await ask('PATCH', '/v1/sessions/current', { tenant }))) return;
  await show();
  say('You are in the other tenant now.', 'good');
});

byId('passkey-form').hidden = !knowsPasskeys;
onSubmit(byId('passkey-form'), async ({ name }) => {
  const options = await ask('POST', '/v1/users/me/passkeys/options');
  if (!options) return;
  const credential = await makePasskey(options);
  if (!credential) return say('No passkey was made.');
  if (!(await ask('POST', '/v1/users/me/passkeys', { name, credential }))) return;
  byId('passkey-form').reset();
  await showPasskeys();
  say('The passkey is added.', 'good');
});

byId('totp-begin').addEventListener(
  'click',
  (event) =>
    void busy(event.currentTarget, async () => {
      const made = await ask('POST', '/v1/users/me/totp');
      if (!made) return;
      say('');
      byId('totp-key').textContent = made.secret;
      const link = element('a', 'Open in the app on this device');
      link.href = made.uri;
      byId('totp-link').replaceChildren(link);
      byId('totp-secret').hidden = false;
      byId('totp-begin').hidden = true;
      byId('totp-code').focus();
    }),
);
onSubmit(byId('totp-form'), async ({ code }) => {
  const confirmed = await ask('POST', '/v1/users/me/totp/confirm', { code });
  if (!confirmed) return;
  byId('totp-form').reset();
  showTotp(true);
  byId('recovery-codes').replaceChildren(
    ...confirmed.recovery_codes.map((each) => {
      const item = document.createElement('li');
      item.append(element('code', each));
      return item;
    }),
  );
  byId('recovery').hidden = false;
  byId('recovery-title').focus();
});
onSubmit(byId('totp-removal'), async (given) => {
  if (!(await ask('DELETE', '/v1/users/me/totp', given))) return;
  byId('totp-removal').reset();
  byId('recovery').hidden = true;
  showTotp(false);
  say('The authenticator app is off.', 'good');
});

onSubmit(byId('password-form'), async ({ old_password, new_password }) => {
  if (!(await ask('POST', '/v1/users/me/password', { old_password, new_password }))) return;
  byId('password-form').reset();
  await show();
  say('The password is changed.', 'good');
});

byId('sign-out').addEventListener(
  'click',
  (event) =>
    void busy(event.currentTarget, async () => {
      if (!(await ask('DELETE', '/v1/sessions/current'))) return;
      // Kept by the sign-in page for as long as this tab is open.
      const provider = sessionStorage.getItem('provider');
      const { body } = await call('GET', '/v1/sign-in/providers');
      const known = body.data?.some(({ name, sign_out: can }) => can && name === provider);
      sessionStorage.removeItem('provider');
      location.assign(known ? `/v1/sign-in/${provider}/sign-out` : '/sign-in');
    }),
);

await show();
