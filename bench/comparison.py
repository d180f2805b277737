"""Queries in turn on two systems, A B A B, so that a machine that gets slower hurts both alike."""

import dataclasses
import statistics
import sys

from answer import difference, same


@dataclasses.dataclass
class Result:
    """Medians of one query. `mismatch` says what was wrong, None if every answer was the same."""

    name: str
    ours_ms: float
    theirs_ms: float
    mismatch: str | None = None
    # Cold only: megabytes that each fetched from the disk, medians.
    read_mb: tuple | None = None

    @property
    def ratio(self):
        return self.ours_ms / self.theirs_ms


def geometric_mean(results):
    return statistics.geometric_mean(result.ratio for result in results)


def hot(strata, clickhouse, dataset):
    """Every query with the literals of each run; those of the first only warm up."""
    results = []
    for query in dataset.queries:
        runs = [run(strata, clickhouse, query, literals) for literals in dataset.literals]
        mismatch = next((wrong for *_, wrong in runs if wrong), None)
        ours, theirs = (statistics.median(took) for took in list(zip(*runs[1:]))[:2])
        results.append(Result(query.name, ours, theirs, mismatch))
        tell(results[-1])
    return results


def run(strata, clickhouse, query, literals):
    """Milliseconds of both, and what is wrong with the answer."""
    our_text, their_text = query.texts(literals)
    ours_ms, ours = strata.run(our_text)
    theirs_ms, theirs = clickhouse.run(their_text)
    return ours_ms, theirs_ms, None if same(query.check, ours, theirs) else difference(ours, theirs)


def tell(result):
    """Progress, for whoever waits."""
    line = f"  {result.name:24}{result.ours_ms:10.2f} ms{result.theirs_ms:10.2f} ms{result.ratio:8.3f}"
    print(line + (f"  WRONG: {result.mismatch}" if result.mismatch else ""), file=sys.stderr, flush=True)
