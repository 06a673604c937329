"""Two tenants on one node: they see themselves and the node's own, unless an operator says otherwise."""

import base64
import json
import os
import unittest

from node import STAGE, NodeTest, main
from nodes_test import Several

RELAY = os.path.join(STAGE, "..", "tests", "bin", "mu-relay")
OK, NOT_FOUND, DENIED = 0, 5, 7


class Tenants(NodeTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, space, calls in (
            ("shop", "acme", [">"]),
            ("till", "acme", [">"]),
            ("billing", "beta", [">"]),
            ("platform", "", [">"]),
        ):
            answer = cls.register(name, space, calls)
            assert answer.code == 0, answer.err

    @classmethod
    def register(cls, name, space, calls=(), **more):
        path = os.path.join(cls.node.dir, name + ".service")
        with open(path, "w") as file:
            manifest = {"name": name, "version": "1", "program": RELAY, "calls": calls, **more}
            json.dump(dict(manifest, namespace=space) if space else manifest, file)
        return cls.node.mu("registry", "register", path)

    def ask(self, service, endpoint):
        return self.mu("call", service + ".Call", "endpoint=" + endpoint, "--json").json()

    def code(self, service, endpoint):
        return self.ask(service, endpoint).get("code", OK)

    def names(self, service):
        return set(self.mu("call", service + ".Names", "--json").json()["names"])

    def test_a_namespace_calls_itself_and_the_node_s_own_and_the_node_s_own_calls_all(self):
        self.assertEqual(self.code("shop", "till.Names"), OK)
        self.assertEqual(self.code("shop", "greeter.Hello"), OK)
        self.assertEqual(self.code("platform", "billing.Names"), OK)
        self.assertEqual(self.code("shop", "billing.Names"), NOT_FOUND)
        self.assertEqual(self.code("billing", "shop.Names"), NOT_FOUND)

    def test_what_is_hidden_is_answered_as_what_is_not_there(self):
        hidden = self.ask("shop", "billing.Names")
        missing = self.ask("shop", "bulling.Names")
        self.assertEqual(json.dumps(hidden).replace("billing", "bulling"), json.dumps(missing))
        self.mu("stop", "billing")
        self.assertEqual(self.ask("shop", "billing.Names"), hidden)
        self.mu("start", "billing")

    def test_mu_why_names_the_true_cause(self):
        self.assertEqual(self.code("shop", "billing.Names"), NOT_FOUND)
        records = self.mu("call", "router.Calls", "service=billing", "failed=true", "--json").json()["calls"]
        self.assertEqual(records[-1]["cause"], "CAUSE_NAMESPACE")
        why = self.mu("why", base64.b64decode(records[-1]["trace"]).hex()).out
        self.assertIn("another namespace has the service", why)
        self.assertRegex(why, r"mu grant shop billing\.Names")

    def test_an_operator_s_grant_opens_it_at_once_and_revoke_closes_it(self):
        wide = self.mu("grant", "shop", ">", "-q").out.strip()
        self.assertEqual(self.code("shop", "billing.Names"), NOT_FOUND)
        self.mu("revoke", wide)
        handle = self.mu("grant", "shop", "billing.Names", "-q").out.strip()
        self.assertEqual(self.code("shop", "billing.Names"), OK)
        self.assertEqual(self.code("shop", "billing.Call"), NOT_FOUND)
        self.assertEqual(self.code("till", "billing.Names"), NOT_FOUND)
        self.mu("restart", "router")
        self.assertEqual(self.code("shop", "billing.Names"), OK)
        self.mu("revoke", handle)
        self.assertEqual(self.code("shop", "billing.Names"), NOT_FOUND)

    def test_a_capability_passed_on_opens_it_and_names_are_not_tried_out_by_passing_on(self):
        shop = self.mu("registry", "show", "shop", "--json").json()["service"]["instances"][0]["instance"]
        for name in ("shop", "nobody"):
            given = self.mu("call", "billing.Give", "service=" + name, "endpoints=billing.Names", "--json").json()
            self.assertEqual(given["code"], NOT_FOUND)
        self.mu("call", "billing.Give", f"instance={shop}", "endpoints=billing.Names")
        self.assertEqual(self.code("shop", "billing.Names"), OK)
        self.assertEqual(self.code("till", "billing.Names"), NOT_FOUND)
        self.mu("restart", "billing")
        self.assertEqual(self.code("shop", "billing.Names"), NOT_FOUND)

    def test_the_registry_shows_each_its_own(self):
        self.assertLessEqual({"shop", "till", "greeter", "platform"}, self.names("shop"))
        self.assertNotIn("billing", self.names("shop"))
        self.assertFalse({"shop", "till"} & self.names("billing"))
        self.assertIn("billing", self.names("billing"))
        self.assertLessEqual({"shop", "till", "billing"}, self.names("platform"))

    def test_what_shows_the_whole_node_is_not_for_a_tenant(self):
        for endpoint in "router.Calls", "router.Meter", "router.Stats", "node.List", "link.Show":
            self.assertEqual(self.code("shop", endpoint), DENIED, endpoint)
        self.assertEqual(self.code("shop", "router.Caps"), OK)

    def test_the_owner_sees_all_and_can_look_at_one_namespace(self):
        table = self.mu("registry", "list").out
        self.assertRegex(table, r"SERVICE +NAMESPACE ")
        self.assertRegex(table, r"billing +beta ")
        self.assertEqual(self.mu("registry", "list", "--namespace", "acme", "-o", "name").out.split(), ["shop", "till"])
        self.assertRegex(self.mu("ps").out, r"billing +beta ")
        self.assertEqual(self.mu("ps", "--namespace", "beta", "-o", "name").out.split(), ["billing"])
        self.code("shop", "greeter.Hello")
        stats = self.mu("stats", "--namespace", "acme", "--json").json()
        self.assertLessEqual({method["service"] for method in stats["methods"]}, {"shop", "till"})
        self.assertEqual({service["service"] for service in stats["services"]}, {"shop", "till"})

    def test_a_name_is_given_once_and_who_has_it_is_not_said(self):
        refused = self.register("billing", "acme")
        self.assertNotEqual(refused.code, 0)
        self.assertIn("the name billing is taken", refused.err)
        self.assertNotIn("beta", refused.err)
        self.assertIn("billing", self.names("billing"))

    def test_a_user_is_kept_to_his_account_s_namespace(self):
        secret = "a secret of dave\n"
        words = ("--namespace", "acme", "--scope", ">", "--password-stdin")
        self.mu("account", "create", "dave", *words, stdin=secret)
        self.assertIn("namespace acme", self.mu("account", "show", "dave").out)
        self.mu("login", "dave", "--password-stdin", stdin=secret)
        self.addCleanup(self.mu, "logout")
        self.mu("call", "shop.Names")
        self.mu("call", "greeter.Hello", "name=x")
        self.assertNotIn("billing", self.mu("registry", "list", "-o", "name").out.split())
        self.assertIn("manifest", self.mu("registry", "show", "shop", "--json").json()["service"])
        self.assertNotIn("manifest", self.mu("registry", "show", "platform", "--json").json()["service"])
        self.mu("call", "billing.Names", code=3)
        self.mu("ps", code=6)
        self.assertEqual(self.code("platform", "billing.Names"), NOT_FOUND)

    def test_the_node_s_own_parts_have_no_namespace_and_a_bad_one_is_refused(self):
        self.assertIn("namespace: `Acme` cannot name one", self.register("new", "Acme").err)
        self.assertIn("has none; leave it out", self.register("auth", "acme").err)
        exports = [{"to": ["@namespace"]}]
        self.assertIn("`@namespace` is for a service that has one", self.register("new", "", exports=exports).err)


class Apart(unittest.TestCase):
    """Tenants of one node, seen from another one."""

    @classmethod
    def setUpClass(cls):
        cls.nodes = Several(2)
        cls.addClassCleanup(cls.nodes.close)
        up = cls.nodes.up()
        assert up.code == 0, up.out + up.err
        public = [{"to": ["@network"]}]
        cls.register(1, "vault", "acme")
        cls.register(1, "billing", "acme", exports=public)
        for name, space in ("clerk", "acme"), ("buyer", "beta"), ("platform", ""):
            cls.register(2, name, space)
        watch = cls.nodes.start("--dir", f"{cls.nodes.dir}/node2", "registry", "watch", "billing")
        watch.wait_for("billing")
        watch.kill()

    @classmethod
    def register(cls, number, name, space, **more):
        path = os.path.join(cls.nodes.dir, name + ".service")
        with open(path, "w") as file:
            json.dump({"name": name, "program": RELAY, "calls": [">"], "namespace": space, **more}, file)
        answer = cls.nodes.at(number, "registry", "register", path)
        assert answer.code == 0, answer.err

    def code(self, service, endpoint):
        answer = self.nodes.at(2, "call", service + ".Call", "endpoint=" + endpoint, "--json")
        return answer.json().get("code", OK)

    def test_other_nodes_hear_of_what_is_exported_to_the_network_alone(self):
        names = self.nodes.at(2, "registry", "list", "-o", "name").out.split()
        self.assertIn("billing", names)
        self.assertNotIn("vault", names)
        self.assertEqual(self.nodes.at(2, "call", "billing.Names").code, 0)
        self.assertEqual(self.nodes.at(2, "call", "vault.Names").code, 3)

    def test_the_callee_s_node_keeps_namespaces_apart(self):
        self.assertEqual(self.code("platform", "billing.Names"), OK)
        self.assertEqual(self.code("clerk", "billing.Names"), OK)
        self.assertEqual(self.code("buyer", "billing.Names"), NOT_FOUND)


if __name__ == "__main__":
    main()
