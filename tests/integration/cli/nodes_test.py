"""mu up --nodes, mu down --nodes; and networks of real nodes, made by hand."""

import os
import stat
import unittest

from node import STAGE, Node, main

SERVICES = ("counter", "digest", "greeter", "talk", "ticker")


class Several(Node):
    """A folder for several nodes; `mu` without --dir speaks to none of them."""

    def __init__(self, count):
        super().__init__()
        self.count = count

    def up(self, *words):
        return self.mu("up", "--nodes", str(self.count), *words)

    def at(self, number, *words, **more):
        return self.mu("--dir", f"{self.dir}/node{number}", *words, **more)

    def close(self):
        self.mu("down", "--nodes", "-q")
        super().close()


class SeveralTest(unittest.TestCase):
    """Tests that share three nodes in one network."""

    @classmethod
    def setUpClass(cls):
        cls.nodes = Several(3)
        cls.addClassCleanup(cls.nodes.close)
        cls.first = cls.nodes.up()
        if cls.first.code != 0:
            raise AssertionError(f"mu up --nodes 3: exit {cls.first.code}\n{cls.first.out}{cls.first.err}")

    def at(self, number, *words, code=0, **more):
        answer = self.nodes.at(number, *words, **more)
        self.assertEqual(answer.code, code, f"node{number}: mu {' '.join(words)}\n{answer.out}{answer.err}")
        return answer


class Together(SeveralTest):
    def test_it_says_what_runs_where_and_what_to_type(self):
        self.assertRegex(self.first.out, r"NODE +LISTENS +RUNS +DIR")
        self.assertRegex(self.first.out, r"node1\.\S+ +127\.0\.0\.1:\d+ +counter talk +\S+/node1\n")
        self.assertIn(f"next      export MU_DIR={self.nodes.dir}/node1", self.first.out)
        self.assertEqual(self.first.err.count("starting a node"), 3)

    def test_every_node_calls_every_service(self):
        for number in (1, 2, 3):
            for service in SERVICES:
                self.at(number, "call", f"{service}.mu.Health")
            answer = self.at(number, "call", "greeter.Hello", "name=far")
            self.assertEqual(answer.json(), {"text": "Hello, far!"})

    def test_a_node_has_limits_of_its_own(self):
        scope = ["greeter.*", "--caller", "node:node1"]
        for number in (2, 3):  # one of them has the greeter
            self.at(number, "policy", "set", *scope, "rate=1", "burst=1")
        answers = [self.nodes.at(1, "call", "greeter.Hello", "name=x") for _ in range(6)]
        refused = [answer for answer in answers if answer.code != 0]
        self.assertTrue(refused)
        for answer in refused:
            self.assertIn("the policy of greeter.* for node:node1 lets 1 calls a second through", answer.err)
        for number in (2, 3):
            self.at(number, "call", "greeter.Hello", "name=x")
            self.at(number, "policy", "remove", *scope)

    def test_up_again_starts_founds_and_registers_nothing(self):
        before = [self.at(n, "status", "--json").json()["pid"] for n in (1, 2, 3)]
        again = self.nodes.up()
        self.assertEqual(again.code, 0, again.err)
        self.assertEqual(again.err, "")
        self.assertIn("they were running already", again.out)
        self.assertEqual([self.at(n, "status", "--json").json()["pid"] for n in (1, 2, 3)], before)

    def test_for_programs_it_is_one_object(self):
        answer = self.nodes.up("-o", "json").json()
        self.assertEqual([node["node"] for node in answer["nodes"]], ["node1", "node2", "node3"])
        self.assertEqual(sorted(s for node in answer["nodes"] for s in node["services"]), sorted(SERVICES))

    def test_the_root_key_and_its_passphrase_are_private_and_fit(self):
        for name in ("root.key", "root.passphrase"):
            self.assertEqual(stat.S_IMODE(os.stat(f"{self.nodes.dir}/{name}").st_mode), 0o600)
        words = ["network", "renew", "--root-key", f"{self.nodes.dir}/root.key", "--passphrase-file"]
        self.assertIn("authority until", self.at(1, *words, f"{self.nodes.dir}/root.passphrase").out)
        self.at(1, *words, f"{self.nodes.dir}/root.key", code=1)

    def test_lists_have_a_column_for_the_node(self):
        self.assertRegex(self.at(1, "registry", "list").out, r"REGISTERED +NODES +METHODS")
        self.assertRegex(self.at(1, "registry", "list").out, r"greeter +1\.0\.0 +1 +no +node3\S* +Hello")
        self.assertRegex(self.at(2, "ps").out, r"MEMORY +CPU +GRADE +NODE +WHY, LAST EXIT")
        self.assertRegex(self.at(2, "ps").out, r"counter +1\.0\.0 +\d+ +up +- .* node1")
        self.assertRegex(self.at(1, "registry", "show", "greeter").out, r"node node3\S*\n")

    def test_a_service_of_another_node_completes_and_has_its_flags_and_help(self):
        self.assertIn("greeter.Hello", self.at(1, "__complete", "--", "mu", "call", "greeter.").out)
        self.assertEqual(self.at(1, "greeter", "hello", "--name", "Ada").json(), {"text": "Hello, Ada!"})
        self.assertIn("// Greets people.", self.at(2, "registry", "describe", "greeter").out)

    def test_streams_cross(self):
        data = os.urandom(3_000_000)
        answer = self.at(1, "call", "digest.Sum", "--stream", stdin=data)
        self.assertEqual(answer.out, self.at(2, "call", "digest.Sum", "--stream", stdin=data).out)

    def test_the_picture_holds_all_of_them_from_each_side(self):
        for number in (1, 2, 3):
            graph = self.at(number, "network", "graph", "-o", "json").json()
            self.assertEqual(len(graph["nodes"]), 3)
            self.assertTrue(graph["nodes"][0]["name"].startswith(f"node{number}."))
            self.assertTrue(all(node["reached"] for node in graph["nodes"]))
            self.assertIn("this node", self.at(number, "network", "graph").out)

    def test_status_and_doctor_know_the_network(self):
        self.assertRegex(self.at(1, "status").out, r"network   node1\.\S+, \d links?, 3 nodes known")
        self.assertRegex(self.at(1, "status").out, r"others    .*greeter")
        checks = {c["name"]: c for c in self.at(2, "doctor", "--json").json()["checks"]}
        self.assertTrue(checks["key"]["ok"] and checks["links"]["ok"])
        self.assertIn("can be reached", checks["authority"]["text"])
        self.assertIn(f"{self.nodes.dir}/root.key lies", checks["root key"]["text"])


