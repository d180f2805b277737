"""How the cost of a question grows with the rows: the same day and the same needles among ever more records."""

import dataclasses
import os
import shutil
import statistics

import shop
from dataset import TOPIC, Dataset
from loading import load_strata
from sample import NEEDLE_ROWS, stream
from server import Server


@dataclasses.dataclass
class Size:
    """One size of the data set. `rows` is what was asked for, `queries` are medians by name."""

    rows: int
    queries: dict
    segment_bytes: int
    index_bytes: dict
    complete_s: float


def growth(binary, folder, memory_limit, threads, sizes, runs):
    """Loads and asks each size on a server of its own; records go from the generator into the server and never lie in a file."""
    return [measure(Server(binary, os.path.join(folder, f"growth-{rows}"), memory_limit, threads), rows, runs) for rows in sizes]


def measure(server, rows, runs):
    os.mkdir(server.folder)
    server.start()
    try:
        found = []
        empty = Dataset("shop", "", rows, shop.STRATA_DDL, shop.CLICKHOUSE_DDL, shop.STRUCTURE, shop.QUERIES, [])
        loaded = load_strata(server, empty, lambda pipe: found.append(stream(server.binary, rows, runs, pipe)))
        if loaded.rows != rows:
            raise RuntimeError(f"{loaded.rows} rows are there, not {rows}")
        dataset = shop.dataset(found[0], "", runs)
        for literals in dataset.literals:
            needles = server.value(f"SELECT count(*) FROM {TOPIC} WHERE message @@ '{literals['needle']}'")
            if needles != NEEDLE_ROWS:
                raise RuntimeError(f"{needles} of {NEEDLE_ROWS} needles were found among {rows} rows")
        queries = {query.name: median(server, query, dataset.literals) for query in dataset.queries}
    finally:
        server.stop()
        shutil.rmtree(server.folder)
    return Size(rows, queries, loaded.bytes, loaded.index_bytes, loaded.complete_s)


def median(server, query, literals):
    times = [server.run(query.texts(values)[0])[0] for values in literals]
    return statistics.median(times[1:])
