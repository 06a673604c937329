"""Tables: for the terminal, and the same as Markdown for docs/performance.md."""

import statistics

from goals import GOALS, NODE_GOALS, ratio, reached
from loads import LOADS, PLACEMENT_TITLES, PLACEMENTS
from peers import PEERS

MARKERS = {  # of the parts of the page that bench/run writes
    "calls": ("<!-- bench/run writes from here -->", "<!-- to here -->"),
    "trust": ("<!-- bench/run writes about trust from here -->", "<!-- trust to here -->"),
    "links": ("<!-- bench/run writes about links from here -->", "<!-- links to here -->"),
}
METRIC_TITLES = {"p50_us": "p50", "p99_us": "p99", "calls_per_s": "calls/s", "cpu_us": "CPU per call"}


def median(rounds, metric):
    return statistics.median(one[metric] for one in rounds)


def number(value):
    """Three digits that matter, thousands apart."""
    if value >= 1000:
        step = 10 ** (len(str(int(value))) - 3)
        return f"{int(round(value / step) * step):,}"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def latency(rounds):
    return f"{number(median(rounds, 'p50_us'))} / {number(median(rounds, 'p99_us'))}"


SECTIONS = [
    ("p50 / p99, µs", latency),
    ("calls a second", lambda rounds: number(median(rounds, "calls_per_s"))),
    ("CPU of all processes, µs a call", lambda rounds: number(median(rounds, "cpu_us"))),
    ("context switches a call", lambda rounds: number(median(rounds, "switches"))),
]


def table(header, rows):
    """A Markdown table whose columns line up."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = []
    for row in [header, ["-" * width for width in widths], *rows]:
        cells = (cell.ljust(width) for cell, width in zip(row, widths))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def figures(results, placement, title, cell):
    peers = [peer for peer in PEERS if any(key[0] == placement and key[2] == peer for key in results)]
    rows = []
    for load in LOADS:
        cells = [results.get((placement, load.name, peer)) for peer in peers]
        if any(cells):
            rows.append([load.title] + [cell(rounds) if rounds else "" for rounds in cells])
    return table([title] + [PEERS[peer].title for peer in peers], rows)


def goal_sign(goal):
    return ">=" if goal.more_is_better else "<="


def verdict(value, first, final, more_is_better):
    if reached(value, final, more_is_better):
        return "final goal"
    if first is not None:
        return "first goal" if reached(value, first, more_is_better) else "short of the first"
    return "short"


def goal_rows(results, node):
    titles = {load.name: load.title for load in LOADS}
    for goal in GOALS:
        value = ratio(goal, results)
        if value is None:
            continue
        against = "NATS (better)" if len(goal.peers) > 1 else PEERS[goal.peers[0]].title
        sign = goal_sign(goal)
        yield [
            f"{titles[goal.load]}, {METRIC_TITLES[goal.metric]}, {goal.placement}",
            against,
            f"{value:.2f} x",
            f"{sign} {goal.first:g} x" if goal.first is not None else "",
            f"{sign} {goal.final:g} x",
            verdict(value, goal.first, goal.final, goal.more_is_better),
        ]
    for key, (title, unit, first, final) in NODE_GOALS.items():
        if key in node:
            yield [
                title,
                "",
                f"{number(node[key])} {unit}",
                f"<= {first:g} {unit}" if first is not None else "",
                f"<= {final:g} {unit}",
                verdict(node[key], first, final, False),
            ]


def unclean(results):
    """Runs in which an answer was wrong or missing: their rates are worth little."""
    for (placement, load, peer), rounds in results.items():
        errors = sum(one["errors"] for one in rounds)
        unanswered = sum(one["unanswered"] for one in rounds)
        if errors or unanswered:
            yield (
                f"{PEERS[peer].title}, {load}, {placement}: {errors} errors and {unanswered} calls "
                f"without an answer in {len(rounds)} rounds"
            )


def render(results, node, machine):
    """Everything that was measured, as Markdown."""
    parts = [machine]
    for placement in PLACEMENTS:
        if not any(key[0] == placement for key in results):
            continue
        parts.append(f"### {PLACEMENT_TITLES[placement]}")
        parts += [figures(results, placement, title, cell) for title, cell in SECTIONS]
    if node:
        parts.append("### A node")
        rows = [[NODE_GOALS[key][0], f"{number(node[key])} {NODE_GOALS[key][1]}"] for key in node]
        parts.append(table(["what", "median"], rows))
    goals = list(goal_rows(results, node))
    if goals:
        parts.append("### Mu against its goals")
        header = ["what", "against", "Mu", "first goal", "final goal", "reached"]
        parts.append(table(header, goals))
    spoilt = list(unclean(results))
    if spoilt:
        parts.append("### Not clean")
        parts.append("\n".join(f"* {line}" for line in spoilt))
    elif results:
        parts.append("Every call was answered once and rightly.")
    return "\n\n".join(parts)


def write_into(path, part, text):
    """Puts `text` between the markers of that part of the file."""
    begin, end = MARKERS[part]
    with open(path, encoding="utf-8") as file:
        before, rest = file.read().split(begin, 1)
        after = rest.split(end, 1)[1]
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{begin}\n\n{text}\n\n{end}{after}")
