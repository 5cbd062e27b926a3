-- The tamper-evident log (docs/adr/0004, 0005). What is here holds no tenant's content: commitments, tree hashes, signed heads. The role vallum_ledger
-- may add and never change; rows of tenants are in ledger_entries, under row-level security, and that role cannot read them.

-- One log per origin: a year, or what follows a freeze. `base` is the global index of its first leaf, so that indices are never used twice.
CREATE TABLE ledger_logs (
  log        int         PRIMARY KEY CHECK (log > 0),
  origin     text        NOT NULL UNIQUE,
  vkey       text        NOT NULL,
  year       int         NOT NULL,
  base       bigint      NOT NULL CHECK (base >= 0),
  started_at timestamptz NOT NULL DEFAULT now()
);

-- A log that will not grow any more, and why. A row of its own, since nothing here is ever updated.
CREATE TABLE ledger_freezes (
  log       int         PRIMARY KEY REFERENCES ledger_logs,
  because   text        NOT NULL CHECK (because IN ('ended', 'behind', 'forked', 'damaged')),
  size      bigint      NOT NULL,
  frozen_at timestamptz NOT NULL DEFAULT now()
);

-- Every process that appends. A fenced one may not append any more, so that what it left open can be sealed as lost exactly once.
CREATE TABLE ledger_writers (
  writer       uuid        PRIMARY KEY,
  started_at   timestamptz NOT NULL DEFAULT now(),
  seen_at      timestamptz NOT NULL DEFAULT now(),
  fenced_at    timestamptz,
  recovered_at timestamptz,
  stopped_at   timestamptz
);

-- Append-only. The primary key and the reference to the batch before it make the log a chain: no fork and no gap can be stored.
CREATE TABLE ledger_batches (
  log         int         NOT NULL REFERENCES ledger_logs,
  start       bigint      NOT NULL CHECK (start >= 0),
  next        bigint      NOT NULL,
  after       bigint      GENERATED ALWAYS AS (nullif(start, 0)) STORED,
  writer      uuid        NOT NULL,
  open_from   bigint,     -- global index of the oldest intent of this writer that had no outcome yet
  root        bytea       NOT NULL CHECK (length(root) = 32),
  checkpoint  text        NOT NULL,
  commitments bytea       NOT NULL,   -- 32 bytes a leaf
  heads       bytea       NOT NULL,   -- 34 bytes a leaf: tenant, id, phase, kind
  at          timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (log, start),
  UNIQUE (log, next),
  FOREIGN KEY (log, after) REFERENCES ledger_batches (log, next),
  CHECK (next > start AND length(commitments) = 32 * (next - start) AND length(heads) = 34 * (next - start))
);
CREATE INDEX ledger_batches_by_writer ON ledger_batches (writer, log DESC, start DESC);
ALTER TABLE ledger_batches ALTER commitments SET STORAGE EXTERNAL, ALTER heads SET STORAGE EXTERNAL;

-- Full tiles only (C2SP tlog-tiles); partial ones are computed on read.
CREATE TABLE ledger_tiles (
  log    int      NOT NULL REFERENCES ledger_logs,
  level  smallint NOT NULL,
  index  bigint   NOT NULL,
  hashes bytea    NOT NULL CHECK (length(hashes) = 8192),
  root   bytea    NOT NULL CHECK (length(root) = 32),
  PRIMARY KEY (log, level, index)
);
ALTER TABLE ledger_tiles ALTER hashes SET STORAGE EXTERNAL;

-- The tenant's side of each leaf: the record (encrypted under the tenant's audit key) and what lists are filtered by.
-- Ids are UUIDv7, so a range of ids is a range of time, and the primary key can span the day partitions.
CREATE TABLE ledger_entries (
  tenant_id uuid     NOT NULL,
  id        uuid     NOT NULL,
  phase     smallint NOT NULL CHECK (phase IN (0, 1)),
  position  bigint   NOT NULL,   -- global index
  kind      text     NOT NULL,
  action    text,
  principal text,
  decision  text,
  record    bytea    NOT NULL,
  trace     text,                -- JSON: steps and their microseconds; not part of the proof
  PRIMARY KEY (tenant_id, id, phase)
) PARTITION BY RANGE (id);
CREATE INDEX ledger_entries_by_position ON ledger_entries (tenant_id, position);
ALTER TABLE ledger_entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger_entries FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON ledger_entries FOR SELECT TO vallum_app USING (tenant_id = app_tenant());
-- A batch mixes tenants, so this role is not scoped; it can insert here and read nothing.
CREATE POLICY append ON ledger_entries FOR INSERT TO vallum_ledger WITH CHECK (true);

GRANT SELECT ON ledger_entries TO vallum_app;
GRANT INSERT ON ledger_entries TO vallum_ledger;
GRANT SELECT ON ledger_logs, ledger_freezes, ledger_batches, ledger_tiles TO vallum_app;
GRANT SELECT, INSERT ON ledger_logs, ledger_freezes, ledger_batches, ledger_tiles, ledger_writers TO vallum_ledger;
GRANT UPDATE (seen_at, fenced_at, recovered_at, stopped_at) ON ledger_writers TO vallum_ledger;

