"""The same questions on the same data with less memory: slower is fine, another answer is not."""

import dataclasses
import statistics

from answer import difference, same


@dataclasses.dataclass
class Frugal:
    """One query under both limits, medians."""

    name: str
    usual_ms: float
    frugal_ms: float
    mismatch: str | None


def with_less_memory(strata, dataset, limit):
    """Results, and the most memory that the process under the lower limit had. The server runs as before afterwards."""
    usual, usual_limit = answers(strata, dataset), strata.memory_limit
    strata.stop()
    strata.memory_limit = limit
    frugal = answers(strata.start(), dataset)
    resident = strata.resident_bytes_max()
    strata.stop()
    strata.memory_limit = usual_limit
    strata.start()
    return [compared(query, *runs) for query, *runs in zip(dataset.queries, usual, frugal)], resident


def answers(strata, dataset):
    """Milliseconds and rows of every query with all literals."""
    return [[strata.run(query.texts(literals)[0]) for literals in dataset.literals] for query in dataset.queries]


def compared(query, usual, frugal):
    wrong = (difference(b, a) for (_, a), (_, b) in zip(usual, frugal) if not same(query.check, b, a))
    medians = (statistics.median(took for took, _ in runs[1:]) for runs in (usual, frugal))
    return Frugal(query.name, *medians, next(wrong, None))
