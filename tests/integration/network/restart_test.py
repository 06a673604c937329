"""Link processes, routers and whole nodes are restarted on purpose, each in turn and again and again,
while calls go over the links both ways and through the node between: none fails, and none is carried out
twice. MU_RESTART_ROUNDS makes it longer."""

import os
import shutil
import sys
import tempfile
import threading

from fleet import FleetTest, eventually, main

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "hosts"))
from load import Load, books  # noqa: E402

ROUNDS = int(os.environ.get("MU_RESTART_ROUNDS", "2"))
TALLY = os.environ["TEST_TALLY"]
PER_SECOND = 200
TIMEOUT_MS = 20000  # what is promised is a wait, and no call is to fail for a slow machine


class Place:
    """A member with a service of its own that writes down what it carries out, and its callers' books."""

    def __init__(self, member):
        self.member = member
        self.dir = member.dir
        self.env = member.env
        self.before = member.before
        self.load = None
        self.folder = os.path.join(self.dir, "tally")
        os.mkdir(self.folder)
        os.chmod(self.folder, 0o777)  # a node of root's runs it as somebody else
        path = os.path.join(self.dir, "tally.yaml")
        with open(path, "w") as file:
            file.write(f"name: {member.name}\nprogram: {TALLY}\nsandbox: {{ write: [{self.folder}] }}\n"
                       f"env: {{ TALLY_FILE: {self.folder}/calls }}\n"
                       'exports: [{ methods: [Add], to: ["@node", "@network", "@clients"] }]\n')
        answer = member.mu("registry", "register", path)
        if answer.code != 0:
            raise AssertionError(answer.err)

    def tallied(self):
        with open(os.path.join(self.folder, "calls"), "rb") as file:
            data = file.read()
        return [int.from_bytes(data[i : i + 4], sys.byteorder) for i in range(0, len(data), 4)]


class Elsewhere:
    """A machine where no node runs, and a client token of one."""

    before = ()

    def __init__(self, node, listen):
        self.dir = tempfile.mkdtemp(prefix="mu-else-", dir="/tmp")
        token = node.ask("link.InviteClient", name="laptop")["token"]
        self.env = {key: value for key, value in node.env.items() if not key.startswith("MU_")}
        self.env.update(MU_CONFIG_HOME=self.dir, XDG_RUNTIME_DIR=self.dir, MU_NODE=listen, MU_TOKEN=token)


class RestartTest(FleetTest):
    def call_from(self, place, first, *targets):
        for target in targets:
            eventually(lambda: place.member.ask("link.Routes", prefix=target)["routes"])
        place.load = Load(place, first, PER_SECOND, TIMEOUT_MS,
                          endpoints=[f"{target}.Add" for target in targets])
        self.addCleanup(place.load.process.kill)

    def restart(self, places, *words):
        """Each in turn, as soon as calls get through behind the one before."""
        for place in places:
            answer = place.member.mu(*words)
            self.assertEqual(answer.code, 0, answer.err)
            for each in places:
                each.load.flows()

    def settle(self, places):
        told = []
        carried = []
        for place in places:
            place.load.stop()
            told += place.load.calls
        for place in places:
            carried += place.tallied()
        failed = [call for call in told if not call.ok]
        slowest = max(call.end - call.begin for call in told)
        print(f"{len(told)} calls, {len(failed)} failed "
              f"({sorted({(call.code, call.executed) for call in failed})}), the slowest took {slowest:.3f} s")
        wrong = []
        for place in places:
            own = {call.number for call in place.load.calls}
            wrong += books(place.load, [number for number in carried if number in own], [])
        self.assertEqual(wrong, [])
        self.assertEqual(failed, [])

    def pair_of_places(self):
        desk, lamp = self.pair()
        places = [Place(desk), Place(lamp)]
        self.call_from(places[0], 0, "lamp", "lamp")
        self.call_from(places[1], 10000000, "desk", "desk")
        return places

    def row_of_places(self):
        places = [Place(node) for node in self.row()]
        self.call_from(places[0], 0, "lamp", "hub")
        self.call_from(places[1], 10000000, "desk", "lamp")
        self.call_from(places[2], 20000000, "desk", "hub")
        return places

    def test_no_call_between_two_nodes_is_lost_when_link_is_restarted(self):
        places = self.pair_of_places()
        for _ in range(ROUNDS):
            self.restart(places, "restart", "link")
        self.settle(places)

    def test_mu_finds_what_another_node_offers_also_while_its_link_is_restarted(self):
        desk, lamp = self.pair()
        desk.run("greeter")
        eventually(lambda: lamp.greets())
        ended = threading.Event()
        wrong = []

        def call_again_and_again():
            while not ended.is_set():
                code, answer = lamp.call("greeter.Hello", name="x")
                if code != 0:
                    wrong.append(answer)

        callers = [threading.Thread(target=call_again_and_again) for _ in range(4)]
        for caller in callers:
            caller.start()
        for _ in range(ROUNDS):
            self.assertEqual(desk.mu("restart", "link").code, 0)
            eventually(lambda: lamp.greets())
        ended.set()
        for caller in callers:
            caller.join()
        self.assertEqual(wrong, [])

    def test_no_call_of_a_client_elsewhere_is_lost_when_link_is_restarted(self):
        desk = self.member("desk")
        listen = desk.found()["self"]["listen"]
        place = Place(desk)
        laptop = Elsewhere(desk, listen)
        self.addCleanup(shutil.rmtree, laptop.dir)
        place.load = Load(laptop, 0, PER_SECOND, TIMEOUT_MS, endpoints=["desk.Add", "desk.Add"])
        self.addCleanup(place.load.process.kill)
        place.load.flows()
        for _ in range(ROUNDS):
            self.restart([place], "restart", "link")
        self.settle([place])

    def test_no_call_through_a_node_is_lost_when_link_is_restarted(self):
        places = self.row_of_places()
        for _ in range(ROUNDS):
            self.restart(places, "restart", "link")
        self.settle(places)

    def test_no_call_through_a_node_is_lost_when_routers_are_restarted(self):
        places = self.row_of_places()
        for _ in range(ROUNDS):
            self.restart(places, "restart", "router")
        self.settle(places)

    def test_no_call_through_a_node_is_lost_when_nodes_are_upgraded(self):
        places = self.row_of_places()
        for _ in range(ROUNDS):
            self.restart(places, "upgrade")
        self.settle(places)


if __name__ == "__main__":
    main()
