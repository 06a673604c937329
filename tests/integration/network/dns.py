"""A DNS server that knows SRV records, and nothing else."""

import socket
import struct
import threading

SRV = 33
IN = 1


def encoded(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


class Dns:
    """`records`: {name: [(target, port), …]}."""

    def __init__(self, records):
        self.records = records
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                question, sender = self.socket.recvfrom(4096)
                self.socket.sendto(self.answer(question), sender)
            except OSError:
                return

    def answer(self, question):
        at, labels = 12, []
        while question[at]:
            labels.append(question[at + 1 : at + 1 + question[at]].decode())
            at += 1 + question[at]
        name = ".".join(labels)
        asked = question[12 : at + 5]
        found = self.records.get(name, [])
        head = question[:2] + struct.pack(">HHHHH", 0x8580, 1, len(found), 0, 0)
        body = b""
        for target, port in found:
            data = struct.pack(">HHH", 0, 0, port) + encoded(target)
            body += encoded(name) + struct.pack(">HHIH", SRV, IN, 60, len(data)) + data
        return head + asked + body

    def close(self):
        self.socket.close()
