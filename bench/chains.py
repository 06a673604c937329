"""Nodes in a row, each linked to the next: who calls is at the first, who answers at the last."""

import json
import os
import shutil
import subprocess
import time

from peers import READY_SECONDS, BenchError, Mu, Nats, free_port

ECHOES = ("echo", "bulk")  # so that small calls do not wait for a service that serves large ones
PASSPHRASE = "YmVuY2g="
KEY_OF_TLS = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
              "-nodes", "-days", "2", "-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1",
              "-addext", "basicConstraints=critical,CA:TRUE"]


class Forwarder:
    """Somebody on the way, who can cut the connection and says when the next one comes."""

    def __init__(self, peer, upstream):
        self.port = free_port()
        program = os.path.join(peer.build, "bench", "bin", "bench_forward")
        self.process = subprocess.Popen(
            [program, str(self.port), str(upstream)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=peer.log,
            text=True,
            preexec_fn=peer.pin,
        )
        if self.process.stdout.readline() != "ready\n":
            raise BenchError(f"{program} did not start:\n{peer.said()}")

    def cut(self):
        self.process.stdin.write("cut\n")
        self.process.stdin.flush()

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class MuChain(Mu):
    """Mu's own link, over TCP. With `forwarded` there is a Forwarder on the way, for two nodes."""

    name = "mu-link"
    title = "Mu"

    def __init__(self, build, cores, count, forwarded=False):
        super().__init__(build, cores)
        self.count = count
        self.forwarded = forwarded
        self.forwarder = None
        self.nodes = [os.path.join(self.folder, f"n{i}") for i in range(count)]

    def address(self):
        return self.nodes[0]

    def services(self, index):
        link = {"name": "link", "program": os.path.join(self.build, "libexec", "mu", "mu-link"),
                "calls": ["router.>", "registry.>"], "sandbox": {"network": "server"}}
        echoes = [{"name": name, "program": self.program(), "args": ["serve"]} for name in ECHOES]
        return [link, *echoes] if index == self.count - 1 else [link]

    def start(self):
        for index, folder in enumerate(self.nodes):
            os.mkdir(folder)
            self.spawn_node_in(folder, f"n{index}", self.services(index))
        self.unite()
        self.first("first", "echo")

    def unite(self):
        """Each node joins by a token of the one before it, whose address goes nowhere afterwards: so
        no others link than those that are to."""
        port, gate = self.listening()
        made = self.ask(0, "link.Init", owner="bench", node="n0", passphrase=PASSPHRASE,
                        listen=f"127.0.0.1:{port}", addresses=[f"127.0.0.1:{gate.port}"])
        for index in range(1, self.count):
            token = self.ask(index - 1, "link.Invite")["token"]
            before, gate_before = port, gate
            port, gate = self.listening()
            self.ask(index, "link.Join", token=token, node=f"n{index}",
                     listen=f"127.0.0.1:{port}", addresses=[f"127.0.0.1:{gate.port}"])
            if self.forwarded:
                self.forwarder = gate_before
            else:
                self.ask(index, "link.Connect", address=f"127.0.0.1:{before}")
                gate_before.close()
            self.ask(index, "link.RenewAuthority", sealedRoot=made["sealedRoot"],
                     passphrase=PASSPHRASE)
        gate.close()
        self.check_hops()

    def listening(self):
        port = free_port()
        return port, Forwarder(self, port)

    def check_hops(self):
        last = f"n{self.count - 1}.bench"
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            nodes = {node["name"]: node for node in self.ask(0, "link.Nodes")["nodes"]}
            if nodes.get(last, {}).get("hops") == self.count - 1:
                return
            time.sleep(0.02)
        raise BenchError(f"{last} is not {self.count - 1} links away: {nodes}")

    def ask(self, index, endpoint, **fields):
        """Calls an operator's endpoint of a node, as soon as it is there."""
        command = [os.path.join(self.build, "bin", "mu"), "call", "-o", "json", "--timeout", "20s",
                   endpoint, json.dumps(fields)]
        until = time.monotonic() + READY_SECONDS
        while True:
            result = subprocess.run(command, text=True, capture_output=True, check=False,
                                    env=dict(os.environ, MU_DIR=self.nodes[index]))
            if result.returncode == 0:
                return json.loads(result.stdout)
            if time.monotonic() > until:
                raise BenchError(f"{endpoint} of node {index}: {result.stderr}{self.said()}")
            time.sleep(0.02)

    def stop(self):
        super().stop()
        if self.forwarder:
            self.forwarder.close()


class ClearChain(MuChain):
    """The same routers, joined by a service that copies their bytes to TCP in clear."""

    name = "mu-clear"
    title = "Mu, link in clear"

    def __init__(self, build, cores, count):
        super().__init__(build, cores, count)
        self.ports = [free_port() for _ in range(count)]

    def services(self, index):
        link, *others = super().services(index)
        env = {}
        if index > 0:
            env["CLEAR_LINK_0"] = f"listen tcp:{self.ports[index]} n{index - 1}.bench {index}"
        if index < self.count - 1:
            routes = ",".join(f"{name}/{self.count - 1 - index}" for name in ECHOES)
            env["CLEAR_LINK_1"] = (f"dial tcp:{self.ports[index + 1]} n{index + 1}.bench {index + 2} "
                                   f"{routes}")
        program = os.path.join(self.build, "bench", "bin", "bench_clear_link")
        return [dict(link, program=program, env=env), *others]

    def unite(self):
        pass


class LocalNode(Mu):
    """No link at all: what one node does."""

    name = "mu-local"
    title = "Mu, one node"

    def services(self):
        return [{"name": name, "program": self.program(), "args": ["serve"]} for name in ECHOES]


class LeafChain(Nats):
    """NATS servers, each a leaf of the one before it, over TLS that shows both who the other is."""

    mode = "asap"

    def __init__(self, build, cores, count, forwarded=False):
        super().__init__(build, cores)
        self.count = count
        self.forwarded = forwarded
        self.forwarder = None
        self.ports = [free_port() for _ in range(count)]
        self.leaf_ports = [free_port() for _ in range(count)]

    def address(self, index=0):
        return f"nats://127.0.0.1:{self.ports[index]}"

    def role(self, role):
        last = self.count - 1 if role == "serve" else 0
        return [self.program(), role, f"--address={self.address(last)}", f"--mode={self.mode}"]

    def start(self):
        openssl = shutil.which("openssl")
        if not openssl:
            raise BenchError("openssl is not installed")
        subprocess.run([openssl, *KEY_OF_TLS[1:], "-keyout", "key.pem", "-out", "certificate.pem"],
                       cwd=self.folder, check=True, capture_output=True)
        if self.forwarded:
            self.forwarder = Forwarder(self, self.leaf_ports[0])
        for index in range(self.count):
            path = os.path.join(self.folder, f"n{index}.conf")
            with open(path, "w", encoding="utf-8") as file:
                file.write(self.configuration(index))
            self.spawn_server(self.ports[index], "-c", path)
        for name in ECHOES:
            self.spawn([*self.role("serve"), f"--service={name}"])
        self.first("first", self.mode)

    def configuration(self, index):
        tls = (f'tls {{ cert_file: "{self.folder}/certificate.pem", key_file: "{self.folder}/key.pem", '
               f'ca_file: "{self.folder}/certificate.pem"')
        lines = [f"server_name: n{index}", f"listen: 127.0.0.1:{self.ports[index]}", "leafnodes {",
                 f"  listen: 127.0.0.1:{self.leaf_ports[index]}", f"  {tls}, verify: true }}"]
        if self.forwarder and index == 0:  # else the leaf learns the way past it
            lines.append(f"  advertise: 127.0.0.1:{self.forwarder.port}")
        if index > 0:
            port = self.forwarder.port if self.forwarder else self.leaf_ports[index - 1]
            lines.append(f'  remotes: [ {{ url: "tls://127.0.0.1:{port}", {tls} }} }} ]')
        return "\n".join([*lines, "}", ""])

    def stop(self):
        super().stop()
        if self.forwarder:
            self.forwarder.close()


class LeafAsap(LeafChain):
    name = "nats-leaf-asap"
    title = "NATS leaf (SendAsap)"


class LeafDefault(LeafChain):
    name = "nats-leaf"
    title = "NATS leaf (default)"
    mode = "default"
