"""A client that only counts: it sends a query and reads the answer without looking into it.

So the time of five million rows is the server's and not that of a driver that makes objects of them.
"""

import socket
import struct
import time

READ_BYTES = 1 << 20
# ReadyForQuery, idle: the last message of an answer.
READY = b"Z\x00\x00\x00\x05I"


class Wire:
    """A connection over the PostgreSQL protocol, version 3, to a server that trusts it."""

    def __init__(self, port, user, database):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray(READ_BYTES)
        body = b"".join(part.encode() + b"\x00" for part in ("user", user, "database", database, ""))
        self.socket.sendall(struct.pack("!ii", 8 + len(body), 196608) + body)
        self.answer()

    def query(self, sql):
        """Seconds to the last byte of the answer, its bytes, and the tag of the command."""
        began = time.perf_counter()
        text = sql.encode() + b"\x00"
        self.socket.sendall(b"Q" + struct.pack("!i", 4 + len(text)) + text)
        size, end = self.answer()
        took = time.perf_counter() - began
        tag = end[: -len(READY)].rsplit(b"C\x00\x00\x00", 1)[-1][1:].rstrip(b"\x00").decode(errors="replace")
        if not tag.startswith(("SELECT", "COPY")):
            raise RuntimeError(f"{sql} is answered with {end!r}")
        return took, size, tag

    def answer(self):
        """Bytes of an answer, and its last hundred."""
        size, end = 0, b""
        while not end.endswith(READY):
            count = self.socket.recv_into(self.buffer)
            if count == 0:
                raise RuntimeError(f"the server closed the connection: {end!r}")
            size += count
            end = (end + bytes(self.buffer[max(0, count - 100) : count]))[-100:]
        return size, end

    def close(self):
        self.socket.close()
