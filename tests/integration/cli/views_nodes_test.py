"""mu stats, top, trace, why and logs --trace with --nodes: what several nodes saw, in one picture; and
those that do not answer."""

import json
import os
import re
import signal
import socket
import time
import unittest

from node import STAGE, WAIT_S, Node, main
from nodes_test import SeveralTest

RELAY = os.path.join(STAGE, "..", "tests", "bin", "mu-relay")


def wait_until(what, true):
    until = time.monotonic() + WAIT_S
    while not true():
        if time.monotonic() > until:
            raise AssertionError(what)


def free_address():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % found.getsockname()[1]


def register(node, name, calls):
    """Runs the relay as `name` on a node."""
    path = os.path.join(node.dir, f"{name}.service")
    with open(path, "w") as file:
        json.dump({"name": name, "version": "1", "program": RELAY, "calls": calls}, file)
    answer = node.mu("registry", "register", path)
    if answer.code != 0:
        raise AssertionError(answer.err)


def trace_of(answer):
    return re.search(r"ms  trace ([0-9a-f]{32})\n", answer.err).group(1)


class One:
    """One of several nodes, as if it were by itself."""

    def __init__(self, nodes, number):
        self.nodes, self.number, self.dir = nodes, number, f"{nodes.dir}/node{number}"

    def mu(self, *words, **more):
        return self.nodes.at(self.number, *words, **more)

    def pids(self):
        return [p["pid"] for p in self.mu("ps", "-o", "jsonl").lines() if p.get("pid")]


