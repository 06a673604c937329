"""round.py STAGE MINUTES - the campaign: every fault in turn, on desk and barn by turns, until the time
is over. Each round of faults begins with the host that the last one did not begin with."""

import inside

inside.enter()

import sys  # noqa: E402
import time  # noqa: E402

from campaign import Table, Trio  # noqa: E402
from faults import full  # noqa: E402


def rounds(trio, table, end):
    """Returns how many things were not as they have to be."""
    wrong = 0
    turn = 0
    while True:
        for fault in full():
            if time.monotonic() > end:
                return wrong
            row = trio.suffer(fault, trio.servers[turn % 2])
            table.add(row)
            wrong += len(row.wrong)
            turn += 1
        turn += (len(full()) + 1) % 2


def run():
    table = Table()
    end = time.monotonic() + 60 * float(sys.argv[2])
    trio = Trio()
    try:
        wrong = rounds(trio, table, end)
    finally:
        print(f"\n{table.text()}", flush=True)
        trio.close()
    sys.exit(f"{wrong} things were not as they have to be" if wrong else 0)


run()
