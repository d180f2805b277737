"""psycopg 3 against a server: every type both ways, reflection, transactions, COPY, cursors, cancel.

Argument: a connection string. Prints one line a part, and what was wrong; exits with 1 if anything was.
"""

import datetime as dt
import sys
import threading
import time
import uuid
from decimal import Decimal

import psycopg
from psycopg.types.json import Json, Jsonb

from checking import NATIVE, TYPES, UTC, equal, finish, part, refused


def main(address):
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        texts_of_every_type(connection)
        native_values(connection)
        reflection(connection)
        prepared_statements(connection)
        errors(connection)
        cancel(connection)
        copies(connection)
        nulls_in_rows(connection)
    with psycopg.connect(address) as connection:
        transactions(connection)
        cursors(connection)
        pipeline(connection)


@part
def texts_of_every_type(connection):
    for kind, texts in TYPES.items():
        for text in texts:
            texts_of_one_type(connection, kind, text)


def texts_of_one_type(connection, kind, text):
    try:
        literal = text.replace("'", "''")
        # A literal, a parameter of no type, and one that is a text and cast.
        for sql, values in ((f"'{literal}'::{kind}", None), (f"%s::{kind}", [text]), (f"%s::text::{kind}", [text])):
            cursor = connection.execute(f"SELECT {sql}", values)
            equal(sent(cursor, kind), text, kind, sql)
            equal(connection.execute("SELECT oid::int8 FROM pg_type WHERE oid = %s::regtype", [kind]).fetchone(), (cursor.description[0].type_code,), kind, "oid")
        # In Python a date has no infinity; some other values have no equal twin to send back.
        if "infinity" in text or kind in ("json", "jsonb", "jsonb[]", "float4", "interval"):
            return
        for binary in (False, True):
            value = connection.cursor(binary=binary).execute(f"SELECT '{literal}'::{kind}").fetchone()[0]
            back = f"SELECT %{'b' if binary else 't'}::{kind}"
            equal(sent(connection.execute(back, [value]), kind), text, kind, "and back", binary)
    except psycopg.Error as error:
        equal(f"{type(error).__name__}: {error}", text, kind)


def sent(cursor, kind):
    """The text as it came; a numeric without its scale, which may be another one than PostgreSQL's."""
    text = cursor.pgresult.get_value(0, 0).decode()
    return text.rstrip("0").rstrip(".") if kind == "numeric" and "." in text else text


@part
def native_values(connection):
    for kind, values in NATIVE.items():
        for value in values:
            native_value(connection, kind, value)
        equal(connection.execute(f"SELECT %s::{kind}", [None]).fetchone()[0], None, kind)
    document = {"a": [1, 2.5, None], "b": {"c": "d"}}
    native_value(connection, "json", document, Json)
    native_value(connection, "jsonb", document, Jsonb)


def native_value(connection, kind, value, wrap=lambda value: value):
    for spec in ("t", "b"):
        for binary in (False, True):
            try:
                cursor = connection.cursor(binary=binary)
                equal(cursor.execute(f"SELECT %{spec}::{kind}", [wrap(value)]).fetchone()[0], value, kind, spec, binary)
                # Without a cast the driver's own type is what the server goes by. Lists of texts and empty ones are of none there.
                if kind != "text[]" and value != []:
                    cursor.execute(f"SELECT %{spec}", [wrap(value)])
                    equal(cursor.fetchone()[0], value, kind, spec, binary, "uncast")
            except psycopg.Error as error:
                equal(f"{type(error).__name__}: {error}", value, kind, spec, binary)


@part
def reflection(connection):
    connection.execute("CREATE SCHEMA IF NOT EXISTS ps")
    connection.execute("CREATE TABLE ps.seen (ts timestamptz NOT NULL, n int, big bigint, price numeric(10,2), name text, doc jsonb)")
    columns = connection.execute(
        "SELECT column_name, data_type, is_nullable, numeric_precision, numeric_scale FROM information_schema.columns"
        " WHERE table_schema = %s AND table_name = %s AND column_name !~ '^_' AND column_name <> 'attrs' ORDER BY ordinal_position",
        ("ps", "seen"),
    ).fetchall()
    equal(
        columns,
        [
            ("ts", "timestamp with time zone", "NO", None, None),
            ("n", "integer", "YES", 32, 0),
            ("big", "bigint", "YES", 64, 0),
            ("price", "numeric", "YES", 10, 2),
            ("name", "text", "YES", None, None),
            ("doc", "jsonb", "YES", None, None),
        ],
    )
    description = connection.execute("SELECT n, price, name, doc FROM ps.seen").description
    equal([one.type_display for one in description], ["int4", "numeric(10,2)", "text", "jsonb"])
    equal(connection.execute("SELECT 'ps.seen'::regclass::text").fetchone()[0], "ps.seen")
    equal(connection.info.parameter_status("client_encoding"), "UTF8")
    equal(connection.info.parameter_status("standard_conforming_strings"), "on")
    assert connection.info.server_version >= 150000