-- The smallest UUIDv7 of a moment.
CREATE FUNCTION uuidv7_at(_at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN (lpad(to_hex((extract(epoch FROM _at) * 1000)::bigint), 12, '0') || '-0000-0000-000000000000')::uuid;

-- Makes the day partitions from yesterday to two weeks ahead. Runs as the owner, since partitions belong to it.
CREATE FUNCTION ensure_partitions() RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  _day date;
  _name text;
  _made int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(7309940600000001);
  FOR _day IN SELECT generate_series((now() AT TIME ZONE 'UTC')::date - 1, (now() AT TIME ZONE 'UTC')::date + 14, '1 day') LOOP
    _name := 'ledger_entries_' || to_char(_day, 'YYYYMMDD');
    CONTINUE WHEN to_regclass(_name) IS NOT NULL;
    EXECUTE format('CREATE TABLE %I PARTITION OF ledger_entries FOR VALUES FROM (%L) TO (%L)', _name,
                   uuidv7_at(_day::timestamp AT TIME ZONE 'UTC'), uuidv7_at((_day + 1)::timestamp AT TIME ZONE 'UTC'));
    -- Nobody may reach a partition but through its parent.
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', _name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', _name);
    _made := _made + 1;
  END LOOP;
  RETURN _made;
END $$;
REVOKE ALL ON FUNCTION ensure_partitions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_partitions() TO vallum_app;
SELECT ensure_partitions();

-- One batch, in one statement. SQLSTATEs: VL001 the log does not end where this batch starts; VL002 this writer is fenced; VL003 the log is frozen or not the last.
-- `_rows` is a JSON array, one object a leaf, of what is not bytes: k kind, a action, p principal, d decision, t trace; `_record_bytes` the length of each record in `_records`.
CREATE FUNCTION ledger_append(
  _log int, _start bigint, _next bigint, _writer uuid, _open_from bigint, _root bytea, _checkpoint text,
  _commitments bytea, _heads bytea, _records bytea, _record_bytes int[], _rows json,
  _tile_levels smallint[], _tile_indices bigint[], _tile_hashes bytea, _tile_roots bytea
) RETURNS bigint LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  _head bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(7309940600000002);
  -- From here on this process is alone; each statement sees what was committed before the lock was given.
  IF EXISTS (SELECT FROM ledger_writers WHERE writer = _writer AND fenced_at IS NOT NULL) THEN
    RAISE EXCEPTION 'writer is fenced' USING ERRCODE = 'VL002';
  END IF;
  IF EXISTS (SELECT FROM ledger_freezes WHERE log = _log) OR EXISTS (SELECT FROM ledger_logs WHERE log > _log) THEN
    RAISE EXCEPTION 'log % takes no more entries', _log USING ERRCODE = 'VL003';
  END IF;
  SELECT next INTO _head FROM ledger_batches WHERE log = _log ORDER BY next DESC LIMIT 1;
  IF coalesce(_head, 0) <> _start THEN
    RAISE EXCEPTION 'log % ends at %, not at %', _log, coalesce(_head, 0), _start USING ERRCODE = 'VL001';
  END IF;

  INSERT INTO ledger_batches (log, start, next, writer, open_from, root, checkpoint, commitments, heads)
       VALUES (_log, _start, _next, _writer, _open_from, _root, _checkpoint, _commitments, _heads);

  INSERT INTO ledger_entries (tenant_id, id, phase, position, kind, action, principal, decision, record, trace)
  SELECT encode(substring(_heads FROM (34 * (n - 1) + 1)::int FOR 16), 'hex')::uuid,
         encode(substring(_heads FROM (34 * (n - 1) + 17)::int FOR 16), 'hex')::uuid,
         get_byte(_heads, (34 * (n - 1) + 32)::int),
         (SELECT base FROM ledger_logs WHERE log = _log) + _start + n - 1,
         r ->> 'k', r ->> 'a', r ->> 'p', r ->> 'd',
         substring(_records FROM (sum(bytes) OVER (ORDER BY n))::int - bytes + 1 FOR bytes),
         r ->> 't'
    FROM unnest(_record_bytes) WITH ORDINALITY AS b (bytes, n)
    JOIN json_array_elements(_rows) WITH ORDINALITY AS j (r, n) USING (n);

  IF cardinality(_tile_levels) > 0 THEN
    INSERT INTO ledger_tiles (log, level, index, hashes, root)
    SELECT _log, level, index, substring(_tile_hashes FROM (8192 * (n - 1) + 1)::int FOR 8192), substring(_tile_roots FROM (32 * (n - 1) + 1)::int FOR 32)
      FROM unnest(_tile_levels, _tile_indices) WITH ORDINALITY AS t (level, index, n);
  END IF;
  RETURN (SELECT epoch FROM control);
END $$;
REVOKE ALL ON FUNCTION ledger_append(int, bigint, bigint, uuid, bigint, bytea, text, bytea, bytea, bytea, int[], json, smallint[], bigint[], bytea, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_append(int, bigint, bigint, uuid, bigint, bytea, text, bytea, bytea, bytea, int[], json, smallint[], bigint[], bytea, bytea) TO vallum_ledger;
