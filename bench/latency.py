"""Strata beside PostgreSQL, as a client sees them: small questions by their latency, large answers by their rows a second.

The same records lie in both. PostgreSQL has a primary key on the number of the row and a B-tree on the identifier, and was vacuumed;
Strata has what `shop` gives it. Both are asked in turn.
"""

import dataclasses
import os
import re
import statistics
import subprocess
import time

import shop
from dataset import TOPIC
from loading import load_strata
from postgresql import PostgreSQL
from server import Server
from wire import Wire

# Columns that both have, and the number of the row.
COLUMNS = "_offset, ts, host, service, level, message, trace_id, status, latency_ms"
TABLE = """CREATE SCHEMA logs; CREATE TABLE logs.bench (_offset bigint, ts timestamptz, host text, service text, level text, message text,
    trace_id text, status int, latency_ms double precision)"""
# Tables beside it, for the catalog.
TABLES = 1_000
# Times that a small question is asked, and a large one.
SMALL, LARGE = 2_000, 5
# Rows that stand for all that are looked up.
KEYS = 512


@dataclasses.dataclass
class Small:
    """Latencies of one question in milliseconds, ours and theirs."""

    name: str
    ours: list
    theirs: list


@dataclasses.dataclass
class Large:
    """Seconds for one answer of `rows` rows, and bytes of it."""

    name: str
    rows: int
    ours: list
    theirs: list
    bytes: tuple


def latency(binary, folder, memory_limit, threads, rows):
    """Loads `rows` records into both and measures; small questions, then large ones."""
    dataset = shop.shop(binary, folder, rows, 2)
    strata = Server(binary, os.path.join(folder, "strata"), memory_limit, threads)
    postgresql = PostgreSQL(os.path.join(folder, "postgresql"), threads)
    try:
        strata.start()
        load_strata(strata, dataset)
        os.remove(dataset.file)
        postgresql.start()
        fill(strata, postgresql)
        return small(strata, postgresql), large(strata, postgresql, rows)
    finally:
        strata.stop()
        postgresql.stop()


def fill(strata, postgresql):
    """The same rows and tables in PostgreSQL as in Strata."""
    postgresql.execute(TABLE)
    copy_out, copy_in = f"COPY (SELECT {COLUMNS} FROM {TOPIC}) TO STDOUT", "COPY logs.bench FROM STDIN"
    with strata.connection.cursor().copy(copy_out) as out, postgresql.connection.cursor().copy(copy_in) as into:
        for block in out:
            into.write(block)
    postgresql.execute("ALTER TABLE logs.bench ADD PRIMARY KEY (_offset)")
    postgresql.execute("CREATE INDEX ON logs.bench (trace_id)")
    for side in (strata, postgresql):
        for number in range(TABLES):
            side.execute(f"CREATE TABLE logs.t{number:04} (ts timestamptz NOT NULL, host text, message text)")
    postgresql.execute("VACUUM ANALYZE")
    postgresql.execute("CHECKPOINT")


def small(strata, postgresql):
    ids = [row[0] for row in strata.run(f"SELECT trace_id FROM {TOPIC} WHERE trace_id IS NOT NULL LIMIT {KEYS * 8}")[1][::8]]
    count = strata.value(f"SELECT count(*) FROM {TOPIC}")
    one = [("SELECT 1", "SELECT 1", lambda _: ())]
    rows = [("row by its number", f"SELECT * FROM {TOPIC} WHERE _offset = %s", lambda n: (n * 7919 % count,))]
    traces = [("rows of a trace", f"SELECT {COLUMNS} FROM {TOPIC} WHERE trace_id = %s", lambda n: (ids[n % len(ids)],))]
    found = [ask(strata, postgresql, *question) for question in one + rows + traces]
    return [*found, described(strata, postgresql)]


def ask(strata, postgresql, name, sql, arguments):
    """A prepared statement, asked of both in turn."""
    took = ([], [])
    for number in range(SMALL + SMALL // 10):
        answers = []
        for side, times in zip((strata, postgresql), took):
            began = time.perf_counter()
            answers.append(side.connection.execute(sql, arguments(number), prepare=True).fetchall())
            times.append((time.perf_counter() - began) * 1e3)
        if len(answers[0]) != len(answers[1]):
            raise RuntimeError(f"{name}: {len(answers[0])} rows and not {len(answers[1])}")
    # The first tenth warms up.
    return Small(name, *(times[SMALL // 10 :] for times in took))


def described(strata, postgresql):
    """psql's `\\d` of a table among many: the queries that it sends, on a connection that is open."""
    took = ([], [])
    asked = [queries(side.port, user, database) for side, user, database in sides(strata, postgresql)]
    for _ in range(SMALL // 10):
        for side, texts, times in zip((strata, postgresql), asked, took):
            began = time.perf_counter()
            for text in texts:
                side.connection.execute(text).fetchall()
            times.append((time.perf_counter() - began) * 1e3)
    return Small(f"\\d of a table among {TABLES:,}", *took)


def sides(strata, postgresql):
    return (strata, "strata", "strata"), (postgresql, "bench", "postgres")


def queries(port, user, database):
    """What psql sends for `\\d logs.t0500`."""
    command = ["psql", "-X", "-E", "-h", "127.0.0.1", "-p", str(port), "-U", user, "-d", database, "-c", "\\d logs.t0500"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.findall(r"\*{9} QUERY \*{10}\n(.*?)\n\*{26}", said, re.S)
    if len(found) < 2:
        raise RuntimeError(f"psql -E shows no queries: {said}")
    return found


def large(strata, postgresql, rows):
    names = {"SELECT": f"SELECT {COLUMNS} FROM {TOPIC}", "COPY ... TO STDOUT": f"COPY (SELECT {COLUMNS} FROM {TOPIC}) TO STDOUT"}
    wires = [Wire(side.port, user, database) for side, user, database in sides(strata, postgresql)]
    found = []
    for name, sql in names.items():
        took, sizes = ([], []), [0, 0]
        for run in range(LARGE + 1):
            for at, wire in enumerate(wires):
                seconds, sizes[at], tag = wire.query(sql)
                if not tag.endswith(f" {rows}"):
                    raise RuntimeError(f"{name} is answered with {tag} and not {rows} rows")
                if run > 0:
                    took[at].append(seconds)
        found.append(Large(name, rows, *took, tuple(sizes)))
    for wire in wires:
        wire.close()
    return found


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def median(times):
    return statistics.median(times)
