"""A PostgreSQL of our own: a cluster in a folder, on a free loopback port, with a durable configuration that suits the machine.

PostgreSQL does not run as root; for root it runs as `postgres` or `nobody`, who must be able to reach the folder.
"""

import glob
import os
import pwd
import shutil
import socket
import subprocess
import time

import psycopg

START_SECONDS_MAX = 60
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_buffers = 1GB
effective_cache_size = 4GB
work_mem = 64MB
maintenance_work_mem = 256MB
max_wal_size = 4GB
max_connections = 50
jit = off
"""


def binaries():
    """The folder of the newest PostgreSQL that is installed."""
    found = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    if not found:
        raise RuntimeError("PostgreSQL is not installed: apt-get install postgresql")
    return os.path.dirname(max(found, key=lambda path: int(path.split("/")[4])))


class PostgreSQL:
    """A server that runs, or ran, on `folder`."""

    def __init__(self, folder, threads):
        self.folder, self.threads, self.programs = folder, threads, binaries()
        self.process = self.port = self.connection = None
        self.user = {}
        if os.geteuid() == 0:
            names = {entry.pw_name for entry in pwd.getpwall()}
            owner = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
            self.user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}

    def start(self):
        """Makes the cluster, starts it, and opens one connection."""
        os.mkdir(self.folder)
        if self.user:
            os.chown(self.folder, self.user["user"], self.user["group"])
            for parent in parents(self.folder):
                os.chmod(parent, os.stat(parent).st_mode | 0o011)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "cwd": "/", **self.user}
        command = [f"{self.programs}/initdb", "-D", self.folder, "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        subprocess.run(command, check=True, **quiet)
        with open(os.path.join(self.folder, "postgresql.conf"), "a", encoding="utf-8") as file:
            file.write(SETTINGS + f"max_parallel_workers_per_gather = {self.threads}\n")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen([f"{self.programs}/postgres", "-D", self.folder, "-p", str(self.port)], **quiet)
        until = time.monotonic() + START_SECONDS_MAX
        while self.connection is None:
            try:
                self.connection = self.connect()
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise
                time.sleep(0.05)
        return self

    def connect(self):
        return psycopg.connect(host="127.0.0.1", port=self.port, user="bench", dbname="postgres", autocommit=True)

    def execute(self, sql):
        self.connection.execute(sql)

    def stop(self):
        """Ends it and removes the cluster; does nothing if it does not run."""
        if self.process is None:
            return
        self.connection and self.connection.close()
        self.process.terminate()
        try:
            self.process.wait(START_SECONDS_MAX)
        finally:
            self.process.kill()
            self.process = self.connection = None
            shutil.rmtree(self.folder)


def parents(folder):
    """The folders above `folder` that are ours to open: those of this user."""
    folder = os.path.dirname(os.path.abspath(folder))
    while os.stat(folder).st_uid == os.geteuid() and folder not in ("/", "/tmp", os.path.expanduser("~")):
        yield folder
        folder = os.path.dirname(folder)