@part
def prepared_statements(connection):
    connection.execute("CREATE TABLE ps.counted (ts timestamptz, n int, name text)")
    now = dt.datetime(2026, 3, 1, tzinfo=UTC)
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO ps.counted (ts, n, name) VALUES (%s, %s, %s)", [(now, n, f"name {n}") for n in range(100)])
        equal(cursor.rowcount, 100)
        for n in range(20):
            cursor.execute("SELECT name FROM ps.counted WHERE n = %s AND name LIKE %s", (n, "name%"), prepare=True)
            equal(cursor.fetchall(), [(f"name {n}",)])
        cursor.execute("SELECT n FROM ps.counted WHERE n = ANY(%s) ORDER BY n", ([3, 1, 2],))
        equal(cursor.fetchall(), [(1,), (2,), (3,)])
        cursor.execute("SELECT count(*) FROM ps.counted WHERE ts >= %s AND ts < %s + interval '1 day'", (now, now))
        equal(cursor.fetchone(), (100,))
        cursor.execute("SELECT n FROM ps.counted ORDER BY n LIMIT %s OFFSET %s", (2, 10))
        equal(cursor.fetchall(), [(10,), (11,)])
        cursor.execute("SELECT %s || ' ' || %s, %s + 1", ("a", "b", 41))
        equal(cursor.fetchone(), ("a b", 42))
        cursor.execute("INSERT INTO ps.counted (ts, n) VALUES (%s, %s) RETURNING n", (now, 1000))
        equal(cursor.fetchone(), (1000,))


@part
def errors(connection):
    refused(psycopg.errors.UndefinedTable, connection.execute, "SELECT * FROM ps.nothing")
    refused(psycopg.errors.UndefinedColumn, connection.execute, "SELECT nothing FROM ps.seen")
    refused(psycopg.errors.SyntaxError, connection.execute, "SELEC 1")
    refused(psycopg.errors.DivisionByZero, connection.execute, "SELECT 1/0")
    refused(psycopg.errors.InvalidTextRepresentation, connection.execute, "SELECT 'x'::int")
    refused(psycopg.errors.InvalidTextRepresentation, connection.execute, "SELECT %s::int", ["x"])
    refused(psycopg.errors.NumericValueOutOfRange, connection.execute, "SELECT %s::int2", [70000])
    refused(psycopg.errors.InvalidDatetimeFormat, connection.execute, "SELECT 'x'::timestamptz")
    refused(psycopg.errors.DuplicateTable, connection.execute, "CREATE TABLE ps.seen (a int)")
    refused(psycopg.errors.UndefinedFunction, connection.execute, "SELECT no_such_function(1)")
    refused(psycopg.errors.NotNullViolation, connection.execute, "INSERT INTO ps.seen (n) VALUES (1)")
    error = refused(psycopg.errors.UndefinedColumn, connection.execute, "SELECT 1, nothing FROM ps.seen")
    equal(error.diag.statement_position, "11")
    equal(connection.execute("SELECT 1").fetchone(), (1,))


@part
def cancel(connection):
    threading.Timer(0.3, connection.cancel_safe).start()
    began = time.monotonic()
    refused(psycopg.errors.QueryCanceled, connection.execute, "SELECT pg_sleep(30)")
    assert time.monotonic() - began < 10
    connection.execute("SET statement_timeout = '200ms'")
    refused(psycopg.errors.QueryCanceled, connection.execute, "SELECT pg_sleep(30)")
    connection.execute("RESET statement_timeout")


