"""Readers that stand still: who sends to them is refused, exactly, and in the end they are closed."""

import os
import threading
import time

from bus import Bus
from mu.bus.v1 import bus_pb2 as pb
from node import NodeTest, main

SENDERS = 20
CALLS = 1000  # of each
BODY = b"x" * 12000
TIMEOUT_MS = 60000
CLOSED_AFTER_S = 10
CLOSED_WITHIN_S = 15


class Sender(threading.Thread):
    """Sends its calls as fast as it may, and counts those that are refused."""

    def __init__(self, path, endpoint, calls):
        super().__init__(daemon=True)
        self.bus = Bus(path, pb, timeout=30)
        self.endpoint = endpoint
        self.calls = calls
        self.refused = 0
        self.why = ""
        self.others = []
        self.start()

    def run(self):
        for number in range(1, self.calls + 1):
            self.bus.send(kind=pb.KIND_CALL, id=number, endpoint=self.endpoint, timeout_ms=TIMEOUT_MS, body=BODY)
        self.bus.send(kind=pb.KIND_PING, id=1)
        while True:
            result = self.bus.receive()
            if result.kind == pb.KIND_PONG:
                return  # the router has dealt with all that came before
            if result.status.code == pb.CODE_RESOURCE_EXHAUSTED and result.status.executed == pb.EXECUTED_NO:
                self.refused += 1
                self.why = result.status.message
            else:
                self.others.append(result)

    def accepted(self):
        self.join()
        return self.calls - self.refused


class Slow(NodeTest):
    def setUp(self):
        self.path = os.path.join(self.node.dir, "run", "bus.sock")

    def receive_calls(self, bus, count):
        """The next `count` calls, and nothing but calls; then nothing at all."""
        calls = [bus.receive() for _ in range(count)]
        self.assertEqual({call.kind for call in calls}, {pb.KIND_CALL})
        bus.send(kind=pb.KIND_PING, id=7)
        self.assertEqual(bus.receive().kind, pb.KIND_PONG)
        return calls

    def test_a_reader_that_goes_on_gets_what_was_accepted_and_nothing_else(self):
        reader = Bus(self.path, pb)
        reader.serve("still", calls_max=2048)
        senders = [Sender(self.path, "still.Put", CALLS) for _ in range(SENDERS)]
        accepted = sum(sender.accepted() for sender in senders)
        refused = sum(sender.refused for sender in senders)
        self.assertEqual([sender.others for sender in senders], [[]] * SENDERS)
        calls = self.receive_calls(reader, accepted)
        print(f"a stopped reader: {SENDERS * CALLS} sent, {accepted} accepted, {len(calls)} delivered, {refused} refused")
        self.assertEqual(len(calls) + refused, SENDERS * CALLS)
        self.assertRegex(senders[0].why, r"still is full.*: \d+ bytes wait for it")
        for call in calls:
            reader.send(kind=pb.KIND_RESULT, id=call.id)
        for sender in senders:
            for _ in range(sender.accepted()):
                self.assertEqual(sender.bus.receive().status.code, pb.CODE_OK)
        self.put_again_and_again(reader, senders[0].bus)
        for sender in senders:
            sender.bus.close()
        reader.close()

    def put_again_and_again(self, reader, bus):
        """What was taken counts no more: one sender's share is there for it time and again."""
        for number in range(1, 41):
            bus.send(kind=pb.KIND_CALL, id=number, endpoint="still.Put", body=b"x" * (1 << 20))
            reader.send(kind=pb.KIND_RESULT, id=reader.receive().id)
            self.assertEqual(bus.receive().status.code, pb.CODE_OK)

    def test_a_reader_that_takes_nothing_is_closed_and_the_log_says_why(self):
        reader = Bus(self.path, pb)
        reader.serve("deaf", calls_max=2048)
        start = time.monotonic()
        sender = Sender(self.path, "deaf.Put", 3000)
        accepted = sender.accepted()
        self.assertRegex(sender.why, r"deaf is full for this caller: \d+ bytes wait for it")
        for _ in range(accepted):
            status = sender.bus.receive().status
            self.assertEqual(status.code, pb.CODE_UNAVAILABLE)
            self.assertEqual(status.executed, pb.EXECUTED_UNKNOWN)
            self.assertIn("took nothing for 10 s", status.message)
        taken_s = time.monotonic() - start
        print(f"a deaf reader: {accepted} accepted, {sender.refused} refused, closed after {taken_s:.1f} s")
        self.assertGreater(taken_s, CLOSED_AFTER_S)
        self.assertLess(taken_s, CLOSED_WITHIN_S)
        with open(os.path.join(self.node.dir, "state", "log", "router.log"), encoding="utf-8") as log:
            self.assertRegex(log.read(), r"closed the channel of deaf \(pid \d+\): it took nothing for 10 s")
        sender.bus.close()
        reader.close()


if __name__ == "__main__":
    main()
