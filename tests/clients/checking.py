"""What the Python clients' scripts share: the values of every type, and checks that go on after a wrong answer.

**Invariant:** a script that ends through `finish` exits with 0 only if nothing was wrong.
"""

import datetime as dt
import functools
import ipaddress
import json
import pathlib
import sys
import traceback
import uuid
from decimal import Decimal

UTC = dt.timezone.utc

# Name of a type -> texts of its values, exactly as PostgreSQL prints them.
TYPES = json.loads((pathlib.Path(__file__).parent / "values.json").read_text(encoding="utf-8"))

# Name of a type -> what a person writes in Python, equal to what comes back.
NATIVE = {
    "bool": [True, False],
    "int2": [-32768, 32767],
    "int4": [-(2**31), 2**31 - 1],
    "int8": [-(2**63), 2**63 - 1, 0],
    "float4": [-1.5, float("inf")],
    "float8": [0.1, -1.5e300, float("inf"), float("-inf")],
    "numeric": [Decimal(text) for text in ("-1.50", "12345678901234567890.123456789", "100000000000000000000", "0.00001", "0E-4")],
    "text": ["", "it's", "żółć 日志 🙂", "a\tb\nc\\d"],
    "varchar": ["a"],
    "bytea": [b"", b"\x00\xff'\\"],
    "date": [dt.date(1969, 12, 31), dt.date(2026, 3, 1), dt.date.min, dt.date.max],
    "time": [dt.time(0, 0), dt.time(23, 59, 59, 999999)],
    "timestamp": [dt.datetime(1969, 12, 31, 23, 59, 59, 999999), dt.datetime(2026, 3, 1, 12), dt.datetime.min, dt.datetime.max],
    "timestamptz": [dt.datetime(1969, 12, 31, 23, 59, 59, 999999, UTC), dt.datetime(2026, 3, 1, 12, tzinfo=UTC)],
    "interval": [dt.timedelta(0), dt.timedelta(days=-3, seconds=4, microseconds=5), dt.timedelta(days=400), dt.timedelta(days=-1)],
    "uuid": [uuid.UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")],
    "inet": [ipaddress.ip_interface("10.0.0.1/8"), ipaddress.ip_interface("2001:db8::1/64")],
    "cidr": [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("2001:db8::/32")],
    "bool[]": [[True, None, False]],
    "int4[]": [[1, None, -3], []],
    "int8[]": [[2**62, None]],
    "float8[]": [[0.5, -1.0]],
    "numeric[]": [[Decimal("1.50"), Decimal("-0.25")]],
    "text[]": [["a", None, "", 'b "c" \\', "NULL", "x,y"], []],
    "timestamptz[]": [[dt.datetime(2026, 3, 1, tzinfo=UTC)]],
    "uuid[]": [[uuid.UUID(int=7)]],
}

_wrong = []


def part(run):
    """Makes a part of a script stand alone: what goes wrong in it is told, and the others still run."""

    @functools.wraps(run)
    def alone(*arguments):
        before = len(_wrong)
        try:
            run(*arguments)
        except Exception as error:
            own = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == sys.argv[0]]
            _note(f"{run.__name__}, line {own[-1] if own else '?'}: {type(error).__name__}: {error}")
        print("passed:" if len(_wrong) == before else "failed:", run.__name__)

    return alone


def equal(got, wanted, *where):
    """Notes both values unless they are equal."""
    if got != wanted:
        _note(f"{where}: got {got!r}, wanted {wanted!r}")


def refused(error, action, *arguments):
    """The error that an action must end with."""
    try:
        action(*arguments)
    except error as seen:
        return seen
    except Exception as other:
        _note(f"{arguments}: got {type(other).__name__}: {other}, wanted {error.__name__}")
        return None
    _note(f"{arguments} was accepted, {error.__name__} was expected")
    return None


def finish():
    """Ends the script."""
    sys.exit(1 if _wrong else 0)


def _note(what):
    _wrong.append(what)
    print(what, file=sys.stderr)