class Brokenoff(unittest.TestCase):
    def make(self, count):
        nodes = Several(count)
        self.addCleanup(nodes.close)
        return nodes

    def test_what_is_missing_is_made_and_nothing_else(self):
        nodes = self.make(2)
        self.assertEqual(nodes.up().code, 0)
        self.assertEqual(nodes.at(2, "down").code, 0)
        answer = nodes.up()
        self.assertEqual(answer.code, 0, answer.err)
        self.assertEqual(answer.err, f"starting a node at {nodes.dir}/node2/run\n")
        nodes.count = 3
        answer = nodes.up()
        self.assertEqual(answer.code, 0, answer.err)
        self.assertEqual(answer.err, f"starting a node at {nodes.dir}/node3/run\nnode3 joins\n")
        self.assertEqual(nodes.at(3, "call", "greeter.mu.Health").code, 0)

    def test_a_part_that_fails_ends_it_and_what_stands_is_said(self):
        nodes = self.make(2)
        with open(f"{nodes.dir}/node2", "w"):
            pass
        answer = nodes.up()
        self.assertNotEqual(answer.code, 0)
        self.assertIn(f"these run, in {nodes.dir}: node1\n", answer.err)
        self.assertIn("mu down --nodes --dir", answer.err)
        os.unlink(f"{nodes.dir}/node2")
        self.assertEqual(nodes.up().code, 0)

    def test_a_root_key_that_is_there_is_kept(self):
        nodes = self.make(1)
        with open(f"{nodes.dir}/root.key", "w") as key:
            key.write("precious")
        answer = nodes.up("--bare")
        self.assertEqual(answer.code, 8)
        self.assertIn(f"{nodes.dir}/root.key is of another network", answer.err)
        with open(f"{nodes.dir}/root.key") as key:
            self.assertEqual(key.read(), "precious")

    def test_what_an_operator_did_is_not_undone_by_the_next_up(self):
        nodes = self.make(2)
        self.assertEqual(nodes.up().code, 0)
        self.assertEqual(nodes.at(1, "registry", "deregister", "counter").code, 0)
        self.assertEqual(nodes.at(2, "stop", "digest").code, 0)
        for _ in range(2):
            answer = nodes.up()
            self.assertEqual(answer.code, 0, answer.err)
            self.assertNotRegex(answer.out, "counter|digest")
            for number in (1, 2):
                processes = {p["service"]: p for p in nodes.at(number, "ps", "--json").json()["processes"]}
                self.assertNotIn("counter", processes)
                self.assertEqual("digest" in processes, number == 2)
            self.assertTrue(processes["digest"]["stopped"])
            self.assertEqual(nodes.mu("down", "--nodes").code, 0)

    def test_nodes_with_an_unhappy_service_are_up_and_name_it(self):
        nodes = self.make(2)
        self.assertEqual(nodes.up("--bare").code, 0)
        path = f"{nodes.dir}/needy.service"
        with open(path, "w") as manifest:
            manifest.write("name: needy\nversion: 1.0.0\nneeds: [nobody]\n")
        self.assertEqual(nodes.at(2, "registry", "register", "--no-wait", path).code, 0)
        answer = nodes.up()
        self.assertEqual(answer.code, 0, answer.err)
        self.assertIn("warning: needy waits for nobody", answer.err)
        self.assertEqual(nodes.at(2, "call", "greeter.Hello", "name=x").json(), {"text": "Hello, x!"})
        answer = nodes.up("--wait")
        self.assertEqual(answer.code, 1)
        self.assertIn("the nodes are up, but not all of their services", answer.err)

    def test_one_is_a_network_too(self):
        nodes = self.make(1)
        self.assertEqual(nodes.up("--bare").code, 0)
        self.assertIn("0 links, 1 node known", nodes.at(1, "status").out)

    def test_down_stops_all_of_them_by_any_of_its_names(self):
        nodes = self.make(2)
        for words in (["down", "--nodes"], ["--dir", nodes.dir, "down"], ["--dir", f"{nodes.dir}/node2", "down", "--nodes"]):
            self.assertEqual(nodes.up("--bare").code, 0)
            answer = nodes.mu(*words)
            self.assertEqual(answer.code, 0, answer.err)
            self.assertRegex(answer.err, r"^node2 stopped in \d+ ms\nnode1 stopped in \d+ ms\n$")
            self.assertEqual([nodes.at(n, "status").code for n in (1, 2)], [4, 4])
        self.assertEqual(nodes.at(2, "down").code, 0)
        self.assertEqual(nodes.up("--bare").code, 0)
        self.assertEqual(nodes.mu("down", "--nodes", "-o", "json").json(), {"stopped": ["node2", "node1"]})
        self.assertEqual(nodes.mu("down", "--nodes", "-o", "json").json(), {"stopped": []})

    def test_wrong_numbers_and_names_are_2(self):
        nodes = self.make(1)
        for words in (["--nodes", "0"], ["--nodes", "17"], ["--nodes", "x"], ["--nodes", "2", "--name", "a"]):
            self.assertEqual(nodes.mu("up", *words).code, 2, words)
        self.assertEqual(os.listdir(nodes.dir), [])


