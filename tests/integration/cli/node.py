"""A node in a folder of its own, and `mu` to speak to it."""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

STAGE = os.path.abspath(sys.argv[1])
MU = os.path.join(STAGE, "bin", "mu")
WAIT_S = 60  # for anything that must happen; sanitizers are slow


def cached(name):
    """A variable of the cache of the build that STAGE was installed from."""
    with open(os.path.join(STAGE, "..", "CMakeCache.txt")) as cache:
        for line in cache:
            if line.startswith(name + ":"):
                return line.rstrip("\n").split("=", 1)[1]
    return ""


def build_env():
    """What an outside project must be built with to meet this libmu: the same compiler and sanitizers."""
    sanitize = cached("MU_SANITIZE")
    flags = f"-fsanitize={sanitize} -fno-sanitize-recover=all" if sanitize else ""
    return {"CC": cached("CMAKE_C_COMPILER"), "CFLAGS": flags, "LDFLAGS": flags}


class Answer:
    def __init__(self, done):
        self.code = done.returncode
        self.raw = done.stdout
        self.out = done.stdout.decode(errors="replace")
        self.err = done.stderr.decode(errors="replace")

    def json(self):
        return json.loads(self.out)

    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


class Running:
    """A command that goes on; its lines, both of data and of talk, come through a queue."""

    def __init__(self, command, env):
        self.process = subprocess.Popen(
            command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.lines = queue.Queue()
        self.seen = []
        for stream in (self.process.stdout, self.process.stderr):
            threading.Thread(target=self.read, args=(stream,), daemon=True).start()

    def read(self, stream):
        with stream:
            for line in stream:
                self.lines.put(line.decode(errors="replace").rstrip("\n"))

    def wait_for(self, *parts):
        """The next line with all of `parts` in it."""
        while True:
            try:
                line = self.lines.get(timeout=WAIT_S)
            except queue.Empty:
                raise AssertionError(f"no line with {parts}; there were {self.seen}") from None
            self.seen.append(line)
            if all(part in line for part in parts):
                return line

    def say(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def stop(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.end()

    def end(self):
        code = self.process.wait(timeout=WAIT_S)
        self.process.stdin.close()
        return code

    def kill(self):
        self.process.kill()
        self.end()


class Node:
    before = ()  # words in front of every command: where it runs

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="mu-cli-", dir="/tmp")
        self.env = dict(os.environ, MU_DIR=self.dir, TERM="xterm", LC_ALL="C.UTF-8", **build_env())
        self.env["PATH"] = os.path.join(STAGE, "bin") + ":" + self.env["PATH"]
        self.env.pop("NO_COLOR", None)

    def mu(self, *words, stdin=b"", env=None, cwd=None):
        if isinstance(stdin, str):
            stdin = stdin.encode()
        return Answer(
            subprocess.run(
                [*self.before, MU, *words],
                env=dict(self.env, **(env or {})),
                cwd=cwd or self.dir,
                input=stdin,
                capture_output=True,
                timeout=WAIT_S,
            )
        )

    def start(self, *words):
        return Running([*self.before, MU, *words], self.env)

    def close(self):
        self.mu("down", "-q")
        shutil.rmtree(self.dir, ignore_errors=True)


class NodeTest(unittest.TestCase):
    """Tests that share a node with the five examples on it."""

    @classmethod
    def setUpClass(cls):
        cls.node = Node()
        cls.addClassCleanup(cls.node.close)
        up = cls.node.mu("up")
        if up.code != 0:
            raise AssertionError(f"mu up: exit {up.code}\n{up.out}{up.err}")

    def mu(self, *words, code=0, **more):
        answer = self.node.mu(*words, **more)
        self.assertEqual(answer.code, code, f"mu {' '.join(words)}\n{answer.out}{answer.err}")
        return answer

    def start(self, *words):
        running = self.node.start(*words)
        self.addCleanup(running.kill)
        return running


def main():
    unittest.main(argv=[sys.argv[0], "-v"])