@part
def copies(connection):
    columns = "ts timestamptz, flag bool, n int, big bigint, ratio float8, price numeric(12,3), name text, raw bytea, day date, id uuid, doc jsonb, tags jsonb"
    names = [column.split()[0] for column in columns.split(", ")]
    kinds = ["timestamptz", "bool", "int4", "int8", "float8", "numeric", "text", "bytea", "date", "uuid", "jsonb", "jsonb"]
    connection.execute(f"CREATE TABLE ps.copied ({columns})")
    rows = [
        (
            dt.datetime(2026, 3, 1, tzinfo=UTC) + dt.timedelta(seconds=n),
            n % 2 == 0,
            n,
            n * 10**12,
            n / 4,
            Decimal(n) / 8,
            f"tab\t and \\ and {n}",
            bytes([n % 256, 0]),
            dt.date(2026, 3, 1),
            uuid.UUID(int=n),
            {"n": n},
            ["a", None, f"{n},"],
        )
        for n in range(1, 500)
    ] + [(dt.datetime(2026, 3, 2, tzinfo=UTC),) + (None,) * 11]
    inside = [row[:10] + (row[10] and Jsonb(row[10]), row[11] and Jsonb(row[11])) for row in rows]
    listed = ", ".join(names)
    for options in ("", " (FORMAT binary)"):
        with connection.cursor() as cursor:
            with cursor.copy(f"COPY ps.copied ({listed}) FROM STDIN{options}") as copy:
                if options:
                    copy.set_types(kinds)
                for row in inside:
                    copy.write_row(row)
            equal(cursor.rowcount, len(rows))
            with cursor.copy(f"COPY (SELECT {listed} FROM ps.copied ORDER BY ts) TO STDOUT{options}") as copy:
                copy.set_types(kinds)
                got = list(copy.rows())
            twice = len(got) // len(rows)
            equal(got, [row for row in rows for _ in range(twice)], options)
    equal(connection.execute("SELECT count(*), sum(price) FROM ps.copied").fetchone(), (1000, sum(row[5] or 0 for row in rows) * 2))

    def broken():
        with connection.cursor().copy("COPY ps.copied (ts, n) FROM STDIN") as copy:
            copy.write("2026-03-01\tnot a number\n")

    refused(psycopg.errors.InvalidTextRepresentation, broken)

    def given_up():
        with connection.cursor().copy("COPY ps.copied (ts, n) FROM STDIN") as copy:
            copy.write_row((rows[0][0], 1))
            raise KeyError("the client changed its mind")

    refused(KeyError, given_up)
    equal(connection.execute("SELECT count(*) FROM ps.copied").fetchone(), (1000,))


@part
def nulls_in_rows(connection):
    row = connection.execute("SELECT NULL, NULL::int, 'x', 1, 1.5, now() IS NOT NULL, ARRAY[1,2], '{\"a\":1}'::jsonb").fetchone()
    equal(row, (None, None, "x", 1, Decimal("1.5"), True, [1, 2], {"a": 1}))


@part
def transactions(connection):
    connection.execute("CREATE TABLE ps.kept (ts timestamptz, n int)")
    connection.commit()
    connection.execute("INSERT INTO ps.kept (ts, n) VALUES (now(), 1)")
    connection.rollback()
    equal(connection.execute("SELECT count(*) FROM ps.kept").fetchone(), (0,))
    connection.execute("INSERT INTO ps.kept (ts, n) VALUES (now(), 2)")
    connection.commit()
    equal(connection.execute("SELECT n FROM ps.kept").fetchall(), [(2,)])
    connection.commit()
    try:
        with connection.transaction():
            connection.execute("INSERT INTO ps.kept (ts, n) VALUES (now(), 3)")
            raise KeyError("rolled back")
    except KeyError:
        pass
    with connection.transaction():
        connection.execute("INSERT INTO ps.kept (ts, n) VALUES (now(), 4)")
        try:
            with connection.transaction():
                connection.execute("INSERT INTO ps.kept (ts, n) VALUES (now(), 5)")
                raise KeyError("rolled back to the savepoint")
        except KeyError:
            pass
    equal(connection.execute("SELECT n FROM ps.kept ORDER BY n").fetchall(), [(2,), (4,)])
    # After an error the block is void until its end.
    refused(psycopg.errors.DivisionByZero, connection.execute, "SELECT 1/0")
    refused(psycopg.errors.InFailedSqlTransaction, connection.execute, "SELECT 1")
    connection.rollback()
    equal(connection.execute("SELECT 1").fetchone(), (1,))
    connection.commit()
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    equal(connection.execute("SELECT count(*) FROM ps.kept").fetchone(), (2,))
    refused(psycopg.errors.ReadOnlySqlTransaction, connection.execute, "INSERT INTO ps.kept (ts, n) VALUES (now(), 6)")
    connection.rollback()
    connection.isolation_level = None
    connection.read_only = None


@part
def cursors(connection):
    with connection.cursor("many") as cursor:
        cursor.itersize = 100
        cursor.execute("SELECT n FROM generate_series(1, 1000) AS t(n) ORDER BY n")
        equal([row[0] for row in cursor], list(range(1, 1001)))
    with connection.cursor("few", scrollable=False) as cursor:
        cursor.execute("SELECT n, name FROM ps.counted WHERE n < %s ORDER BY n", [10])
        equal(cursor.fetchone(), (0, "name 0"))
        equal(cursor.fetchmany(2), [(1, "name 1"), (2, "name 2")])
        equal(len(cursor.fetchall()), 7)
    connection.commit()


@part
def pipeline(connection):
    with connection.pipeline():
        answers = [connection.execute("SELECT %s::int", [n]) for n in range(50)]
    equal([answer.fetchone()[0] for answer in answers], list(range(50)))
    connection.commit()


if __name__ == "__main__":
    main(sys.argv[1])
    finish()
