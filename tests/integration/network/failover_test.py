"""Everything that can be killed is, and the mesh is whole again with no hand on it."""

import os
import signal
import time

from fleet import SOON_S, FleetTest, eventually, main


IDLE_S = 3
IDLE_CPU_MS = 30  # of IDLE_S: under 1 % of a core, in the ticks that the kernel counts in


class FailoverTest(FleetTest):
    def chain(self):
        desk, hub, lamp = self.row()
        desk.run("greeter")
        eventually(lambda: lamp.greets())
        return desk, hub, lamp

    def test_a_call_goes_through_a_node_between_and_its_way_can_be_seen(self):
        desk, _, lamp = self.chain()
        route = lamp.ask("link.Routes", prefix="greeter")["routes"][0]
        self.assertEqual((route["node"], route["via"]), ("desk.alice", "hub.alice"))
        self.assertEqual((route["hops"], route["path"], route["chosen"]), (2, ["hub.alice"], True))
        self.assertEqual(lamp.node("desk")["hops"], 2)
        desk.mu("registry", "deregister", "greeter")
        eventually(lambda: not lamp.ask("link.Routes", prefix="greeter")["routes"])
        code, message = lamp.call("greeter.Hello", name="x")
        self.assertNotEqual(code, 0)

    def kill_each_part(self, node, lamp):
        """Twice each link breaks, which is not yet so often that its routes are held back."""
        for part in ("registry", "link", "router"):
            with self.subTest(part=part):
                pid = node.pid(part)
                self.assertTrue(pid)
                os.kill(pid, signal.SIGKILL)
                eventually(lambda: node.pid(part) not in (0, pid))
                eventually(lambda: lamp.greets(), 2 * SOON_S)

    def test_after_a_kill_of_each_part_of_the_caller_all_is_well_again(self):
        _, _, lamp = self.chain()
        self.kill_each_part(lamp, lamp)

    def test_after_a_kill_of_each_part_of_the_node_between_all_is_well_again(self):
        _, hub, lamp = self.chain()
        self.kill_each_part(hub, lamp)

    def test_after_a_kill_of_each_part_of_the_node_that_serves_all_is_well_again(self):
        desk, _, lamp = self.chain()
        self.kill_each_part(desk, lamp)

    def test_after_the_end_of_a_node_its_routes_are_gone_and_come_back_with_it(self):
        desk, hub, lamp = self.chain()
        os.kill(desk.pid("node"), signal.SIGKILL)
        eventually(lambda: not lamp.ask("link.Routes", prefix="greeter")["routes"])
        gone = lamp.node("desk")  # it may be forgotten by now
        self.assertFalse(gone and gone["reachable"])
        code, _ = lamp.call("greeter.Hello", name="x")
        self.assertNotEqual(code, 0)
        desk.mu("up", "--bare")
        eventually(lambda: lamp.greets(), 2 * SOON_S)

    def test_another_instance_takes_over(self):
        desk, hub, lamp = self.chain()
        hub.run("greeter")
        eventually(lambda: len(lamp.ask("link.Routes", prefix="greeter")["routes"]) == 2)
        os.kill(hub.pid("greeter"), signal.SIGKILL)
        for _ in range(10):
            code, message = lamp.call("greeter.Hello", name="x")
            self.assertTrue(code == 0 or "UNAVAILABLE" in message.upper(), message)
        eventually(lambda: lamp.greets())
        desk.mu("stop", "greeter")
        eventually(lambda: lamp.greets())

    def test_an_idle_mesh_costs_nothing(self):
        desk, hub, lamp = self.chain()
        pids = [node.pid("link") for node in (desk, hub, lamp)]
        before = [cpu_ms(pid) for pid in pids]
        end = time.monotonic() + IDLE_S
        eventually(lambda: time.monotonic() > end)
        for pid, used_ms in zip(pids, before):
            self.assertLessEqual(cpu_ms(pid) - used_ms, IDLE_CPU_MS)


def cpu_ms(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 // os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
