"""clang-format 14 has nothing to change."""

import os
import subprocess

FORMATTER = "clang-format-14"
STYLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".clang-format")


def violations(tree):
    paths = list(tree.files(".c", ".h"))
    result = subprocess.run(
        [FORMATTER, f"--style=file:{STYLE}", "--dry-run", *paths],
        cwd=tree.root,
        text=True,
        capture_output=True,
        check=False,
    )
    if result.returncode != 0:
        yield "tests/lint/formatting.py", 0, f"{FORMATTER} failed:\n{result.stderr}"
    places = {line.split(": warning:")[0] for line in result.stderr.split("\n") if "warning:" in line}
    for path in paths:
        wrong = sorted(int(p.split(":")[1]) for p in places if p.split(":")[0] == path)
        if wrong:
            rows = ", ".join(map(str, wrong[:10])) + (" …" if len(wrong) > 10 else "")
            yield path, wrong[0], f"not as {FORMATTER} has it, lines {rows}"


SEEDS = [
    ({"base/a.c": "int a(void)\n{\n    return 1;\n}\n"}, None),
    ({"base/a.c": "int a(void) {\n  return 1;\n}\n"}, "not as clang-format-14 has it"),
]
