"""The little of PostgreSQL's protocol that asking needs: start without a password, one simple query at a time, text answers."""

import socket
import struct


class Fault(Exception):
    """An error of the server; `code` is its SQLSTATE."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code


class Connection:
    def __init__(self, port, user, database):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.incoming = self.socket.makefile("rb")
        parameters = b"".join(text.encode() + b"\0" for text in ("user", user, "database", database)) + b"\0"
        self.socket.sendall(struct.pack("!ii", len(parameters) + 8, 196608) + parameters)
        self.answer()

    def query(self, sql):
        """The rows of a statement, as lists of texts and `None`; `None` if it has no columns to show."""
        text = sql.encode() + b"\0"
        self.socket.sendall(b"Q" + struct.pack("!i", len(text) + 4) + text)
        return self.answer()

    def answer(self):
        rows = fault = None
        while True:
            kind = self.incoming.read(1)
            if not kind:
                raise ConnectionError("the server hung up")
            body = self.incoming.read(struct.unpack("!i", self.incoming.read(4))[0] - 4)
            if kind == b"T":
                rows = []
            elif kind == b"D":
                rows.append(self.row(body))
            elif kind == b"E":
                fields = {part[:1]: part[1:].decode() for part in body.split(b"\0") if part}
                fault = Fault(fields[b"C"], fields[b"M"])
            elif kind == b"Z":
                if fault:
                    raise fault
                return rows

    @staticmethod
    def row(body):
        count, at, cells = struct.unpack_from("!h", body)[0], 2, []
        for _ in range(count):
            (length,) = struct.unpack_from("!i", body, at)
            at += 4
            cells.append(None if length < 0 else body[at : at + length].decode())
            at += max(length, 0)
        return cells
