"""shellcheck is content with the shell scripts, and the Python ones compile."""

import ast
import json
import subprocess


def check_shell(tree, paths):
    result = subprocess.run(
        ["shellcheck", "--external-sources", "--format=json", *paths],
        cwd=tree.root,
        text=True,
        capture_output=True,
        check=False,
    )
    for found in json.loads(result.stdout):
        yield found["file"], found["line"], f"SC{found['code']}: {found['message']}"


def violations(tree):
    scripts = list(tree.scripts())
    shell = sorted({path for path, name in scripts if name in ("sh", "bash", "dash")}
                   | set(tree.files(".sh")))
    python = sorted({path for path, name in scripts if name.startswith("python")}
                    | set(tree.files(".py")))
    if shell:
        yield from check_shell(tree, shell)
    for path in python:
        try:
            ast.parse(tree.text(path), path)
        except SyntaxError as error:
            yield path, error.lineno, f"not Python: {error.msg}"


SEEDS = [
    ({"tool": '#!/bin/sh\nset -eu\necho "$1"\n', "a.py": "print(1)\n"}, None),
    ({"tool": "#!/bin/sh\nset -eu\necho $1\n"}, "SC2086"),
    ({"part.sh": "# shellcheck shell=sh\n[ \"$1\" == b ]\n"}, "SC3014"),
    ({"a.py": "def a(:\n"}, "not Python"),
]
