"""Each fault once, under 500 calls a second."""

import inside

inside.enter()

from concurrent.futures import ThreadPoolExecutor  # noqa: E402

from fleet import FleetTest, main  # noqa: E402
from campaign import Table, Trio  # noqa: E402
from faults import brief  # noqa: E402


class FaultsTest(FleetTest):
    def suffer(self, prefix, faults):
        """The faults, one after the other, befall desk and barn by turns."""
        trio = Trio(prefix)
        self.addCleanup(trio.close)
        return [trio.suffer(fault, trio.servers[i % 2]) for i, fault in enumerate(faults)]

    def test_calls_go_on_and_all_is_well_again_after_each_fault(self):
        table = Table()
        with ThreadPoolExecutor() as threads:
            # Two networks at the same time: most of the time of a silence is waiting for it to be noticed.
            rows = [row for rows in threads.map(self.suffer, ("a-", "b-"), brief()) for row in rows]
        for row in rows:
            table.add(row)
        print(table.text(), flush=True)
        for row in rows:
            with self.subTest(fault=row.name):
                self.assertEqual(row.wrong, [])


if __name__ == "__main__":
    main()
