"""asyncpg against a server. It speaks binary only, and asks the catalog for every type that it does not know.

Argument: a connection string. Prints one line a part, and what was wrong; exits with 1 if anything was.
"""

import asyncio
import datetime as dt
import json
import sys
import uuid

import asyncpg

from checking import NATIVE, UTC, equal, finish, part, refused

# The driver leaves documents to whoever asks.
DOCUMENTS = {"json": ['{"a": [1, null]}'], "jsonb": ['{"a": [1, null]}']}


async def main(address):
    connection = await asyncpg.connect(address)
    for run in (values, rows, copies, transactions, cursors, errors, cancel, settings):
        await alone(run, connection)
    await connection.close()
    await alone(pool, address)


async def alone(run, argument):
    """As `part`, for what waits."""
    failure = None
    try:
        await asyncio.wait_for(run(argument), 60)
    except Exception as error:
        failure = error

    def retold():
        if failure is not None:
            raise failure

    retold.__name__ = run.__name__
    part(retold)()


async def refused_by(error, awaited):
    failure = None
    try:
        await awaited
    except Exception as seen:
        failure = seen

    def retold():
        if failure is not None:
            raise failure

    return refused(error, retold)


async def values(connection):
    for kind, listed in (NATIVE | DOCUMENTS).items():
        for value in [*listed, None]:
            try:
                equal(await connection.fetchval(f"SELECT $1::{kind}", value), value, kind)
                # There is no equality of json.
                if kind != "json":
                    equal(await connection.fetchval(f"SELECT x FROM (VALUES ($1::{kind})) AS t(x) WHERE x IS NOT DISTINCT FROM $1", value), value, kind, "row")
            except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                equal(f"{type(error).__name__}: {error}", value, kind)


async def rows(connection):
    await connection.execute("CREATE SCHEMA ap")
    await connection.execute("CREATE TABLE ap.seen (ts timestamptz NOT NULL, n int, ratio float8, name text, id uuid, doc jsonb)")
    now = dt.datetime(2026, 3, 1, tzinfo=UTC)
    inserted = [(now + dt.timedelta(seconds=n), n, n / 4, f"name {n}", uuid.UUID(int=n), json.dumps({"n": n})) for n in range(200)]
    await connection.executemany("INSERT INTO ap.seen (ts, n, ratio, name, id, doc) VALUES ($1, $2, $3, $4, $5, $6)", inserted)
    got = await connection.fetch("SELECT ts, n, ratio, name, id, doc FROM ap.seen ORDER BY n")
    equal([tuple(row) for row in got], inserted)
    equal(list(got[0].keys()), ["ts", "n", "ratio", "name", "id", "doc"])
    statement = await connection.prepare("SELECT n, name FROM ap.seen WHERE ts >= $1 AND n < $2 AND name LIKE $3 ORDER BY n")
    equal([one.name for one in statement.get_parameters()], ["timestamptz", "int4", "text"])
    equal([(one.name, one.type.name) for one in statement.get_attributes()], [("n", "int4"), ("name", "text")])
    for limit in (3, 5):
        equal([row["n"] for row in await statement.fetch(now, limit, "name%")], list(range(limit)))
    equal(await connection.fetchval("SELECT count(*) FROM ap.seen WHERE n = ANY($1::int[])", [1, 2, 3]), 3)
    equal(await connection.fetchval("SELECT count(*) FROM ap.seen WHERE n = ANY($1)", [1, 2, 3]), 3)
    equal(await connection.fetchval("SELECT count(*) FROM ap.seen WHERE id = $1", uuid.UUID(int=7)), 1)
    equal(await connection.fetchval("SELECT count(*) FROM ap.seen WHERE ts > $1::timestamptz - $2::interval", now, dt.timedelta(days=1)), 200)
    equal(await connection.fetchval("SELECT doc ->> 'n' FROM ap.seen WHERE n = $1", 5), "5")
    equal(await connection.execute("INSERT INTO ap.seen (ts, n) VALUES ($1, $2)", now, 1), "INSERT 0 1")
    # A composite answer: a row of its own type.
    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    equal(await connection.fetchval("SELECT doc FROM ap.seen WHERE n = 7"), {"n": 7})
    equal(await connection.fetchval("SELECT $1::jsonb", {"a": [None]}), {"a": [None]})


