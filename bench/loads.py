"""What is sent, and where it runs."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Load:
    name: str
    title: str
    body: int  # bytes
    outstanding: int  # calls in flight of each client
    clients: int  # connections
    service: str = "echo"

    def arguments(self):
        return [
            f"--service={self.service}",
            f"--body={self.body}",
            f"--outstanding={self.outstanding}",
            f"--clients={self.clients}",
        ]


SHAPES = [
    ("one", "one at a time", 1, 1),
    ("64", "64 outstanding", 64, 1),
    ("1024", "1024 outstanding", 1024, 1),
    ("clients", "32 clients, one call each", 1, 32),
]
LOADS = [
    Load(name + suffix, f"{title}, {size}", body, outstanding, clients)
    for body, suffix, size in ((64, "", "64 B"), (1024, "-1k", "1 KiB"))
    for name, title, outstanding, clients in SHAPES
]

# Waking a core that sleeps costs more than most calls do: pinned, that noise is gone; free is how
# things run in earnest.
PLACEMENTS = {"pinned": {0}, "free": None}
PLACEMENT_TITLES = {"pinned": "All processes on one core", "free": "All cores free"}

# Over links. A body of 1 MiB would be one of more than Mu takes, once it is packed.
LINK_LOADS = [
    Load("one", "one at a time, 64 B", 64, 1, 1),
    Load("64", "64 outstanding, 64 B", 64, 64, 1),
    Load("1024", "1024 outstanding, 64 B", 64, 1024, 1),
    Load("64-1k", "64 outstanding, 1 KiB", 1024, 64, 1),
    Load("16-64k", "16 outstanding, 64 KiB", 65536, 16, 1),
    Load("4-1m", "4 outstanding, 1 MB", 1000000, 4, 1),
]
