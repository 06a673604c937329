"""wire.py MILLISECONDS JITTER BITS-PER-SECOND SPACE=ADDRESS... - a network that is slow and narrow.

Each space has an interface `slow` here, which is a TUN device. A packet that goes out there comes in
at the one whose address it is for: after the delay, more or less the jitter, and after those before
it, of which no more leave a space than so many bits a second. As on a wire, none overtakes another;
what finds a long queue is dropped. Runs until its input ends; then it says by how many seconds it was
late itself, at worst: for so long the machine did not let it run."""

import ctypes
import fcntl
import heapq
import os
import random
import select
import socket
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
CLONE_NEWNET = 0x40000000
PACKET_MAX = 65536
QUEUE_MAX_S = 0.5  # that may wait for the narrow place
LIBC = ctypes.CDLL(None, use_errno=True)


def open_slow(space):
    """The other end of the device `slow` of a space."""
    with open(f"/run/netns/{space}") as file:
        if LIBC.setns(file.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {space}")
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", b"slow", IFF_TUN | IFF_NO_PI))
    return tun


class Wire:
    def __init__(self, delay_s, jitter_s, rate, spaces):
        self.delay_s, self.jitter_s, self.rate = delay_s, jitter_s, rate
        self.tuns = {socket.inet_aton(address): open_slow(space) for space, address in spaces}
        self.queue = []  # of (due, number, packet)
        self.free = {}  # of a source: when its narrow place is
        self.last = {}  # of a source and target: when its last packet is due
        self.number = 0
        self.late_s = 0

    def take(self, tun):
        packet = os.read(tun, PACKET_MAX)
        source, target = packet[12:16], packet[16:20]
        if packet[0] >> 4 != 4 or target not in self.tuns:
            return
        now = time.monotonic()
        free = max(now, self.free.get(source, 0))
        if free - now > QUEUE_MAX_S:
            return
        free += len(packet) * 8 / self.rate
        due = free + self.delay_s + random.uniform(-self.jitter_s, self.jitter_s)
        due = max(due, self.last.get((source, target), 0))
        self.free[source] = free
        self.last[source, target] = due
        self.number += 1
        heapq.heappush(self.queue, (due, self.number, packet))

    def give(self):
        """Delivers what is due; returns the milliseconds until the next one is, or None."""
        while self.queue:
            wait = self.queue[0][0] - time.monotonic()
            if wait > 0:
                return wait * 1000
            packet = heapq.heappop(self.queue)[2]
            self.late_s = max(self.late_s, -wait)
            os.write(self.tuns[packet[16:20]], packet)
        return None

    def run(self):
        poll = select.poll()
        poll.register(0)
        for tun in self.tuns.values():
            poll.register(tun, select.POLLIN)
        while True:
            for number, _ in poll.poll(self.give()):
                if number == 0:
                    return
                self.take(number)


if __name__ == "__main__":
    numbers, pairs = map(float, sys.argv[1:4]), (word.split("=") for word in sys.argv[4:])
    milliseconds, jitter, bits = numbers
    wire = Wire(milliseconds / 1000, jitter / 1000, bits, pairs)
    print("ready", flush=True)
    wire.run()
    print(wire.late_s)
