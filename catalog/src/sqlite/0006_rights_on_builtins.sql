-- Format 6: rights on what is built in, and for everybody. Frozen: a change is a new file with the next number.
-- docs/formats/catalog.md explains the tables. As in format 1, every table ends in a checksum that its triggers keep.

-- What is built in has a number below those of objects and no row among them; user 0 is everybody. So these are no foreign keys,
-- and triggers take the rights of what goes.
DROP INDEX rights_by_user;
DROP TRIGGER rights_inserted;
DROP TRIGGER rights_updated;
ALTER TABLE rights RENAME TO rights_before;
CREATE TABLE rights (
    object INTEGER NOT NULL,
    user INTEGER NOT NULL,
    privilege TEXT NOT NULL CHECK (privilege IN ('select', 'insert', 'update', 'delete', 'usage', 'execute')),
    checksum INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (object, user, privilege)
) STRICT;
CREATE INDEX rights_by_user ON rights (user);
INSERT INTO rights SELECT * FROM rights_before;
DROP TABLE rights_before;

CREATE TRIGGER rights_inserted AFTER INSERT ON rights BEGIN
    UPDATE rights SET checksum = row_checksum(object, user, privilege)
    WHERE object = new.object AND user = new.user AND privilege = new.privilege;
END;
CREATE TRIGGER rights_updated AFTER UPDATE ON rights BEGIN
    UPDATE rights SET checksum = row_checksum(object, user, privilege)
    WHERE object = new.object AND user = new.user AND privilege = new.privilege;
END;
CREATE TRIGGER rights_go_with_objects AFTER DELETE ON objects BEGIN
    DELETE FROM rights WHERE object = old.oid;
END;
CREATE TRIGGER rights_go_with_users AFTER DELETE ON users BEGIN
    DELETE FROM rights WHERE user = old.oid;
END;
