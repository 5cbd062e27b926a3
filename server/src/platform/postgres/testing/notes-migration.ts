import { migrationFolder } from './migration-folder.ts';

/** Rows of tenants behind forced row security, and the two functions that the doors know. */
export const notesMigration = (): string =>
  migrationFolder({
    '0001_notes.sql': `
      CREATE TABLE note (
        id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        tenant_id uuid   NOT NULL,
        body      text   NOT NULL UNIQUE
      );
      ALTER TABLE note ENABLE ROW LEVEL SECURITY;
      ALTER TABLE note FORCE ROW LEVEL SECURITY;
      CREATE POLICY tenant_only ON note
        USING      (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)
        WITH CHECK (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
      GRANT SELECT, INSERT ON note TO vallum_app;

      CREATE TABLE credential (hash bytea, tenant_id uuid, created_at timestamptz DEFAULT now());
      CREATE FUNCTION lookup_credential(wanted bytea) RETURNS SETOF credential
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
        AS $$ SELECT * FROM credential WHERE hash = wanted $$;
      CREATE TABLE partition_call (at timestamptz DEFAULT clock_timestamp());
      CREATE FUNCTION ensure_partitions() RETURNS void
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
        AS $$ INSERT INTO partition_call DEFAULT VALUES $$;
      REVOKE EXECUTE ON FUNCTION lookup_credential, ensure_partitions FROM PUBLIC;
      GRANT EXECUTE ON FUNCTION lookup_credential, ensure_partitions TO vallum_app;
    `,
  });
