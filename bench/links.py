"""What links between nodes cost: calls over one, over several in a row, small calls beside large
ones, and how long it takes from a connection to a link, and to the first answer over it."""

import json
import queue
import subprocess
import threading
import time

from chains import ClearChain, LeafAsap, LeafDefault, LocalNode, MuChain
from loads import LINK_LOADS, PLACEMENTS, Load
from peers import BenchError, Peer

PEERS = {peer.name: peer for peer in (MuChain, ClearChain, LocalNode, LeafAsap, LeafDefault)}
CHAINS = ("mu-link", "mu-clear", "nats-leaf-asap", "nats-leaf")
SMALL = Load("one", "one at a time, 64 B", 64, 1, 1)
BULK = Load("bulk", "4 outstanding, 1 MB", 1000000, 4, 1, "bulk")
RELAYS = (1, 2)  # nodes between the two
HANDSHAKE = "handshake"
HANDSHAKERS = {"mu-link": MuChain, "nats-leaf-asap": LeafAsap}
HANDSHAKE_PAIRS = 3  # of each: with every young link that is lost, pauses before dialling double
HANDSHAKES = 7  # of each pair
AGAIN_SECONDS = 60
REST_SECONDS = 0.1  # until nodes that are linked anew have said all there is to say


class Lines:
    """What a process prints, by lines of JSON, while something else is waited for."""

    def __init__(self, stream):
        self.queue = queue.Queue()
        threading.Thread(target=self.read, args=(stream,), daemon=True).start()

    def read(self, stream):
        for line in stream:
            self.queue.put(json.loads(line))
        stream.close()

    def next(self, key):
        """The value of the next line that has one."""
        try:
            while True:
                line = self.queue.get(timeout=AGAIN_SECONDS)
                if key in line:
                    return line[key]
        except queue.Empty as error:
            raise BenchError(f"no {key} within {AGAIN_SECONDS} s") from error

    def last_before(self, key, moment, found):
        """The last value before `moment` of those that came, or `found`."""
        while not self.queue.empty():
            value = self.queue.get().get(key, moment)
            found = value if value < moment else found
        return found


def handshake_ms(build, cores):
    """Milliseconds from each connection to what the side that dialled says behind the handshake, when
    nobody calls: it has heard by then that it was let in, so both sides have the link. On the way
    each message is copied once more than it is without the forwarder."""
    peer = MuChain(build, cores, 2, forwarded=True)
    took = []
    try:
        peer.start()
        connections = Lines(peer.forwarder.process.stdout)
        connections.next("talked_us")
        while len(took) < HANDSHAKES:
            peer.forwarder.cut()
            connected = connections.next("connected_us")
            took.append((connections.next("talked_us") - connected) / 1000)
            time.sleep(REST_SECONDS)
        return took
    finally:
        peer.stop()


def first_answer_ms(build, peer_class, cores):
    """Milliseconds from each connection to the first answer over it."""
    peer = peer_class(build, cores, 2, forwarded=True)
    took = []
    try:
        peer.start()
        caller = peer.spawn(peer.role("again"), wait_ready=False, output=subprocess.PIPE)
        answers, connections = Lines(caller.stdout), Lines(peer.forwarder.process.stdout)
        answers.next("answered_us")
        connections.last_before("connected_us", 0, 0)
        while len(took) < HANDSHAKES:
            peer.forwarder.cut()
            connected = connections.next("connected_us")
            answered = answers.next("answered_us")
            while answered < connected:  # a call that only took long
                answered = answers.next("answered_us")
            connected = connections.last_before("connected_us", answered, connected)
            took.append((answered - connected) / 1000)
        return took
    finally:
        peer.stop()


class Chains:
    """All that is compared, running side by side, and called in turns."""

    def __init__(self, build, cores, count, names):
        self.build, self.cores, self.count, self.names = build, cores, count, names
        self.running = {}

    def __enter__(self):
        try:
            for name in self.names:
                self.begin(name)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for peer in self.running.values():
            peer.stop()

    def begin(self, name):
        arguments = () if name == LocalNode.name else (self.count,)
        peer = PEERS[name](self.build, self.cores, *arguments)
        self.running[name] = peer
        peer.start()

    def measure(self, measure_one):
        """`measure_one` of each, in turns. One that lost a call is begun anew."""
        results = {}
        for name in self.names:
            results[name] = measure_one(self.running[name])
            if results[name]["unanswered"]:
                self.running.pop(name).stop()
                self.begin(name)
        return results


def call_beside(peer: Peer, warmup_ms, duration_ms):
    """One small call at a time while large bodies flow."""
    bulk = peer.begin_call(BULK, warmup_ms, duration_ms + 100)
    small = peer.begin_call(SMALL, warmup_ms, duration_ms)
    counted = peer.finish_call(*small)
    beside = peer.finish_call(*bulk)
    counted["bulk_mb_per_s"] = beside["calls_per_s"] * BULK.body / 1e6
    for key in ("errors", "unanswered"):
        counted[key] += beside[key]
    return counted


def measure_links(build, placements, options, progress):
    """Every single result, by (placement, load, contender); times from a connection to the first
    answer by contender, and to Mu's link by HANDSHAKE."""
    warmup_ms, duration_ms = int(options.seconds * 300), int(options.seconds * 1000)
    results, handshakes = {}, {}

    def keep(placement, load, measured):
        for name, one in measured.items():
            results.setdefault((placement, load, name), []).append(one)

    for placement in placements:
        cores = PLACEMENTS[placement]
        with Chains(build, cores, 2, tuple(PEERS)) as chains:
            for round_number in range(1, options.rounds + 1):
                for load in LINK_LOADS:
                    progress(f"links, {placement}, round {round_number}, {load.title}")
                    keep(placement, load.name,
                         chains.measure(lambda peer: peer.call(load, warmup_ms, duration_ms)))
                progress(f"links, {placement}, round {round_number}, small beside large")
                keep(placement, "beside",
                     chains.measure(lambda peer: call_beside(peer, warmup_ms, duration_ms)))
        for relays in RELAYS:
            with Chains(build, cores, 2 + relays, CHAINS) as chains:
                for round_number in range(1, options.rounds + 1):
                    for load in LINK_LOADS[:2]:
                        progress(f"links, {placement}, round {round_number}, {relays} between")
                        keep(placement, f"{load.name}+{relays}",
                             chains.measure(lambda peer: peer.call(load, warmup_ms, duration_ms)))
    pairs = min(HANDSHAKE_PAIRS, options.rounds)
    progress("links, handshakes")
    handshakes[HANDSHAKE] = [took for _ in range(pairs) for took in handshake_ms(build, None)]
    for name, peer_class in HANDSHAKERS.items():
        progress(f"links, first answers, {name}")
        handshakes[name] = [took for _ in range(pairs)
                            for took in first_answer_ms(build, peer_class, None)]
    return results, handshakes
