"""What a document points at is there."""

import os
import re

LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)(?:#[^)\s]*)?\)")
ELSEWHERE = re.compile(r"^[a-z]+:")


def violations(tree):
    for path in tree.files(".md"):
        fenced = False
        for line, text in tree.lines(path):
            fenced ^= text.lstrip().startswith("```")
            for target in [] if fenced else LINK.findall(text):
                there = os.path.normpath(os.path.join(tree.root, os.path.dirname(path), target))
                if not ELSEWHERE.match(target) and not os.path.exists(there):
                    yield path, line, f"points at {target}, which is not there"


SEEDS = [
    ({"a.md": "[b](docs/b.md#part), [c](https://example.org)\n", "docs/b.md": "[a](../a.md)\n"}, None),
    ({"docs/a.md": "[b](b.md)\n"}, "points at b.md"),
]