class ThreeNodes(SeveralTest):
    """shop on node1 may call till on node2, and that one greeter on node3."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.one, cls.two, cls.three = (One(cls.nodes, number) for number in (1, 2, 3))
        register(cls.one, "shop", ["till.*"])
        register(cls.two, "till", ["greeter.*"])
        wait_until("till is not reached", lambda: cls.one.mu("call", "till.mu.Health").code == 0)

    def call(self, endpoint="till.Call"):
        """A call that goes from node1 to node2; returns its trace."""
        return trace_of(self.at(1, "call", "shop.Call", f"endpoint={endpoint}", "--trace"))

    def nodes_of(self, answer):
        return {node["node"].split(".")[0]: node for node in answer["nodes"]}


class Together(ThreeNodes):
    def methods(self, *words):
        answer = self.at(1, "stats", "--nodes", "--json", *words).json()
        return answer, {(row["service"], row["method"], row["side"]): row for row in answer["methods"]}

    def test_counts_of_all_nodes_are_added_up(self):
        for number in (1, 2, 3):
            self.at(number, "call", "greeter.Hello", "name=x")
        answer, rows = self.methods()
        own = [self.at(n, "stats", "greeter.Hello", "--json").json()["methods"] for n in (1, 2, 3)]
        for side in ("here", "there"):
            calls = sum(row["calls"] for node in own for row in node if row["side"] == side)
            row = rows[("greeter", "Hello", side)]
            self.assertEqual((row["calls"], row["took"]["count"], row["codes"]), (calls, calls, {"OK": calls}))
        nodes = self.nodes_of(answer)
        self.assertEqual({name: node["answered"] for name, node in nodes.items()}, dict.fromkeys(("node1", "node2", "node3"), True))
        self.assertEqual((nodes["node1"]["hops"], nodes["node2"]["hops"]), (0, 1))
        self.assertEqual(sum(service["processes"] for service in answer["services"] if service["service"] == "link"), 3)

    def test_every_node_gives_the_same_sum(self):
        self.at(1, "call", "greeter.Hello")
        sums = []
        for number in (1, 2, 3):
            rows = self.at(number, "stats", "greeter", "--nodes", "--json").json()["methods"]
            sums.append(sorted((row["method"], row["side"], row["calls"], row["took"]["sumUs"]) for row in rows))
        self.assertEqual(sums[0], sums[1])
        self.assertEqual(sums[0], sums[2])

    def test_tables_have_a_line_for_each_node(self):
        self.at(1, "call", "greeter.Hello")
        table = self.at(1, "stats", "--nodes").out
        self.assertRegex(table, r"METHOD +WHERE +CALLS")
        self.assertRegex(table, r"NODE +HOPS +CALLS +PER S +FAILED +ANSWER\nnode1\S+ +0 +\d+ ")
        self.assertRegex(table, r"node3\.\S+ +1 +\d+ +[\d.]+ +\S.* \d+ ms\n")
        self.assertIn("greeter.Hello", self.at(1, "top", "--nodes").out)

    def test_a_watch_tells_what_came_since_on_all_nodes(self):
        self.at(1, "call", "greeter.Hello")
        watch = self.nodes.start("--dir", self.one.dir, "stats", "greeter.Hello", "--nodes", "--every", "200ms", "-o", "jsonl")
        self.addCleanup(watch.kill)
        watch.wait_for('"methods"')
        self.at(1, "call", "greeter.Hello", "--count", "20")
        calls = {"here": 0, "there": 0}
        while calls != {"here": 20, "there": 20}:
            for row in json.loads(watch.wait_for('"methods"'))["methods"]:
                calls[row["side"]] += row["calls"]
            self.assertLessEqual(max(calls.values()), 20)

    def test_a_trace_is_one_tree_over_the_nodes(self):
        trace = self.at(1, "trace", "show", self.call(), "--nodes", "--json").json()
        outer, there, here = trace["calls"][:3]
        self.assertEqual([call["endpoint"] for call in (outer, there, here)], ["shop.Call", "till.Call", "till.Call"])
        self.assertEqual([call["node"].split(".")[0] for call in (outer, there, here)], ["node1", "node1", "node2"])
        self.assertEqual((there["parentSpan"], here["parentSpan"]), (outer["span"], there["span"]))
        self.assertEqual((there["callee"]["side"], here["callee"]["side"]), ("THERE", "HERE"))
        self.assertTrue(all(node["answered"] for node in trace["nodes"]))
        alone = self.at(1, "trace", "show", trace["trace"], "--json").json()
        self.assertEqual(len(alone["calls"]), 2)
        self.assertNotIn("nodes", alone)
        picture = self.at(1, "trace", "show", trace["trace"][:8], "--nodes").out
        self.assertRegex(picture, r"CALL +NODE +WENT TO +CODE")
        self.assertRegex(picture, r"\nshop\.Call +node1\S* .*\n  till\.Call +node1\S* +node node2\S* .*\n    till\.Call +node2\S* ")
        self.at(3, "trace", "show", trace["trace"], "--nodes")  # also a node that had no part in it
        self.at(3, "trace", "show", trace["trace"], code=3)
        self.at(1, "trace", "show", trace["trace"], "--nodes", "-o", "otlp", code=2)

    def test_lines_of_one_call_come_from_all_nodes_in_order_of_time(self):
        trace = self.call()
        lines = self.at(1, "logs", "--trace", trace[:12], "--nodes", "-o", "json").lines()
        self.assertEqual([(line["node"].split(".")[0], line["service"]) for line in lines], [("node1", "shop"), ("node2", "till")])
        self.assertEqual([line["trace_id"] for line in lines], [trace, trace])
        self.assertEqual(sorted(line["ts"] for line in lines), [line["ts"] for line in lines])
        table = self.at(3, "logs", "--trace", trace, "--nodes").out
        self.assertRegex(table, r"info  shop at node1\S*: calls till\.Call trace=.*\n.*info  till at node2\S*: calls ")
        (line,) = self.at(1, "logs", "till", "--trace", trace, "--nodes", "--json").lines()
        self.assertEqual(line["service"], "till")
        self.assertIn("has a line of trace", self.at(1, "logs", "--trace", "ffffffffff", "--nodes", code=3).err)
        self.assertIn("it needs --trace ID", self.at(1, "logs", "--nodes", code=2).err)
        self.assertIn("do not go together", self.at(1, "logs", "-f", "--trace", trace, "--nodes", code=2).err)

    def test_why_tells_what_the_other_node_saw(self):
        answer = self.at(1, "call", "till.Call", "endpoint=counter.Get", "--trace")
        told = self.at(1, "why", trace_of(answer), "--nodes").out
        self.assertRegex(told, r"^counter\.Get, called by till at .*no capability of its caller covers it")
        self.assertRegex(told, r"So says the router of node2\.")

    def test_only_an_operator_and_only_what_reads(self):
        node = self.at(1, "key", "show", "-o", "name").out.strip()
        for endpoint, code in (("node.Shutdown", 6), ("router.Stats", 6), ("greeter.Hello", 6)):
            answer = self.at(2, "call", "link.Observe", f"node={node}", f"endpoint={endpoint}", code=code)
            self.assertIn("of another node one may ask router.Meter", answer.err)
        self.assertIn("no one node is known", self.at(2, "call", "link.Observe", "node=nobody", "endpoint=router.Meter", code=3).err)
        # what a process of another node calls never gets to them, with or without a capability
        register(self.two, "spy", ["node.>", "router.>", "link.>"])
        self.at(2, "call", "spy.mu.Health")
        refused = self.at(2, "call", "spy.Call", "endpoint=link.Observe").json()
        self.assertEqual((refused["code"], refused["message"]), (7, "only the node's owner may do this"))
        refused = self.at(2, "call", "spy.Call", "endpoint=node.Logs").json()
        self.assertEqual(refused["code"], 7)


class Silent(ThreeNodes):
    def test_a_node_that_does_not_answer_is_named_and_the_others_are_shown(self):
        self.at(1, "call", "greeter.Hello")
        trace = self.call()
        began = time.monotonic()
        self.at(1, "stats", "--nodes", "--json")
        usual = time.monotonic() - began  # sanitizers are slow
        pids = self.three.pids()
        self.addCleanup(lambda: [os.kill(pid, signal.SIGCONT) for pid in pids])
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        answer = self.at(1, "stats", "--nodes", "--json")
        took = time.monotonic() - began
        nodes = self.nodes_of(answer.json())
        self.assertEqual({name: node["answered"] for name, node in nodes.items()}, {"node1": True, "node2": True, "node3": False})
        self.assertRegex(nodes["node3"]["why"], r"^silent: no answer within 2000 ms; last heard of .+ ago$")
        self.assertLess(took, 3 + usual)
        self.assertTrue(any(row["service"] == "greeter" for row in answer.json()["methods"]))
        table = self.at(1, "stats", "--nodes").out
        self.assertRegex(table, r"node3\.\S+ +1 +- +- +- +silent: no answer")
        shown = self.at(1, "trace", "show", trace, "--nodes")
        self.assertRegex(shown.err, r"^node3\.\S+: silent: no answer within 2000 ms; last heard of .+ ago\n$")
        self.assertRegex(shown.out, r"\n    till\.Call +node2")
        lines = self.at(1, "logs", "--trace", trace, "--nodes", "-o", "json")
        self.assertEqual(len(lines.lines()), 2)
        self.assertIn("node3", lines.err)
        # its link is given up; it is known still, and not asked any more
        wait_until("node3 is reached still", lambda: not self.nodes_of(self.at(1, "stats", "--nodes", "--json").json())["node3"]["reachable"])
        began = time.monotonic()
        self.assertRegex(self.nodes_of(self.at(1, "stats", "--nodes", "--json").json())["node3"]["why"], r"^not reached")
        self.assertLess(time.monotonic() - began, 2 + usual)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        wait_until("node3 does not come back", lambda: self.nodes_of(self.at(1, "stats", "--nodes", "--json").json())["node3"]["answered"])


class Hops(unittest.TestCase):
    """lamp - desk - barn: who has no address is linked to desk alone."""

    def setUp(self):
        self.desk, self.barn, self.lamp = (Node() for _ in range(3))
        for node, name in ((self.desk, "desk"), (self.barn, "barn"), (self.lamp, "lamp")):
            self.addCleanup(node.close)
            self.mu(node, "up", "--name", name)

    def mu(self, node, *words, code=0, **more):
        answer = node.mu(*words, **more)
        self.assertEqual(answer.code, code, f"mu {' '.join(words)}\n{answer.out}{answer.err}")
        return answer

    def test_a_node_two_links_away_is_asked_by_way_of_the_one_between(self):
        self.mu(self.barn, "stats", "--nodes", code=8)  # in no network
        self.mu(self.desk, "network", "init", "alice", "--listen", free_address(), env={"MU_PASSPHRASE": "correct horse"})
        for node in (self.barn, self.lamp):
            self.mu(node, "node", "join", "-", stdin=self.mu(self.desk, "node", "invite").out)

        def nodes():
            return {n["node"]: n for n in self.mu(self.barn, "stats", "--nodes", "--json").json()["nodes"]}

        wait_until("lamp is not reached", lambda: nodes().get("lamp.alice", {}).get("answered", False))
        self.assertEqual((nodes()["desk.alice"]["hops"], nodes()["lamp.alice"]["hops"]), (1, 2))
        self.mu(self.lamp, "call", "greeter.Hello", "--count", "7")
        rows = self.mu(self.barn, "stats", "greeter.Hello", "--nodes", "--json").json()["methods"]
        self.assertEqual([(row["side"], row["calls"]) for row in rows], [("here", 7)])
        # without a way it is known, and said not to be reached
        self.mu(self.desk, "down")
        answer = self.mu(self.barn, "stats", "--nodes", "--json").json()
        self.assertEqual([n["node"] for n in answer["nodes"] if n["answered"]], ["barn.alice"])


if __name__ == "__main__":
    main()
