"""The catalogue queries of pgAdmin 4, from the templates that its package holds, as it renders them for a server of version 15.

Argument: a connection string; the user may do everything. Prints one line a part, and what was wrong; exits with 1 if anything was.

pgAdmin takes, of each template, the newest version that the server is new enough for. What a template is asked about is the same
everywhere here: a topic, its view, its index. Templates that want what somebody types into a dialog are left out and counted.
"""

import collections
import pathlib
import re
import sys

import jinja2
import pgadmin4
import psycopg
from psycopg import sql

from checking import equal, finish, part

ROOT = pathlib.Path(next(iter(pgadmin4.__path__))) / "pgadmin"
SERVER_VERSION = 15
# Of other servers (EDB's, with its replication), of extensions, of the debugger.
FOREIGN = {"ppas", "debugger", "pga_job", "pga_jobstep", "pga_schedule", "pgd_replication_groups", "pgd_replication_servers", "replica_nodes", "resource_groups", "synonyms", "directories"}
# Templates that change something, and pieces that only others include.
NO_QUERY = re.compile(
    r"^(create|update|delete|alter|grant|revoke|enable|disable|reset|refresh|insert|attach|detach|truncate|explain|begin|end|cmd|vacuum|pgd_)"
    r"|condition\.sql$"
)
# Refused by PostgreSQL 15 as well, and why. The names are those of the folder below `templates` and of the file.
NOWHERE = {
    "languages/templates.sql": "a table that was dropped in version 13",
    "sqleditor/has_oids.sql": "a column that was dropped in version 12",
    "tables/get_inherits.sql": "a name in the template that is no variable",
}


class Missing(jinja2.Undefined):
    """May be asked whether it is there, and not be written."""

    __str__ = __iter__ = __len__ = jinja2.Undefined._fail_with_undefined_error


def templates():
    """Path of each template, in the version that a server of SERVER_VERSION gets, by what NOWHERE calls it."""
    chosen = {}
    for path in sorted(ROOT.rglob("*.sql")):
        parts = path.relative_to(ROOT).parts
        if "templates" not in parts or "tests" in parts or FOREIGN & set(parts) or NO_QUERY.search(path.name):
            continue
        kept = tuple(part for part in parts if part != "default" and not part.endswith("_plus"))
        version = int(next((part.removesuffix("_plus") for part in parts if part.endswith("_plus")), 0))
        if version <= SERVER_VERSION and version >= chosen.get(kept, (0, path))[0]:
            chosen[kept] = (version, path)
    for kept, (_, path) in chosen.items():
        yield f"{kept[kept.index('templates') + 1]}/{path.name}", path


def rendering():
    loader = jinja2.FileSystemLoader(sorted({str(folder) for folder in ROOT.rglob("templates")}))
    environment = jinja2.Environment(loader=loader, undefined=Missing, trim_blocks=True, extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])

    def literal(value, connection=None, force_quote=False):
        return sql.Literal(value if isinstance(value, int) and not force_quote else str(value)).as_string(None)

    def ident(connection, *names):
        return ".".join(sql.Identifier(str(name)).as_string(None) for name in names)

    environment.filters |= {"qtLiteral": literal, "qtIdent": ident, "qtTypeIdent": ident, "hasAny": lambda data, keys: any(key in data for key in keys)}
    # The words of its own language.
    environment.globals |= {"_": str, "conn": None}
    return environment


def context(connection):
    """What pgAdmin knows by the time it asks."""
    connection.execute("CREATE TABLE logs.seen (ts timestamptz NOT NULL, n int, message text) WITH (time_column = 'ts')")
    connection.execute("CREATE INDEX seen_words ON logs.seen USING inverted (message)")
    connection.execute("CREATE VIEW logs.seen_view AS SELECT ts, n FROM logs.seen")
    connection.execute("CREATE USER ann PASSWORD 'a password'")
    connection.execute("GRANT SELECT, INSERT ON logs.seen TO ann")

    def oid(query):
        return connection.execute(f"SELECT ({query})::oid::int8").fetchone()[0]

    database, schema = oid("SELECT oid FROM pg_database WHERE datname = current_database()"), oid("'logs'::regnamespace")
    topic, view, index = oid("'logs.seen'::regclass"), oid("'logs.seen_view'::regclass"), oid("'logs.seen_words'::regclass")
    function, user = oid("SELECT oid FROM pg_proc WHERE proname = 'now'"), oid("SELECT oid FROM pg_roles WHERE rolname = 'ann'")
    known = dict.fromkeys(["did", "db_oid", "dbid"], database)
    known |= dict.fromkeys(["scid", "schema_id", "parent_id", "schema_oid", "pnspid", "nspoid"], schema)
    known |= dict.fromkeys(["tid", "table_oid", "relid", "oid", "foid", "obj_id", "object_id", "table_id", "eid", "conid"], topic)
    known |= dict.fromkeys(["vid", "view_oid"], view) | dict.fromkeys(["idx", "cid", "coid", "fkid"], index)
    known |= dict.fromkeys(["fnid", "pid", "edbfnid"], function) | dict.fromkeys(["rid", "role_id", "uid"], user)
    known |= dict.fromkeys(["doid", "seid", "trid", "type_id", "lid", "syid", "clid", "subid", "pbid", "etid", "fid", "out_arg_oid"], 0)
    known |= {"schema": "logs", "nspname": "logs", "basensp": "logs", "schema_names": "'logs'", "name": "seen", "constraint_type": "p", "datlastsysoid": 16383}
    known |= {"type": "table", "where": f"WHERE dep.objid = {topic}::oid", "indextype": "u", "pname": "now", "pubname": "p", "subname": "s", "keys": [], "limit": 10}
    known |= {"where_clause": f"WHERE dep.objid = {topic}::oid", "colcnt": 1, "chart_names": ["session_stats", "tps_stats", "ti_stats", "to_stats", "bio_stats"], "log_format": "csvlog"}
    return known


def main(address):
    with psycopg.connect(address, autocommit=True) as connection:
        catalogue(connection)
        privileges(connection)


@part
def catalogue(connection):
    known, environment = context(connection), rendering()
    outcome = collections.Counter()
    failed = {}
    for name, path in templates():
        try:
            text = environment.from_string(path.read_text(encoding="utf-8")).render(**known).strip()
        except (jinja2.UndefinedError, TypeError):
            outcome["wants a dialog"] += 1
            continue
        if not text:
            outcome["nothing to ask"] += 1
            continue
        try:
            # Few leave something to the driver, which then reads every % as a mark.
            connection.execute(text, known if "%(" in text else None)
            outcome["answered"] += 1
        except psycopg.Error as error:
            failed[name] = str(error).splitlines()[0]
    for name, why in failed.items():
        if name not in NOWHERE:
            print(f"{name}: {why}", file=sys.stderr)
    print(dict(outcome))
    equal(sorted(failed), sorted(NOWHERE))
    equal(outcome["answered"] >= 300, True, outcome)


@part
def privileges(connection):
    """What the panel of privileges shows."""
    asked = (
        "SELECT g.rolname, (d).privilege_type, (d).is_grantable FROM (SELECT aclexplode(relacl) AS d FROM pg_catalog.pg_class"
        " WHERE oid = 'logs.seen'::regclass) a JOIN pg_catalog.pg_roles g ON g.oid = (d).grantee WHERE g.rolname = 'ann' ORDER BY 2"
    )
    equal(connection.execute(asked).fetchall(), [("ann", "INSERT", False), ("ann", "SELECT", False)])


if __name__ == "__main__":
    main(sys.argv[1])
    finish()
