"""What the readers of Parquet share: a topic of every kind whose segments differ, and how a manifest is asked for."""

import json

# Between the portions columns come, go and get other names, so that no two files are alike.
PORTIONS = [
    "CREATE TABLE logs.varied (ts timestamptz, flag bool, small smallint, n int, real4 real, ratio float8, price numeric(12,3),"
    " trace text, raw bytea, day date, gone int, doc jsonb) WITH (time_column = 'ts')",
    # Traces of digits only, which are stored as bytes; a field that has a column of its own.
    "INSERT INTO logs.varied (ts, flag, small, n, real4, ratio, price, trace, raw, day, gone, doc, attrs)"
    " SELECT timestamptz '1969-12-31 23:59:00.5+00' + n * interval '1 second', n % 2 = 0, n::smallint, n, n / 2.0, n / 4.0, n / 8.0,"
    " md5(n::text), decode(lpad(to_hex(n), 4, '0'), 'hex'), date '1969-12-01' + n, n, jsonb_build_object('n', n),"
    " jsonb_build_object('user', jsonb_build_object('id', n), 'rare', CASE WHEN n % 200 = 0 THEN 'x' END)"
    " FROM generate_series(1, 300) AS t(n)",
    "CALL sys.optimize('logs.varied')",
    "ALTER TABLE logs.varied ADD COLUMN added text",
    "ALTER TABLE logs.varied DROP COLUMN gone",
    "ALTER TABLE logs.varied RENAME COLUMN small TO little",
    # Traces that are no digits; a field of another kind.
    "INSERT INTO logs.varied (ts, n, trace, little, added, attrs)"
    " SELECT timestamptz '2026-03-01+00' + n * interval '1 microsecond', n, 'trace ' || n::text, -n, 'żółć ' || n::text,"
    " CASE WHEN n % 2 = 0 THEN jsonb_build_object('user', jsonb_build_object('id', 'of ' || n::text)) END"
    " FROM generate_series(301, 1200) AS t(n)",
    "CALL sys.optimize('logs.varied')",
]


def manifest(connection, topic):
    """The files of a topic; they stay while the connection is open."""
    return json.loads(connection.execute(f"CALL sys.manifest('{topic}')").fetchone()[0])


def paths(manifest, layout=None):
    """Of all files, or of those with one layout."""
    chosen = [one for one in manifest["segments"] if layout in (None, one["layout"])]
    return [f"{manifest['folder']}/{one['path']}" for one in chosen]
