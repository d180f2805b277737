"""ClickHouse (chdb) in a process of its own, so that it can be ended and started like a server.

Each query is timed inside that process: what it costs to hand the rows over to us is not ClickHouse's. It has no wire to cross,
Strata has; that is in its favour.
"""

import json
import multiprocessing
import time

from answer import microseconds
from server import read_bytes

DATABASE = "bench"
TABLE = "bench.logs"
STOP_SECONDS_MAX = 120


class ClickHouse:
    """A session on `folder`, as [`server.Server`] is one of Strata."""

    def __init__(self, folder, threads):
        self.folder, self.threads = folder, threads
        self.process = self.pipe = None

    def start(self):
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=answer_until_closed, args=(other, self.folder, self.threads), daemon=True)
        self.process.start()
        other.close()
        self.ask("execute", f"CREATE DATABASE IF NOT EXISTS {DATABASE} ENGINE = Atomic")
        return self

    def stop(self):
        if self.process is None:
            return
        self.pipe.close()
        self.process.join(STOP_SECONDS_MAX)
        self.process.kill()
        self.process = self.pipe = None

    def ask(self, what, sql):
        self.pipe.send((what, sql))
        took, answer, error = self.pipe.recv()
        if error:
            raise RuntimeError(f"ClickHouse: {error}")
        return took, answer

    def run(self, sql):
        """Milliseconds of the query with all its rows decoded, and the rows; times are microseconds since 1970."""
        return self.ask("rows", sql)

    def execute(self, sql):
        """Seconds of a statement without an answer."""
        return self.ask("execute", sql)[0] / 1e3

    def value(self, sql):
        return self.run(sql)[1][0][0]

    def read_bytes(self):
        return read_bytes(self.process.pid)

    def data_bytes(self):
        return int(self.value("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'logs'"))

    def index_bytes(self):
        """Bytes on disk by the name of the index."""
        sql = "SELECT name, data_compressed_bytes FROM system.data_skipping_indices WHERE table = 'logs'"
        return {name: int(size) for name, size in self.run(sql)[1]}


def answer_until_closed(pipe, folder, threads):
    """The other process: answers one statement after the other until our end of the pipe is closed."""
    from chdb import session

    opened = session.Session(folder)
    # The condition cache would remember which rows a predicate had matched, that is, answers.
    settings = f" SETTINGS max_threads = {threads}, use_query_condition_cache = 0, session_timezone = 'UTC'"
    settings += ", output_format_json_quote_64bit_integers = 0"
    while True:
        try:
            what, sql = pipe.recv()
        except EOFError:
            return opened.close()
        answer, error = None, None
        began = time.perf_counter()
        try:
            if what == "rows":
                answer = rows_of(str(opened.query(sql + settings, "JSONCompactEachRowWithNamesAndTypes")))
            else:
                opened.query(sql)
        except Exception as failure:  # Whatever it is, the other side decides what it means.
            error = str(failure)[:500]
        pipe.send(((time.perf_counter() - began) * 1e3, answer, error))


def rows_of(lines):
    """Rows of an answer whose first two lines are names and types."""
    lines = lines.splitlines()
    times = [at for at, kind in enumerate(json.loads(lines[1])) if kind.startswith("DateTime")]
    rows = [json.loads(line) for line in lines[2:]]
    for row in rows:
        for at in times:
            row[at] = microseconds(row[at])
    return rows
