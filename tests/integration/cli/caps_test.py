"""mu caps, grant and revoke, with services that call what they are told to."""

import json
import os

from node import STAGE, NodeTest, main

RELAY = os.path.join(STAGE, "..", "tests", "bin", "mu-relay")
OK, DENIED, EXHAUSTED, EXECUTED_NO = 0, 7, 8, 1


class Caps(NodeTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.register("shop", "counter.*", "greeter.Hello")
        cls.register("clerk")

    @classmethod
    def register(cls, name, *calls, **more):
        path = os.path.join(cls.node.dir, name + ".service")
        with open(path, "w") as file:
            json.dump({"name": name, "version": "1", "program": RELAY, "calls": calls, **more}, file)
        answer = cls.node.mu("registry", "register", path)
        assert answer.code == 0, answer.err

    def ask(self, service, endpoint):
        return self.mu("call", service + ".Call", "endpoint=" + endpoint, "--json").json()

    def code(self, service, endpoint):
        return self.ask(service, endpoint).get("code", OK)

    def handle(self, service):
        for line in self.mu("caps", service).out.splitlines():
            if line.split()[-1] not in ("-", "HANDLE"):
                return line.split()[-1]
        return None

    def test_a_service_calls_what_its_manifest_lists_and_nothing_else(self):
        self.assertEqual(self.code("shop", "greeter.Hello"), OK)
        self.assertEqual(self.code("shop", "counter.Get"), OK)
        refused = self.ask("shop", "ticker.Watch")
        self.assertEqual((refused["code"], refused["executed"]), (DENIED, EXECUTED_NO))
        self.assertIn("mu grant shop ticker.Watch", refused["message"])
        self.assertEqual(self.code("shop", "node.Shutdown"), DENIED)
        self.assertEqual(self.code("shop", "router.Stats"), DENIED)
        self.assertEqual(self.code("clerk", "greeter.Hello"), DENIED)

    def test_a_service_makes_as_many_calls_a_second_as_its_manifest_says(self):
        self.register("hasty", "greeter.Hello", limits={"rate": 1})
        refused = next(answer for answer in iter(lambda: self.ask("hasty", "greeter.Hello"), None) if "code" in answer)
        self.assertEqual((refused["code"], refused["executed"]), (EXHAUSTED, EXECUTED_NO))
        self.assertIn("hasty makes 1 calls a second and process, and no more (limits.rate", refused["message"])
        self.mu("registry", "deregister", "hasty")

    def test_what_is_granted_counts_at_once_and_over_restarts_until_it_is_revoked(self):
        handle = self.mu("grant", "clerk", "greeter.*", "-q").out.strip()
        self.assertEqual(self.code("clerk", "greeter.Hello"), OK)
        self.mu("restart", "router")
        self.assertEqual(self.code("clerk", "greeter.Hello"), OK)
        self.mu("down")
        self.mu("up")
        self.assertEqual(self.code("clerk", "greeter.Hello"), OK)
        self.assertEqual(self.handle("clerk"), handle)
        self.mu("revoke", handle)
        self.assertEqual(self.code("clerk", "greeter.Hello"), DENIED)
        self.mu("revoke", handle, code=3)

    def test_a_grant_shows_its_end(self):
        self.mu("grant", "clerk", "counter.Get", "--for", "1h")
        self.assertRegex(self.mu("caps", "clerk").out, r"counter\.Get +operator +59m")
        self.mu("revoke", self.handle("clerk"))

    def test_what_one_service_passes_on_an_operator_sees_and_revokes(self):
        wide = self.mu("call", "shop.Give", "service=clerk", "endpoints=>", "--json").json()
        self.assertEqual(wide["code"], DENIED)
        self.mu("call", "shop.Give", "service=clerk", "endpoints=counter.Get")
        self.assertEqual(self.code("clerk", "counter.Get"), OK)
        self.assertRegex(self.mu("caps", "clerk").out, r"counter\.Get +shop ")
        self.mu("revoke", self.handle("clerk"))
        self.assertEqual(self.code("clerk", "counter.Get"), DENIED)

    def test_what_was_passed_on_ends_with_its_giver(self):
        self.mu("call", "shop.Give", "service=clerk", "endpoints=counter.Get")
        self.assertEqual(self.code("clerk", "counter.Get"), OK)
        self.mu("stop", "shop")
        self.assertEqual(self.code("clerk", "counter.Get"), DENIED)
        self.mu("start", "shop")

    def test_bad_words_are_refused_and_change_nothing(self):
        before = self.mu("call", "node.Grants", "--json").json()
        self.mu("grant", "clerk", "greeter", code=1)
        self.mu("grant", "Clerk", "greeter.Hello", code=1)
        self.mu("grant", "clerk", "greeter.Hello", "--for", "soon", code=2)
        self.mu("grant", "clerk", code=2)
        self.mu("revoke", "12", code=2)
        self.mu("caps", "nobody", code=3)
        self.assertEqual(self.mu("call", "node.Grants", "--json").json(), before)

    def test_a_service_says_who_may_call_it(self):
        path = os.path.join(self.node.dir, "closed.service")
        for to, code in (["clerk"], DENIED), (["clerk", "shop"], OK):
            with open(path, "w") as file:
                exports = [{"methods": ["Call"], "to": to}]
                json.dump({"name": "closed", "program": RELAY, "exports": exports}, file)
            self.mu("registry", "register", path)
            handle = self.mu("grant", "shop", "closed.*", "-q").out.strip()
            self.assertEqual(self.code("shop", "closed.Call"), code)
            self.assertEqual(self.code("shop", "closed.Give"), DENIED)
            self.mu("call", "closed.Call", "endpoint=closed.Call")  # the node's owner may
            self.mu("revoke", handle)

    def test_a_manifest_whose_calls_are_none_is_refused(self):
        path = os.path.join(self.node.dir, "bad.service")
        with open(path, "w") as file:
            json.dump({"name": "bad", "program": RELAY, "calls": ["greeter"]}, file)
        answer = self.node.mu("registry", "register", path)
        self.assertNotEqual(answer.code, 0)
        self.assertIn("calls: `greeter` names no endpoints", answer.err)


if __name__ == "__main__":
    main()
