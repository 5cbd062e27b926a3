import { askPasskey, busy, byId, call, knowsPasskeys, onSubmit, returnPath, say } from './page.js';

/** Why a sign-in through an identity provider did not come about, by the code in the address. */
const refusals = {
  cancelled: 'The sign-in was cancelled.',
  'provider-refused':
    'The identity provider refused the sign-in. Tell your administrator if it happens again.',
  'provider-unavailable': 'The identity provider cannot be reached now. Try again later.',
  'flow-unknown': 'This sign-in took too long, or was begun in another browser. Begin again.',
  'token-refused': 'What the identity provider sent cannot be verified. Tell your administrator.',
  'email-missing': 'The identity provider did not give an e-mail address, and an account here needs one.',
  'email-unverified': 'The identity provider has not verified your e-mail address.',
  'email-taken': 'An account here has your e-mail address already. Sign in with that account.',
  'user-unknown': 'You have no account here. Ask your administrator for one.',
  'user-disabled': 'Your account here is disabled.',
  'no-role': 'You have no role here. Ask your administrator for one.',
};

const given = new URLSearchParams(location.search);
const refusal = given.get('error');
if (refusal !== null) {
  say(Object.hasOwn(refusals, refusal) ? refusals[refusal] : 'The sign-in did not work.');
  // Not again when the page is loaded again.
  history.replaceState(null, '', `/sign-in?${new URLSearchParams({ return_to: returnPath() })}`);
}

const form = byId('password-form');
const enter = () => location.assign(returnPath());
sessionStorage.removeItem('provider');

onSubmit(form, async ({ email, password, code }) => {
  say('');
  const answer = await call('POST', '/v1/sessions', { email, password, ...(code && { code }) });
  if (answer.ok) return enter();
  if (answer.code === 'code-required') {
    byId('code-field').hidden = false;
    byId('code').required = true;
    byId('code').focus();
    return;
  }
  say(answer.code === 'sign-in-refused' ? 'E-mail, password or code is not right.' : answer.text);
});

const passkey = byId('passkey');
if (knowsPasskeys) {
  passkey.hidden = false;
  passkey.addEventListener(
    'click',
    () =>
      void busy(passkey, async () => {
        say('');
        const options = await call('POST', '/v1/sessions/passkey/options', {});
        if (!options.ok) return say(options.text);
        const credential = await askPasskey(options.body);
        if (!credential) return say('No passkey was used.');
        const answer = await call('POST', '/v1/sessions/passkey', { credential });
        if (answer.ok) return enter();
        say(answer.code === 'sign-in-refused' ? 'This passkey is not known here.' : answer.text);
      }),
  );
}

const { body } = await call('GET', '/v1/sign-in/providers');
for (const { name, title } of body.data ?? []) {
  const link = document.createElement('a');
  link.className = 'button';
  link.href = `/v1/sign-in/${name}?${new URLSearchParams({ return_to: returnPath() })}`;
  link.textContent = `Continue with ${title}`;
  // For the sign-out, which may go there too.
  link.addEventListener('click', () => sessionStorage.setItem('provider', name));
  byId('providers').append(link);
}
