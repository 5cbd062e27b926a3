-- API keys: where from they may be used, when they were used last, whose they are, rotation; short-lived credentials; and telling processes of a restriction (docs/adr/0013).

-- A notification reaches those who listen within milliseconds; who does not hear it asks. It makes commits wait for each other, and this row moves rarely.
CREATE FUNCTION tell_control_epoch() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_notify('control_epoch', NEW.epoch::text);
  RETURN NULL;
END $$;
CREATE TRIGGER tell_control_epoch AFTER UPDATE ON control FOR EACH ROW EXECUTE FUNCTION tell_control_epoch();

ALTER TABLE service_accounts ADD UNIQUE (organization_id, tenant_id, id);

ALTER TABLE api_keys
  ADD service_id        uuid,
  ADD allowed_addresses text[]      NOT NULL DEFAULT '{}' CHECK (cardinality(allowed_addresses) <= 64),   -- CIDRs; none: from anywhere
  ADD last_used_at      timestamptz,
  ADD rotated_from      uuid,
  ADD UNIQUE (organization_id, tenant_id, id),
  ADD FOREIGN KEY (organization_id, tenant_id, service_id) REFERENCES service_accounts (organization_id, tenant_id, id),
  ADD FOREIGN KEY (organization_id, tenant_id, rotated_from) REFERENCES api_keys (organization_id, tenant_id, id),
  -- A service's key may have the service's roles alone.
  DROP CONSTRAINT api_keys_scopes_check,
  ADD CONSTRAINT api_keys_scopes_check CHECK (cardinality(scopes) <= 32 AND (cardinality(scopes) > 0 OR service_id IS NOT NULL));
GRANT UPDATE (name, rate_per_minute, allowed_addresses, expires_at, last_used_at) ON api_keys TO vallum_app;

-- A credential for some minutes, made from another one; `hash` as of API keys. Its root is a key or a session, which it ends with, or a token or
-- certificate of others, of which there is no row. `made_from` are the short-lived ones between, newest last.
CREATE TABLE short_lived_credentials (
  id              uuid        PRIMARY KEY,
  organization_id uuid        NOT NULL,
  tenant_id       uuid        NOT NULL,
  hash            bytea       NOT NULL UNIQUE CHECK (length(hash) = 32),
  pepper_version  int         NOT NULL,
  principal_type  text        NOT NULL CHECK (principal_type IN ('user', 'service', 'agent')),
  principal_id    text        NOT NULL CHECK (length(principal_id) <= 100),   -- with its prefix
  scopes          text[]      NOT NULL CHECK (cardinality(scopes) BETWEEN 1 AND 32),
  rate_per_minute int         NOT NULL CHECK (rate_per_minute > 0),
  root_kind       text        NOT NULL CHECK (root_kind IN ('key', 'session', 'token', 'certificate')),
  root_id         uuid        NOT NULL,
  made_from       uuid[]      NOT NULL DEFAULT '{}' CHECK (cardinality(made_from) <= 8),
  run             text        CHECK (length(run) BETWEEN 1 AND 128),
  created_at      timestamptz NOT NULL DEFAULT now(),
  expires_at      timestamptz NOT NULL,
  revoked_at      timestamptz,
  CHECK (expires_at <= created_at + interval '16 minutes'),
  FOREIGN KEY (organization_id, tenant_id) REFERENCES tenants (organization_id, id)
);
CREATE INDEX short_lived_credentials_by_end ON short_lived_credentials (expires_at);
ALTER TABLE short_lived_credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE short_lived_credentials FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON short_lived_credentials
  USING      (tenant_id = app_tenant() AND organization_id = app_organization())
  WITH CHECK (tenant_id = app_tenant() AND organization_id = app_organization());
GRANT SELECT, INSERT ON short_lived_credentials TO vallum_app;
GRANT UPDATE (revoked_at) ON short_lived_credentials TO vallum_app;

GRANT USAGE, CREATE ON SCHEMA public TO vallum_lookup;
GRANT SELECT ON service_accounts, short_lived_credentials TO vallum_lookup;
GRANT DELETE ON short_lived_credentials TO vallum_lookup;
CREATE POLICY lookup ON service_accounts FOR SELECT TO vallum_lookup USING (true);
CREATE POLICY lookup ON short_lived_credentials FOR SELECT TO vallum_lookup USING (true);
-- Nothing that could still open anything is deleted, whoever asks.
CREATE POLICY expired ON short_lived_credentials FOR DELETE TO vallum_lookup USING (expires_at < now() - interval '1 hour');

-- What somebody is in a tenant: their roles there and those that hold everywhere; without a tenant the latter alone. Runs with the rights of who calls it.
CREATE FUNCTION roles_in(_organization uuid, _type text, _principal uuid, _tenant uuid) RETURNS text[]
  LANGUAGE sql STABLE SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT ARRAY (SELECT DISTINCT a.role FROM role_assignments a
                 WHERE a.organization_id = _organization AND a.principal_type = _type AND a.principal_id = _principal
                   AND (a.tenant_id IS NULL OR a.tenant_id = _tenant) ORDER BY 1);
