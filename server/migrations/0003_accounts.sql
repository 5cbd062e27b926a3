-- Who acts beside keys: users with accounts of their own, services, what they are (roles), and the sessions of those who signed in (docs/adr/0009).

-- A user signs in with a password and what is asked beside it, or through an identity provider, which then vouches for a subject.
ALTER TABLE users
  ALTER password DROP NOT NULL,
  ADD name                text        NOT NULL DEFAULT '' CHECK (length(name) <= 200),
  ADD issuer              text        CHECK (length(issuer) <= 500),
  ADD subject             text        CHECK (length(subject) <= 512),
  ADD password_changed_at timestamptz NOT NULL DEFAULT now(),
  ADD totp                bytea,      -- the shared secret, encrypted under a key that is not in the database
  ADD totp_confirmed_at   timestamptz,
  ADD totp_step           bigint,     -- RFC 6238's T of the last code that was taken: each works once
  ADD failures            int         NOT NULL DEFAULT 0,
  ADD locked_until        timestamptz,
  ADD last_sign_in_at     timestamptz,
  ADD disabled_at         timestamptz,
  -- Until when a password that an administrator gave opens; whoever signs in with it may do nothing but choose another. NULL: it is the user's own.
  ADD one_time_until      timestamptz,
  ADD CHECK ((issuer IS NULL) = (subject IS NULL)),
  ADD UNIQUE (organization_id, issuer, subject),
  ADD UNIQUE (organization_id, id);
GRANT UPDATE (name, password, password_changed_at, totp, totp_confirmed_at, totp_step, failures, locked_until, last_sign_in_at, disabled_at, one_time_until) ON users TO vallum_app;

CREATE TABLE service_accounts (
  id              uuid        PRIMARY KEY,
  organization_id uuid        NOT NULL,
  tenant_id       uuid        NOT NULL,
  name            text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  created_at      timestamptz NOT NULL DEFAULT now(),
  disabled_at     timestamptz,
  FOREIGN KEY (organization_id, tenant_id) REFERENCES tenants (organization_id, id),
  UNIQUE (organization_id, id)
);
CREATE INDEX service_accounts_by_tenant ON service_accounts (tenant_id, id DESC);
ALTER TABLE service_accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE service_accounts FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON service_accounts
  USING      (tenant_id = app_tenant() AND organization_id = app_organization())
  WITH CHECK (tenant_id = app_tenant() AND organization_id = app_organization());
GRANT SELECT, INSERT ON service_accounts TO vallum_app;
GRANT UPDATE (name, disabled_at) ON service_accounts TO vallum_app;

-- What somebody is, in one tenant or in all of the organization's. What a role may do is policy (server/policies).
CREATE TABLE role_assignments (
  id              uuid        PRIMARY KEY,
  organization_id uuid        NOT NULL REFERENCES organizations,
  principal_type  text        NOT NULL CHECK (principal_type IN ('user', 'service')),
  principal_id    uuid        NOT NULL,
  role            text        NOT NULL CHECK (role IN ('owner', 'platform-engineer', 'security-analyst', 'compliance-officer', 'auditor', 'developer', 'agent')),
  tenant_id       uuid,       -- NULL: in every tenant
  -- By whom: an administrator, or an identity provider whose claims said so; the latter come and go with each sign-in.
  origin          text        NOT NULL DEFAULT 'assigned' CHECK (origin IN ('assigned', 'claims')),
  created_at      timestamptz NOT NULL DEFAULT now(),
  FOREIGN KEY (organization_id, tenant_id) REFERENCES tenants (organization_id, id),
  UNIQUE NULLS NOT DISTINCT (organization_id, principal_id, role, tenant_id, origin)
);
ALTER TABLE role_assignments ENABLE ROW LEVEL SECURITY;
ALTER TABLE role_assignments FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON role_assignments
  USING (organization_id = app_organization()) WITH CHECK (organization_id = app_organization());
GRANT SELECT, INSERT, DELETE ON role_assignments TO vallum_app;

-- `hash` is an HMAC of the cookie's text, as of API keys. A session is in one tenant at a time.
CREATE TABLE sessions (
  id              uuid        PRIMARY KEY,
  organization_id uuid        NOT NULL,
  tenant_id       uuid        NOT NULL,
  user_id         uuid        NOT NULL,
  hash            bytea       NOT NULL UNIQUE CHECK (length(hash) = 32),
  -- How who signed in was known: 'password', 'password+totp', 'passkey', 'oidc'.
  method          text        NOT NULL,
  client          text        NOT NULL DEFAULT '' CHECK (length(client) <= 200),   -- what its user agent says it is
  created_at      timestamptz NOT NULL DEFAULT now(),
  seen_at         timestamptz NOT NULL DEFAULT now(),
  expires_at      timestamptz NOT NULL,   -- whatever happens
  revoked_at      timestamptz,
  FOREIGN KEY (organization_id, tenant_id) REFERENCES tenants (organization_id, id),
  FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id)
);
CREATE INDEX sessions_by_user ON sessions (organization_id, user_id, id DESC);
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON sessions
  USING (organization_id = app_organization()) WITH CHECK (organization_id = app_organization());
GRANT SELECT, INSERT ON sessions TO vallum_app;
GRANT UPDATE (tenant_id, hash, seen_at, revoked_at) ON sessions TO vallum_app;   -- a session gets another text when it moves

