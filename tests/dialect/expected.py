"""Asks a PostgreSQL 15 of its own every statement of the suite and writes what it says, as sqllogictest files.

    python3 tests/dialect/expected.py        needs Debian's postgresql-15; writes tests/dialect/*.slt

An error is expected by its SQLSTATE, rows by their text: cells are parted by a tab, as a line that has no tab or line break in it.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import generate
from wire import Connection, Fault

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
USER = "postgres"
SETTINGS = ("TimeZone=UTC", "lc_messages=C", "fsync=off", "listen_addresses=127.0.0.1")


def main():
    folder = Path(tempfile.mkdtemp(prefix="dialect-"))
    # The server refuses to be root.
    root = os.geteuid() == 0
    user = ["runuser", "-u", USER, "--"] if root else []
    if root:
        shutil.chown(folder, USER)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    options = " ".join(f"-c {setting}" for setting in (*SETTINGS, f"port={port}", f"unix_socket_directories={folder}"))
    try:
        run(user, "initdb", "-D", data, "-U", "strata", "--lc-collate=C", "--lc-ctype=C.UTF-8", "-E", "UTF8", "-A", "trust")
        run(user, "pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "start")
        try:
            write(Connection(port, "strata", "postgres"))
        finally:
            run(user, "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def run(user, program, *arguments):
    subprocess.run([*user, PROGRAMS / program, *arguments], check=True, stdout=subprocess.DEVNULL)


def write(server):
    here = Path(__file__).parent
    count = 0
    setup = "".join(record(server, sql) for sql in generate.SETUP)
    (here / "setup.slt").write_text("# What the statements of the other files ask about.\n\n" + setup)
    for family, statements in generate.statements():
        head = f"# {len(statements)} statements and PostgreSQL 15's answers, written by expected.py; see docs/dialect.md.\n\n"
        (here / f"{family}.slt").write_text(head + "".join(record(server, sql) for sql in statements))
        count += len(statements)
    print(f"{count} statements")


def record(server, sql):
    try:
        rows = server.query(sql)
    except Fault as fault:
        return f"statement error ({fault.code})\n{sql}\n\n"
    if rows is None:
        return f"statement ok\n{sql}\n\n"
    lines = ["\t".join(cell(text) for text in row) for row in rows]
    broken = [line for line in lines if "\n" in line or not line]
    if broken or "\n\n" in sql:
        sys.exit(f"cannot be written as a record: {sql}")
    columns = "T" * (len(rows[0]) if rows else 1)
    return "\n".join([f"query {columns}", sql, "----", *lines]) + "\n\n"


def cell(text):
    if text is None:
        return "NULL"
    return text.replace("\t", "\\t").replace("\n", "\\n") if text else "(empty)"


if __name__ == "__main__":
    main()