END;
REVOKE ALL ON FUNCTION roles_in(uuid, text, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION roles_in(uuid, text, uuid, uuid) TO vallum_app, vallum_lookup;

DROP FUNCTION lookup_credential(bytea);
CREATE FUNCTION lookup_credential(_hash bytea)
  RETURNS TABLE (id uuid, organization_id uuid, tenant_id uuid, environment text, scopes text[], rate_per_minute int, allowed_addresses text[],
                 service_id uuid, roles text[], organization_roles text[], expires_at timestamptz, ended boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1
BEGIN ATOMIC
  SELECT k.id, k.organization_id, k.tenant_id, t.environment, k.scopes, k.rate_per_minute, k.allowed_addresses,
         k.service_id, roles_in(k.organization_id, 'service', k.service_id, k.tenant_id), roles_in(k.organization_id, 'service', k.service_id, NULL),
         k.expires_at, k.revoked_at IS NOT NULL OR s.disabled_at IS NOT NULL
    FROM api_keys k
    JOIN tenants t ON t.id = k.tenant_id
    LEFT JOIN service_accounts s ON s.organization_id = k.organization_id AND s.id = k.service_id
   WHERE k.hash = _hash;
END;
ALTER FUNCTION lookup_credential(bytea) OWNER TO vallum_lookup;
REVOKE ALL ON FUNCTION lookup_credential(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lookup_credential(bytea) TO vallum_app;

-- `ended`: it, or anything that it was made from, is revoked, disabled or gone. `root_scopes` and `root_roles`: what the root has now, where there is a row of it.
CREATE FUNCTION lookup_short_lived(_hash bytea)
  RETURNS TABLE (id uuid, organization_id uuid, tenant_id uuid, environment text, principal_type text, principal_id text, scopes text[], rate_per_minute int,
                 run text, root_kind text, root_id uuid, root_scopes text[], root_roles text[], root_organization_roles text[], allowed_addresses text[], root_seen_at timestamptz,
                 expires_at timestamptz, ended boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1
BEGIN ATOMIC
  SELECT c.id, c.organization_id, c.tenant_id, t.environment, c.principal_type, c.principal_id, c.scopes, coalesce(k.rate_per_minute, c.rate_per_minute),
         c.run, c.root_kind, c.root_id, coalesce(k.scopes, '{}'),
         roles_in(c.organization_id, r.type, r.id, c.tenant_id), roles_in(c.organization_id, r.type, r.id, NULL),
         coalesce(k.allowed_addresses, '{}'), s.seen_at,
         least(c.expires_at, k.expires_at, s.expires_at),
         c.revoked_at IS NOT NULL
           OR EXISTS (SELECT FROM short_lived_credentials p
                       WHERE p.id = ANY (c.made_from) AND p.organization_id = c.organization_id AND p.tenant_id = c.tenant_id AND p.revoked_at IS NOT NULL)
           OR c.root_kind = 'key' AND (k.id IS NULL OR k.revoked_at IS NOT NULL OR a.disabled_at IS NOT NULL)
           -- A session that is in another tenant by now is not the one that this was made from.
           OR c.root_kind = 'session' AND (s.id IS NULL OR s.revoked_at IS NOT NULL OR s.tenant_id <> c.tenant_id OR u.disabled_at IS NOT NULL
                                       OR u.one_time_until IS NOT NULL)
    FROM short_lived_credentials c
    JOIN tenants t ON t.id = c.tenant_id
    LEFT JOIN api_keys k ON c.root_kind = 'key' AND k.id = c.root_id AND k.organization_id = c.organization_id AND k.tenant_id = c.tenant_id
    LEFT JOIN service_accounts a ON a.organization_id = c.organization_id AND a.id = k.service_id
    LEFT JOIN sessions s ON c.root_kind = 'session' AND s.id = c.root_id AND s.organization_id = c.organization_id
    LEFT JOIN users u ON u.organization_id = c.organization_id AND u.id = s.user_id
    CROSS JOIN LATERAL (SELECT CASE WHEN u.id IS NULL THEN 'service' ELSE 'user' END AS type, coalesce(u.id, k.service_id) AS id) r
   WHERE c.hash = _hash;
END;
ALTER FUNCTION lookup_short_lived(bytea) OWNER TO vallum_lookup;
REVOKE ALL ON FUNCTION lookup_short_lived(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lookup_short_lived(bytea) TO vallum_app;

-- Deletes short-lived credentials that ended long ago. Returns how many keys, of all tenants, are as old as this and go on: a number and nothing else.
CREATE FUNCTION tend_credentials(_days int) RETURNS int
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  DELETE FROM short_lived_credentials WHERE expires_at < now() - interval '1 hour';
  SELECT count(*)::int FROM api_keys
   WHERE created_at < now() - _days * interval '1 day' AND revoked_at IS NULL AND coalesce(expires_at, 'infinity') > now();
END;
ALTER FUNCTION tend_credentials(int) OWNER TO vallum_lookup;
REVOKE ALL ON FUNCTION tend_credentials(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tend_credentials(int) TO vallum_app;
REVOKE CREATE ON SCHEMA public FROM vallum_lookup;
