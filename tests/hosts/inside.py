"""A world of its own for tests that make hosts: namespaces of processes, mounts and networks that end
with the test, however it ends, and take every node and every interface in them along. Who imports this
first also finds what networks of one host are tested with."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "integration", "network"))
INSIDE = "MU_HOSTS_INSIDE"
WORLD = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc"]
# The first process of the world also is the one that orphans fall to, so it is one that waits.
FIRST = 'mount -t tmpfs none /run && mkdir /run/netns && "$@"; exit $?'


def enter():
    """Goes on in such a world. Does not return outside of one."""
    if os.environ.get(INSIDE):
        return
    if os.geteuid() != 0:
        sys.exit("hosts: only root can make hosts of namespaces")
    os.environ[INSIDE] = "yes"
    again = [sys.executable, "-B", *sys.argv]
    os.execvp(WORLD[0], [*WORLD, "sh", "-c", FIRST, "sh", *again])
