"""What psql completes when somebody presses Tab: it asks the catalog with queries of its own.

psql completes on a terminal only, so it gets one.
"""

import os
import pty
import select
import sys
import time

import psycopg
from checking import equal, finish, part

PATIENCE_S = 60
SURROUNDINGS = {"TERM": "dumb", "INPUTRC": "/dev/null", "PSQL_HISTORY": "/dev/null", "PAGER": "cat", "LC_ALL": "C"}


class Psql:
    def __init__(self, address):
        self.said = ""
        self.marks = 0
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.environ |= SURROUNDINGS
            os.execvp("psql", ["psql", "-X", address])

    def until(self, is_enough):
        """Reads until that is so of what was said since the last mark; all of that."""
        end = time.monotonic() + PATIENCE_S
        while not is_enough(self.said) and time.monotonic() < end:
            if not select.select([self.terminal], [], [], 1)[0]:
                continue
            try:
                self.said += os.read(self.terminal, 65536).decode(errors="replace")
            except OSError as gone:
                raise AssertionError(f"psql is gone: {self.said}") from gone
        return self.said

    def completes(self, typed, *wanted):
        os.write(self.terminal, typed.encode())
        said = self.until(lambda said: all(word in said for word in wanted))
        equal([word for word in wanted if word not in said], [], said)
        # An empty line again, and everything before it heard.
        self.marks += 1
        mark = f"mark-{self.marks}"
        os.write(self.terminal, f"\x15\\echo {mark}\n".encode())
        self.until(lambda said: f"\n{mark}" in said)
        self.said = ""

    def end(self):
        os.write(self.terminal, b"\x15\\q\n")
        os.waitpid(self.process, 0)


@part
def names(psql):
    psql.completes("SELECT * FROM logs.shop_o\t", "logs.shop_orders ")
    psql.completes("SELECT * FROM lo\t", "logs.")
    psql.completes("SELECT * FROM logs.shop_orders WHERE cust\t", "customer ")
    psql.completes("\\d logs.\t\t", "logs.orders_words", "logs.shop_orders")
    psql.completes("DROP INDEX logs.\t\t", "logs.orders_words")
    psql.completes("UPDATE etl.r\t\t", "etl.roles", "etl.rules")
    psql.completes("CALL etl.\t\t", "etl.rollback_to", "etl.drop_layer")


@part
def words(psql):
    psql.completes("SET statement_t\t", "statement_timeout ")
    psql.completes("ALTER TABLE logs.shop_orders \t\t", "OWNER TO", "VALIDATE CONSTRAINT")


def main(address):
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE logs.shop_orders (ts timestamptz NOT NULL, customer text, amount int) WITH (time_column = 'ts')")
        connection.execute("CREATE INDEX orders_words ON logs.shop_orders USING inverted (customer)")
    psql = Psql(address)
    psql.until(lambda said: "=#" in said)
    names(psql)
    words(psql)
    psql.end()


if __name__ == "__main__":
    main(sys.argv[1])
    finish()
