"""The tables about links between nodes."""

import statistics

from links import HANDSHAKE, HANDSHAKERS, PEERS, RELAYS, SMALL
from loads import LINK_LOADS, PLACEMENT_TITLES, PLACEMENTS
from report import latency, median, number, table

OURS = ("mu-link", "mu-local")
BESIDE = "one at a time, 64 B, beside 4 of 1 MB"
NATS = ("nats-leaf-asap", "nats-leaf")
BEST = {"calls_per_s": max, "p50_us": min, "p99_us": min}


def row_titles():
    titles = {load.name: load.title for load in LINK_LOADS}
    titles["beside"] = BESIDE
    for relays in RELAYS:
        for load in LINK_LOADS[:2]:
            between = f"{relays} node{'s' if relays > 1 else ''} between"
            titles[f"{load.name}+{relays}"] = f"{load.title}, {between}"
    return titles


def figures(results, placement, title, cell, loads):
    titles = row_titles()
    rows = []
    for load in loads:
        cells = [results.get((placement, load, name)) for name in PEERS]
        if any(cells):
            rows.append([titles[load]] + [cell(rounds) if rounds else "" for rounds in cells])
    return table([title] + [peer.title for peer in PEERS.values()], rows)


def megabytes(load):
    return lambda rounds: number(median(rounds, "calls_per_s") * load.body / 1e6)


def bodies(results, placement):
    rows = []
    for load in LINK_LOADS:
        if load.body >= 1024:
            cells = [results.get((placement, load.name, name)) for name in PEERS]
            rows.append([load.title] + [megabytes(load)(one) if one else "" for one in cells])
    beside = [results.get((placement, "beside", name)) for name in PEERS]
    rows.append(["4 outstanding, 1 MB, beside one small call at a time"]
                + [number(median(one, "bulk_mb_per_s")) if one else "" for one in beside])
    return table(["MB/s there, and as many back"] + [peer.title for peer in PEERS.values()], rows)


def ratio(results, placement, load, metric, peers):
    """The median over the rounds of Mu's figure to the peer's better one of that round."""
    mine = results.get((placement, load, "mu-link"), [])
    theirs = [results.get((placement, load, name), []) for name in peers]
    ratios = []
    for own, *others in zip(mine, *theirs):
        best = BEST[metric]([one[metric] for one in others])
        if best > 0:
            ratios.append(own[metric] / best)
    return statistics.median(ratios) if ratios else None


def ratio_rows(results):
    titles = row_titles()
    rows = []
    wanted = [(load.name, "calls_per_s") for load in LINK_LOADS]
    wanted += [(SMALL.name, "p50_us"), (SMALL.name, "p99_us"), ("beside", "p50_us"),
               ("beside", "p99_us")]
    wanted += [(f"{load.name}+{relays}", "p50_us" if load.outstanding == 1 else "calls_per_s")
               for relays in RELAYS for load in LINK_LOADS[:2]]
    names = {"calls_per_s": "calls/s", "p50_us": "p50", "p99_us": "p99"}
    for load, metric in wanted:
        cells = [titles[load] + ", " + names[metric]]
        for placement in PLACEMENTS:
            for peers in (("mu-clear",), NATS):
                value = ratio(results, placement, load, metric, peers)
                cells.append("" if value is None else f"{value:.2f} x")
        rows.append(cells)
    return rows


# Load, metric, against whom, at least or at most, what is to be reached.
GOALS = [
    ("64", "calls_per_s", ("mu-clear",), "the link in clear", ">=", 0.85),
    ("64-1k", "calls_per_s", ("mu-clear",), "the link in clear", ">=", 0.85),
    ("one", "p50_us", NATS, "NATS (better)", "<=", 1.3),
    ("64", "calls_per_s", NATS, "NATS (better)", ">=", 2),
    ("beside", "p99_us", NATS, "NATS (better)", "<=", 1),
]
HANDSHAKE_MS = 2
LARGEST = LINK_LOADS[-1]
MB_PER_S = 500


def verdict(value, sign, limit):
    return "yes" if (value >= limit if sign == ">=" else value <= limit) else "short"


