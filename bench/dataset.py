"""What is measured: records in a file, how each system stores them, and queries that both can answer."""

import dataclasses
import string

TOPIC = "logs.bench"
# Conditions on the hour of a run.
HOUR = "ts >= '$since' AND ts < '$until'"
HOUR_UTC = "ts >= '$since+00' AND ts < '$until+00'"


@dataclasses.dataclass(frozen=True)
class Query:
    """One question in two dialects; `$name` stands for what differs from run to run. `check` is one of those of `answer.same`."""

    name: str
    clickhouse: str
    strata: str
    check: str = "rows"

    def texts(self, literals):
        """Strata's text and ClickHouse's."""
        return tuple(string.Template(text).substitute(literals) for text in (self.strata, self.clickhouse))


@dataclasses.dataclass
class Dataset:
    """Records, and what they are for. `literals[0]` is for warming up, each other one for one run, so that nothing can be answered
    from memory."""

    title: str
    file: str
    rows: int
    strata_ddl: list
    clickhouse_ddl: str
    # Columns of the file as ClickHouse's file() wants them told.
    structure: str
    queries: list
    literals: list


def both(name, clickhouse, strata, check="rows"):
    """A query on the table of the data set, which both call `@table`."""
    return Query(name, clickhouse.replace("@table", "bench.logs"), strata.replace("@table", TOPIC), check)


def count(name, clickhouse, strata):
    """How many rows a condition is true for."""
    return both(name, f"SELECT count() FROM @table WHERE {clickhouse}", f"SELECT count(*) FROM @table WHERE {strata}")


def has(*words):
    """Rows with all of these words, as ClickHouse asks its text index."""
    return f"hasAllTokens(message, [{', '.join(repr(word) for word in words)}])"


def phrase(text):
    """Rows with these words one after the other, asked in the way that was fastest in ClickHouse."""
    return f"{has(*text.split())} AND hasPhrase(message, '{text}')"


def latest(columns, where):
    """What a log viewer shows."""
    return f"SELECT {columns} FROM @table WHERE {where} ORDER BY ts DESC LIMIT 100"
