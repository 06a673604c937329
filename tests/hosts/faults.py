"""What can befall a host, or the network around it, and what must hold all the while."""

import contextlib
import os
import signal
import subprocess
import sys
import time

from load import TIMEOUT_MS

BROKEN_S = 1  # for others to turn away from a node whose connections broke
LOOK_S = 1  # until what happened in the node is seen from outside
SILENT_S = 15 - LOOK_S  # for the way to one that does not answer to be gone: LINK_DEAD_MS and more
SLOW_MS, JITTER_MS, NARROW = 50, 20, 1_000_000
WIRE = os.path.join(os.path.dirname(__file__), "wire.py")


class Fault:
    """Befalls `victim`, one of two hosts that serve `lamp`. While it lasts the other one serves."""

    name = ""
    lasts_s = 0  # at least
    cuts = True  # lamp's link to the victim ends, and its way there with it,
    gone_s = BROKEN_S  # after so long
    turned_s = BROKEN_S  # after which no call fails any more that begins now
    codes = {"UNAVAILABLE"}  # by which calls may fail

    def prepare(self, trio, victim):
        """Finds out what it takes to strike at once."""

    def strike(self, trio, victim):
        raise NotImplementedError

    def heal(self, trio, victim):
        """Most parts come back by themselves."""

    def is_over(self, trio, victim, load, healed):
        """The victim does again what it did, as far as ways do not tell."""
        return trio.first_served(victim, load, healed) is not None

    def check(self, trio, load, struck):
        """What this fault promises besides; yields sentences that say what is wrong."""
        return []


class Kill(Fault):
    cuts = False  # or for so short a time that nobody could look

    def __init__(self, part):
        self.part = part
        self.name = f"kill -9 {'of the instance' if part == 'far' else 'of mu-' + part}"

    def prepare(self, trio, victim):
        self.pid = victim.pid(self.part)

    def strike(self, trio, victim):
        os.kill(self.pid, signal.SIGKILL)

    def is_over(self, trio, victim, load, healed):
        return victim.pid(self.part) not in (0, self.pid)


class NodeKill(Fault):
    name = "kill -9 of the whole node"

    def prepare(self, trio, victim):
        self.pids = victim.pids()

    def strike(self, trio, victim):
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError):  # it went with the supervisor
                os.kill(pid, signal.SIGKILL)

    def heal(self, trio, victim):
        victim.up()


class Rotation(Fault):
    """The victim gets another key, by which it is another node to others. Its new links are there
    before calls leave the old ones."""

    name = "the victim's key replaced"
    cuts = False
    turned_s = 0
    codes = set()

    def strike(self, trio, victim):
        victim.command("key", "rotate")


class Silence(Fault):
    """Nothing says that there is nobody any more. Calls that are under way when the first of them has
    waited in vain are all that fail."""

    gone_s = SILENT_S
    turned_s = TIMEOUT_MS / 1000 + LOOK_S
    codes = {"UNAVAILABLE", "DEADLINE_EXCEEDED"}


class Partition(Silence):
    """Between lamp and the victim, in one direction or both."""

    def __init__(self, name, incoming, outgoing, lasts_s=0):
        self.name, self.incoming, self.outgoing, self.lasts_s = name, incoming, outgoing, lasts_s

    def strike(self, trio, victim):
        trio.lamp.rules(
            [f"ip saddr {victim.address} drop"] * self.incoming,
            [f"ip daddr {victim.address} drop"] * self.outgoing,
        )

    def heal(self, trio, victim):
        trio.lamp.rules()


class Blink(Partition):
    """Over before anybody noticed: the link is the same afterwards."""

    cuts = False

    def __init__(self, lasts_s):
        super().__init__(f"no way there and back for {lasts_s} s", 1, 1, lasts_s)


class Unplug(Silence):
    name = "the victim's cable pulled"

    def __init__(self, lasts_s=0):
        self.lasts_s = lasts_s

    def strike(self, trio, victim):
        victim.plug("down")

    def heal(self, trio, victim):
        victim.plug("up")


