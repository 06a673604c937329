"""Nodes on machines of their own, joined as a user joins them, with one command each."""

import inside

inside.enter()

from host import Host, Switch, cable, whole  # noqa: E402
from fleet import FleetTest, eventually, main  # noqa: E402


class JoinTest(FleetTest):
    def host(self, name):
        host = Host(name)
        self.addCleanup(host.close)
        return host

    def serves(self, desk, lamp, hops, path):
        """lamp calls a service on desk, over so many links, by way of these nodes."""
        desk.run("greeter")
        eventually(lambda: lamp.greets())
        self.assertEqual(
            lamp.command("call", "greeter.Hello", "name=World"), '{"text":"Hello, World!"}'
        )
        route = lamp.ask("link.Routes", prefix="greeter")["routes"][0]
        self.assertEqual((route["node"], route["hops"]), ("desk.alice", hops))
        self.assertEqual(route["path"], path)

    def test_three_hosts_in_one_network_call_each_other(self):
        desk, barn, lamp = (self.host(name) for name in ("desk", "barn", "lamp"))
        switch = Switch("switch", "10.77.0")
        for number, host in enumerate((desk, barn, lamp), 1):
            switch.plug(host, number)
        desk.found()
        barn.join(desk.invite())
        lamp.join(desk.invite())
        whole(desk, barn, lamp)
        self.serves(desk, lamp, hops=1, path=[])

    def test_a_host_between_carries_calls_of_two_that_cannot_reach_each_other(self):
        desk, barn, lamp = (self.host(name) for name in ("desk", "barn", "lamp"))
        cable(desk, barn, "10.77.1", (1, 2))
        cable(barn, lamp, "10.77.2", (2, 3))
        with self.assertRaises(AssertionError):
            lamp.inside("ip", "route", "get", "10.77.1.1")  # there is no way but by barn
        barn.found()
        desk.join(barn.invite())
        lamp.join(barn.invite())
        whole(desk, barn)
        whole(barn, lamp)
        self.serves(desk, lamp, hops=2, path=["barn.alice"])
        self.assertEqual(lamp.links(), {"barn.alice"})


if __name__ == "__main__":
    main()
