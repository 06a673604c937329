"""What it costs that calls are allowed, limited, retried, counted and explained: a node on which all of
that is set up, beside one that nothing is set up on, and beside an earlier Mu where one is named."""

import os
import shutil
import statistics
import subprocess

import report
from peers import BenchError, Mu

POLICY = ["timeout=5s", "timeout-max=1m", "in-flight=8192", "rate=1000000", "retries=2",
          "idempotent=yes", "breaker=5"]
OTHERS_RULES = 16  # of other services: what is looked through and does not hold


class MuGuarded(Mu):
    """A user's calls, by an access token: scopes, rules, a policy that keeps each call for a retry,
    limits in the manifest; and counted and written into the journal like every call."""

    name = "mu-guarded"
    title = "Mu, all of it set up"

    def program(self):
        return os.path.join(self.build, "bench", "bin", "bench_mu")

    def services(self):
        auth = {"name": "auth", "program": os.path.join(self.build, "libexec", "mu", "mu-auth"),
                "calls": ["router.Keys", "router.Rules"]}
        echo, = super().services()
        echo["limits"] = {"calls_max": 16384, "calls_made_max": 100, "rate": 1000}
        echo["calls"] = ["auth.WhoAmI"]
        return [auth, echo]

    def start(self):
        super().start()
        self.wait_answer("auth.mu.Health")
        self.mu("account", "init")
        self.mu("account", "create", "bench", "--kind", "service", "--scope", "echo.*")
        for number in range(OTHERS_RULES):
            self.mu("rule", "add", "deny", f"user:other-{number}", "echo.*")
        self.mu("rule", "add", "allow", "user:bench", "echo.Echo")
        self.mu("policy", "set", "echo.*", *POLICY)

    def mu(self, *arguments):
        program = os.path.join(self.build, "bin", "mu")
        result = subprocess.run([program, *arguments], text=True, capture_output=True, check=False,
                                env=dict(os.environ, MU_DIR=self.folder))
        if result.returncode != 0:
            raise BenchError(f"mu {' '.join(arguments)}: {result.stderr}{self.said()}")
        return result.stdout.strip()

    def environment(self):
        return dict(os.environ, MU_TOKEN_USER=self.mu("token", "issue", "bench", "-q"))


class MuBefore(Mu):
    name = "mu-before"
    title = "Mu before"

    def program(self):
        return os.path.join(self.build, "bench", "bin", "bench_mu")


class MuNow(Mu):
    title = "Mu, nothing set up"


PEERS = {peer.name: peer for peer in (MuBefore, MuNow, MuGuarded)}
TITLES = {name: peer.title for name, peer in PEERS.items()}
LEAST = 0.8  # of the calls a second of one that has none of it


def measure_trust(builds, placements, loads, options, progress):
    """`builds` says where each peer's programs are. Returns each peer's rounds by (placement, load)."""
    results = {}
    for placement, cores in placements.items():
        running = {}
        try:
            for name, build in builds.items():
                running[name] = PEERS[name](build, cores)
                running[name].start()
            for turn in range(options.rounds):
                for load in loads:
                    for name, peer in running.items():
                        progress(f"{placement}, round {turn + 1}, {load.title}, {name}")
                        one = peer.call(load, int(options.seconds * 300), int(options.seconds * 1000))
                        results.setdefault((placement, load.name, name), []).append(one)
        finally:
            for peer in running.values():
                peer.stop()
    return results


def build_at(root, revision, build):
    """Builds an earlier state of this project beside ours. Returns its folder."""
    source = os.path.join(root, "build", "bench-before", "source")
    shutil.rmtree(source, ignore_errors=True)
    os.makedirs(source)
    archive = subprocess.Popen(["git", "-C", root, "archive", revision], stdout=subprocess.PIPE)
    unpacked = subprocess.run(["tar", "-x", "-C", source], stdin=archive.stdout, check=False)
    if archive.wait() != 0 or unpacked.returncode != 0:
        raise BenchError(f"git has no {revision}")
    return build(source, os.path.join(root, "build", "bench-before", "build"))


# ---- the tables ----


def ratio(results, placement, load, metric, mine, theirs):
    """The median over the rounds of one peer's figure to another's of the same round."""
    pairs = zip(results.get((placement, load, mine), []), results.get((placement, load, theirs), []))
    ratios = [own[metric] / other[metric] for own, other in pairs if other[metric] > 0]
    return statistics.median(ratios) if ratios else None


def ratio_rows(results, placements, loads):
    for placement in placements:
        for load in loads:
            for other in TITLES:
                rate = ratio(results, placement, load.name, "calls_per_s", MuGuarded.name, other)
                p50 = ratio(results, placement, load.name, "p50_us", MuGuarded.name, other)
                if other != MuGuarded.name and rate is not None:
                    yield [f"{load.title}, {placement}", TITLES[other], f"{rate:.2f} x",
                           f"{p50:.2f} x", f">= {LEAST:g} x",
                           "yes" if rate >= LEAST and p50 <= 1 / LEAST else "short"]


def render(results, placements, loads, machine):
    names = [name for name in TITLES if any(key[2] == name for key in results)]
    parts = [machine]
    for placement in placements:
        rows = []
        for load in loads:
            rounds = [results[(placement, load.name, name)] for name in names]
            rows.append([load.title, *(report.number(report.median(one, "calls_per_s")) for one in rounds),
                         *(report.latency(one) for one in rounds)])
        header = [report.PLACEMENT_TITLES[placement]]
        header += [f"{TITLES[name]}, calls/s" for name in names]
        header += [f"{TITLES[name]}, p50 / p99, µs" for name in names]
        parts.append(report.table(header, rows))
    parts.append(report.table(["all of it set up", "beside", "calls/s", "p50", "goal", "reached"],
                              list(ratio_rows(results, placements, loads))))
    spoilt = [f"{TITLES[name]}, {load}, {placement}" for (placement, load, name), rounds
              in results.items() if any(one["errors"] or one["unanswered"] for one in rounds)]
    parts.append("Not clean: " + "; ".join(spoilt) if spoilt
                 else "Every call was answered once and rightly.")
    return "\n\n".join(parts)
