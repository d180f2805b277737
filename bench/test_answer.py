"""Tests of the comparison itself: what it lets pass decides what every figure is worth."""

import datetime
import unittest

from answer import microseconds, same


class Same(unittest.TestCase):
    def check(self, expected, check, ours, theirs):
        self.assertEqual(expected, same(check, ours, theirs), f"{check}: {ours} and {theirs}")
        self.assertEqual(expected, same(check, theirs, ours), f"{check}: {theirs} and {ours}")

    def test_rows(self):
        self.check(True, "rows", [(1, "a"), (2, "b")], [[2, "b"], [1, "a"]])
        self.check(False, "rows", [(1, "a"), (1, "a")], [[1, "a"]])
        self.check(False, "rows", [(1, None)], [[1, ""]])
        self.check(True, "rows", [], [])

    def test_latest(self):
        self.check(True, "latest", [(9, "a"), (8, "b")], [(9, "a"), (8, "c")])
        self.check(False, "latest", [(9, "a"), (8, "b")], [(9, "x"), (8, "b")])
        self.check(False, "latest", [(9, "a"), (8, "b")], [(9, "a"), (7, "b")])
        self.check(False, "latest", [(9, "a"), (8, "b")], [(9, "a")])
        self.check(False, "latest", [], [(9, "a")])

    def test_close(self):
        self.check(True, "close", [("a", 100.0)], [("a", 109.0)])
        self.check(False, "close", [("a", 100.0)], [("a", 120.0)])
        self.check(False, "close", [("a", 100.0)], [("b", 100.0)])

    def test_times(self):
        time = datetime.datetime(2026, 3, 1, 1, 2, 3, 4, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
        self.check(True, "rows", [(time,)], [(microseconds("2026-02-28 23:02:03.000004"),)])
        self.check(False, "rows", [(time,)], [(microseconds("2026-02-28 23:02:03"),)])


if __name__ == "__main__":
    unittest.main()
