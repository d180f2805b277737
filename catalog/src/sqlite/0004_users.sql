-- Format 4: users. Frozen: a change is a new file with the next number. docs/formats/catalog.md explains the tables.
-- As in format 1, every table ends in a checksum that its triggers keep.

CREATE TABLE users (
    oid INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    login INTEGER NOT NULL CHECK (login IN (0, 1)),
    superuser INTEGER NOT NULL CHECK (superuser IN (0, 1)),
    connection_limit INTEGER,
    valid_until_us INTEGER,
    verifier TEXT,
    checksum INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE memberships (
    user INTEGER NOT NULL REFERENCES users (oid) ON DELETE CASCADE,
    member INTEGER NOT NULL REFERENCES users (oid) ON DELETE CASCADE,
    admin INTEGER NOT NULL CHECK (admin IN (0, 1)),
    checksum INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (user, member)
) STRICT;
CREATE INDEX memberships_by_member ON memberships (member);

CREATE TRIGGER users_inserted AFTER INSERT ON users BEGIN
    UPDATE users SET checksum = row_checksum(oid, name, login, superuser, connection_limit, valid_until_us, verifier)
    WHERE oid = new.oid;
END;
CREATE TRIGGER users_updated AFTER UPDATE ON users BEGIN
    UPDATE users SET checksum = row_checksum(oid, name, login, superuser, connection_limit, valid_until_us, verifier)
    WHERE oid = new.oid;
END;
CREATE TRIGGER memberships_inserted AFTER INSERT ON memberships BEGIN
    UPDATE memberships SET checksum = row_checksum(user, member, admin) WHERE user = new.user AND member = new.member;
END;
CREATE TRIGGER memberships_updated AFTER UPDATE ON memberships BEGIN
    UPDATE memberships SET checksum = row_checksum(user, member, admin) WHERE user = new.user AND member = new.member;
END;

INSERT INTO users (oid, name, login, superuser) VALUES (10, 'strata', 1, 1);
