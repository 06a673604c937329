"""A peer on the bus in plain Python: PAIR0's bytes on a Unix socket and the messages of bus.proto."""

import socket
import struct

GREETING = b"\x00SP\x00\x00\x10\x00\x00"


class Bus:
    """One channel. `pb` is the generated module of mu/bus/v1/bus.proto."""

    def __init__(self, path, pb, greet=True, timeout=5.0):
        self.pb = pb
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.waiting = []
        if greet:
            self.greet()

    def greet(self):
        try:
            self.socket.sendall(GREETING)
            if self.read(len(GREETING)) != GREETING:
                raise ConnectionError("not PAIR0")
        except OSError:
            self.socket.close()
            raise

    def close(self):
        self.socket.close()

    def read(self, size):
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise ConnectionError("closed")
            data += piece
        return data

    def send_bytes(self, frame):
        self.socket.sendall(b"\x01" + struct.pack(">Q", len(frame)) + frame)

    def send(self, **fields):
        """Sends one envelope, in a frame of its own."""
        self.send_bytes(self.pb.Frame(envelopes=[self.pb.Envelope(**fields)]).SerializeToString())

    def receive(self):
        """The next envelope."""
        while not self.waiting:
            head = self.read(9)
            assert head[0] == 1
            frame = self.pb.Frame.FromString(self.read(struct.unpack(">Q", head[1:])[0]))
            self.waiting = list(frame.envelopes)
        return self.waiting.pop(0)

    def serve(self, service, version="1.0.0", **hello):
        """Becomes an instance of `service`."""
        body = self.pb.Hello(service=service, version=version, **hello).SerializeToString()
        self.send(kind=self.pb.KIND_HELLO, body=body)
        welcome = self.receive()
        if welcome.kind != self.pb.KIND_WELCOME or welcome.status.code:
            self.close()
            raise PermissionError(welcome.status.message)
        self.send(kind=self.pb.KIND_READY)
        return self.pb.Welcome.FromString(welcome.body)

    def is_closed(self):
        """True once the router closed the channel (what came before it is skipped)."""
        try:
            while self.socket.recv(65536):
                pass
            return True
        except ConnectionResetError:
            return True
        except socket.timeout:
            return False
