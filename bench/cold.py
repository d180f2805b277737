"""Queries on systems that were just started and whose files are in no cache.

The pages of both data folders are given back to the kernel one file at a time, which any user may ask for and which leaves the rest
of the machine alone; programs stay in memory. Whether it worked is seen from what each process had to read from the disk.
"""

import os
import statistics
import sys

from comparison import Result, run, tell


def cold(strata, clickhouse, dataset, runs):
    """As `comparison.hot`, but each run with new processes. `runs` is how many of the literals are used."""
    results = []
    for query in dataset.queries:
        rows = []
        for literals in dataset.literals[1 : runs + 1]:
            before = restart(strata, clickhouse)
            measured = run(strata, clickhouse, query, literals)
            read = [after - start for after, start in zip((strata.read_bytes(), clickhouse.read_bytes()), before)]
            rows.append((*measured, *read))
        columns = list(zip(*rows))
        medians = [statistics.median(columns[at]) for at in (0, 1, 3, 4)]
        mismatch = next((wrong for wrong in columns[2] if wrong), None)
        results.append(Result(query.name, *medians[:2], mismatch, tuple(size / 1e6 for size in medians[2:])))
        tell(results[-1])
    if not any(sum(result.read_mb) for result in results):
        print("nothing was read from the disk: this file system keeps its pages, and the times are not cold", file=sys.stderr)
    return results


def restart(strata, clickhouse):
    """Ends both, drops their pages, starts both; bytes that each has read by then."""
    strata.stop()
    clickhouse.stop()
    drop_pages(strata.folder)
    drop_pages(clickhouse.folder)
    strata.start()
    clickhouse.start()
    strata.run("SELECT 1")
    clickhouse.run("SELECT 1")
    return strata.read_bytes(), clickhouse.read_bytes()


def drop_pages(folder):
    os.sync()
    for at, _, names in os.walk(folder):
        for name in names:
            descriptor = os.open(os.path.join(at, name), os.O_RDONLY)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)
