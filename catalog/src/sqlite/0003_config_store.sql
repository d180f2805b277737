-- Format 3: the embedded config store. Frozen: a change is a new file with the next number.
-- docs/formats/config-store.md explains the tables. As in format 1, every table ends in a checksum that its triggers keep.

CREATE TABLE store_leases (
    id INTEGER NOT NULL PRIMARY KEY,
    ttl_us INTEGER NOT NULL,
    checksum INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE store_entries (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    revision INTEGER NOT NULL,
    lease INTEGER REFERENCES store_leases (id),
    checksum INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX store_entries_by_lease ON store_entries (lease);

CREATE TRIGGER store_leases_inserted AFTER INSERT ON store_leases BEGIN
    UPDATE store_leases SET checksum = row_checksum(id, ttl_us) WHERE id = new.id;
END;
CREATE TRIGGER store_leases_updated AFTER UPDATE ON store_leases BEGIN
    UPDATE store_leases SET checksum = row_checksum(id, ttl_us) WHERE id = new.id;
END;
CREATE TRIGGER store_entries_inserted AFTER INSERT ON store_entries BEGIN
    UPDATE store_entries SET checksum = row_checksum(key, value, revision, lease) WHERE key = new.key;
END;
CREATE TRIGGER store_entries_updated AFTER UPDATE ON store_entries BEGIN
    UPDATE store_entries SET checksum = row_checksum(key, value, revision, lease) WHERE key = new.key;
END;

INSERT INTO counters (name, value) VALUES ('store_revision', 1), ('store_lease', 1);
