-- Format 2: the configuration of the control plane. Frozen: a change is a new file with the next number.
-- docs/formats/layers.md explains the tables. As in format 1, every table ends in a checksum that its triggers keep.

CREATE TABLE etl_layers (
    id INTEGER NOT NULL PRIMARY KEY,
    place INTEGER UNIQUE,
    created_at_us INTEGER NOT NULL,
    author TEXT NOT NULL,
    comment TEXT,
    state TEXT NOT NULL CHECK (state IN ('draft', 'queued', 'applying', 'active', 'failed', 'dropped')),
    origin TEXT NOT NULL CHECK (origin IN ('sql', 'import', 'drop', 'restore', 'rollback')),
    drops TEXT NOT NULL,
    restores TEXT NOT NULL,
    keeps TEXT NOT NULL,
    checksum INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE etl_patches (
    layer INTEGER NOT NULL REFERENCES etl_layers (id),
    number INTEGER NOT NULL,
    relation TEXT NOT NULL CHECK (relation IN ('roles', 'rules')),
    uid INTEGER NOT NULL,
    op TEXT NOT NULL CHECK (op IN ('create', 'set', 'unset', 'delete')),
    path TEXT NOT NULL,
    value TEXT,
    checksum INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (layer, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE etl_tasks (
    id INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    layer INTEGER REFERENCES etl_layers (id),
    role TEXT,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    progress REAL NOT NULL,
    steps TEXT NOT NULL,
    error TEXT,
    created_at_us INTEGER NOT NULL,
    started_at_us INTEGER,
    finished_at_us INTEGER,
    checksum INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE etl_attempts (
    id INTEGER NOT NULL PRIMARY KEY,
    layer INTEGER NOT NULL REFERENCES etl_layers (id),
    role TEXT NOT NULL,
    instance TEXT NOT NULL,
    hash TEXT NOT NULL,
    started_at_us INTEGER NOT NULL,
    finished_at_us INTEGER,
    outcome TEXT NOT NULL CHECK (outcome IN ('running', 'applied', 'failed', 'silent', 'restored')),
    detail TEXT NOT NULL,
    checksum INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX etl_attempts_by_layer ON etl_attempts (layer);

CREATE TABLE etl_instances (
    role TEXT NOT NULL,
    id TEXT NOT NULL,
    address TEXT NOT NULL,
    version TEXT NOT NULL,
    sync TEXT NOT NULL CHECK (sync IN ('synced', 'out_of_sync', 'unknown')),
    health TEXT NOT NULL CHECK (health IN ('healthy', 'progressing', 'degraded', 'missing')),
    desired_hash TEXT,
    applied_hash TEXT,
    last_error TEXT,
    last_seen_us INTEGER NOT NULL,
    checksum INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (role, id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER etl_layers_inserted AFTER INSERT ON etl_layers BEGIN
    UPDATE etl_layers
    SET checksum = row_checksum(id, place, created_at_us, author, comment, state, origin, drops, restores, keeps)
    WHERE id = new.id;
END;
CREATE TRIGGER etl_layers_updated AFTER UPDATE ON etl_layers BEGIN
    UPDATE etl_layers
    SET checksum = row_checksum(id, place, created_at_us, author, comment, state, origin, drops, restores, keeps)
    WHERE id = new.id;
END;
CREATE TRIGGER etl_patches_inserted AFTER INSERT ON etl_patches BEGIN
    UPDATE etl_patches SET checksum = row_checksum(layer, number, relation, uid, op, path, value)
    WHERE layer = new.layer AND number = new.number;
END;
CREATE TRIGGER etl_patches_updated AFTER UPDATE ON etl_patches BEGIN
    UPDATE etl_patches SET checksum = row_checksum(layer, number, relation, uid, op, path, value)
    WHERE layer = new.layer AND number = new.number;
END;
CREATE TRIGGER etl_tasks_inserted AFTER INSERT ON etl_tasks BEGIN
    UPDATE etl_tasks
    SET checksum = row_checksum(
        id, kind, layer, role, state, progress, steps, error, created_at_us, started_at_us, finished_at_us)
    WHERE id = new.id;
END;
CREATE TRIGGER etl_tasks_updated AFTER UPDATE ON etl_tasks BEGIN
    UPDATE etl_tasks
    SET checksum = row_checksum(
        id, kind, layer, role, state, progress, steps, error, created_at_us, started_at_us, finished_at_us)
    WHERE id = new.id;
END;
CREATE TRIGGER etl_attempts_inserted AFTER INSERT ON etl_attempts BEGIN
    UPDATE etl_attempts
    SET checksum = row_checksum(id, layer, role, instance, hash, started_at_us, finished_at_us, outcome, detail)
    WHERE id = new.id;
END;
CREATE TRIGGER etl_attempts_updated AFTER UPDATE ON etl_attempts BEGIN
    UPDATE etl_attempts
    SET checksum = row_checksum(id, layer, role, instance, hash, started_at_us, finished_at_us, outcome, detail)
    WHERE id = new.id;
END;
CREATE TRIGGER etl_instances_inserted AFTER INSERT ON etl_instances BEGIN
    UPDATE etl_instances
    SET checksum = row_checksum(
        role, id, address, version, sync, health, desired_hash, applied_hash, last_error, last_seen_us)
    WHERE role = new.role AND id = new.id;
END;
CREATE TRIGGER etl_instances_updated AFTER UPDATE ON etl_instances BEGIN
    UPDATE etl_instances
    SET checksum = row_checksum(
        role, id, address, version, sync, health, desired_hash, applied_hash, last_error, last_seen_us)
    WHERE role = new.role AND id = new.id;
END;

INSERT INTO counters (name, value) VALUES ('etl_revision', 1), ('etl_task', 1), ('etl_attempt', 1);
