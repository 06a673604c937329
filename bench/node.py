"""What a node costs: time until it answers, time until one more service does, memory."""

import os
import statistics
import time

from peers import BenchError, Mu, descendants

SERVICES = 20  # whose memory is compared with none


class Node(Mu):
    """A node with as many echo services as wanted."""

    name = "mu"

    def __init__(self, build, cores, service_count):
        super().__init__(build, cores)
        self.service_count = service_count

    def services(self):
        return [
            {"name": f"echo-{i}", "program": self.program(), "args": ["serve"]}
            for i in range(self.service_count)
        ]

    def start(self):
        """Returns how long it took until each service had answered, or the registry where there is
        none, in ms."""
        began_us = time.monotonic_ns() / 1000
        self.spawn_node()
        for name in [service["name"] for service in self.services()] or ["registry.List"]:
            answered_us = self.wait_answer(name)
        return (answered_us - began_us) / 1000

    def pss_mib(self):
        pids = [self.processes[0].pid] + descendants(self.processes[0].pid)
        return sum(pss_kib(pid) for pid in pids) / 1024


def pss_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            if line.startswith("Pss:"):
                return int(line.split()[1])
    raise BenchError(f"/proc/{pid}/smaps_rollup has no Pss")


def settled_pss(node):
    """The memory once it no longer moves: what starting took is freed by then."""
    last = node.pss_mib()
    for _ in range(50):
        time.sleep(0.1)
        now = node.pss_mib()
        if abs(now - last) < 0.01:
            return now
        last = now
    return last


def with_node(build, service_count, measure):
    node = Node(build, None, service_count)
    try:
        return measure(node)
    finally:
        node.stop()


def boot_and_start(node):
    return node.start(), node.register("echo-late") / 1000


def idle_memory(node):
    node.start()
    return settled_pss(node)


def measure_node(build, rounds):
    """Medians over `rounds`, by the keys of goals.NODE_GOALS."""
    boots, starts, idles, services = [], [], [], []
    for _ in range(rounds):
        boot_ms, start_ms = with_node(build, 1, boot_and_start)
        idle = with_node(build, 0, idle_memory)
        full = with_node(build, SERVICES, idle_memory)
        boots.append(boot_ms)
        starts.append(start_ms)
        idles.append(idle)
        services.append((full - idle) / SERVICES)
    return {
        "boot_ms": statistics.median(boots),
        "service_start_ms": statistics.median(starts),
        "idle_pss_mib": statistics.median(idles),
        "service_pss_mib": statistics.median(services),
    }