async def copies(connection):
    await connection.execute("CREATE TABLE ap.copied (ts timestamptz, n int, name text)")
    records = [(dt.datetime(2026, 3, 1, tzinfo=UTC), n, f"n {n}") for n in range(1000)]
    equal(await connection.copy_records_to_table("copied", schema_name="ap", columns=["ts", "n", "name"], records=records), "COPY 1000")
    chunks = []

    async def keep(chunk):
        chunks.append(chunk)

    equal(await connection.copy_from_query("SELECT n, name FROM ap.copied WHERE n < $1 ORDER BY n", 2, output=keep, format="csv"), "COPY 2")
    equal(b"".join(chunks), b"0,n 0\n1,n 1\n")
    chunks.clear()
    equal(await connection.copy_from_table("copied", schema_name="ap", columns=["n"], output=keep), "COPY 1000")
    equal(len(b"".join(chunks).splitlines()), 1000)


async def transactions(connection):
    await connection.execute("CREATE TABLE ap.kept (ts timestamptz, n int)")
    insert = "INSERT INTO ap.kept (ts, n) VALUES (now(), $1)"
    async with connection.transaction():
        await connection.execute(insert, 1)
    try:
        async with connection.transaction():
            await connection.execute(insert, 2)
            raise KeyError
    except KeyError:
        pass
    async with connection.transaction():
        await connection.execute(insert, 3)
        try:
            async with connection.transaction():
                await connection.execute(insert, 4)
                raise KeyError
        except KeyError:
            pass
    equal([row["n"] for row in await connection.fetch("SELECT n FROM ap.kept ORDER BY n")], [1, 3])
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        equal(await connection.fetchval("SELECT count(*) FROM ap.kept"), 2)


async def cursors(connection):
    async with connection.transaction():
        numbers = []
        async for row in connection.cursor("SELECT n FROM ap.copied WHERE n >= $1 ORDER BY n", 500, prefetch=50):
            numbers.append(row["n"])
        equal(numbers, list(range(500, 1000)))
        cursor = await connection.cursor("SELECT n FROM ap.copied ORDER BY n")
        equal([row["n"] for row in await cursor.fetch(2)], [0, 1])
        equal((await cursor.fetchrow())["n"], 2)


async def errors(connection):
    await refused_by(asyncpg.UndefinedTableError, connection.fetch("SELECT * FROM ap.nothing"))
    await refused_by(asyncpg.UndefinedColumnError, connection.fetch("SELECT nothing FROM ap.seen"))
    await refused_by(asyncpg.PostgresSyntaxError, connection.fetch("SELEC 1"))
    await refused_by(asyncpg.DivisionByZeroError, connection.fetch("SELECT 1 / $1::int", 0))
    await refused_by(asyncpg.DuplicateTableError, connection.execute("CREATE TABLE ap.seen (a int)"))
    await refused_by(asyncpg.InvalidTextRepresentationError, connection.fetch("SELECT $1::text::int", "x"))
    equal(await connection.fetchval("SELECT 1"), 1)


async def cancel(connection):
    await refused_by(asyncio.TimeoutError, connection.fetch("SELECT pg_sleep(30)", timeout=0.3))
    equal(await connection.fetchval("SELECT 1"), 1)


async def settings(connection):
    await connection.execute("SET TimeZone = 'Europe/Berlin'")
    equal(connection.get_settings().TimeZone, "Europe/Berlin")
    equal(connection.get_server_version().major >= 15, True)
    heard = []
    await connection.add_listener("calls", lambda *what: heard.append(what[3]))
    await connection.execute("NOTIFY calls, 'here'")
    for _ in range(50):
        if not heard:
            await asyncio.sleep(0.1)
    equal(heard, ["here"])
    await connection.remove_listener("calls", lambda *what: None)
    await connection.reset()


async def pool(address):
    async with asyncpg.create_pool(address, min_size=2, max_size=5) as connections:
        answers = await asyncio.gather(*(connections.fetchval("SELECT $1::int", n) for n in range(100)))
    equal(answers, list(range(100)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
    finish()
