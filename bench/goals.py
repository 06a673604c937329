"""What Mu wants to reach, and how far it is: the table at the end of a run."""

import dataclasses
import statistics
import typing

BEST_NATS = ("nats-asap", "nats")


@dataclasses.dataclass(frozen=True)
class Goal:
    """Mu's figure divided by a peer's, in one placement and under one load."""

    placement: str
    load: str
    metric: str
    peers: typing.Tuple[str, ...]  # several: the better one of each round counts
    first: typing.Optional[float]
    final: float

    @property
    def more_is_better(self):
        return self.metric == "calls_per_s"


def goals_of(placement, load, metric, rows):
    return [Goal(placement, load, metric, peers, first, final) for peers, first, final in rows]


GOALS = [
    *goals_of("pinned", "one", "p50_us", [(("nats-asap",), 1.0, 0.8), (("grpc",), None, 0.9)]),
    *goals_of("pinned", "one", "p99_us", [(("nats-asap",), None, 0.6)]),
    *goals_of(
        "pinned",
        "64",
        "calls_per_s",
        [(BEST_NATS, 5.0, 10.0), (("grpc",), 5.0, 10.0), (("zmq",), None, 1.5)],
    ),
    *goals_of(
        "free",
        "64",
        "calls_per_s",
        [(BEST_NATS, None, 5.0), (("grpc",), None, 3.5), (("zmq",), None, 1.3)],
    ),
    *goals_of("pinned", "1024", "calls_per_s", [(BEST_NATS, 3.0, 5.0), (("zmq",), None, 2.5)]),
    *goals_of("free", "1024", "calls_per_s", [(BEST_NATS, None, 3.0), (("zmq",), None, 1.5)]),
    *goals_of(
        "free",
        "clients",
        "calls_per_s",
        [(BEST_NATS, 1.6, 2.0), (("grpc",), None, 2.5), (("zmq",), None, 1.2)],
    ),
    *goals_of("free", "64", "cpu_us", [(("nats-asap",), None, 0.12), (("nats",), None, 0.5)]),
    *goals_of(
        "free",
        "64-1k",
        "calls_per_s",
        [(BEST_NATS, None, 3.5), (("grpc",), None, 4.0), (("zmq",), None, 1.5)],
    ),
]

# Key of a node's figure: title, unit, first goal, final goal; all at most.
NODE_GOALS = {
    "boot_ms": ("node boot to first answer", "ms", 300, 150),
    "service_start_ms": ("one more service, start to first answer", "ms", None, 15),
    "idle_pss_mib": ("idle node (supervisor, router, registry), PSS", "MiB", 10, 8),
    "service_pss_mib": ("each further service, PSS", "MiB", 1.5, 0.8),
}


def reached(value, limit, more_is_better):
    return value >= limit if more_is_better else value <= limit


def ratio(goal, results):
    """The median over the rounds of Mu's figure to the peer's; None where one is missing. Ratios are
    taken within a round: absolute figures drift, neighbours drift together."""
    mine = results.get((goal.placement, goal.load, "mu"))
    theirs = [results.get((goal.placement, goal.load, peer)) for peer in goal.peers]
    if not mine or not all(theirs):
        return None
    better = max if goal.more_is_better else min
    ratios = []
    for round_index, own in enumerate(mine):
        others = [rounds[round_index][goal.metric] for rounds in theirs if round_index < len(rounds)]
        if others and better(others) > 0:
            ratios.append(own[goal.metric] / better(others))
    return statistics.median(ratios) if ratios else None
