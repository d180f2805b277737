"""DuckDB reads the segments of topics straight from the data folder, by their manifests.

Argument: a connection string of a server on this machine; topic `logs.events` is there. Prints one line a part, and what was wrong;
exits with 1 if anything was.
"""

import os
import sys
import time

import duckdb
import psycopg

from checking import equal, finish, part
from varied import PORTIONS, manifest, paths


def relation(told):
    """A topic as a query of DuckDB, with a column for each field that has one in the files."""
    selects = []
    for at, layout in enumerate(told["layouts"]):
        stored = {one["column"]: one for one in layout}
        chosen = [value(stored.get(column["name"]), column["name"]) for column in told["columns"]]
        listed = ", ".join(f"'{path}'" for path in paths(told, at))
        files = f"read_parquet([{listed}], union_by_name = true)"
        present = {name for name, *_ in duckdb.sql(f"DESCRIBE SELECT * FROM {files}").fetchall()}
        chosen += [field(name, path, present) for name, path in told["fields"].items()]
        selects.append(f"SELECT {', '.join(chosen)} FROM {files}")
    return "(" + " UNION ALL ".join(selects) + ")"


def value(stored, name):
    if stored is None:
        return f'NULL AS "{name}"'
    if stored.get("form") == "hex":
        return f'lower(hex("{stored["file"]}")) AS "{name}"'
    return f'"{stored["file"]}" AS "{name}"'


def field(name, path, present):
    """A field's text: from its column, or from what is left of `attrs`."""
    rest = f"attrs ->> '$.{'.'.join(path)}'"
    return f'coalesce("{name}", {rest}) AS "{name}"' if name in present else f'{rest} AS "{name}"'


def main(address):
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        sums(connection)
        every_kind(connection)
        fields(connection)
    files_stay_while_they_are_read(address)


@part
def sums(connection):
    connection.execute("CALL sys.optimize('logs.events')")
    told = manifest(connection, "logs.events")
    asked = (
        "SELECT count(*), sum(n)::bigint, sum(status)::bigint, sum(ratio), sum(price), min(service), max(service),"
        " count(DISTINCT left(trace, 3)), min(trace), max(trace), min(_offset), max(_offset) FROM "
    )
    got = duckdb.sql(asked + relation(told)).fetchone()
    equal(got, connection.execute(asked + "logs.events").fetchone())
    equal((told["first_offset"], told["end_offset"], sum(one["rows"] for one in told["segments"])), (0, got[0], got[0]))


@part
def every_kind(connection):
    for statement in PORTIONS:
        connection.execute(statement)
    told = manifest(connection, "logs.varied")
    equal(len(told["segments"]), 2)
    equal(len(told["layouts"]), 2)
    asked = (
        "SELECT _offset, (extract(epoch FROM ts) * 1000000)::bigint, flag, little, n, real4, ratio, price, trace, raw, day, added, doc::text FROM "
    )
    got = duckdb.sql(asked + relation(told) + " ORDER BY 1").fetchall()
    equal(got, connection.execute(asked + "logs.varied ORDER BY 1").fetchall())
    equal(len(got), 1200)


@part
def fields(connection):
    told = manifest(connection, "logs.varied")
    equal(told["fields"].get("attrs.user.id"), ["user", "id"])
    got = duckdb.sql(f'SELECT _offset, "attrs.user.id" FROM {relation(told)} ORDER BY 1').fetchall()
    equal(got, connection.execute("SELECT _offset, attrs #>> '{user,id}' FROM logs.varied ORDER BY 1").fetchall())


@part
def files_stay_while_they_are_read(address):
    with psycopg.connect(address, autocommit=True) as server, psycopg.connect(address, autocommit=True) as reader:
        told = manifest(reader, "logs.varied")
        # The new rows are merged with the last segment, whose file nobody but the reader needs then.
        server.execute("INSERT INTO logs.varied (ts, n) SELECT now(), n FROM generate_series(1, 50) AS t(n)")
        server.execute("CALL sys.optimize('logs.varied')")
        now = manifest(server, "logs.varied")
        replaced = set(paths(told)) - set(paths(now))
        equal(len(replaced), 1)
        # That removes what nobody needs.
        server.execute("CALL sys.optimize('logs.varied')")
        equal(duckdb.sql(f"SELECT count(*) FROM {relation(told)}").fetchone(), (1200,))
        equal(duckdb.sql(f"SELECT count(*) FROM {relation(now)}").fetchone(), (1250,))
        reader.execute("DISCARD ALL")
        deadline = time.monotonic() + 60
        while any(map(os.path.exists, replaced)) and time.monotonic() < deadline:
            server.execute("CALL sys.optimize('logs.varied')")
            time.sleep(0.2)
        equal([path for path in replaced if os.path.exists(path)], [])


if __name__ == "__main__":
    main(sys.argv[1])
    finish()
