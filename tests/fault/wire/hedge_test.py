"""Hedges and copies with real processes: one of two instances is stopped, and nobody waits for it; a version
is sent copies, and whatever it makes of them, no caller hears of it."""

import base64
import json
import os
import signal
import threading
import time

from bus import Bus
from mu.bus.v1 import bus_pb2 as pb
from node import WAIT_S, NodeTest, main

BATCH = 16  # calls at once: half of them go to the stopped one, fewer than the budget lets be hedged at once
BATCHES = 4
TIMEOUT_MS = 4000
COPIED = 400
DEADLINE_EXCEEDED, INTERNAL = 4, 13


class Instance:
    """An instance of a service in a thread: `answer(call)` says the fields of its RESULT, or None for none."""

    def __init__(self, path, service, version, answer):
        self.heard = []
        self.news = threading.Condition()
        self.over = threading.Event()
        self.bus = Bus(path, pb, timeout=0.2)
        self.bus.serve(service, version)
        self.thread = threading.Thread(target=self.run, args=(answer,), daemon=True)
        self.thread.start()

    def run(self, answer):
        while not self.over.is_set():
            try:
                envelope = self.bus.receive()
            except TimeoutError:
                continue
            with self.news:
                self.heard.append(envelope)
                self.news.notify()
            fields = answer(envelope) if envelope.kind == pb.KIND_CALL else None
            if fields is not None:
                self.bus.send(kind=pb.KIND_RESULT, id=envelope.id, **fields)
        self.bus.close()

    def close(self):
        self.over.set()
        self.thread.join()

    def await_heard(self, is_enough):
        """Until what it heard is enough."""
        with self.news:
            assert self.news.wait_for(lambda: is_enough(self.heard), WAIT_S), self.heard

    def calls(self):
        return [envelope for envelope in self.heard if envelope.kind == pb.KIND_CALL]


