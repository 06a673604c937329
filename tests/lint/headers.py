"""Each header compiles alone, with gcc and with clang: it includes what it uses. Those that are installed
compile as C++, too."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

COMPILERS = ["gcc", "clang"]
PUBLIC_COMPILERS = ["g++"]
PUBLIC = "client/include/"
LANGUAGES = {"gcc": "-x c -std=c11", "clang": "-x c -std=c11", "g++": "-x c++ -std=c++11"}
OPTIONS = "-D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -I. -Iclient/include -"
OUTSIDE = ("examples/", "client/templates/", "tests/sdk/")  # projects of their own
WRAPPERS = ("tests/unit/cmocka.h",)  # found through its folder, before the one it wraps


def compile_alone(tree, path, compiler, generated):
    name = path.replace("client/include/", "")
    result = subprocess.run(
        [compiler, *LANGUAGES[compiler].split(), *("-I" + folder for folder in generated), *OPTIONS.split()],
        input=f'#include "{name}"\n',
        cwd=tree.root,
        text=True,
        capture_output=True,
        check=False,
    )
    if result.returncode != 0:
        return path, 0, f"does not compile alone with {compiler}:\n{result.stderr}"
    return None


def violations(tree):
    generated = tree.generated_folders()
    headers = [path for path in tree.files(".h") if not path.startswith(OUTSIDE + WRAPPERS)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [
            pool.submit(compile_alone, tree, path, compiler, generated)
            for path in headers
            for compiler in COMPILERS + (PUBLIC_COMPILERS if path.startswith(PUBLIC) else [])
        ]
    return [job.result() for job in jobs if job.result()]


def prepare(_):
    global COMPILERS
    COMPILERS = ["gcc"]  # one is enough to prove the lint


SEEDS = [
    ({"base/a.h": "#pragma once\n#include <stddef.h>\nsize_t a(void);\n"}, None),
    ({"base/a.h": "#pragma once\nsize_t a(void);\n"}, "does not compile alone"),
    ({"transport/a.h": '#include "mu/none.h"\n'}, "does not compile alone"),
    ({"client/include/mu/a.h": "struct a { int operator; };\n"}, "does not compile alone with g++"),
]