-- WebAuthn credentials.
CREATE TABLE passkeys (
  id              uuid        PRIMARY KEY,
  organization_id uuid        NOT NULL,
  user_id         uuid        NOT NULL,
  credential_id   bytea       NOT NULL UNIQUE CHECK (length(credential_id) BETWEEN 16 AND 1023),
  public_key      bytea       NOT NULL,   -- COSE
  sign_count      bigint      NOT NULL DEFAULT 0,
  name            text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  created_at      timestamptz NOT NULL DEFAULT now(),
  last_used_at    timestamptz,
  FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id)
);
CREATE INDEX passkeys_by_user ON passkeys (organization_id, user_id);
ALTER TABLE passkeys ENABLE ROW LEVEL SECURITY;
ALTER TABLE passkeys FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON passkeys
  USING (organization_id = app_organization()) WITH CHECK (organization_id = app_organization());
GRANT SELECT, INSERT, DELETE ON passkeys TO vallum_app;
GRANT UPDATE (sign_count, last_used_at) ON passkeys TO vallum_app;

-- What opens when the device with the TOTP secret is lost: HMACs under a pepper, each taken out when it is used.
CREATE TABLE recovery_codes (
  organization_id uuid  NOT NULL,
  user_id         uuid  NOT NULL,
  hash            bytea NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (organization_id, user_id, hash),
  FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id)
);
ALTER TABLE recovery_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE recovery_codes FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON recovery_codes
  USING (organization_id = app_organization()) WITH CHECK (organization_id = app_organization());
GRANT SELECT, INSERT, DELETE ON recovery_codes TO vallum_app;

-- WebAuthn challenges that were answered: the primary key lets each one be answered once, in whichever process. Kept until they end by themselves.
CREATE TABLE spent_challenges (
  organization_id uuid        NOT NULL REFERENCES organizations,
  nonce           bytea       NOT NULL CHECK (length(nonce) = 16),
  expires_at      timestamptz NOT NULL,
  PRIMARY KEY (organization_id, nonce)
);
CREATE INDEX spent_challenges_by_end ON spent_challenges (organization_id, expires_at);
ALTER TABLE spent_challenges ENABLE ROW LEVEL SECURITY;
ALTER TABLE spent_challenges FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON spent_challenges
  USING (organization_id = app_organization()) WITH CHECK (organization_id = app_organization());
GRANT SELECT, INSERT, DELETE ON spent_challenges TO vallum_app;

-- Sign-ins that failed, or are not over, by the network that they come from (an HMAC of it) and ten minutes: what shows that passwords are being sprayed over accounts.
CREATE TABLE sign_in_attempts (
  organization_id uuid        NOT NULL REFERENCES organizations,
  began_at        timestamptz NOT NULL,
  network         bytea       NOT NULL CHECK (length(network) = 32),
  attempts        int         NOT NULL DEFAULT 1,
  PRIMARY KEY (organization_id, began_at, network)
);
ALTER TABLE sign_in_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE sign_in_attempts FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON sign_in_attempts
  USING (organization_id = app_organization()) WITH CHECK (organization_id = app_organization());
GRANT SELECT, INSERT, DELETE ON sign_in_attempts TO vallum_app;
GRANT UPDATE (attempts) ON sign_in_attempts TO vallum_app;

-- Who presents a session has no scope yet: as lookup_credential, one row by exact hash.
GRANT USAGE, CREATE ON SCHEMA public TO vallum_lookup;
GRANT SELECT ON sessions, users, role_assignments TO vallum_lookup;
CREATE POLICY lookup ON sessions FOR SELECT TO vallum_lookup USING (true);
CREATE POLICY lookup ON users FOR SELECT TO vallum_lookup USING (true);
CREATE POLICY lookup ON role_assignments FOR SELECT TO vallum_lookup USING (true);

CREATE FUNCTION lookup_session(_hash bytea)
  RETURNS TABLE (id uuid, organization_id uuid, tenant_id uuid, environment text, user_id uuid, roles text[], organization_roles text[], created_at timestamptz,
                 seen_at timestamptz, expires_at timestamptz, revoked_at timestamptz, disabled_at timestamptz, one_time boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1
BEGIN ATOMIC
  SELECT s.id, s.organization_id, s.tenant_id, t.environment, s.user_id,
         ARRAY (SELECT DISTINCT a.role FROM role_assignments a
                 WHERE a.organization_id = s.organization_id AND a.principal_type = 'user' AND a.principal_id = s.user_id
                   AND (a.tenant_id IS NULL OR a.tenant_id = s.tenant_id) ORDER BY 1),
         ARRAY (SELECT DISTINCT a.role FROM role_assignments a
                 WHERE a.organization_id = s.organization_id AND a.principal_type = 'user' AND a.principal_id = s.user_id
                   AND a.tenant_id IS NULL ORDER BY 1),
         s.created_at, s.seen_at, s.expires_at, s.revoked_at, u.disabled_at, u.one_time_until IS NOT NULL
    FROM sessions s
    JOIN tenants t ON t.id = s.tenant_id
    JOIN users u ON u.id = s.user_id AND u.organization_id = s.organization_id
   WHERE s.hash = _hash;
END;
ALTER FUNCTION lookup_session(bytea) OWNER TO vallum_lookup;
REVOKE CREATE ON SCHEMA public FROM vallum_lookup;
REVOKE ALL ON FUNCTION lookup_session(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lookup_session(bytea) TO vallum_app;
