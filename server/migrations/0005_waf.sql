-- What the WAF does for each organization and tenant, what it lets pass for a while, and the rules beside our own (docs/adr/0007).

-- No row: a tenant's mode is the organization's, and an organization's that of the deployment.
CREATE TABLE waf_modes (
  organization_id uuid        NOT NULL REFERENCES organizations,
  tenant_id       uuid,       -- NULL: of the organization
  mode            text        NOT NULL CHECK (mode IN ('block', 'detect')),
  changed_at      timestamptz NOT NULL DEFAULT now(),
  FOREIGN KEY (organization_id, tenant_id) REFERENCES tenants (organization_id, id),
  UNIQUE NULLS NOT DISTINCT (organization_id, tenant_id)
);
ALTER TABLE waf_modes ENABLE ROW LEVEL SECURITY;
ALTER TABLE waf_modes FORCE ROW LEVEL SECURITY;
CREATE POLICY own_or_organizations ON waf_modes
  USING      (organization_id = app_organization() AND (tenant_id IS NULL OR tenant_id = app_tenant()))
  WITH CHECK (organization_id = app_organization() AND (tenant_id IS NULL OR tenant_id = app_tenant()));
GRANT SELECT, INSERT, DELETE ON waf_modes TO vallum_app;
GRANT UPDATE (mode, changed_at) ON waf_modes TO vallum_app;

-- There are none for ever. The day more is for clocks that differ.
CREATE TABLE waf_exceptions (
  id              uuid        PRIMARY KEY,
  organization_id uuid        NOT NULL REFERENCES organizations,
  tenant_id       uuid,       -- NULL: in every tenant of the organization
  rule            text        CHECK (length(rule) <= 60),
  family          text        CHECK (length(family) <= 60),
  route           text        CHECK (length(route) <= 200),
  reason          text        NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
  created_at      timestamptz NOT NULL DEFAULT now(),
  expires_at      timestamptz NOT NULL CHECK (expires_at <= created_at + interval '91 days'),
  FOREIGN KEY (organization_id, tenant_id) REFERENCES tenants (organization_id, id),
  CHECK (rule IS NOT NULL OR family IS NOT NULL)
);
CREATE INDEX waf_exceptions_by_tenant ON waf_exceptions (organization_id, tenant_id, id DESC);
ALTER TABLE waf_exceptions ENABLE ROW LEVEL SECURITY;
ALTER TABLE waf_exceptions FORCE ROW LEVEL SECURITY;
CREATE POLICY own_or_organizations ON waf_exceptions
  USING      (organization_id = app_organization() AND (tenant_id IS NULL OR tenant_id = app_tenant()))
  WITH CHECK (organization_id = app_organization() AND (tenant_id IS NULL OR tenant_id = app_tenant()));
GRANT SELECT, INSERT, DELETE ON waf_exceptions TO vallum_app;

-- Rules that an operator has imported, for every process of this deployment. `digest` tells a process whether it has them already.
CREATE TABLE waf_imported_rules (
  only_one    boolean     PRIMARY KEY DEFAULT true CHECK (only_one),
  digest      text        NOT NULL,
  rules       text        NOT NULL CHECK (octet_length(rules) <= 33554432),
  imported_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT, DELETE ON waf_imported_rules TO vallum_app;
