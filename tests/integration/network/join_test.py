"""A network is founded, nodes join it, use each other's services, change keys, leave."""

import glob
import os
import subprocess

from dns import Dns
from fleet import WAIT_S, FleetTest, eventually, main

RACER = os.environ["TEST_RACER"]


def mistyped(token):
    return token[:20] + ("B" if token[20] == "A" else "A") + token[21:]


class JoinTest(FleetTest):
    def test_a_node_joins_with_one_line_and_is_linked(self):
        desk, lamp = self.pair()
        shown = lamp.self()
        self.assertEqual(shown["name"], "lamp.alice")
        self.assertEqual(shown["network"], desk.self()["network"])
        self.assertFalse(shown["authority"])
        self.assertTrue(desk.self()["authority"])
        eventually(lambda: desk.node("lamp")["linked"])
        self.assertEqual(lamp.node("desk")["hops"], 1)

    def test_all_shapes_of_calls_reach_a_service_of_another_node(self):
        desk, lamp = self.pair()
        for service in ("greeter", "counter", "ticker", "digest", "talk"):
            desk.run(service)
        eventually(lambda: lamp.greets() == "Hello, World!")
        eventually(lambda: lamp.call("counter.Add", amount=41)[0] == 0)
        self.assertEqual(desk.ask("counter.Add", amount=1)["value"], "42")
        eventually(lambda: lamp.mu("registry", "describe", "talk").code == 0)
        ticks = lamp.mu("call", "-o", "jsonl", "ticker.Watch", '{"intervalMs": 1, "count": 3}')
        self.assertEqual([tick["number"] for tick in ticks.lines()], ["1", "2", "3"])
        data = b"x" * 200000
        there = lamp.mu("call", "digest.Sum", "--stream", stdin=data)
        self.assertEqual(there.code, 0, there.err)
        self.assertEqual(there.out, desk.mu("call", "digest.Sum", "--stream", stdin=data).out)

    def test_a_token_lets_in_one_node(self):
        desk = self.member("desk")
        desk.found()
        token = desk.invite()
        self.member("lamp").join(token)
        late = self.member("late")
        code, message = late.call("link.Join", token=token, node="late")
        self.assertNotEqual(code, 0)
        self.assertIn("was used by another node", message)
        self.assertFalse(late.self()["member"])
        late.join(desk.invite())

    def test_of_fifty_racers_with_one_token_one_gets_in(self):
        desk = self.member("desk")
        desk.found()
        racers = subprocess.run([RACER, desk.invite(), "50"], capture_output=True, timeout=WAIT_S)
        self.assertEqual(racers.stdout, b"1\n", racers.stderr.decode())
        names = [node["name"] for node in desk.ask("link.Nodes")["nodes"]]
        self.assertEqual(len([name for name in names if name.startswith("racer-")]), 1)

    def test_what_cannot_be_is_refused_with_the_reason(self):
        desk, lamp = self.pair()
        other = self.member("other")
        rows = [
            (desk, "link.Init", {"owner": "bob", "node": "x", "passphrase": "eA=="}, "in a network"),
            (lamp, "link.Join", {"token": desk.invite(), "node": "lamp"}, "in a network"),
            (lamp, "link.Invite", {}, "no authority"),
            (lamp, "link.Revoke", {"node": "desk.alice"}, "no authority"),
            (desk, "link.Revoke", {"node": "nobody.alice"}, "no node"),
            (desk, "link.Revoke", {"node": "mu:"}, "more than one"),
            (desk, "link.Revoke", {"node": "desk.alice"}, "itself"),
            (desk, "link.Invite", {"lifeS": 2592001}, "30 days"),
            (desk, "link.Invite", {"uses": 1001}, "1000"),
            (desk, "link.Invite", {"authority": True}, "root key"),
            (desk, "link.Connect", {"address": "no_where"}, "HOST:PORT"),
            (other, "link.Invite", {}, "in no network"),
            (other, "link.Leave", {}, "in no network"),
            (other, "link.RotateKey", {}, "in no network"),
            (other, "link.Init", {"owner": "alice", "node": "A", "passphrase": "eA=="}, "names"),
            (other, "link.Init", {"owner": "alice", "node": "a", "passphrase": ""}, "passphrase"),
            (other, "link.Init", {"owner": "a", "node": "a", "passphrase": "eA==", "listen": "x"}, "listen"),
            (other, "link.Join", {"token": "mu1.x", "node": "other"}, "token"),
            (other, "link.Join", {"token": mistyped(desk.invite()), "node": "other"}, "mistyped"),
            (other, "link.Join", {"token": desk.invite(), "node": "O"}, "node"),
            (other, "link.Join", {"token": desk.invite(), "node": "lamp"}, "has the name"),
        ]
        for node, endpoint, request, reason in rows:
            with self.subTest(endpoint=endpoint, request=request):
                code, message = node.call(endpoint, **request)
                self.assertNotEqual(code, 0)
                self.assertIn(reason, message)
        self.assertFalse(other.self()["member"])

    def test_the_root_key_makes_a_second_authority_and_nothing_else_does(self):
        desk = self.member("desk")
        sealed = desk.found()["sealedRoot"]
        lamp = self.member("lamp")
        lamp.join(desk.invite())
        code, message = lamp.call("link.RenewAuthority", sealedRoot=sealed, passphrase="eA==")
        self.assertIn("passphrase is wrong", message)
        lamp.ask("link.RenewAuthority", sealedRoot=sealed, passphrase="b3BlbiBzZXNhbWU=")
        self.assertTrue(lamp.self()["authority"])
        third = self.member("third")
        third.join(lamp.invite())
        eventually(lambda: {"desk.alice", "lamp.alice"} <= third.links())

    def test_nodes_are_found_by_a_name_in_dns(self):
        dns = Dns({"_mu._tcp.home.example": [("127.0.0.1", 9), ("127.0.0.1", 11)]})
        self.addCleanup(dns.close)
        desk = self.member("desk", dns=dns.address)
        desk.found()
        desk.ask("link.Connect", address="home.example")
        both = {"127.0.0.1:9", "127.0.0.1:11"}
        eventually(lambda: {link["address"] for link in desk.ask("link.Links")["links"]} == both)
        desk.mu("restart", "link")
        eventually(lambda: {link["address"] for link in desk.ask("link.Links")["links"]} == both)

    def test_a_node_that_left_keeps_nothing(self):
        desk, lamp = self.pair()
        keys = os.path.join(lamp.dir, "state", "**", "*.key")
        self.assertTrue(glob.glob(keys, recursive=True))
        lamp.ask("link.Leave")
        self.assertFalse(lamp.self()["member"])
        self.assertFalse(glob.glob(keys, recursive=True))
        eventually(lambda: not desk.links())
        desk.ask("link.Revoke", node="lamp.alice")
        lamp.join(desk.invite())
        self.linked(desk, lamp)


if __name__ == "__main__":
    main()
