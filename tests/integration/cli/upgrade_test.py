"""mu upgrade, mu restart: programs that come and go while the node changes notice nothing."""

import os
import shutil
import tempfile
import threading

from node import STAGE, Node, NodeTest, main


class Callers:
    """Programs that each make one call, all the time; what went wrong is kept."""

    def __init__(self, node, *words):
        self.node = node
        self.words = words
        self.calls = 0
        self.failures = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(2)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def run(self):
        while not self.over.is_set():
            answer = self.node.mu(*self.words)
            self.calls += 1
            if answer.code != 0:
                self.failures.append(answer.err)


class Upgrade(NodeTest):
    def setUp(self):
        self.copy = tempfile.mkdtemp(prefix="mu-copy-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.copy, ignore_errors=True)
        shutil.copytree(STAGE, self.copy, symlinks=True, dirs_exist_ok=True)

    def status(self):
        return self.mu("status", "-o", "json").json()

    def test_a_node_is_given_to_another_installation_and_no_call_fails(self):
        self.mu("counter", "add", "--amount", "42")
        before = self.status()
        with Callers(self.node, "greeter", "hello", "--name", "World") as callers:
            for service in ("greeter", "auth", "registry", "router"):
                self.mu("restart", service)
            done = self.mu("upgrade", "--from", self.copy, "-o", "json").json()
            said = self.mu("upgrade", "--from", STAGE)
            self.mu("greeter", "hello", "--name", "World")
        self.assertEqual(callers.failures, [], f"of {callers.calls}")
        self.assertGreater(callers.calls, 0)
        self.assertEqual(done["programDir"], os.path.join(os.path.realpath(self.copy), "libexec/mu"))
        self.assertEqual(done["after"], before["version"])
        self.assertGreater(done["pauseMs"], 0)
        self.assertIn("takes over from", said.err)
        self.assertRegex(said.out, r"calls +waited for \d+ ms")
        after = self.status()
        self.assertEqual(after["pid"], before["pid"])
        self.assertEqual(after["programDir"], before["programDir"])
        self.assertTrue(after["ready"])
        self.assertIn("42", self.mu("counter", "get").out)
        self.assertIn("waited for", self.mu("status").out)

    def test_what_does_not_run_is_refused_and_nothing_is_stopped(self):
        before = {p["service"]: p["pid"] for p in self.mu("ps", "-o", "jsonl").lines()}
        self.assertIn("no such folder", self.mu("upgrade", "--from", "/nonexistent", code=3).err)
        self.assertIn("no mu-node that runs", self.mu("upgrade", "--from", "/usr", code=8).err)
        os.truncate(f"{self.copy}/libexec/mu/mu-registry", 1000)
        self.assertIn("mu-registry", self.mu("upgrade", "--from", self.copy, code=8).err)
        self.assertIn("up to 30s", self.mu("upgrade", "--drain", "2m", code=2).err)
        self.assertIn("up to 30s", self.mu("restart", "router", "--drain", "soon", code=2).err)
        self.assertEqual({p["service"]: p["pid"] for p in self.mu("ps", "-o", "jsonl").lines()}, before)

    def test_without_a_node_it_says_so(self):
        node = Node()
        self.addCleanup(node.close)
        answer = node.mu("upgrade")
        self.assertEqual(answer.code, 4)
        self.assertIn("mu up", answer.err)


if __name__ == "__main__":
    main()