def goal_rows(results, handshakes):
    names = {"calls_per_s": "calls/s", "p50_us": "p50", "p99_us": "p99"}
    for load, metric, peers, against, sign, limit in GOALS:
        for placement in PLACEMENTS:
            value = ratio(results, placement, load, metric, peers)
            if value is not None:
                yield [f"{row_titles()[load]}, {names[metric]}, {placement}", against,
                       f"{value:.2f} x", f"{sign} {limit:g} x", verdict(value, sign, limit)]
    for placement in PLACEMENTS:
        rounds = results.get((placement, LARGEST.name, "mu-link"))
        if rounds:
            rate = median(rounds, "calls_per_s") * LARGEST.body / 1e6
            yield [f"{LARGEST.title}, there and as many back, {placement}", "",
                   f"{number(rate)} MB/s", f">= {MB_PER_S} MB/s", verdict(rate, ">=", MB_PER_S)]
    took = statistics.median(handshakes[HANDSHAKE])
    yield ["connection to a link on both sides, p50, free", "", f"{number(took)} ms",
           f"<= {HANDSHAKE_MS} ms", verdict(took, "<=", HANDSHAKE_MS)]


def handshake_table(handshakes):
    titles = {name: f"{peer.title}, first answer" for name, peer in HANDSHAKERS.items()}
    titles[HANDSHAKE] = f"{HANDSHAKERS['mu-link'].title}, link on both sides"
    rows = [[titles[name], number(statistics.median(took)), number(min(took)), number(max(took))]
            for name, took in handshakes.items()]
    return table(["ms from the connection to", "p50", "least", "most"], rows)


def unclean(results, names=tuple(PEERS)):
    """Where an answer was wrong or missing."""
    titles = row_titles()
    for (placement, load, name), rounds in results.items():
        errors = sum(one["errors"] for one in rounds)
        unanswered = sum(one["unanswered"] for one in rounds)
        if name in names and (errors or unanswered):
            yield (f"{PEERS[name].title}, {titles[load]}, {placement}: {errors} errors and "
                   f"{unanswered} calls without an answer in {len(rounds)} rounds")


def render(results, handshakes, machine):
    parts = [machine]
    direct = [load.name for load in LINK_LOADS] + ["beside"]
    relayed = [f"{load.name}+{relays}" for relays in RELAYS for load in LINK_LOADS[:2]]
    for placement in PLACEMENTS:
        if not any(key[0] == placement for key in results):
            continue
        parts.append(f"### Links, {PLACEMENT_TITLES[placement].lower()}")
        parts.append(figures(results, placement, "p50 / p99, µs", latency, direct + relayed))
        parts.append(figures(results, placement, "calls a second",
                             lambda rounds: number(median(rounds, "calls_per_s")),
                             direct[:-1] + relayed))
        parts.append(bodies(results, placement))
        parts.append(figures(results, placement, "CPU of all processes, µs a call",
                             lambda rounds: number(median(rounds, "cpu_us")), direct[:-1] + relayed))
    parts.append("### Making a link")
    parts.append(handshake_table(handshakes))
    parts.append("### Mu's link beside others")
    header = ["what"] + [f"{against}, {placement}" for placement in PLACEMENTS
                         for against in ("link in clear", "NATS (better)")]
    parts.append(table(header, ratio_rows(results)))
    parts.append("### Links against their goals")
    parts.append(table(["what", "against", "Mu", "goal", "reached"],
                       list(goal_rows(results, handshakes))))
    spoilt = list(unclean(results))
    parts.append("### Links, not clean\n\n" + "\n".join(f"* {line}" for line in spoilt) if spoilt
                 else "Every call over links was answered once and rightly.")
    return "\n\n".join(parts)


def rows(results, handshakes):
    """Every single result, for --json."""
    calls = [dict(one, placement=key[0], load=key[1], peer=key[2], round=index + 1)
             for key, rounds in results.items() for index, one in enumerate(rounds)]
    return {"calls": calls, "handshakes_ms": handshakes}
