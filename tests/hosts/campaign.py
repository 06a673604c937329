"""Three hosts under load, one fault after the other, and a table of what came of it."""

import math
import time
from collections import Counter

from fleet import SOON_S, eventually
from faults import LOOK_S
from host import Host, Switch, whole
from load import Load, books

AFTER_S = 0.5  # that the load goes on when all is well again


class Trio:
    """lamp, whose calls go to itself (near) and to desk and barn (far)."""

    def __init__(self, prefix=""):
        self.desk, self.barn, self.lamp = (
            Host(name, prefix + name) for name in ("desk", "barn", "lamp")
        )
        self.servers = (self.desk, self.barn)
        self.hosts = (*self.servers, self.lamp)
        self.next_number = 0
        switch = Switch(prefix + "switch", "10.77.0")
        for number, host in enumerate(self.hosts, 1):
            switch.plug(host, number)
        self.desk.found()
        self.barn.join(self.desk.invite())
        self.lamp.join(self.desk.invite())
        for server in self.servers:
            server.tally("far")
        self.lamp.tally("near")
        whole(*self.hosts)
        self.is_whole()

    def close(self):
        for host in self.hosts:
            host.close()

    def has_all_ways(self):
        """The far service is one link away, twice."""
        return self.lamp.routes("far") == {"desk": 1, "barn": 1}

    def is_whole(self):
        eventually(self.has_all_ways)

    def suffer(self, fault, victim):
        """Has the fault befall the victim, under load. Returns its Row."""
        row = Row(fault.name)
        load = Load(self.lamp, self.next_number)
        load.flows()
        fault.prepare(self, victim)
        row.struck = time.monotonic()
        fault.strike(self, victim)
        if fault.cuts:
            eventually(lambda: self.lamp.routes("far").get(victim.name) != 1)
            row.gone_s = time.monotonic() - row.struck
        self.wait(row.struck + fault.lasts_s)
        fault.heal(self, victim)
        row.healed = time.monotonic() if fault.lasts_s or fault.cuts else row.struck
        eventually(
            lambda: self.has_all_ways() and fault.is_over(self, victim, load, row.healed)
        )
        served = self.first_served(victim, load, row.healed)
        row.whole_s = min(time.monotonic(), served or math.inf) - row.healed
        self.wait(time.monotonic() + AFTER_S)
        load.stop()
        self.next_number = load.next()
        self.judge(row, fault, load)
        print(Table.line([row]), *(f"  {what}\n" for what in row.wrong), sep="", end="", flush=True)
        return row

    @staticmethod
    def wait(until):
        eventually(lambda: time.monotonic() > until, 1e6)

    @staticmethod
    def first_served(host, load, then):
        """When the first call was answered that began after `then` and that this host carried out: it
        is known to lamp then, which calls each of the two directly. None for none."""
        late = {call.number: call.end for call in load.between(then) if call.ok}
        carried = late.keys() & set(host.tallied("far")[-len(load.calls) :])
        return min((late[number] for number in carried), default=None)

    def judge(self, row, fault, load):
        far = [number for server in self.servers for number in server.tallied("far")]
        row.read(load)
        row.wrong += books(load, self.lamp.tallied("near"), far)
        row.wrong += fault.check(self, load, row.struck)
        if any(not call.ok for call in load.between(0, far=False)):
            row.wrong.append("calls failed that were for this node alone")
        if row.away_s > fault.turned_s + load.late_s:
            row.wrong.append(f"calls failed {row.away_s:.2f} s after the fault")
        if (row.gone_s or 0) > fault.gone_s + LOOK_S + load.late_s:
            row.wrong.append(f"the way was there for {row.gone_s:.2f} s")
        if row.whole_s > SOON_S + load.late_s:
            row.wrong.append(f"whole again after {row.whole_s:.2f} s")
        if set(row.codes) - fault.codes:
            row.wrong.append(f"calls failed with {dict(row.codes)}")
        if row.healed > row.struck and any(not c.ok for c in load.between(row.healed)):
            row.wrong.append("calls failed that began after the fault was over")


class Row:
    def __init__(self, name):
        self.name = name
        self.gone_s = None
        self.wrong = []

    def read(self, load):
        far = load.between(0)
        failed = [call for call in far if not call.ok]
        self.late_s = load.late_s
        self.far, self.near = len(far), len(load.between(0, far=False))
        self.codes = Counter(call.code for call in failed)
        self.executed = Counter(call.executed for call in failed)
        self.away_s = max([0, *(call.begin - self.struck for call in failed)])
        self.slowest_s = max((call.end - call.begin for call in far), default=0)


class Table:
    """Rows of the same fault put together."""

    HEAD = (
        "| fault | times | calls, near and far | failed, by code | last failed one began after, s "
        "| slowest, s | way gone after, s | whole after, s | machine late, s |\n"
        "| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |\n"
    )

    def __init__(self):
        self.rows = {}

    def add(self, row):
        self.rows.setdefault(row.name, []).append(row)

    def text(self):
        return self.HEAD + "".join(map(self.line, self.rows.values()))

    @staticmethod
    def line(rows):
        codes = sum((row.codes for row in rows), Counter())
        failed = ", ".join(f"{count} {code}" for code, count in codes.items()) or "none"
        gone = [row.gone_s for row in rows if row.gone_s is not None]
        calls = f"{sum(r.near for r in rows):,} + {sum(r.far for r in rows):,}"
        cells = (
            rows[0].name,
            str(len(rows)),
            calls,
            failed,
            f"{max(row.away_s for row in rows):.2f}",
            f"{max(row.slowest_s for row in rows):.2f}",
            f"{max(gone):.2f}" if gone else "–",
            f"{max(row.whole_s for row in rows):.2f}",
            f"{max(row.late_s for row in rows):.2f}",
        )
        return f"| {' | '.join(cells)} |\n"
