"""Nodes in folders of their own that make a network over 127.0.0.1, and what tests wait for."""

import base64
import json
import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "cli"))
from node import MU, STAGE, WAIT_S, Node, main  # noqa: E402,F401

SERVICES = os.path.join(STAGE, "share", "mu", "services")
PASSPHRASE = base64.b64encode(b"open sesame").decode()
SOON_S = 5  # for a mesh to be whole again, once nothing is in its way
PAUSE_S = 0.02  # between two looks
NOTHING = threading.Event()  # never comes


def eventually(look, within_s=WAIT_S):
    """Waits until `look()` is true, and returns what it is."""
    end = time.monotonic() + within_s
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > end:
            raise AssertionError(f"not within {within_s} s: {look.__doc__ or look}: {seen!r}")
        NOTHING.wait(PAUSE_S)


class Member(Node):
    """A node with a link process, and no other service before one is asked for."""

    def __init__(self, name, life_s=0, dns=""):
        super().__init__()
        self.name = name
        up = self.mu("up", "--bare", "--name", name)
        if up.code != 0:
            raise AssertionError(f"mu up: exit {up.code}\n{up.out}{up.err}")
        env = {"MU_LINK_LIFE_S": str(life_s) if life_s else "", "MU_LINK_DNS": dns}
        self.run("link", {key: value for key, value in env.items() if value})

    def run(self, service, env=None):
        """Runs a service that came with Mu."""
        manifest = os.path.join(SERVICES, service + ".service")
        with open(manifest) as file:
            text = file.read()
        if env:
            text += f"env: {json.dumps(env)}\n"
        path = os.path.join(self.dir, service + ".service")
        with open(path, "w") as file:
            file.write(text)
        answer = self.mu("registry", "register", path)
        if answer.code != 0:
            raise AssertionError(f"{service}: {answer.out}{answer.err}")

    def call(self, endpoint, **fields):
        """(exit code, answer or message)"""
        answer = self.mu("call", "-o", "json", "--timeout", "20s", endpoint, json.dumps(fields))
        return answer.code, answer.json() if answer.code == 0 else answer.err

    def ask(self, endpoint, **fields):
        code, answer = self.call(endpoint, **fields)
        if code != 0:
            raise AssertionError(f"{self.name}: {endpoint}: exit {code}: {answer}")
        return answer

    def found(self, listen="127.0.0.1:0"):
        return self.ask(
            "link.Init", owner="alice", node=self.name, passphrase=PASSPHRASE, listen=listen
        )

    def invite(self, **fields):
        return self.ask("link.Invite", **fields)["token"]

    def join(self, token, listen="127.0.0.1:0"):
        return self.ask("link.Join", token=token, node=self.name, listen=listen)["self"]

    def self(self):
        return self.ask("link.Show")["self"]

    def links(self):
        """The names of those that are linked."""
        return {
            link["node"]
            for link in self.ask("link.Links")["links"]
            if link["state"] == "LINK_UP" and link["node"]
        }

    def node(self, name):
        """What is known of the node `name`, by its newest key."""
        known = [n for n in self.ask("link.Nodes")["nodes"] if n["name"] == f"{name}.alice"]
        return next((n for n in known if not n["revoked"]), known[0] if known else None)

    def greets(self):
        code, answer = self.call("greeter.Hello", name="World")
        return code == 0 and answer["text"]

    def pid(self, service):
        """0 while there is none, or nobody says."""
        answer = self.mu("ps", "-o", "json")
        for process in answer.json()["processes"] if answer.code == 0 else []:
            if process["service"] == service and process.get("pid"):
                return process["pid"]
        return 0


class FleetTest(unittest.TestCase):
    """Tests that begin with nodes of their own."""

    def member(self, name, **more):
        node = Member(name, **more)
        self.addCleanup(node.close)
        return node

    def linked(self, *nodes):
        """Each is linked to the one before it."""
        for one, other in zip(nodes, nodes[1:]):
            eventually(lambda: f"{other.name}.alice" in one.links())

    def row(self):
        """desk - hub - lamp: desk and lamp listen nowhere, so only the hub links them."""
        hub = self.member("hub")
        hub.found()
        desk = self.member("desk")
        desk.join(hub.invite(), listen="")
        lamp = self.member("lamp")
        lamp.join(hub.invite(), listen="")
        self.linked(desk, hub, lamp)
        return desk, hub, lamp

    def pair(self, **more):
        """desk, the authority, and lamp, which joined it."""
        desk = self.member("desk", **more)
        desk.found()
        lamp = self.member("lamp", **more)
        lamp.join(desk.invite())
        self.linked(desk, lamp)
        return desk, lamp
