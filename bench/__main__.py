"""`python bench`: loads one data set into a release build of Strata and into ClickHouse, asks both the same, and prints tables.

Everything lies in a temporary folder, listens on loopback, and is gone at the end. A wrong answer makes the command fail.
"""

import argparse
import os
import shutil
import sys
import tempfile

import report
from clickhouse import ClickHouse
from cold import cold
from comparison import geometric_mean, hot
from concurrency import ERRORS_SHOWN, SECONDS, concurrency
from growth import growth
from latency import latency
from loading import load_clickhouse, load_strata
from memory import with_less_memory
from plot import ratios
from prose import prose
from server import Server
from shop import shop

COLD_RUNS = 3
LATENCY_ROWS = 5_000_000


def arguments():
    parser = argparse.ArgumentParser(prog="python bench", description=__doc__)

    def numbers(text):
        return [float(part) for part in text.split(",")]

    parser.add_argument("--binary", required=True, help="a release build of strata")
    parser.add_argument("--rows", type=int, help="records (1,000,000, or 2,000,000 with --prose)")
    parser.add_argument("--runs", type=int, default=7, help="runs that count, each with other literals, at most 20")
    parser.add_argument("--server-memory", default="2GB", metavar="SIZE", help="memory limit of the server")
    parser.add_argument("--prose", action="store_true", help="sentences of a Zipf vocabulary instead of the sample log")
    parser.add_argument(
        "--cold", action="store_true", help=f"also with files in no cache and processes just started, {COLD_RUNS} runs"
    )
    parser.add_argument(
        "--memory-limit", metavar="SIZE", help="also ask again under this limit, such as 512MB, and compare the answers"
    )
    parser.add_argument(
        "--concurrency", type=numbers, metavar="N,N", help="also numbers of clients that ask while records are written"
    )
    parser.add_argument("--growth", type=numbers, metavar="N,N", help="instead: millions of rows, Strata alone")
    parser.add_argument("--postgresql", action="store_true", help="instead: latency and large answers beside a PostgreSQL")
    parser.add_argument("--folder", help="where the temporary folder is made: as large as the data, and no tmpfs")
    parser.add_argument("--write", action="store_true", help="put the tables and plots into docs/benchmarks")
    given = parser.parse_args()
    if not 2 <= given.runs <= 20:
        parser.error("--runs is from 2 to 20")
    given.binary = os.path.abspath(given.binary)
    given.threads = len(os.sched_getaffinity(0))
    return given


def planned(given):
    """Names of the sections that will be printed."""
    if given.growth:
        return ["growth"]
    if given.postgresql:
        return ["postgresql"]
    wanted = {"load": True, "hot": True, "cold": given.cold, "memory": given.memory_limit, "concurrency": given.concurrency}
    return [f"{'prose' if given.prose else 'shop'}-{section}" for section, is_wanted in wanted.items() if is_wanted]


def main():
    given = arguments()
    if given.write:
        report.require(planned(given))
    folder = tempfile.mkdtemp(prefix="strata-bench-", dir=given.folder)
    try:
        failures = (grow if given.growth else beside_postgresql if given.postgresql else compare)(given, folder)
    finally:
        shutil.rmtree(folder)
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def say(given, name, text, picture=None):
    print(f"\n## {name}\n\n{text}", flush=True)
    if given.write:
        report.write(name, text, picture)


def grow(given, folder):
    sizes = [int(millions * 1e6) for millions in given.growth]
    say(given, "growth", report.growth(growth(given.binary, folder, given.server_memory, given.threads, sizes, given.runs + 1)))
    return []


def beside_postgresql(given, folder):
    rows = given.rows or LATENCY_ROWS
    say(given, "postgresql", report.latencies(*latency(given.binary, folder, given.server_memory, given.threads, rows)))
    return []


def compare(given, folder):
    """All that was asked for on one data set; what went wrong."""
    runs = given.runs + 1
    rows = given.rows or (2_000_000 if given.prose else 1_000_000)
    dataset = prose(folder, rows, runs) if given.prose else shop(given.binary, folder, rows, runs)
    strata = Server(given.binary, os.path.join(folder, "strata"), given.server_memory, given.threads)
    clickhouse = ClickHouse(os.path.join(folder, "clickhouse"), given.threads)
    try:
        strata.start()
        clickhouse.start()
        return list(sections(given, strata, clickhouse, dataset))
    finally:
        strata.stop()
        clickhouse.stop()


def sections(given, strata, clickhouse, dataset):
    """Measures and prints one section after the other; yields what went wrong."""

    def name(section):
        return f"{dataset.title}-{section}"

    ours, theirs = load_strata(strata, dataset), load_clickhouse(clickhouse, dataset)
    size = f"{dataset.rows:,} records, {os.path.getsize(dataset.file) / 1e6:.0f} MB of NDJSON, {given.threads} threads."
    say(given, name("load"), f"{size}\n\n{report.loads(ours, theirs)}")
    if not ours.rows == theirs.rows == dataset.rows:
        yield f"{ours.rows} and {theirs.rows} of {dataset.rows} rows were loaded"

    found = hot(strata, clickhouse, dataset)
    mean = f"geometric mean {geometric_mean(found):.3f}"
    title = f"{dataset.title}, {dataset.rows:,} records: time of Strata / time of ClickHouse, {mean}"
    resident = f"Resident memory of Strata at most {report.megabytes(strata.resident_bytes_max())}, the load included."
    say(given, name("hot"), f"{report.results(found)} {resident}", ratios(title, found))
    yield from wrong("hot", found)
    if given.cold:
        found = cold(strata, clickhouse, dataset, min(COLD_RUNS, given.runs))
        say(given, name("cold"), report.results(found))
        yield from wrong("cold", found)
    if given.memory_limit:
        found, resident = with_less_memory(strata, dataset, given.memory_limit)
        say(given, name("memory"), report.memory(found, given.memory_limit, resident))
        yield from wrong(given.memory_limit, found)
    if given.concurrency:
        found = concurrency(strata, dataset, [int(clients) for clients in given.concurrency])
        say(given, name("concurrency"), f"{SECONDS} seconds each.\n\n{report.crowds(found)}")
        for one in found:
            yield from (f"{one.clients} clients: {error}" for error in one.errors[:ERRORS_SHOWN])
            if one.surplus:
                yield f"{one.clients} clients: {one.surplus} records too many"


def wrong(section, found):
    return (f"{section}, {one.name}: another answer: {one.mismatch}" for one in found if one.mismatch)


if __name__ == "__main__":
    sys.exit(main())
