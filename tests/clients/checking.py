"""What the Python clients' scripts share: the values of every type, and checks that go on after a wrong answer.

**Invariant:** a script that ends through `finish` exits with 0 only if nothing was wrong.
"""

import functools
import json
import pathlib
import sys
import traceback

# Name of a type -> texts of its values, exactly as PostgreSQL prints them.
TYPES = json.loads((pathlib.Path(__file__).parent / "values.json").read_text(encoding="utf-8"))

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