class Hedge(NodeTest):
    def setUp(self):
        self.path = os.path.join(self.node.dir, "run", "bus.sock")

    def effect(self, setting, endpoint):
        effects = self.mu("policy", "explain", endpoint, "--json").json()["effects"]
        (effect,) = [each for each in effects if each["setting"] == setting]
        return effect, {key: int(value) for key, value in effect["use"].items()}

    def instance(self, *words):
        instance = Instance(self.path, *words)
        self.addCleanup(instance.close)
        return instance

    def greeters(self):
        processes = self.mu("ps", "-o", "json").json()["processes"]
        return [p["pid"] for p in processes if p["service"] == "greeter" and p.get("pid")]

    def await_idle(self, service):
        """Until no instance of the service has a call."""
        until = time.monotonic() + WAIT_S
        while any(
            int(each.get("callsOpen", 0))
            for each in self.mu("call", "router.Stats", "--json").json()["instances"]
            if each["service"] == service
        ):
            self.assertLess(time.monotonic(), until, f"{service} is busy still")

    def greet_all(self, bus, number):
        """BATCH calls at once, from `number` on: how each ended, and after how many seconds."""
        began = time.monotonic()
        for i in range(BATCH):
            bus.send(
                kind=pb.KIND_CALL,
                id=number + i,
                endpoint="greeter.Hello",
                body=b"\x0a\x01x",
                timeout_ms=TIMEOUT_MS,
            )
        ends = {}
        while len(ends) < BATCH:
            result = bus.receive()
            self.assertEqual(result.kind, pb.KIND_RESULT)
            self.assertNotIn(result.id, ends)
            ends[result.id] = (result.status.code, time.monotonic() - began)
        return list(ends.values())

    def greet_beside_a_stopped_one(self, victim):
        bus = Bus(self.path, pb, timeout=WAIT_S)
        self.addCleanup(bus.close)
        os.kill(victim, signal.SIGSTOP)
        try:
            return [end for batch in range(BATCHES) for end in self.greet_all(bus, 1 + batch * BATCH)]
        finally:
            os.kill(victim, signal.SIGCONT)
            self.await_idle("greeter")

    def test_nobody_waits_for_an_instance_that_is_stopped(self):
        manifest = os.path.join(self.node.dir, "greeter.service")
        with open(manifest, "w") as file:
            json.dump({"name": "greeter", "version": "1.0.0", "instances": 2}, file)
        self.mu("registry", "register", manifest)
        pids = self.greeters()
        self.assertEqual(len(pids), 2)
        ends = self.greet_beside_a_stopped_one(pids[0])
        waited = [seconds for code, seconds in ends if code == DEADLINE_EXCEEDED]
        self.assertTrue(waited)
        self.assertGreaterEqual(min(waited), TIMEOUT_MS / 1000)
        self.mu("policy", "set", "greeter.*", "hedge=20ms")
        ends = self.greet_beside_a_stopped_one(pids[0])
        self.assertEqual({code for code, _ in ends}, {0})
        self.assertLess(max(seconds for _, seconds in ends), TIMEOUT_MS / 2000)
        effect, use = self.effect("hedge", "greeter.Hello")
        self.assertNotIn("idle", {key for key, value in effect.items() if value})
        self.assertGreaterEqual(use["hedges"], 1)
        self.assertGreaterEqual(use["hedgesWon"], 1)
        print(f"without: {len(waited)} of {len(ends)} waited {min(waited):.2f} s; hedged: {use}, the slowest "
              f"{max(seconds for _, seconds in ends) * 1000:.0f} ms")
        self.check_why()

    def check_why(self):
        """The record of a call with a hedge says so."""
        calls = self.mu("call", "router.Calls", "service=greeter", "limit=512", "--json").json()["calls"]
        hedged = [call for call in calls if call.get("decisions")]
        self.assertTrue(hedged)
        self.assertEqual(hedged[0]["decisions"][0]["cause"], "CAUSE_CANCELLED")
        trace = base64.b64decode(hedged[0]["trace"]).hex()
        self.assertIn("two instances were sent it", self.mu("why", trace[:32]).out)

    def test_what_is_not_idempotent_is_never_hedged_and_explain_says_so(self):
        tills = [self.instance("till", "1", lambda call: None) for _ in range(2)]
        self.mu("policy", "set", "till.*", "hedge=1ms")
        bus = Bus(self.path, pb, timeout=WAIT_S)
        bus.send(kind=pb.KIND_CALL, id=1, endpoint="till.Pay", timeout_ms=500)
        self.assertEqual(bus.receive().status.code, DEADLINE_EXCEEDED)
        bus.close()
        self.assertEqual(sum(len(till.calls()) for till in tills), 1)
        explained = self.mu("policy", "explain", "till.Pay").out
        self.assertIn("hedge does nothing now: not idempotent", explained)
        self.assertIn("0 hedges, 0 won", explained)
        self.mu("policy", "set", "till.*", "hedge=1ms", "idempotent=yes")
        self.assertNotIn("does nothing", self.mu("policy", "explain", "till.Pay").out)

    def test_copies_are_carried_out_and_no_caller_hears_of_them(self):
        served = {b"error": {"status": pb.Status(code=INTERNAL)}, b"mute": None}
        old = self.instance("stage", "1.0.0", lambda call: {"body": b"old"})
        new = self.instance("stage", "2.0.0", lambda call: served.get(call.body, {"body": b"new"}))
        self.mu("policy", "set", "stage.*", "mirror=2.0.0:50", "weight=2.0.0:0")
        bus = Bus(self.path, pb, timeout=WAIT_S)
        words = [b"", b"error", b"mute"]
        for number in range(1, COPIED + 1):
            body = words[number % 3]
            bus.send(kind=pb.KIND_CALL, id=number, endpoint="stage.Sing", body=body, timeout_ms=1000)
            result = bus.receive()
            self.assertEqual((result.id, result.status.code, result.body), (number, 0, b"old"))
        self.assertEqual(len(old.calls()), COPIED)
        mute = {call.id for call in new.calls() if call.body == b"mute"}
        new.await_heard(lambda heard: {each.id for each in heard if each.kind == pb.KIND_CANCEL} == mute)
        _, use = self.effect("mirror", "stage.Sing")
        self.assertEqual(use["mirrored"], len(new.calls()))
        # 200 of 400 expected, with a deviation of 10: five of them are passed once in two million runs.
        self.assertTrue(150 <= use["mirrored"] <= 250, use)
        self.assertEqual(use["mirrorFailed"], sum(call.body != b"" for call in new.calls()))
        self.assertEqual(use.get("mirrorSkipped", 0), 0)
        self.assertIn(f"{use['mirrored']} copies", self.mu("policy", "explain", "stage.Sing").out)
        bus.close()


main()
