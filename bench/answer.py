"""Answers of two systems in one form, and whether they say the same.

**Invariant:** a difference that somebody could see is a difference here, but for two that are nobody's mistake: which of several
rows of the same time come last in a LIMIT, and the error of sampled percentiles.
"""

import collections
import datetime

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MICROSECOND = datetime.timedelta(microseconds=1)
# ClickHouse's quantile looks at a sample of the values, ours at a histogram.
CLOSE = 0.1


def microseconds(text):
    """Since 1970, of a time as ClickHouse writes it, which is UTC."""
    return (datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc) - EPOCH) // MICROSECOND


def plain(rows):
    """Rows as tuples, times as microseconds since 1970, all else as it came."""

    def in_one_form(value):
        return (value - EPOCH) // MICROSECOND if isinstance(value, datetime.datetime) else value

    return [tuple(map(in_one_form, row)) for row in rows]


def same(check, ours, theirs):
    """Whether two lists of rows are the same answer.

    `rows`: the same rows in any order. `latest`: the first column is a time, the rows were cut at a LIMIT, and
    those of the oldest time may be any of their time. `close`: the last column may differ a little.
    """
    ours, theirs = plain(ours), plain(theirs)
    if check == "rows":
        return collections.Counter(ours) == collections.Counter(theirs)
    if check == "latest":
        oldest = [min((row[0] for row in rows), default=None) for rows in (ours, theirs)]
        newer = [collections.Counter(row for row in rows if row[0] != oldest[0]) for rows in (ours, theirs)]
        return len(ours) == len(theirs) and oldest[0] == oldest[1] and newer[0] == newer[1]
    if check == "close":
        ours, theirs = ({row[:-1]: row[-1] for row in rows} for rows in (ours, theirs))
        return ours.keys() == theirs.keys() and all(abs(ours[key] - theirs[key]) <= CLOSE * abs(theirs[key]) for key in ours)
    raise ValueError(f"no such check: {check}")


def difference(ours, theirs):
    """A line for whoever must find out why two answers are not the same."""
    ours, theirs = (collections.Counter(plain(rows)) for rows in (ours, theirs))
    ours, theirs = ours - theirs, theirs - ours
    return f"{ours.total()} rows only in Strata: {list(ours)[:3]}; {theirs.total()} only in the other: {list(theirs)[:3]}"