class HalfOpen(Silence):
    """Connections are made, and nothing that is said on them arrives; nor does it that they ended."""

    name = "half-open: silence behind accept"
    RULE = "tcp flags & (psh | fin | rst) != 0 drop"

    def strike(self, trio, victim):
        victim.rules([self.RULE], [self.RULE])

    def heal(self, trio, victim):
        victim.rules()


class Loss(Fault):
    """Each host loses so many of the packets that come to it."""

    cuts = False

    def __init__(self, percent, lasts_s, clean):
        self.name, self.percent, self.lasts_s = f"{percent} % of packets lost", percent, lasts_s
        self.codes = set() if clean else Silence.codes
        self.turned_s = 0 if clean else lasts_s + LOOK_S

    def strike(self, trio, victim):
        for host in trio.hosts:
            host.rules([f"numgen random mod 100 < {self.percent} drop"])

    def heal(self, trio, victim):
        for host in trio.hosts:
            host.rules()


class Delay(Fault):
    """Between lamp and the others packets take their time, and there is little room."""

    name = f"{SLOW_MS} ± {JITTER_MS} ms, {NARROW / 1e6:.0f} Mb/s"
    cuts = False
    codes = set()

    def __init__(self, lasts_s):
        self.lasts_s = lasts_s

    def strike(self, trio, victim):
        for host in trio.hosts:
            host.ip("tuntap", "add", "dev", "slow", "mode", "tun")
            host.ip("link", "set", "slow", "up")
        ends = [f"{host.space}={host.address}" for host in trio.hosts]
        figures = map(str, (SLOW_MS, JITTER_MS, NARROW))
        self.wire = subprocess.Popen(
            [sys.executable, "-B", WIRE, *figures, *ends],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        if self.wire.stdout.readline() != b"ready\n":
            raise AssertionError("wire.py did not start")
        for server in trio.servers:
            for one, other in ((trio.lamp, server), (server, trio.lamp)):
                one.ip("route", "add", other.address, "dev", "slow", "src", one.address)

    def heal(self, trio, victim):
        self.late_s = float(self.wire.communicate()[0])
        for host in trio.hosts:
            host.ip("link", "del", "slow")

    def check(self, trio, load, struck):
        lasted_ms = (time.monotonic() - struck) * 1000
        for link in trio.lamp.ask("link.Links")["links"]:
            if link["state"] != "LINK_UP" or int(link["upMs"]) < lasted_ms:
                yield f"the link to {link['node']} broke, and nothing was wrong with it"
        slow_s = percentile(load.between(struck, struck + self.lasts_s, far=True), 99)
        base_s = percentile(load.between(struck, struck + self.lasts_s, far=False), 99)
        trip_s = 2 * (SLOW_MS + JITTER_MS) / 1000
        if slow_s > 2 * trip_s + base_s + 2 * self.late_s:
            yield f"99 % of calls within {slow_s:.3f} s; a round trip takes {trip_s:.3f} s at most"


def percentile(calls, percent):
    took = sorted(call.end - call.begin for call in calls)
    return took[len(took) * percent // 100] if took else 0


def brief():
    """Each fault once, as short as it can be."""
    return [
        Kill("far"),
        Kill("link"),
        Kill("router"),
        NodeKill(),
        Rotation(),
        Loss(5, 5, clean=True),
        Loss(20, 5, clean=False),
        Delay(5),
    ], [
        Partition("no way from the victim to lamp", 1, 0),
        Partition("no way from lamp to the victim", 0, 1),
        Unplug(),
        HalfOpen(),
    ]


def full():
    """All of them, and longer."""
    quick, silent = brief()
    return quick[:5] + [
        Partition("no way from the victim to lamp", 1, 0, 20),
        Partition("no way from lamp to the victim", 0, 1, 20),
        Partition("no way there and back", 1, 1, 30),
        Blink(4),
        Unplug(60),
        HalfOpen(),
        Loss(5, 20, clean=True),
        Loss(20, 20, clean=False),
        Delay(20),
    ]
