-- Format 5: rights. Frozen: a change is a new file with the next number. docs/formats/catalog.md explains the tables.
-- As in format 1, every table ends in a checksum that its triggers keep.

CREATE TABLE rights (
    object INTEGER NOT NULL REFERENCES objects (oid) ON DELETE CASCADE,
    user INTEGER NOT NULL REFERENCES users (oid) ON DELETE CASCADE,
    privilege TEXT NOT NULL CHECK (privilege IN ('select', 'insert', 'usage')),
    checksum INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (object, user, privilege)
) STRICT;
CREATE INDEX rights_by_user ON rights (user);

CREATE TRIGGER rights_inserted AFTER INSERT ON rights BEGIN
    UPDATE rights SET checksum = row_checksum(object, user, privilege)
    WHERE object = new.object AND user = new.user AND privilege = new.privilege;
END;
CREATE TRIGGER rights_updated AFTER UPDATE ON rights BEGIN
    UPDATE rights SET checksum = row_checksum(object, user, privilege)
    WHERE object = new.object AND user = new.user AND privilege = new.privilege;
END;
