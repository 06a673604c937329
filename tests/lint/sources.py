"""Every .c file is built: a test or a module that no CMake file names would rot unseen. The same
for the protos, and each folder's CMake file is itself reached by name."""

import itertools
import os
import re

OUTSIDE = ("client/templates/",)  # written out by `mu new`, built where they land


def words(text):
    """The words of a CMake file, those with a foreach's variable once for each of its values."""
    text = re.sub(r"#.*", "", text)
    loops = {}
    for name, values in re.findall(r"foreach\(\s*(\w+)\s+(?:IN (?:ITEMS|LISTS) )?([^)]*)\)", text):
        loops.setdefault(name, []).extend(values.split())
    for word in set(re.findall(r"[\w./@{}$-]+", text)):
        variables = [name for name in re.findall(r"\$\{(\w+)\}", word) if name in loops]
        for values in itertools.product(*(loops[name] for name in variables)):
            expanded = word
            for name, value in zip(variables, values):
                expanded = expanded.replace("${" + name + "}", value)
            yield expanded


def violations(tree):
    named = set()
    for path in tree.files("CMakeLists.txt", ".cmake"):
        named.update(os.path.basename(word) for word in words(tree.text(path)))
    for path in tree.files(".c", ".proto"):
        name = os.path.basename(path)
        if not path.startswith(OUTSIDE) and not {name, os.path.splitext(name)[0]} & named:
            yield path, 0, "named in no CMake file, so it is never built"


SEEDS = [
    ({"base/CMakeLists.txt": "add_library(b err.c)\n", "base/err.c": "int a;\n"}, None),
    (
        {
            "a.cmake": "foreach(part\n  one two)\n  mu_add_test(${part}_test.c)\nendforeach()\n",
            "one_test.c": "",
            "two_test.c": "",
            "six_test.c": "",
        },
        "named in no CMake file",
    ),
    (
        {"base/CMakeLists.txt": "add_library(b err.c) # log.c\n", "base/err.c": "", "base/log.c": ""},
        "named in no CMake file",
    ),
]
