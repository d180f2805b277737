"""Many clients that ask the whole mix of queries while records are being written."""

import collections
import dataclasses
import multiprocessing
import random
import statistics
import time

import psycopg

from dataset import TOPIC
from writer import write

SECONDS = 20
ROWS_PER_SECOND = 50_000
ERRORS_SHOWN, SLOWEST_SHOWN = 3, 3


@dataclasses.dataclass
class Crowd:
    """One number of clients. Latencies are of all queries of the mix together."""

    clients: int
    queries: int
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    # Queries with the highest medians: (name, milliseconds).
    slowest: list
    errors: list
    written: object
    # Records that are there and should not be, less those that should and are not.
    surplus: int


def concurrency(strata, dataset, clients):
    """One measurement for each number of clients."""
    texts = [(query.name, query.texts(literals)[0]) for query in dataset.queries for literals in dataset.literals]
    return [crowd(strata, dataset, texts, number) for number in clients]


def crowd(strata, dataset, texts, clients):
    context = multiprocessing.get_context("spawn")
    start, stop, report, receipts = context.Event(), context.Event(), context.Queue(), context.Queue()
    before = strata.value(f"SELECT count(*) FROM {TOPIC}")
    ready = context.Semaphore(0)
    asking = [context.Process(target=ask, args=(strata.port, texts, seed, ready, start, stop, report)) for seed in range(clients)]
    producer = f"bench-{clients}-{time.time_ns()}"
    port = int(strata.url.rsplit(":", 1)[1])
    writing = context.Process(target=write, args=(port, producer, dataset.file, ROWS_PER_SECOND, start, stop, receipts))
    for process in (*asking, writing):
        process.start()
    for _ in asking:
        ready.acquire()
    began = time.perf_counter()
    start.set()
    time.sleep(SECONDS)
    stop.set()
    reports = [report.get() for _ in asking]
    seconds = time.perf_counter() - began
    written = receipts.get()
    for process in (*asking, writing):
        process.join()
    answered = [answer for answers, _ in reports for answer in answers]
    latencies = [took for _, took in answered]
    errors = [error for _, errors in reports for error in errors] + written.errors
    cuts = statistics.quantiles(latencies, n=100, method="inclusive")
    surplus = strata.value(f"SELECT count(*) FROM {TOPIC}") - before - written.rows
    return Crowd(clients, len(latencies), seconds, cuts[49], cuts[94], cuts[98], slowest(answered), errors, written, surplus)


def slowest(answered):
    by_name = collections.defaultdict(list)
    for name, took in answered:
        by_name[name].append(took)
    medians = [(name, statistics.median(times)) for name, times in by_name.items()]
    return sorted(medians, key=lambda pair: -pair[1])[:SLOWEST_SHOWN]


def ask(port, texts, seed, ready, start, stop, report):
    """A client: one query after the other, in an order of its own."""
    pick = random.Random(seed)
    answers, errors = [], []
    with psycopg.connect(host="127.0.0.1", port=port, user="strata", dbname="strata", autocommit=True) as connection:
        ready.release()
        start.wait()
        while not stop.is_set():
            name, text = pick.choice(texts)
            began = time.perf_counter()
            try:
                connection.execute(text).fetchall()
            except psycopg.Error as failure:
                errors.append(f"{name}: {failure}")
                if connection.closed:
                    break
                continue
            answers.append((name, (time.perf_counter() - began) * 1e3))
    report.put((answers, errors))
