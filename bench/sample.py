"""The sample records that `strata quickstart --print` makes, with rare records planted among them, and what can be looked for.

The sample is a day of a web shop that ends now, so times differ from one making to the next, and all else is the same. Planted are
words and pieces of words that are in a known number of rows whatever the size: needles, substrings, and decoys that have the words
of a phrase in another order.
"""

import dataclasses
import datetime
import json
import random
import re
import subprocess

# What is read at a time; a planted record follows one of these blocks and has the time of its last record.
BLOCK_BYTES = 64 << 10
NEEDLE_ROWS, PIECE_ROWS, RARE_ROWS, DECOY_ROWS = 20, 50, 2_000, 1_000
TRACE = re.compile(rb'"trace_id":"([0-9a-f]{32})"')
ORDER = re.compile(rb'"message":"order (\d+): charged')


def letters(number):
    """A different letter for each run's literals."""
    return chr(ord("a") + number)


def needle(run):
    return f"zkneedle{letters(run)}"


def piece(run):
    return f"Q{letters(run)}xSplint"


def planted(runs):
    """Messages, in an order that the seed decides."""
    pick = random.Random(11)

    def number():
        return pick.randrange(1_000_000)

    messages = [f"checkpoint {needle(run)} of shard {number()} is late" for run in range(runs) for _ in range(NEEDLE_ROWS)]
    messages += [f"cache key u{number()}{piece(run)}{number()} was dropped" for run in range(runs) for _ in range(PIECE_ROWS)]
    messages += [f"manifest of backup {number()} is rejected" for _ in range(RARE_ROWS)]
    messages += [f"order {number()}: was not charged yet, the card expired" for _ in range(DECOY_ROWS)]
    pick.shuffle(messages)
    return messages


@dataclasses.dataclass
class Found:
    """What was seen on the way: the span of time, and identifiers that are there."""

    rows: int = 0
    first: datetime.datetime | None = None
    last: datetime.datetime | None = None
    traces: list = dataclasses.field(default_factory=list)
    orders: list = dataclasses.field(default_factory=list)


def stream(binary, rows, runs, out):
    """Writes `rows` records as NDJSON to `out`; what was found in them."""
    messages = planted(runs)
    of_sample = rows - len(messages)
    if of_sample < 10 * len(messages):
        raise ValueError(f"{rows} rows are too few to hide {len(messages)} among them")
    found, seen, put, cut = Found(rows=rows), 0, 0, b""
    maker = subprocess.Popen([binary, "quickstart", "--rows", str(of_sample), "--print"], stdout=subprocess.PIPE)
    while read := maker.stdout.read(BLOCK_BYTES):
        head, _, cut = (cut + read).rpartition(b"\n")
        seen += head.count(b"\n") + 1
        found.first = found.first or time_of(head)
        found.last = time_of(head[head.rfind(b"\n") + 1 :])
        keep_some(head, seen / of_sample, runs, found)
        due = len(messages) * seen // of_sample
        out.write(head + b"\n" + b"".join(record(message, found.last) for message in messages[put:due]))
        put = due
    if maker.wait() != 0 or cut or seen != of_sample:
        raise RuntimeError(f"the sample has {seen} records and not {of_sample}")
    return found


def time_of(line):
    """The time that a line begins with."""
    return datetime.datetime.fromisoformat(line[len(b'{"ts":"') : len(b'{"ts":"2026-01-01T00:00:00.000000Z')].decode())


def record(message, time):
    """A planted record."""
    time = time.isoformat(timespec="microseconds").replace("+00:00", "Z")
    fields = {"ts": time, "host": "ledger-1", "service": "ledger", "level": "INFO", "message": message}
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


def keep_some(lines, share, runs, found):
    """Keeps an identifier of each kind for each run, from all over the day."""
    for pattern, kept in ((TRACE, found.traces), (ORDER, found.orders)):
        if len(kept) < runs and share > (len(kept) + 0.5) / runs and (match := pattern.search(lines)):
            kept.append(match[1].decode())
