"""Machines: each a network namespace with a node in a folder of its own, and cables between them."""

import os
import subprocess
import sys

from fleet import PASSPHRASE, Member, eventually
from node import Node

PORT = 7400
EVERYWHERE = f"0.0.0.0:{PORT}"
TALLY = os.environ.get("TEST_TALLY", "")
BLIND = "mu_blind"  # the table of the rules that make a fault


def shell(*words, text=None):
    done = subprocess.run(words, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Space:
    """A network namespace."""

    def __init__(self, name):
        self.space = name
        shell("ip", "netns", "add", name)
        self.ip("link", "set", "lo", "up")
        self.inside("sh", "-c", "echo 0 >/proc/sys/net/ipv4/ip_forward")

    def ip(self, *words):
        shell("ip", "-n", self.space, *words)

    def inside(self, *words, text=None):
        return shell("ip", "netns", "exec", self.space, *words, text=text)


def cable(one, other, subnet, last):
    """Joins two spaces; their addresses are `subnet`.1 and so on, by `last`, None for none."""
    ends = (f"to-{other.space}", f"to-{one.space}")
    shell("ip", "-n", one.space, "link", "add", ends[0], "type", "veth",
          "peer", "name", ends[1], "netns", other.space)
    for space, end, number in zip((one, other), ends, last):
        if number is not None:
            space.ip("addr", "add", f"{subnet}.{number}/24", "dev", end)
        space.ip("link", "set", end, "up")
    return ends


class Switch(Space):
    """A network that several hosts are in."""

    def __init__(self, name, subnet):
        super().__init__(name)
        self.subnet = subnet
        self.ip("link", "add", "bridge", "type", "bridge")
        self.ip("link", "set", "bridge", "up")

    def plug(self, host, number):
        port, host.wire = cable(self, host, self.subnet, (None, number))
        self.ip("link", "set", port, "master", "bridge")
        host.address = f"{self.subnet}.{number}"


class Host(Space, Member):
    """A machine with a node."""

    def __init__(self, name, space=None):
        Space.__init__(self, space or name)
        Node.__init__(self)
        self.name = name
        self.address = None  # on its switch, and
        self.wire = None  # its interface there
        self.before = ("ip", "netns", "exec", self.space)
        self.env["MU_PASSPHRASE"] = PASSPHRASE
        os.makedirs(os.path.join(self.dir, "config"))
        with open(os.path.join(self.dir, "config", "node.yaml"), "w") as file:
            file.write("sandbox_min: D\n")  # the service that keeps the books writes where the test reads
        self.up()

    def command(self, *words):
        """What `mu` prints."""
        answer = self.mu(*words)
        if answer.code != 0:
            raise AssertionError(f"{self.name}: mu {' '.join(words)}: exit {answer.code}\n{answer.err}")
        return answer.out.strip()

    def up(self):
        self.command("up", "--bare", "--name", self.name)

    def close(self):
        super().close()
        shell("ip", "netns", "del", self.space)

    def found(self):
        self.command("network", "init", "alice", "--node", self.name, "--listen", EVERYWHERE)

    def invite(self):
        return self.command("node", "invite", "-o", "name")

    def join(self, token):
        self.command("node", "join", token, "--node", self.name, "--listen", EVERYWHERE)

    def tally(self, service):
        """Runs a service that writes down the number of each call that it carries out."""
        manifest = os.path.join(self.dir, service + ".yaml")
        with open(manifest, "w") as file:
            file.write(f"name: {service}\nprogram: {TALLY}\n"
                       f"env: {{ TALLY_FILE: {self.tally_file(service)} }}\n"
                       "sandbox: { off: true }\n")
        self.command("registry", "register", manifest)

    def tally_file(self, service):
        return os.path.join(self.dir, service + ".tally")

    def tallied(self, service):
        """The numbers of the calls that were carried out here, in order."""
        try:
            with open(self.tally_file(service), "rb") as file:
                data = file.read()
        except FileNotFoundError:
            return []
        return [int.from_bytes(data[i : i + 4], sys.byteorder) for i in range(0, len(data) - 3, 4)]

    def routes(self, service):
        """By which nodes the service can be reached, and over how many links: {name: hops}."""
        code, answer = self.call("link.Routes", prefix=service)
        hops = {}
        for route in answer["routes"] if code == 0 else []:
            name = route["node"].split(".")[0]
            hops[name] = min(route["hops"], hops.get(name, route["hops"]))
        return hops

    def pids(self):
        """Of all processes of the node, and of nothing else: each but the supervisor is its child."""
        top = self.pid("node")
        with open(f"/proc/{top}/task/{top}/children") as file:
            return [top, *map(int, file.read().split())] if top else []

    # ---- what stands between hosts ----

    def rules(self, incoming=(), outgoing=()):
        """Has these rules of nft decide what comes in and goes out, in place of those before."""
        self.inside("nft", "-f", "-", text=f"""
table inet {BLIND}
delete table inet {BLIND}
table inet {BLIND} {{
    chain incoming {{
        type filter hook input priority 0
        {"; ".join(incoming)}
    }}
    chain outgoing {{
        type filter hook output priority 0
        {"; ".join(outgoing)}
    }}
}}
""")

    def plug(self, state):
        """Pulls its one cable (`down`), or plugs it in again (`up`)."""
        self.ip("link", "set", self.wire, state)


def whole(*hosts):
    """Waits until each host is linked to all others."""
    def look():
        return all(
            other is one or f"{other.name}.alice" in one.links() for one in hosts for other in hosts
        )

    eventually(look)
