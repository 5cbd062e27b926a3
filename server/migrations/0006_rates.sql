-- Rates that all processes share (docs/adr/0011), and from which addresses an organization's credentials may be used.

-- How much was leased of each rate, by slots of five seconds: of the newest slot and the twelve before it, newest first. Thirteen slots cover any 60 seconds. Unlogged: what it
-- holds is worth a minute, and a lease must not wait for a disk. A server that crashed begins with an empty one.
CREATE UNLOGGED TABLE rate_leases (
  tenant_id uuid   NOT NULL,
  name      uuid   NOT NULL,   -- a principal's; the nil UUID for the tenant's own
  slot      bigint NOT NULL,
  granted   int[]  NOT NULL CHECK (cardinality(granted) = 13),
  PRIMARY KEY (tenant_id, name)
) WITH (fillfactor = 50);   -- no index has what changes, so that updates find room on their page
ALTER TABLE rate_leases ENABLE ROW LEVEL SECURITY;
ALTER TABLE rate_leases FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON rate_leases USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant());
GRANT SELECT, INSERT, DELETE ON rate_leases TO vallum_app;
GRANT UPDATE (slot, granted) ON rate_leases TO vallum_app;

-- What a lease at a moment gives, and what is written down then. It reads nothing else, so that it can be held against a model.
CREATE FUNCTION rate_lease_at(
  INOUT _slot bigint, INOUT _granted int[], _at_ms bigint, _limit int, _want int, _unused_slot bigint, _unused int,
  OUT _given int, OUT _remaining int, OUT _ends_ms int, OUT _more_ms int
) LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  _now  bigint := _at_ms / 5000;
  _past int    := _at_ms % 5000;
  _used int;
  _at   int    := _slot - _unused_slot + 1;
BEGIN
  IF _unused > 0 AND _at BETWEEN 1 AND 13 THEN
    _granted[_at] := greatest(_granted[_at] - _unused, 0);
  END IF;
  -- A clock that was set back: what was leased counts as if it had been leased just now, so that nobody gets it twice and nobody waits for the clock.
  IF _slot < _now THEN
    _granted := (array_fill(0, ARRAY[least(_now - _slot, 13)::int]) || _granted)[1:13];
  END IF;
  _slot := _now;
  _used := (SELECT sum(n) FROM unnest(_granted) AS n);
  _given := greatest(least(_want, _limit - _used), 0);
  _granted[1] := _granted[1] + _given;
  _remaining := greatest(_limit - _used - _given, 0);
  -- A millisecond less, since the time was cut to whole ones: nobody may use a lease when its slot is over.
  _ends_ms := 4999 - _past;
  -- When the oldest slot that has something leaves the window.
  _more_ms := (SELECT 5000 * (14 - max(i)) - _past FROM generate_subscripts(_granted, 1) AS i WHERE _granted[i] > 0);
END $$;

-- Leases some requests of a rate for the slot under way, and takes back what was left of an earlier lease. All processes go by this clock, which is read once the row is theirs.
CREATE FUNCTION lease_rate(_name uuid, _limit int, _want int, _unused_slot bigint, _unused int)
  RETURNS TABLE (slot bigint, granted int, remaining int, ends_ms int, more_ms int)
  LANGUAGE plpgsql SET search_path = public, pg_temp ROWS 1 AS $$
DECLARE
  _row    rate_leases;
  _lease  record;
BEGIN
  LOOP
    SELECT * INTO _row FROM rate_leases r WHERE r.tenant_id = app_tenant() AND r.name = _name FOR UPDATE;
    EXIT WHEN FOUND;
    INSERT INTO rate_leases (tenant_id, name, slot, granted) VALUES (app_tenant(), _name, 0, array_fill(0, ARRAY[13])) ON CONFLICT DO NOTHING;
  END LOOP;
  _lease := rate_lease_at(_row.slot, _row.granted, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint, _limit, _want, _unused_slot, _unused);
  UPDATE rate_leases r SET slot = _lease._slot, granted = _lease._granted WHERE r.tenant_id = app_tenant() AND r.name = _name;
  RETURN QUERY SELECT _lease._slot, _lease._given, _lease._remaining, _lease._ends_ms, _lease._more_ms;
END $$;
REVOKE ALL ON FUNCTION rate_lease_at(bigint, int[], bigint, int, int, bigint, int), lease_rate(uuid, int, int, bigint, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rate_lease_at(bigint, int[], bigint, int, int, bigint, int), lease_rate(uuid, int, int, bigint, int) TO vallum_app;

-- From which addresses an organization's credentials may be used: `{"allow": [{cidr, expires_at, note}], "deny": [...]}`. One row each, since it is changed as a whole.
CREATE TABLE address_lists (
  organization_id uuid        PRIMARY KEY REFERENCES organizations,
  lists           jsonb       NOT NULL,
  version         bigint      NOT NULL CHECK (version > 0),
  updated_at      timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE address_lists ENABLE ROW LEVEL SECURITY;
ALTER TABLE address_lists FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON address_lists
  USING (organization_id = app_organization()) WITH CHECK (organization_id = app_organization());
GRANT SELECT, INSERT ON address_lists TO vallum_app;
GRANT UPDATE (lists, version, updated_at) ON address_lists TO vallum_app;
