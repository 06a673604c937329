"""What a bad peer can send, and that nobody else notices: each case runs beside a polite caller whose
every call must succeed."""

import os
import socket
import struct
import threading

from bus import GREETING, Bus
from mu.bus.v1 import bus_pb2 as pb
from node import NodeTest, main

ROUTER = 1 << 34  # set in the numbers that the router gives
HELLO_WORLD = b"\x0a\x05World"


def varint(number):
    data = b""
    while number > 0x7F:
        data += bytes([number & 0x7F | 0x80])
        number >>= 7
    return data + bytes([number])


class Polite(threading.Thread):
    """Calls the greeter until it is told to stop."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.bus = Bus(path, pb)
        self.calls = 0
        self.errors = []
        self.over = threading.Event()
        self.start()

    def run(self):
        while not self.over.is_set():
            self.calls += 1
            self.bus.send(kind=pb.KIND_CALL, id=self.calls, endpoint="greeter.Hello", body=HELLO_WORLD)
            result = self.bus.receive()
            if result.id != self.calls or result.status.code or b"Hello, World!" not in result.body:
                self.errors.append(str(result))


class Hostile(NodeTest):
    def setUp(self):
        self.path = os.path.join(self.node.dir, "run", "bus.sock")
        self.polite = Polite(self.path)

    def tearDown(self):
        before = self.polite.calls
        while self.polite.calls < before + 10 and not self.polite.errors:
            self.assertTrue(self.polite.is_alive())
        self.polite.over.set()
        self.polite.join()
        self.polite.bus.close()
        self.assertEqual(self.polite.errors, [])

    def expect_closed(self, data, greet=True):
        bus = Bus(self.path, pb, greet=greet)
        try:
            bus.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # closed while it was still talking
        self.assertTrue(bus.is_closed(), data[:40])
        bus.close()

    def expect_status(self, code, **call):
        bus = Bus(self.path, pb)
        bus.send(kind=pb.KIND_CALL, id=1, **call)
        result = bus.receive()
        self.assertEqual(result.status.code, code, result)
        self.assertEqual(result.status.executed, pb.EXECUTED_NO, result)
        self.assertTrue(result.status.message)
        bus.close()

    def frame(self, data):
        return b"\x01" + struct.pack(">Q", len(data)) + data

    def test_what_is_no_pair0(self):
        for data in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 8, GREETING[:4] + b"\0\x30\0\0", b"\xff" * 4096):
            self.expect_closed(data, greet=False)

    def test_truncated_and_oversized(self):
        whole = pb.Frame(
            envelopes=[pb.Envelope(kind=pb.KIND_CALL, id=1, endpoint="greeter.Hello", body=b"x" * 50)]
        ).SerializeToString()
        for cut in range(1, len(whole)):
            self.expect_closed(self.frame(whole[:cut]))
        self.expect_closed(b"\x01" + struct.pack(">Q", 1 << 40))
        self.expect_closed(b"\x01" + struct.pack(">Q", 0))
        self.expect_closed(b"\x02" + struct.pack(">Q", 4))
        body = b"\x52" + varint((1 << 20) + 1) + b"x" * ((1 << 20) + 1)
        self.expect_closed(self.frame(b"\x0a" + varint(len(body) + 2) + b"\x08\x01" + body))

    def test_a_frame_that_never_ends_costs_nothing(self):
        bus = Bus(self.path, pb)
        bus.socket.sendall(b"\x01" + struct.pack(">Q", 1 << 20) + b"\x0a")
        bus.close()

    def test_unknown_kinds_and_those_of_the_router(self):
        for kind in (13, 99, 1 << 31):
            self.expect_closed(self.frame(b"\x0a" + bytes([1 + len(varint(kind))]) + b"\x08" + varint(kind)))
        for kind in (pb.KIND_WELCOME, pb.KIND_READY, pb.KIND_DRAIN):
            self.expect_closed(
                self.frame(pb.Frame(envelopes=[pb.Envelope(kind=kind)]).SerializeToString())
            )

    def test_bodies_that_are_no_messages(self):
        for body in (b"\x0a\x02\xc3\x28", b"\x0a\x05ab", b"\x00\x01", b"\x0b", b"\x0a\x80\x80\x80\x80\x80\x01"):
            self.expect_status(pb.CODE_INVALID_ARGUMENT, endpoint="greeter.Hello", body=body)

    def test_bodies_nested_deep_and_bodies_that_swell(self):
        deep = b""
        for _ in range(10000):
            deep = b"\x7a" + varint(len(deep)) + deep
        manifest = b"\x0a" + varint(len(deep)) + deep
        bus = Bus(self.path, pb)
        bus.send(kind=pb.KIND_CALL, id=1, endpoint="registry.Register", body=manifest)
        self.assertNotEqual(bus.receive().status.code, pb.CODE_OK)
        swell = b"\x32\x00" * 500000  # half a million empty strings in one manifest
        bus.send(kind=pb.KIND_CALL, id=2, endpoint="registry.Register", body=b"\x0a" + varint(len(swell)) + swell)
        result = bus.receive()
        self.assertEqual(result.status.code, pb.CODE_INVALID_ARGUMENT, result.status)
        self.assertEqual(result.status.executed, pb.EXECUTED_NO)
        bus.close()

    def test_endpoints_that_are_none(self):
        for endpoint in ("", "greeter", "greeter.", ".Hello", "Greeter.Hello", "greeter.He llo", "a" * 60 + "." + "b" * 60):
            wanted = pb.CODE_NOT_FOUND if endpoint.startswith("aaa") else pb.CODE_INVALID_ARGUMENT
            self.expect_status(wanted, endpoint=endpoint)
        self.expect_status(pb.CODE_UNIMPLEMENTED, endpoint="greeter.Nothing")
        self.expect_status(pb.CODE_INVALID_ARGUMENT, endpoint="greeter.Hello", shape=pb.SHAPE_TWO_WAY)

    def test_a_forged_caller_and_a_foreign_name(self):
        self.expect_status(
            pb.CODE_INVALID_ARGUMENT, endpoint="greeter.Hello", caller=pb.Caller(service="registry")
        )
        routers = ("router.Admit", "router.Dismiss", "router.Link", "router.Routes")
        for endpoint in ("registry.Reset", "registry.Detach", "node.Attached", "node.Remove") + routers:
            bus = Bus(self.path, pb)
            bus.send(kind=pb.KIND_CALL, id=1, endpoint=endpoint)
            self.assertNotEqual(bus.receive().status.code, pb.CODE_OK, endpoint)
            bus.close()
        for name in ("registry", "node", "router", "link", "Bad Name", "x" * 64):
            with self.assertRaises(PermissionError):
                Bus(self.path, pb).serve(name)

    def test_answers_to_the_calls_of_others(self):
        victim = Bus(self.path, pb)
        victim.serve("victim")
        caller = Bus(self.path, pb)
        caller.send(kind=pb.KIND_CALL, id=7, endpoint="victim.X")
        call = victim.receive()
        forger = Bus(self.path, pb)
        forger.send(kind=pb.KIND_RESULT, id=call.id, body=b"forged")
        self.assertTrue(forger.is_closed())
        slot = call.id & 0xFFFF
        for generation in range(64):  # guesses
            guess = ROUTER | generation << 16 | slot
            if guess != call.id:
                victim.send(kind=pb.KIND_RESULT, id=guess, body=b"guessed")
        victim.send(kind=pb.KIND_RESULT, id=call.id, body=b"true")
        victim.send(kind=pb.KIND_RESULT, id=call.id, body=b"again")
        self.assertEqual(caller.receive().body, b"true")
        caller.send(kind=pb.KIND_PING, id=1)
        self.assertEqual(caller.receive().kind, pb.KIND_PONG)
        for bus in (victim, caller, forger):
            bus.close()

    def test_ten_thousand_guesses_at_calls_that_are_not_ours(self):
        bus = Bus(self.path, pb)
        bus.serve("guesser")
        for first in range(0, 10000, 100):
            frame = pb.Frame()
            for slot in range(first, first + 100):
                frame.envelopes.add(kind=pb.KIND_ITEM, id=ROUTER | 199999 << 16 | slot, body=b"x")
            bus.send_bytes(frame.SerializeToString())
        bus.send(kind=pb.KIND_PING, id=5)
        self.assertEqual(bus.receive().kind, pb.KIND_PONG)
        bus.close()

    def test_a_second_connection_on_a_private_channel(self):
        for instance in os.listdir(os.path.join(self.node.dir, "run", "i")):
            path = os.path.join(self.node.dir, "run", "i", instance, "bus.sock")
            for _ in range(20):
                with self.assertRaises((ConnectionError, OSError)):
                    Bus(path, pb)

    def test_ten_thousand_that_connect_and_leave(self):
        for i in range(10000):
            peer = socket.socket(socket.AF_UNIX)
            peer.connect(self.path)
            if i % 3 == 0:
                peer.sendall(GREETING[: i % 9])
            peer.close()
        private = os.path.join(self.node.dir, "run", "i")
        for instance in os.listdir(private):
            for _ in range(500):
                peer = socket.socket(socket.AF_UNIX)
                peer.connect(os.path.join(private, instance, "bus.sock"))
                peer.close()

    def test_a_sender_that_ignores_its_credit(self):
        bus = Bus(self.path, pb)
        bus.send(kind=pb.KIND_CALL, id=1, endpoint="digest.Sum", shape=pb.SHAPE_CLIENT_STREAM)
        frame = pb.Frame()
        for _ in range(40):
            frame.envelopes.add(kind=pb.KIND_ITEM, id=1, body=b"\x0a\x90\x4e" + b"x" * 10000)
        bus.send_bytes(frame.SerializeToString())  # 400 kB at once, with credit for 256 KiB
        while True:
            envelope = bus.receive()
            if envelope.kind == pb.KIND_RESULT:
                break
        self.assertEqual(envelope.status.code, pb.CODE_RESOURCE_EXHAUSTED)
        bus.close()


if __name__ == "__main__":
    main()
