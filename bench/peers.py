"""The peers: how each one's processes are started, called and stopped."""

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

STOP_SECONDS = 10
READY_SECONDS = 15
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class BenchError(Exception):
    """Something that the bench needs does not work; its text says what."""


def die_with_parent():
    """Runs in the child: whatever happens to the runner, no process outlives it."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def descendants(pid):
    """The processes below `pid`, children before grandchildren."""
    found = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
                for child in file.read().split():
                    found += [int(child)] + descendants(int(child))
    except FileNotFoundError:
        pass
    return found


class Peer:
    """One peer with its processes, on the cores of one placement."""

    name = ""
    title = ""
    mode = ""

    def __init__(self, build, cores):
        self.build = build
        self.cores = cores
        self.folder = tempfile.mkdtemp(prefix=f"bench-{self.name}-")
        self.processes = []
        self.log = open(os.path.join(self.folder, "log"), "w+", encoding="utf-8")

    def program(self):
        return os.path.join(self.build, "bench", "bin", f"bench_{self.name.split('-')[0]}")

    def address(self):
        return self.folder

    def pin(self):
        die_with_parent()
        if self.cores:
            os.sched_setaffinity(0, self.cores)

    def spawn(self, command, wait_ready=True, output=None):
        if not os.access(command[0], os.X_OK):
            raise BenchError(f"{command[0]} is not there: build it with -DMU_BENCH=ON")
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if wait_ready else output or self.log,
            stderr=self.log,
            text=True,
            preexec_fn=self.pin,
            cwd=self.folder,
        )
        self.processes.append(process)
        if wait_ready and process.stdout.readline() != "ready\n":
            raise BenchError(f"{' '.join(command)} did not start:\n{self.said()}")
        return process

    def said(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()[-2000:]

    def role(self, role):
        return [self.program(), role, f"--address={self.address()}", f"--mode={self.mode}"]

    def start(self):
        raise NotImplementedError

    def watched(self):
        """The processes whose cost counts, besides the client's."""
        return [process.pid for process in self.processes]

    def environment(self):
        """Of its clients; None: the runner's."""
        return None

    def call(self, load, warmup_ms, duration_ms):
        """Runs one load and returns what its client counted."""
        return self.finish_call(*self.begin_call(load, warmup_ms, duration_ms))

    def begin_call(self, load, warmup_ms, duration_ms):
        command = self.role("call") + load.arguments()
        command += [f"--warmup={warmup_ms}", f"--duration={duration_ms}"]
        command += [f"--watch={pid}" for pid in self.watched()]
        client = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            preexec_fn=self.pin,
            cwd=self.folder,
            env=self.environment(),
        )
        return client, 60 + (warmup_ms + duration_ms) / 1000

    def finish_call(self, client, patience_s):
        """Returns what the client of begin_call counted."""
        try:
            counted, _ = client.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired as error:
            client.kill()
            client.wait()
            raise BenchError(f"{' '.join(client.args)} does not end:\n{self.said()}") from error
        if client.returncode not in (0, 1) or not counted:
            raise BenchError(f"{' '.join(client.args)} ended with {client.returncode}:\n{self.said()}")
        return json.loads(counted)

    def first(self, role, service):
        """Runs a role that ends with its first answer, and returns what it says."""
        try:
            result = subprocess.run(
                [self.program(), role, f"--address={self.address()}", f"--mode={service}"],
                stdout=subprocess.PIPE,
                stderr=self.log,
                text=True,
                preexec_fn=self.pin,
                timeout=READY_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise BenchError(f"{service} does not answer:\n{self.said()}") from error
        if result.returncode != 0:
            raise BenchError(f"{service} does not answer:\n{self.said()}")
        return json.loads(result.stdout)

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Raw(Peer):
    name = "raw"
    title = "the floor"

    def start(self):
        self.spawn(self.role("route"))
        self.spawn(self.role("serve"))


class Zmq(Raw):
    name = "zmq"
    title = "ZeroMQ"


class Grpc(Peer):
    name = "grpc"
    title = "gRPC"

    def address(self):
        return f"unix:{self.folder}/socket"

    def start(self):
        self.spawn(self.role("serve"))


class Nats(Peer):
    port = 0

    def address(self):
        return f"nats://127.0.0.1:{self.port}"

    def start(self):
        self.port = free_port()
        self.spawn_server(self.port, "-a", "127.0.0.1", "-p", str(self.port))
        self.spawn(self.role("serve"))

    def spawn_server(self, port, *arguments):
        """Starts a server and waits until clients can connect to it."""
        server = shutil.which("nats-server")
        if not server:
            raise BenchError("nats-server is not installed")
        process = self.spawn([server, *arguments], wait_ready=False)
        until = time.monotonic() + READY_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return process
            except OSError as error:
                if time.monotonic() > until:
                    raise BenchError(f"nats-server does not answer:\n{self.said()}") from error
                time.sleep(0.01)


class NatsAsap(Nats):
    name = "nats-asap"
    title = "NATS (SendAsap)"
    mode = "asap"


class NatsDefault(Nats):
    name = "nats"
    title = "NATS (default)"
    mode = "default"


class Mu(Peer):
    name = "mu"
    title = "Mu"

    def services(self):
        """The node file's services, each an echo."""
        return [{"name": "echo", "program": self.program(), "args": ["serve"]}]

    def spawn_node(self):
        self.spawn_node_in(self.folder, "bench", self.services())

    def spawn_node_in(self, folder, name, services):
        node_file = os.path.join(folder, "bench.node")
        with open(node_file, "w", encoding="utf-8") as file:
            json.dump({"name": name, "services": services}, file)
        node = os.path.join(self.build, "libexec", "mu", "mu-node")
        return self.spawn([node, "--dir", folder, "--file", node_file], wait_ready=False)

    def start(self):
        self.spawn_node()
        self.wait_answer("echo")

    def wait_answer(self, service):
        """Waits for the first answer of a service or an endpoint. Returns when it came, in us of the
        monotonic clock."""
        return self.first("first", service)["answered_us"]

    def register(self, service):
        """Registers one more echo. Returns how long it took from the call to its first answer, in
        us."""
        return self.first("register", service)["took_us"]

    def watched(self):
        nodes = [process.pid for process in self.processes]
        return nodes + [pid for node in nodes for pid in descendants(node)]


PEERS = {peer.name: peer for peer in (Mu, NatsAsap, NatsDefault, Grpc, Zmq, Raw)}
