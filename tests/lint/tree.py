"""The tree that the lints read.

A lint is a module with `violations(tree)`, which yields `(path, line, what is wrong)`, and with
`SEEDS`: small trees that each hold one violation, and the words by which it must be reported."""

import os
import re

SKIPPED_FOLDERS = {".git", ".cache", "build", "__pycache__", "node_modules"}
LINT_FOLDER = "tests/lint/"  # its seeds break the rules on purpose


class Tree:
    def __init__(self, root, build=None):
        self.root = os.path.abspath(root)
        self.build = os.path.abspath(build) if build else None
        self.paths = sorted(self._walk())

    def _walk(self):
        for folder, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
            for name in names:
                path = os.path.join(folder, name)
                if not os.path.islink(path):
                    yield os.path.relpath(path, self.root)

    def files(self, *suffixes, under=()):
        """Relative paths that end in one of the suffixes, below one of the folders."""
        for path in self.paths:
            if path.endswith(suffixes) and (not under or path.startswith(tuple(under))):
                yield path

    def text(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as file:
            return file.read()

    def lines(self, path):
        """(number, line) of a file, from 1."""
        return enumerate(self.text(path).split("\n"), 1)

    def has(self, path):
        return path in self.paths

    def scripts(self):
        """(path, interpreter) of files that start with `#!`."""
        for path in self.paths:
            with open(os.path.join(self.root, path), "rb") as file:
                first = file.readline(200)
            match = re.match(rb"#!\S*/(?:env +)?(\w+)", first)
            if match:
                yield path, match.group(1).decode()

    def generated_folders(self):
        """Where the build keeps generated headers."""
        found = []
        for folder, folders, _ in os.walk(self.build or ""):
            folders[:] = [name for name in folders if name != "CMakeFiles"]
            if "gen" in (os.path.basename(folder), os.path.basename(os.path.dirname(folder))):
                found.append(folder)
        return found
