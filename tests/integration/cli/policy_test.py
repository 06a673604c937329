"""mu policy: what is set holds at once and over restarts, and a slip changes nothing."""

import json

from node import NodeTest, main


class Policy(NodeTest):
    def tearDown(self):
        for scope in self.scopes():
            self.mu("policy", "remove", scope)

    def scopes(self):
        return sorted(set(self.mu("policy", "list", "-o", "name").out.split()))

    def greet(self, code=0):
        return self.mu("call", "greeter.Hello", "name=x", "--timeout", "2s", code=code)

    def effects(self, endpoint, *words):
        reply = self.mu("policy", "explain", endpoint, *words, "--json").json()
        return {effect["setting"]: effect["policy"] for effect in reply.get("effects", [])}

    def test_what_is_set_is_listed_shown_explained_and_removed(self):
        self.mu("policy", "set", "greeter.*", "timeout=2s", "retries=2", "backoff=1500ms", "idempotent=yes")
        self.mu("policy", "set", "greeter.Hello", "in-flight=100", "rate=500", "burst=50", "--for", "1h")
        listed = self.mu("policy", "list").out
        self.assertRegex(listed, r"greeter\.\* +- +timeout=2s retries=2 backoff=1500ms idempotent=yes +-")
        self.assertRegex(listed, r"greeter\.Hello +- +in-flight=100 rate=500 burst=50 +(59m|1h)")
        shown = self.mu("policy", "show", "greeter.*").out
        self.assertIn("backoff=1500ms", shown)
        self.assertIn("tries after the first", shown)
        effects = self.effects("greeter.Hello")
        self.assertEqual(sorted(effects), ["in-flight", "rate", "retries", "timeout"])
        self.assertEqual(effects["retries"]["endpoints"], "greeter.*")
        self.assertEqual(effects["rate"]["endpoints"], "greeter.Hello")
        self.assertRegex(self.mu("policy", "explain", "greeter.Hello").out, r"rate=500 burst=50 +greeter\.Hello")
        self.greet()
        self.mu("policy", "remove", "greeter.*")
        self.assertEqual(self.scopes(), ["greeter.Hello"])
        self.mu("policy", "remove", "greeter.*", code=3)
        self.mu("policy", "show", "greeter.*", code=3)
        self.assertEqual(self.effects("counter.Get"), {})

    def test_a_policy_holds_over_restarts_of_the_router_and_of_the_node(self):
        self.mu("policy", "set", "greeter.*", "rate=7", "weight=1.0.0:10", "weight=2.0.0:5", "label=zone:a",
                "hedge=20ms", "mirror=2.0.0:10", "idempotent=yes")
        self.mu("policy", "set", "greeter.Hello", "abort=UNAVAILABLE", "percent=100", "--for", "50m")
        before = self.mu("policy", "list", "--json").json()
        held = ["fault", "hedge", "label", "mirror", "rate", "weight"]
        self.mu("restart", "router")
        self.assertEqual(sorted(self.effects("greeter.Hello")), held)
        self.mu("down")
        self.mu("up")
        after = self.mu("policy", "list", "--json").json()
        for reply in (before, after):
            for each in reply["policies"]:
                each["policy"].pop("leftMs", None)
            reply["policies"].sort(key=lambda each: each["policy"]["endpoints"])
        self.assertEqual(before, after)
        self.assertEqual(sorted(self.effects("greeter.Hello")), held)

    def test_a_fault_is_put_into_calls_and_named(self):
        self.mu("policy", "set", "greeter.Hello", "abort=RESOURCE_EXHAUSTED", "percent=100", "--for", "5m")
        failed = self.greet(code=7)
        self.assertIn("a fault put into 100 % of the calls of greeter.Hello", failed.err)
        self.mu("policy", "remove", "greeter.Hello")
        self.greet()

    def test_a_hedge_and_a_mirror_say_what_they_do_and_why_they_do_nothing(self):
        self.mu("policy", "set", "greeter.*", "hedge=1500ms", "mirror=2.0.0:10")
        self.mu("policy", "set", "counter.*", "hedge=20ms")
        self.assertRegex(self.mu("policy", "list").out, r"greeter\.\* +- +hedge=1500ms mirror=2\.0\.0:10 +-")
        self.assertIn("idempotent calls only", self.mu("policy", "show", "greeter.*").out)
        explained = self.mu("policy", "explain", "greeter.Hello").out
        self.assertRegex(explained, r"hedge=1500ms +greeter\.\* +- +0 hedges, 0 won, 0 over the budget")
        self.assertRegex(explained, r"mirror=2\.0\.0:10 +greeter\.\* +- +0 copies, 0 failed, 0 skipped")
        self.assertIn("hedge does nothing now: it takes two instances", explained)
        self.assertIn("mirror does nothing now: no instance of this version", explained)
        self.assertIn("not idempotent", self.mu("policy", "explain", "counter.Add").out)
        self.greet()

    def test_a_rate_is_kept_and_named(self):
        self.mu("policy", "set", "greeter.Hello", "rate=1", "burst=1")
        answers = [self.node.mu("call", "greeter.Hello", "name=x") for _ in range(8)]
        refused = [answer for answer in answers if answer.code != 0]
        self.assertTrue(refused)
        self.assertIn("the policy of greeter.Hello lets 1 calls a second through", refused[0].err)

    def test_a_caller_has_policies_of_its_own(self):
        self.mu("policy", "set", "greeter.*", "timeout=1s", "--caller", "counter")
        self.assertEqual(self.effects("greeter.Hello"), {})
        self.assertEqual(self.effects("greeter.Hello", "--caller", "counter")["timeout"]["caller"], "counter")
        self.mu("policy", "show", "greeter.*", "--caller", "digest", code=3)
        self.mu("policy", "remove", "greeter.*", code=3)
        self.mu("policy", "remove", "greeter.*", "--caller", "counter")

    def test_users_nodes_and_clients_have_limits_of_their_own(self):
        self.mu("policy", "set", "greeter.*", "--caller", "user:*", "rate=20", "in-flight=8", "bytes-in-flight=1536KiB")
        self.mu("policy", "set", "greeter.*", "--caller", "node:lamp", "in-flight=100")
        self.mu("policy", "set", "greeter.*", "in-flight=1000")
        listed = self.mu("policy", "list").out
        self.assertRegex(listed, r"greeter\.\* +user:\* +in-flight=8 bytes-in-flight=1536KiB rate=20")
        explained = self.mu("policy", "explain", "greeter.Hello", "--caller", "user:alice").out
        self.assertRegex(explained, r"in-flight=1000 +greeter\.\* ")
        self.assertRegex(explained, r"in-flight=8 +greeter\.\* called by user:\*")
        self.assertNotIn("lamp", explained)
        self.greet()  # of nobody's
        self.mu("policy", "explain", "greeter.Hello", "--caller", "user:Alice!", code=1)
        for caller in ("user:*", "node:lamp"):
            self.mu("policy", "remove", "greeter.*", "--caller", caller)
        self.assertEqual(self.effects("greeter.Hello", "--caller", "user:alice")["in-flight"]["endpoints"], "greeter.*")

    def test_a_slip_says_how_to_write_it_and_changes_nothing(self):
        self.mu("policy", "set", "greeter.*", "timeout=1s")
        before = self.mu("policy", "list", "--json").out
        for words, code, says in (
            (["greeter.*", "timeout=soon"], 2, "timeout=2s"),
            (["greeter.*", "timeout=2s", "retries=many"], 2, "retries=2"),
            (["greeter.*", "patience=2"], 2, "no setting `patience`"),
            (["greeter.*", "timeout"], 2, "key=value"),
            (["greeter.*", "weight=10"], 2, "weight=1.1.0:10"),
            (["greeter.*", "abort=SOMEHOW", "percent=1"], 2, "abort=UNAVAILABLE"),
            (["greeter.*", "timeout=2s", "retries=9"], 1, "retries: 1 to 3"),
            (["greeter.*", "burst=9"], 1, "rate: 1 to"),
            (["greeter.*", "bytes-in-flight=8MB"], 2, "bytes-in-flight=8MiB"),
            (["greeter.*", "rate=5", "--caller", "user:"], 1, "user:alice"),
            (["greeter", "timeout=2s"], 1, "service.Method"),
            (["node.*", "timeout=2s"], 1, "part of the node itself"),
            (["greeter.*", "abort=UNAVAILABLE", "percent=5"], 1, "--for 5m"),
            (["greeter.*", "abort=UNAVAILABLE", "percent=5", "--for", "2h"], 1, "an hour at most"),
            (["greeter.*", "weight=1:60", "weight=2:50"], 1, "110 of 100"),
            (["greeter.*", "hedge=soon"], 2, "hedge=20ms"),
            (["greeter.*", "hedge=2m"], 1, "1 ms to 60 s"),
            (["greeter.*", "mirror=2.0.0"], 2, "mirror=2.0.0:10"),
            (["greeter.*", "mirror=2.0.0:101"], 1, "mirror=2.0.0:10"),
            (["greeter.*", "mirror=1:5", "mirror=2:5"], 2, "mirror=2.0.0:10"),
            (["greeter.*", "idempotent=yes"], 1, "that also with hedge"),
            (["greeter.*", "timeout=2s", "--for", "never"], 2, "--for 1h"),
        ):
            refused = self.mu("policy", "set", *words, code=code)
            self.assertIn(says, refused.err, words)
        self.mu("policy", "set", "greeter.*", code=2)
        self.assertEqual(self.mu("policy", "list", "--json").out, before)

    def test_words_are_completed(self):
        def complete(*words):
            lines = self.mu("__complete", "--", "mu", "policy", *words).out.splitlines()
            return [line.split("\t")[0] for line in lines]

        self.mu("policy", "set", "greeter.*", "timeout=1s")
        self.assertEqual(complete("ex"), ["explain"])
        self.assertEqual(complete("remove", "g"), ["greeter.*"])
        self.assertEqual(complete("set", "greeter.H"), ["greeter.Hello"])
        self.assertEqual(complete("set", "greeter.Hello", "breaker-w"), ["breaker-window="])
        self.assertEqual(complete("set", "greeter.Hello", "hed"), ["hedge="])
        self.assertEqual(complete("set", "greeter.Hello", "mir"), ["mirror="])
        self.assertEqual(complete("set", "greeter.Hello", "timeout=1s", "--fo"), ["--for"])
        for command in ("list", "show", "set", "remove", "explain"):
            self.assertIn("mu policy " + command, self.mu("policy", command, "--help").out)

    def test_a_program_reads_what_was_set(self):
        self.mu("policy", "set", "greeter.*", "breaker=5", "eject=10s")
        (one,) = json.loads(self.mu("policy", "show", "greeter.*", "-o", "json").out)["policies"]
        breaker = one["policy"]["breaker"]
        self.assertEqual((breaker["failures"], breaker["ejectMs"]), (5, 10000))


if __name__ == "__main__":
    main()
