"""A machine without a node calls the services of one, by a client token."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from fleet import MU, WAIT_S, FleetTest, eventually, main
from node import Answer, Running

RACER = os.environ["TEST_CLIENT_RACER"]
REVOKED_WITHIN_S = 1  # a client that was revoked is out by then


class Elsewhere:
    """A machine where no node runs: all it has is a folder for its keys."""

    def __init__(self, **env):
        self.home = tempfile.mkdtemp(prefix="mu-else-", dir="/tmp")
        self.env = {key: value for key, value in os.environ.items() if not key.startswith("MU_")}
        self.env.update(MU_CONFIG_HOME=self.home, XDG_RUNTIME_DIR=self.home, LC_ALL="C.UTF-8")
        self.env.update(XDG_STATE_HOME=self.home, **env)

    def close(self):
        shutil.rmtree(self.home, ignore_errors=True)

    def mu(self, *words, stdin=b"", **env):
        return Answer(
            subprocess.run(
                [MU, *words],
                env=dict(self.env, **env),
                cwd=self.home,
                input=stdin,
                capture_output=True,
                timeout=WAIT_S,
            )
        )

    def start(self, *words):
        return Running([MU, *words], self.env)


class ClientTest(FleetTest):
    def desk(self, *services):
        """A node that others can dial, with services on it; and where it listens."""
        desk = self.member("desk")
        listen = desk.found()["self"]["listen"]
        for service in services:
            desk.run(service)
        return desk, listen

    def elsewhere(self, **env):
        machine = Elsewhere(**env)
        self.addCleanup(machine.close)
        return machine

    def invite(self, node, *flags):
        answer = node.mu("client", "invite", *flags)
        self.assertEqual(answer.code, 0, answer.err)
        self.assertRegex(answer.out, r"\Amuc1\.[A-Za-z0-9_-]+\n\Z")
        return answer.out.strip()

    def clients(self, node):
        return {client["name"]: client for client in node.ask("link.Clients")["clients"]}

    def test_a_token_once_and_the_key_from_then_on(self):
        desk, listen = self.desk("greeter")
        laptop = self.elsewhere()
        hello = ["call", "greeter.Hello", "name=World"]
        answer = laptop.mu("--node", listen, *hello)
        self.assertEqual(answer.code, 6, answer.err)
        self.assertIn("no token", answer.err)
        token = self.invite(desk, "--name", "laptop")
        for words in (["--token", token], [], []):
            answer = laptop.mu("--node", listen, *words, *hello)
            self.assertEqual(answer.code, 0, answer.err)
            self.assertIn("Hello, World!", answer.out)
        self.assertEqual(laptop.mu(*hello, MU_NODE=listen).code, 0)
        for name in os.listdir(os.path.join(laptop.home, "client")):
            mode = os.stat(os.path.join(laptop.home, "client", name)).st_mode
            self.assertEqual(mode & 0o777, 0o600, name)
        self.assertEqual(list(self.clients(desk)), ["laptop"])
        other = self.elsewhere()
        answer = other.mu("--node", listen, "--token", token, *hello)
        self.assertEqual(answer.code, 6, answer.err)
        self.assertIn("used by another client", answer.err)
        self.assertEqual(other.mu("--node", listen, *hello).code, 6)
        desk.mu("restart", "link")
        eventually(lambda: laptop.mu("--node", listen, *hello).code == 0)

    def test_all_shapes_of_calls_and_the_commands_that_look(self):
        desk, listen = self.desk("greeter", "counter", "ticker", "digest", "talk")
        laptop = self.elsewhere(MU_NODE=listen, MU_TOKEN=self.invite(desk))
        self.assertEqual(laptop.mu("call", "counter.Add", "amount=42").code, 0)
        self.assertEqual(desk.ask("counter.Add", amount=1)["value"], "43")
        ticks = laptop.mu("call", "-o", "jsonl", "ticker.Watch", '{"intervalMs": 1, "count": 3}')
        self.assertEqual([tick["number"] for tick in ticks.lines()], ["1", "2", "3"])
        data = b"x" * 3000000
        there = laptop.mu("call", "digest.Sum", "--stream", stdin=data)
        self.assertEqual(there.code, 0, there.err)
        self.assertEqual(there.out, desk.mu("call", "digest.Sum", "--stream", stdin=data).out)
        self.assertIn("Hello", laptop.mu("greeter", "hello", "--name", "x").out)
        for words in (["registry", "list"], ["registry", "show", "greeter"], ["ps"], ["status"],
                      ["registry", "describe", "greeter"], ["network", "show"], ["node", "list"],
                      ["call", "greeter.mu.Health"], ["call", "router.Stats"], ["version"]):
            with self.subTest(words=words):
                answer = laptop.mu(*words)
                self.assertEqual(answer.code, 0, answer.err)
        words = laptop.mu("__complete", "--", "mu", "call", "greeter.H").out
        self.assertIn("greeter.Hello", words)

    def test_what_controls_a_node_is_refused(self):
        desk, listen = self.desk("greeter")
        laptop = self.elsewhere(MU_NODE=listen, MU_TOKEN=self.invite(desk))
        self.assertEqual(laptop.mu("ps").code, 0)
        calls = ["node.Stop", "node.Shutdown", "node.Start", "node.Restart", "registry.Register",
                 "registry.Deregister", "registry.Import", "registry.Attach", "link.Invite",
                 "link.InviteClient", "link.Clients", "link.RevokeClient", "link.Leave",
                 "link.Revoke", "link.Observe", "router.Link", "router.Routes", "router.Admit",
                 "greeter.mu.LogLevel", "node.mu.LogLevel"]
        for endpoint in calls:
            with self.subTest(endpoint=endpoint):
                answer = laptop.mu("call", "-o", "json", endpoint, "{}")
                self.assertEqual(answer.code, 6, answer.err)
                error = json.loads(answer.err)["error"]
                self.assertEqual(error["code"], "PERMISSION_DENIED")
                self.assertEqual(error["executed"], "NO")
                self.assertIn("a client may call services", error["message"])
        for words in (["up"], ["down"], ["logs"], ["run", "x"], ["doctor"], ["node", "join", "mu1.x"],
                      ["network", "init", "bob"]):
            with self.subTest(words=words):
                answer = laptop.mu(*words)
                self.assertEqual(answer.code, 2, answer.err)
                self.assertIn("works on the machine that it runs on", answer.err)
        self.assertEqual(laptop.mu("stop", "greeter").code, 6)
        self.assertEqual(desk.greets(), "Hello, World!")

    def test_who_is_revoked_is_out_within_a_second_and_stays_out(self):
        desk, listen = self.desk("ticker")
        laptop = self.elsewhere(MU_NODE=listen, MU_TOKEN=self.invite(desk, "--name", "laptop", "--uses", "3"))
        phone = self.elsewhere(MU_NODE=listen, MU_TOKEN=laptop.env["MU_TOKEN"])
        watch = ["call", "-o", "jsonl", "ticker.Watch", '{"intervalMs": 10}']
        running = laptop.start(*watch)
        self.addCleanup(running.kill)
        running.wait_for("number")
        self.assertEqual(phone.mu("ps").code, 0)
        self.assertEqual(set(self.clients(desk)), {"laptop", "laptop-2"})
        self.assertEqual(self.clients(desk)["laptop"]["connections"], 1)
        before = time.monotonic()
        answer = desk.mu("client", "revoke", "laptop", "--yes")
        self.assertEqual(answer.code, 0, answer.err)
        self.assertEqual(running.process.wait(timeout=WAIT_S), 4)
        self.assertLess(time.monotonic() - before, REVOKED_WITHIN_S + 1)  # and the command itself
        answer = laptop.mu("ps")
        self.assertEqual(answer.code, 6)
        self.assertIn("revoked", answer.err)
        shutil.rmtree(os.path.join(laptop.home, "client"))  # with another key, then
        answer = laptop.mu("ps")
        self.assertEqual(answer.code, 6)
        self.assertIn("used by another client", answer.err)
        self.assertEqual(phone.mu("ps").code, 0)
        desk.mu("restart", "link")
        eventually(lambda: phone.mu("ps").code == 0)
        self.assertTrue(self.clients(desk)["laptop"]["revoked"])

    def test_of_fifty_racers_with_one_token_one_is_let_in(self):
        desk, _ = self.desk()
        racers = subprocess.run(
            [RACER, self.invite(desk), "50"], capture_output=True, timeout=2 * WAIT_S
        )
        self.assertEqual(racers.stdout, b"1\n", racers.stderr.decode())
        self.assertEqual(len(self.clients(desk)), 1)

    def test_each_token_is_good_for_what_it_was_made_for(self):
        desk, listen = self.desk()
        late = self.member("late")
        code, message = late.call("link.Join", token=self.invite(desk), node="late")
        self.assertNotEqual(code, 0)
        self.assertIn("lets clients in", message)
        laptop = self.elsewhere(MU_NODE=listen)
        answer = laptop.mu("--token", desk.invite(), "ps")
        self.assertEqual(answer.code, 2, answer.err)
        self.assertIn("lets nodes in", answer.err)
        other = self.member("other")
        there = other.ask("link.Init", owner="bob", node="other", passphrase="eA==",
                          listen="127.0.0.1:0")["self"]["listen"]
        token = self.invite(desk)
        answer = laptop.mu("--node", there, "--token", token, "ps")  # which knows no such token
        self.assertEqual(answer.code, 4, answer.err)
        self.assertIn("another node's", answer.err)
        self.assertEqual(laptop.mu("--token", token[:-8] + "AAAAAAAA", "ps").code, 2)
        self.assertEqual(laptop.mu("--token", token, "ps").code, 0)
        rows = [({"lifeS": 31536001}, "365 days"), ({"uses": 1001}, "1000"), ({"name": "A b"}, "name")]
        for request, reason in rows:
            code, message = desk.call("link.InviteClient", **request)
            self.assertNotEqual(code, 0)
            self.assertIn(reason, message)
        code, message = late.call("link.InviteClient")
        self.assertIn("in no network", message)

    def test_a_token_ends_and_its_client_with_it(self):
        desk, listen = self.desk("ticker")
        token = desk.ask("link.InviteClient", lifeS=4)["token"]
        laptop = self.elsewhere(MU_NODE=listen, MU_TOKEN=token)
        running = laptop.start("call", "-o", "jsonl", "ticker.Watch", '{"intervalMs": 100}')
        self.addCleanup(running.kill)
        running.wait_for("number")
        self.assertEqual(running.process.wait(timeout=WAIT_S), 4)
        answer = laptop.mu("ps")
        self.assertEqual(answer.code, 6, answer.err)
        self.assertIn("has ended", answer.err)

    def test_a_client_that_dies_takes_its_calls_with_it(self):
        desk, listen = self.desk("ticker")
        laptop = self.elsewhere(MU_NODE=listen, MU_TOKEN=self.invite(desk))
        running = laptop.start("call", "-o", "jsonl", "ticker.Watch", '{"intervalMs": 10}')
        running.wait_for("number")

        def open_calls():
            return desk.ask("router.Stats")["callsOpen"]

        eventually(lambda: open_calls() > 1)
        running.stop(signal.SIGKILL)
        eventually(lambda: desk.ask("router.Stats").get("clients", 0) == 0, 15)

    def test_a_lost_link_process_is_told_truly_and_the_client_comes_back(self):
        desk, listen = self.desk("ticker", "greeter")
        laptop = self.elsewhere(MU_NODE=listen, MU_TOKEN=self.invite(desk))
        running = laptop.start("call", "-o", "json", "ticker.Watch", '{"intervalMs": 10}')
        self.addCleanup(running.kill)
        eventually(lambda: desk.ask("router.Stats").get("clients", 0) == 1)
        eventually(lambda: desk.ask("router.Stats")["callsOpen"] > 1)
        os.kill(desk.pid("link"), signal.SIGKILL)
        line = running.wait_for("executed")
        self.assertRegex(line, re.compile('"UNAVAILABLE".*"UNKNOWN"'))
        eventually(lambda: laptop.mu("call", "greeter.Hello", "name=x").code == 0)


if __name__ == "__main__":
    main()
