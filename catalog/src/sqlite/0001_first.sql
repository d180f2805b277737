-- Format 1. Frozen: a change is a new file with the next number. docs/formats/catalog.md explains the tables.
-- Every table ends in `checksum`, kept by its triggers: row_checksum() of the columns before it, in their order.

CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL,
    checksum INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE objects (
    oid INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('schema', 'topic', 'view', 'index')),
    schema_oid INTEGER REFERENCES objects (oid),
    name TEXT NOT NULL,
    checksum INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX objects_by_name ON objects (ifnull(schema_oid, 0), name);
CREATE INDEX objects_by_schema ON objects (schema_oid);

CREATE TABLE topics (
    oid INTEGER NOT NULL PRIMARY KEY REFERENCES objects (oid) ON DELETE CASCADE,
    columns TEXT NOT NULL,
    next_column_id INTEGER NOT NULL,
    options TEXT NOT NULL,
    first_offset INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    created_at_us INTEGER NOT NULL,
    checksum INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE indexes (
    oid INTEGER NOT NULL PRIMARY KEY REFERENCES objects (oid) ON DELETE CASCADE,
    topic INTEGER NOT NULL REFERENCES topics (oid),
    column_id INTEGER NOT NULL,
    method TEXT NOT NULL,
    options TEXT NOT NULL,
    checksum INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX indexes_by_topic ON indexes (topic);

CREATE TABLE views (
    oid INTEGER NOT NULL PRIMARY KEY REFERENCES objects (oid) ON DELETE CASCADE,
    query TEXT NOT NULL,
    checksum INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE comments (
    object INTEGER NOT NULL REFERENCES objects (oid) ON DELETE CASCADE,
    column_id INTEGER NOT NULL,
    comment TEXT NOT NULL,
    checksum INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (object, column_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE segments (
    id TEXT NOT NULL UNIQUE,
    topic INTEGER NOT NULL REFERENCES topics (oid),
    first_offset INTEGER NOT NULL,
    last_offset INTEGER NOT NULL,
    location TEXT NOT NULL UNIQUE,
    meta TEXT NOT NULL,
    checksum INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX segments_by_offset ON segments (topic, first_offset);

CREATE TABLE garbage (
    location TEXT NOT NULL PRIMARY KEY,
    since_us INTEGER NOT NULL,
    checksum INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE producers (
    topic INTEGER NOT NULL REFERENCES topics (oid),
    producer TEXT NOT NULL,
    ranges TEXT NOT NULL,
    last_seen_us INTEGER NOT NULL,
    checksum INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, producer)
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    checksum INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE tasks (
    id INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    state TEXT NOT NULL,
    progress REAL NOT NULL,
    detail TEXT NOT NULL,
    error TEXT,
    created_at_us INTEGER NOT NULL,
    started_at_us INTEGER,
    finished_at_us INTEGER,
    checksum INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TRIGGER counters_inserted AFTER INSERT ON counters BEGIN
    UPDATE counters SET checksum = row_checksum(name, value) WHERE name = new.name;
END;
CREATE TRIGGER counters_updated AFTER UPDATE ON counters BEGIN
    UPDATE counters SET checksum = row_checksum(name, value) WHERE name = new.name;
END;
CREATE TRIGGER objects_inserted AFTER INSERT ON objects BEGIN
    UPDATE objects SET checksum = row_checksum(oid, kind, schema_oid, name) WHERE oid = new.oid;
END;
CREATE TRIGGER objects_updated AFTER UPDATE ON objects BEGIN
    UPDATE objects SET checksum = row_checksum(oid, kind, schema_oid, name) WHERE oid = new.oid;
END;
CREATE TRIGGER topics_inserted AFTER INSERT ON topics BEGIN
    UPDATE topics
    SET checksum = row_checksum(oid, columns, next_column_id, options, first_offset, next_offset, created_at_us)
    WHERE oid = new.oid;
END;
CREATE TRIGGER topics_updated AFTER UPDATE ON topics BEGIN
    UPDATE topics
    SET checksum = row_checksum(oid, columns, next_column_id, options, first_offset, next_offset, created_at_us)
    WHERE oid = new.oid;
END;
CREATE TRIGGER indexes_inserted AFTER INSERT ON indexes BEGIN
    UPDATE indexes SET checksum = row_checksum(oid, topic, column_id, method, options) WHERE oid = new.oid;
END;
CREATE TRIGGER indexes_updated AFTER UPDATE ON indexes BEGIN
    UPDATE indexes SET checksum = row_checksum(oid, topic, column_id, method, options) WHERE oid = new.oid;
END;
CREATE TRIGGER views_inserted AFTER INSERT ON views BEGIN
    UPDATE views SET checksum = row_checksum(oid, query) WHERE oid = new.oid;
END;
CREATE TRIGGER views_updated AFTER UPDATE ON views BEGIN
    UPDATE views SET checksum = row_checksum(oid, query) WHERE oid = new.oid;
END;
CREATE TRIGGER comments_inserted AFTER INSERT ON comments BEGIN
    UPDATE comments SET checksum = row_checksum(object, column_id, comment)
    WHERE object = new.object AND column_id = new.column_id;
END;
CREATE TRIGGER comments_updated AFTER UPDATE ON comments BEGIN
    UPDATE comments SET checksum = row_checksum(object, column_id, comment)
    WHERE object = new.object AND column_id = new.column_id;
END;
CREATE TRIGGER segments_inserted AFTER INSERT ON segments BEGIN
    UPDATE segments SET checksum = row_checksum(id, topic, first_offset, last_offset, location, meta)
    WHERE rowid = new.rowid;
END;
CREATE TRIGGER segments_updated AFTER UPDATE ON segments BEGIN
    UPDATE segments SET checksum = row_checksum(id, topic, first_offset, last_offset, location, meta)
    WHERE rowid = new.rowid;
END;
CREATE TRIGGER garbage_inserted AFTER INSERT ON garbage BEGIN
    UPDATE garbage SET checksum = row_checksum(location, since_us) WHERE location = new.location;
END;
CREATE TRIGGER garbage_updated AFTER UPDATE ON garbage BEGIN
    UPDATE garbage SET checksum = row_checksum(location, since_us) WHERE location = new.location;
END;
CREATE TRIGGER producers_inserted AFTER INSERT ON producers BEGIN
    UPDATE producers SET checksum = row_checksum(topic, producer, ranges, last_seen_us)
    WHERE topic = new.topic AND producer = new.producer;
END;
CREATE TRIGGER producers_updated AFTER UPDATE ON producers BEGIN
    UPDATE producers SET checksum = row_checksum(topic, producer, ranges, last_seen_us)
    WHERE topic = new.topic AND producer = new.producer;
END;
CREATE TRIGGER settings_inserted AFTER INSERT ON settings BEGIN
    UPDATE settings SET checksum = row_checksum(name, value) WHERE name = new.name;
END;
CREATE TRIGGER settings_updated AFTER UPDATE ON settings BEGIN
    UPDATE settings SET checksum = row_checksum(name, value) WHERE name = new.name;
END;
CREATE TRIGGER tasks_inserted AFTER INSERT ON tasks BEGIN
    UPDATE tasks
    SET checksum = row_checksum(id, kind, target, state, progress, detail, error, created_at_us, started_at_us, finished_at_us)
    WHERE id = new.id;
END;
CREATE TRIGGER tasks_updated AFTER UPDATE ON tasks BEGIN
    UPDATE tasks
    SET checksum = row_checksum(id, kind, target, state, progress, detail, error, created_at_us, started_at_us, finished_at_us)
    WHERE id = new.id;
END;

INSERT INTO counters (name, value) VALUES ('epoch', 0), ('oid', 16386), ('task', 1);
INSERT INTO objects (oid, kind, schema_oid, name) VALUES (16384, 'schema', NULL, 'logs'), (16385, 'schema', NULL, 'public');
