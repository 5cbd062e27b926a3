-- An organization always has somebody who may do everything in it: an enabled user with the role owner in every tenant, assigned here and not by an
-- identity provider's claims, which may be gone tomorrow.

CREATE FUNCTION keep_an_owner() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_TABLE_NAME = 'users' AND NOT EXISTS (
    SELECT FROM role_assignments a
     WHERE a.organization_id = NEW.organization_id AND a.principal_id = NEW.id AND a.role = 'owner' AND a.tenant_id IS NULL AND a.origin = 'assigned'
  ) THEN RETURN NULL; END IF;
  -- Of two who go at once the second waits here, and then sees that the first has gone.
  PERFORM pg_advisory_xact_lock(hashtextextended('owners of ' || OLD.organization_id, 0));
  IF NOT EXISTS (
    SELECT FROM role_assignments a JOIN users u ON u.organization_id = a.organization_id AND u.id = a.principal_id
     WHERE a.organization_id = OLD.organization_id AND a.principal_type = 'user' AND a.role = 'owner' AND a.tenant_id IS NULL
       AND a.origin = 'assigned' AND u.disabled_at IS NULL
  ) THEN
    RAISE EXCEPTION 'the last owner' USING ERRCODE = 'VL001';
  END IF;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION keep_an_owner() FROM PUBLIC;

CREATE TRIGGER an_owner_remains AFTER DELETE ON role_assignments FOR EACH ROW
  WHEN (OLD.role = 'owner' AND OLD.tenant_id IS NULL AND OLD.origin = 'assigned') EXECUTE FUNCTION keep_an_owner();
CREATE TRIGGER an_owner_remains AFTER UPDATE OF disabled_at ON users FOR EACH ROW
  WHEN (OLD.disabled_at IS NULL AND NEW.disabled_at IS NOT NULL) EXECUTE FUNCTION keep_an_owner();
