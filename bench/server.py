"""A Strata server of our own: a release build on a folder and on free loopback ports.

The server listens on loopback only; it is stopped with SIGTERM and can be started again on the same folder.
"""

import os
import re
import signal
import subprocess
import time

import psycopg

START_SECONDS_MAX = 120
STOP_SECONDS_MAX = 300


class Server:
    """A server that runs, or ran, on `folder`."""

    def __init__(self, binary, folder, memory_limit, threads):
        self.binary, self.folder, self.memory_limit, self.threads = binary, folder, memory_limit, threads
        self.process = self.port = self.url = self.connection = None

    def start(self):
        """Starts it and opens one connection, which `run` uses."""
        ready = self.folder + ".ready"
        command = [self.binary, "serve", "--data-dir", self.folder, "--pg-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0"]
        command += ["--memory-limit", self.memory_limit, "--threads", str(self.threads)]
        with open(ready, "wb") as out, open(self.folder + ".log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=out, stderr=log)
        until = time.monotonic() + START_SECONDS_MAX
        while True:
            with open(ready) as lines:
                said = lines.read()
            if " http http://" in said and said.endswith("\n"):
                break
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the server did not start, see {self.folder}.log")
            time.sleep(0.01)
        self.port = int(re.search(r" -p (\d+) ", said)[1])
        self.url = re.search(r" http (http://\S+)", said)[1]
        self.connection = self.connect()
        return self

    def connect(self):
        return psycopg.connect(host="127.0.0.1", port=self.port, user="strata", dbname="strata", autocommit=True)

    def stop(self):
        """Ends it as an operator would; does nothing if it does not run."""
        if self.process is None:
            return
        self.connection and self.connection.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS_MAX)
        finally:
            self.process.kill()
            self.process = self.connection = None

    def run(self, sql):
        """Milliseconds from sending the query to having its last row, and the rows."""
        began = time.perf_counter()
        rows = self.connection.execute(sql).fetchall()
        return (time.perf_counter() - began) * 1e3, rows

    def execute(self, sql):
        """Seconds of a statement without an answer."""
        began = time.perf_counter()
        self.connection.execute(sql)
        return time.perf_counter() - began

    def value(self, sql):
        return self.connection.execute(sql).fetchone()[0]

    def resident_bytes_max(self):
        """The most memory that the process ever had."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) << 10

    def read_bytes(self):
        return read_bytes(self.process.pid)

    def segment_bytes(self):
        """Bytes of segments and their indexes on disk."""
        return folder_bytes(os.path.join(self.folder, "segments"))


def read_bytes(pid):
    """What a process had to fetch from the disk, because it was in no page cache."""
    with open(f"/proc/{pid}/io") as counters:
        return int(re.search(r"^read_bytes: (\d+)", counters.read(), re.M)[1])


def folder_bytes(folder):
    return sum(os.lstat(os.path.join(at, name)).st_size for at, _, names in os.walk(folder) for name in names)
