"""Calls without a pause from one host, to a service of its own and to one on others, and the books:
what their caller was told of each, and what those who carried them out wrote down."""

import os
import subprocess
import time
from collections import Counter

from fleet import WAIT_S, eventually

LOAD = os.environ.get("TEST_LOAD", "")
PER_SECOND = 500
TIMEOUT_MS = 5000  # as calls have by themselves
LATE_S = 0.05  # after its deadline, that a call ends; and what the machine itself adds


class Call:
    def __init__(self, line):
        number, begin, end, self.code, self.executed = line.split()
        self.number = int(number)
        self.is_far = self.number % 2 == 1
        self.begin = int(begin) / 1e6
        self.end = int(end) / 1e6
        self.ok = self.code == "OK"


class Load:
    """Runs from its making to `stop`."""

    def __init__(self, host, first, per_second=PER_SECOND, timeout_ms=TIMEOUT_MS, endpoints=()):
        """The first call's number is even."""
        self.timeout_s = timeout_ms / 1000
        self.path = os.path.join(host.dir, f"load-{first}")
        self.first = first
        self.read_to = 0
        self.calls = []
        self.process = subprocess.Popen(
            [*host.before, LOAD, self.path, str(first), str(per_second), str(timeout_ms), *endpoints],
            env=host.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def look(self):
        """All calls that have ended by now."""
        if os.path.exists(self.path):
            with open(self.path) as file:
                file.seek(self.read_to)
                text = file.read()
            whole = text[: text.rfind("\n") + 1]
            self.read_to += len(whole)
            self.calls += map(Call, whole.splitlines())
        return self.calls

    def between(self, begin, end=float("inf"), far=True):
        """Calls that began in that time and have ended."""
        return [c for c in self.look() if c.is_far == far and begin <= c.begin < end]

    def flows(self):
        """Waits until calls that begin now end well, near and far."""
        now = time.monotonic()
        eventually(lambda: all(any(c.ok for c in self.between(now, far=f)) for f in (False, True)))

    def stop(self):
        out, _ = self.process.communicate(timeout=WAIT_S)
        if self.process.returncode != 0:
            raise AssertionError(f"mu-load: exit {self.process.returncode}")
        self.late_s = int(out) / 1e6
        self.look()

    def next(self):
        """The number for the first call of the next one."""
        return self.first + len(self.calls) + len(self.calls) % 2


def books(load, near, far):
    """Holds what the caller was told against what was written down: the hosts' numbers of near and far
    calls. Returns the sentences that say what does not agree."""
    wrong = []
    carried = Counter(near) + Counter(far)
    told = Counter(call.number for call in load.calls)
    numbers = range(load.first, load.first + len(load.calls))
    if set(told) != set(numbers) or len(told) != len(load.calls):
        wrong.append("some calls never ended, or ended twice")
    for number, times in carried.items():
        if times > 1:
            wrong.append(f"call {number} was carried out {times} times")
    for call in load.calls:
        if call.ok and carried[call.number] == 0:
            wrong.append(f"call {call.number} was answered, and nobody carried it out")
        if call.executed == "NO" and carried[call.number] > 0:
            wrong.append(f"call {call.number} was carried out, and its caller was told it was not")
    late = max((call.end - call.begin for call in load.calls), default=0) - load.timeout_s
    if late > LATE_S + load.late_s:
        wrong.append(f"a call ended {late:.3f} s after its deadline (the machine: {load.late_s:.3f} s)")
    return wrong
