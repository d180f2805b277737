"""A process that writes records at a steady rate over HTTP, each request with a producer and sequence numbers.

Now and then it sends a request a second time, as a client does that did not get the answer: the server must count all of it as
duplicates.
"""

import dataclasses
import datetime
import http.client
import json
import time

from dataset import TOPIC

REQUESTS_PER_SECOND = 10
REPEAT_EVERY = 50
# Groups of records that are sent in turn, each time with the time of sending.
GROUPS = 20
# A record begins with its time, and all times are equally long.
TIME_BYTES = len('{"ts":"2026-01-01T00:00:00.000000Z')


@dataclasses.dataclass
class Written:
    """What became of it. `late_s` is how far behind the rate the last request was."""

    rows: int = 0
    repeated: int = 0
    seconds: float = 0.0
    late_s: float = 0.0
    errors: list = dataclasses.field(default_factory=list)


def groups(file, rows):
    """The first records of a file in groups of `rows`, each without its time."""
    with open(file, "rb") as lines:
        return [[lines.readline()[TIME_BYTES:] for _ in range(rows)] for _ in range(GROUPS)]


def body(records, number):
    """These records as of now: request `number` has its part of the second to itself."""
    second = datetime.datetime.now(datetime.timezone.utc).strftime('{"ts":"%Y-%m-%dT%H:%M:%S.')
    first = number % REQUESTS_PER_SECOND * 1_000_000 // REQUESTS_PER_SECOND
    step = 1_000_000 // REQUESTS_PER_SECOND // len(records)
    return b"".join(f"{second}{first + at * step:06}Z".encode() + record for at, record in enumerate(records))


def write(port, producer, file, rows_per_second, start, stop, report):
    """Writes from the event `start` to the event `stop`, then reports."""
    rows = rows_per_second // REQUESTS_PER_SECOND
    records = groups(file, rows)
    written, connection, number = Written(), http.client.HTTPConnection("127.0.0.1", port, timeout=60), 0
    start.wait()
    began = time.perf_counter()
    while not stop.is_set():
        wait = began + number / REQUESTS_PER_SECOND - time.perf_counter()
        written.late_s = max(0.0, -wait)
        time.sleep(max(0.0, wait))
        text = body(records[number % GROUPS], number)
        for attempt in range(2 if number % REPEAT_EVERY == 1 else 1):
            try:
                send(connection, producer, number * rows, text, rows, attempt, written)
            except (OSError, ValueError, http.client.HTTPException) as failure:
                written.errors.append(repr(failure))
                connection.close()
        number += 1
    written.seconds = time.perf_counter() - began
    report.put(written)


def send(connection, producer, before, text, rows, attempt, written):
    """One request: all of it must be new the first time and known the second."""
    headers = {"Strata-Producer": producer, "Strata-Sequence": f"{before + 1}-{before + rows}"}
    connection.request("POST", f"/v1/topics/{TOPIC}/records", text, headers)
    answer = connection.getresponse()
    said = json.loads(answer.read())
    expected = {"accepted": 0 if attempt else rows, "duplicates": rows if attempt else 0}
    if answer.status != 200 or any(said.get(key) != value for key, value in expected.items()):
        raise ValueError(f"{answer.status} {said}, expected {expected}")
    written.rows += said["accepted"]
    written.repeated += said["duplicates"]
