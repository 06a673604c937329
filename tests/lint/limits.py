"""Every limit in the code stands in docs/limits.md with its number, and nothing else does.

`python3 tests/lint/limits.py` prints the tables for docs/limits.md from the headers."""

import os
import re
import sys

HEADERS = re.compile(r"^(transport|registry|kernel|services)/(.*/)?\w*limits\w*\.h$")
DOCUMENT = "docs/limits.md"
LIMIT = re.compile(
    r"^\s*(?:#define\s+([A-Z][A-Z0-9_]+)\s+|([A-Z][A-Z0-9_]+)\s*=\s*)"
    r"([^,/]+?)\s*,?\s*(?:/\*\s*(.*?)(?:\s*\*/)?)?$"
)
ROW = re.compile(r"^\|\s*`([A-Z][A-Z0-9_]+)`\s*\|\s*([0-9][0-9 ,]*)")


def number(text):
    """The value of a product or sum of decimal numbers, or None where it is something else."""
    text = re.sub(r"(?<=\d)[uUlL]+", "", text)
    return int(eval(text, {"__builtins__": {}})) if re.fullmatch(r"[\d*+<() ]+", text) else None


def limits(tree):
    """(header, line, name, value, comment) of every limit."""
    for path in tree.paths:
        if HEADERS.match(path):
            for line, text in tree.lines(path):
                match = LIMIT.match(text)
                if match:
                    name, value = match.group(1) or match.group(2), number(match.group(3))
                    yield path, line, name, value, match.group(4) or ""


def violations(tree):
    rows = {}
    if tree.has(DOCUMENT):
        for line, text in tree.lines(DOCUMENT):
            match = ROW.match(text)
            if match:
                rows[match.group(1)] = (line, int(re.sub(r"[ ,]", "", match.group(2))))
    known = set()
    for path, line, name, value, _ in limits(tree):
        known.add(name)
        if value is None:
            yield path, line, f"{name} is not a plain number"
        elif name not in rows:
            yield path, line, f"{name} = {value} is missing from {DOCUMENT}"
        elif rows[name][1] != value:
            yield DOCUMENT, rows[name][0], f"{name} is {rows[name][1]} here and {value} in {path}"
    for name, (line, _) in rows.items():
        if name not in known:
            yield DOCUMENT, line, f"{name} is in no limits header"


def print_tables(tree):
    last = None
    for path, _, name, value, comment in limits(tree):
        if path != last:
            print(f"\n## {path}\n\n| limit | value | what |\n| --- | ---: | --- |")
            last = path
        print(f"| `{name}` | {value:,} | {comment} |")


HEADER = "enum {\n    A_MAX = 1048576, /* bytes */\n    B_MAX = 4 * 1024 /* items */\n};\n"
SEEDS = [
    (
        {
            "transport/limits.h": HEADER,
            DOCUMENT: "| `A_MAX` | 1,048,576 | bytes |\n| `B_MAX` | 4096 | items |\n",
        },
        None,
    ),
    ({"registry/limits.h": HEADER, DOCUMENT: "| `A_MAX` | 1048576 |\n"}, "B_MAX = 4096 is missing"),
    (
        {"kernel/router/limits.h": "#define A_MAX 7\n", DOCUMENT: "| `A_MAX` | 8 |\n"},
        "A_MAX is 8 here and 7",
    ),
    ({"transport/limits.h": "A_MAX = B_MAX + 1,\n"}, "A_MAX is not a plain number"),
    ({DOCUMENT: "| `GONE_MAX` | 8 |\n"}, "GONE_MAX is in no limits header"),
]

if __name__ == "__main__":
    from tree import Tree

    print_tables(Tree(os.path.join(os.path.dirname(__file__), "..", "..")))
    sys.exit(0)
