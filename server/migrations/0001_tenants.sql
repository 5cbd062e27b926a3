-- Who there is: organizations own tenants; a tenant is the unit of isolation. Row-level security is the last wall: it holds even if a query
-- forgets its WHERE. The scope is two settings, local to a transaction (docs/adr/0003).

-- No setting, no rows: after a transaction with a scope the setting reads '' and not NULL.
CREATE FUNCTION app_organization() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('app.organization', true), '')::uuid;
CREATE FUNCTION app_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('app.tenant', true), '')::uuid;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO vallum_app, vallum_ledger;

CREATE TABLE organizations (
  id         uuid        PRIMARY KEY,
  name       text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  created_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE organizations FORCE ROW LEVEL SECURITY;   -- the owner is not exempt
CREATE POLICY own_organization ON organizations USING (id = app_organization()) WITH CHECK (id = app_organization());
GRANT SELECT, INSERT ON organizations TO vallum_app;

CREATE TABLE tenants (
  id              uuid        PRIMARY KEY,
  organization_id uuid        NOT NULL REFERENCES organizations,
  name            text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  environment     text        NOT NULL CHECK (environment IN ('production', 'staging', 'development')),
  created_at      timestamptz NOT NULL DEFAULT now(),
  UNIQUE (organization_id, id)
);
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON tenants
  USING (organization_id = app_organization()) WITH CHECK (organization_id = app_organization());
GRANT SELECT, INSERT ON tenants TO vallum_app;

CREATE TABLE users (
  id              uuid        PRIMARY KEY,
  organization_id uuid        NOT NULL REFERENCES organizations,
  email           text        NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 320),
  -- scrypt, with its parameters and salt (identity/password.ts).
  password        text        NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  UNIQUE (organization_id, email)
);
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON users
  USING (organization_id = app_organization()) WITH CHECK (organization_id = app_organization());
GRANT SELECT, INSERT ON users TO vallum_app;

-- The key itself is shown once and kept nowhere: `hash` is its HMAC under a pepper that is not in the database in the clear.
CREATE TABLE api_keys (
  id              uuid        PRIMARY KEY,
  organization_id uuid        NOT NULL,
  tenant_id       uuid        NOT NULL,
  name            text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  hint            text        NOT NULL,   -- its first characters, so that people can tell keys apart
  hash            bytea       NOT NULL UNIQUE CHECK (length(hash) = 32),
  pepper_version  int         NOT NULL,
  scopes          text[]      NOT NULL CHECK (cardinality(scopes) BETWEEN 1 AND 32),
  rate_per_minute int         NOT NULL CHECK (rate_per_minute > 0),
  created_at      timestamptz NOT NULL DEFAULT now(),
  expires_at      timestamptz,
  revoked_at      timestamptz,
  FOREIGN KEY (organization_id, tenant_id) REFERENCES tenants (organization_id, id)
);
CREATE INDEX api_keys_by_tenant ON api_keys (tenant_id, id DESC);
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON api_keys
  USING      (tenant_id = app_tenant() AND organization_id = app_organization())
  WITH CHECK (tenant_id = app_tenant() AND organization_id = app_organization());
GRANT SELECT, INSERT ON api_keys TO vallum_app;
GRANT UPDATE (revoked_at) ON api_keys TO vallum_app;

-- Who presents a credential has no tenant yet. This is the only read across tenants: one row, by exact hash, through a role that can do nothing else.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'vallum_lookup') THEN CREATE ROLE vallum_lookup NOLOGIN; END IF;
END $$;
GRANT vallum_lookup TO CURRENT_USER;
GRANT USAGE, CREATE ON SCHEMA public TO vallum_lookup;
GRANT SELECT ON api_keys, tenants TO vallum_lookup;
CREATE POLICY lookup ON api_keys FOR SELECT TO vallum_lookup USING (true);
CREATE POLICY lookup ON tenants FOR SELECT TO vallum_lookup USING (true);

CREATE FUNCTION lookup_credential(_hash bytea)
  RETURNS TABLE (id uuid, organization_id uuid, tenant_id uuid, environment text, scopes text[], rate_per_minute int,
                 expires_at timestamptz, revoked_at timestamptz)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1
BEGIN ATOMIC
  SELECT k.id, k.organization_id, k.tenant_id, t.environment, k.scopes, k.rate_per_minute, k.expires_at, k.revoked_at
    FROM api_keys k JOIN tenants t ON t.id = k.tenant_id
   WHERE k.hash = _hash;
END;
ALTER FUNCTION lookup_credential(bytea) OWNER TO vallum_lookup;
REVOKE CREATE ON SCHEMA public FROM vallum_lookup;
REVOKE ALL ON FUNCTION lookup_credential(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lookup_credential(bytea) TO vallum_app;

-- What the platform itself keeps: secrets wrapped under the root key, and facts such as "bootstrapped". The owner reads and writes it at start; the app role does not.
CREATE TABLE platform_secrets (
  name       text        NOT NULL,
  version    int         NOT NULL CHECK (version BETWEEN 1 AND 65535),
  wrapped    bytea       NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (name, version)
);

CREATE TABLE platform_facts (
  name  text PRIMARY KEY,
  value text NOT NULL
);
-- Names this deployment in the ledger's origins.
INSERT INTO platform_facts VALUES ('deployment', replace(left(gen_random_uuid()::text, 18), '-', ''));

-- Its one row is the fence of the first start: whoever inserts it has made the first organization.
CREATE TABLE bootstrap (
  only_one     boolean     PRIMARY KEY DEFAULT true CHECK (only_one),
  organization uuid        NOT NULL,
  at           timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT ON bootstrap TO vallum_app;

-- Moves whenever something that processes keep in memory has been restricted: a process that sees it move forgets what it kept.
CREATE TABLE control (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  epoch    bigint  NOT NULL
);
INSERT INTO control (epoch) VALUES (1);
GRANT SELECT ON control TO vallum_app, vallum_ledger;
GRANT UPDATE (epoch) ON control TO vallum_app;