class ByHand(unittest.TestCase):
    """What docs/deploying.md says, on one machine."""

    def setUp(self):
        self.desk, self.barn = Node(), Node()
        for node, name in ((self.desk, "Desk.home"), (self.barn, "barn")):
            self.addCleanup(node.close)
            self.mu(node, "up", "--bare", "--name", name)

    def mu(self, node, *words, code=0, **more):
        answer = node.mu(*words, **more)
        self.assertEqual(answer.code, code, f"mu {' '.join(words)}\n{answer.out}{answer.err}")
        return answer

    def free_address(self):
        import socket

        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            return "127.0.0.1:%d" % found.getsockname()[1]

    def found(self):
        self.address = self.free_address()
        env = {"MU_PASSPHRASE": "correct horse"}
        return self.mu(self.desk, "network", "init", "alice", "--listen", self.address, env=env)

    def join(self, *words):
        token = self.mu(self.desk, "node", "invite").out
        return self.mu(self.barn, "node", "join", "-", *words, stdin=token)

    def test_found_invite_join_call_leave(self):
        self.assertIn("node      desk.alice\n", self.found().out)
        self.assertIn("node      barn.alice\n", self.join().out)
        self.mu(self.desk, "registry", "register", f"{STAGE}/share/mu/services/greeter.service")
        for _ in range(2000):
            if self.barn.mu("call", "greeter.mu.Health").code == 0:
                break
        self.assertEqual(self.mu(self.barn, "call", "greeter.Hello", "name=far").json(), {"text": "Hello, far!"})
        for words in (["network", "connect", self.address], ["node", "leave", "--yes"]):
            answer = self.mu(self.barn, *words, "-o", "json")
            self.assertEqual(answer.json(), {})
        self.assertIn("barn.alice is in no network any more", answer.err)
        self.assertIn("there: mu node revoke barn.alice", answer.err)
        self.mu(self.barn, "network", "show", code=8)
        token = self.mu(self.desk, "node", "invite").out
        self.assertIn("another node has the name", self.mu(self.barn, "node", "join", "-", stdin=token, code=6).err)
        self.mu(self.desk, "node", "revoke", "barn.alice", "--yes")
        self.join()

    def test_a_token_admits_one(self):
        self.found()
        token = self.mu(self.desk, "node", "invite").out.strip()
        self.mu(self.barn, "node", "join", token)
        third = Node()
        self.addCleanup(third.close)
        self.mu(third, "up", "--bare", "--name", "third")
        self.assertNotEqual(third.mu("node", "join", token).code, 0)
        self.mu(third, "network", "show", code=8)

    def test_who_is_revoked_is_out_and_can_come_back_with_a_new_key(self):
        self.found()
        self.join()
        self.mu(self.desk, "node", "revoke", "barn", "--yes")
        for _ in range(2000):
            if self.barn.mu("network", "show", "--json").json()["links"] == 0:
                break
        self.assertEqual(self.mu(self.barn, "network", "show", "--json").json()["links"], 0)
        self.mu(self.barn, "node", "leave", "--yes")
        self.join()

    def test_a_key_is_rotated_and_calls_go_on(self):
        self.found()
        self.join()
        self.assertIn("1 up", self.mu(self.barn, "network", "show").out)
        before = self.mu(self.barn, "key", "show", "-o", "name").out
        key = self.mu(self.barn, "key", "rotate", "-o", "name").out
        self.assertNotEqual(key, before)
        for _ in range(2000):  # first there is one of each key, then one of the new key alone
            links = self.mu(self.desk, "network", "links", "--json").json()["links"]
            if [link["id"] for link in links] == [key.strip()]:
                break
        self.assertEqual([link["id"] for link in links], [key.strip()])
        self.assertRegex(self.mu(self.barn, "network", "show").out, r"links     1 up, 2 nodes known")

    def test_a_second_authority_is_made_with_the_root_key(self):
        self.found()
        self.join("--listen", self.free_address())
        self.assertIn("no authority", self.mu(self.barn, "node", "invite", code=8).err)
        key = f"{self.desk.dir}/alice.root.key"
        self.mu(self.barn, "network", "renew", "--root-key", key, code=1, env={"MU_PASSPHRASE": "wrong"})
        self.mu(self.barn, "network", "renew", "--root-key", key, env={"MU_PASSPHRASE": "correct horse"})
        self.assertTrue(self.mu(self.barn, "node", "invite").out.startswith("mu1."))


if __name__ == "__main__":
    main()
