"""mu call --key: what is asked for twice is done once, also when the service dies in between."""

import os
import re
import signal
import time

from node import WAIT_S, NodeTest, main


class Key(NodeTest):
    def add(self, name, *words, code=0):
        return self.mu("call", "counter.Add", f"key={name}", "amount=5", *words, code=code)

    def value(self, name):
        return int(self.mu("call", "counter.Get", f"key={name}").json()["value"])

    def pid(self, service):
        processes = self.mu("ps", "-o", "jsonl").lines()
        return next((p["pid"] for p in processes if p["service"] == service and p["pid"]), 0)

    def kill(self, service):
        """kill -9, and waits for the next process."""
        killed = self.pid(service)
        os.kill(killed, signal.SIGKILL)
        until = time.monotonic() + WAIT_S
        while self.pid(service) in (0, killed):
            self.assertLess(time.monotonic(), until, f"{service} does not come back")

    def test_a_call_made_twice_adds_once_and_has_the_same_answer(self):
        answers = [self.add("twice", "--key", "order-1").out for _ in range(3)]
        self.assertEqual(answers, ['{"value":"5"}\n'] * 3)
        self.assertEqual(self.value("twice"), 5)
        self.add("twice", "--key", "order-2")
        self.assertEqual(self.value("twice"), 10)

    def test_also_when_the_service_is_killed_in_between(self):
        self.add("killed", "--key", "kill-1")
        self.kill("counter")
        self.assertEqual(self.add("killed", "--key", "kill-1").json(), {"value": "5"})
        self.assertEqual(self.value("killed"), 5)

    def test_a_key_is_for_one_call(self):
        self.add("one", "--key", "one-1")
        refused = self.mu("call", "counter.Add", "key=one", "amount=6", "--key", "one-1", code=1)
        self.assertIn("another endpoint or body", refused.err)
        self.assertEqual(self.value("one"), 5)

    def test_why_says_that_it_was_not_carried_out(self):
        self.add("why", "--key", "why-1")
        again = self.add("why", "--key", "why-1", "--trace")
        trace = re.search(r"ms  trace ([0-9a-f]{32})\n", again.err).group(1)
        why = self.mu("why", trace)
        self.assertIn("got the answer of an earlier call with its key, and was not carried out", why.out)
        self.assertIn("for that answer", why.out)
        self.assertNotIn("The router itself was called", why.out)
        refused = self.mu("call", "counter.Add", "key=why", "--key", "why-1", "--trace", code=1)
        trace = re.search(r"trace[^0-9a-f]+([0-9a-f]{8,32})", refused.err).group(1)
        self.assertIn("another key", self.mu("why", trace).out)

    def test_what_can_have_no_key_is_refused(self):
        for words, says in (
            (["ticker.Watch", "count=1", "--key", "k"], "is a stream"),
            (["greeter.Hello", "--key", ""], "1 to 64 bytes"),
            (["greeter.Hello", "--key", "k" * 65], "1 to 64 bytes"),
            (["greeter.Hello", "--key", "k", "--count", "2"], "--key is for one call"),
        ):
            self.assertIn(says, self.mu("call", *words, code=2).err)
        self.assertIn("take no key", self.mu("call", "router.Stats", "--key", "k", code=1).err)

    def test_it_is_completed_and_in_the_help(self):
        found = self.mu("__complete", "--", "mu", "call", "counter.Add", "--ke").out
        self.assertEqual([line.split("\t")[0] for line in found.splitlines()], ["--key"])
        self.assertIn("--key order-4711", self.mu("call", "--help").out)


if __name__ == "__main__":
    main()
