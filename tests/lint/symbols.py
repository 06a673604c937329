"""libmu exports what client/include/mu declares MU_PUBLIC, and nothing else."""

import os
import re
import subprocess

LIBRARY = "lib/libmu.so"
PUBLIC = re.compile(r"^MU_PUBLIC\b(?:[^;{]|\n)*?\b(mu_\w+)\s*(?:\(|\[|;)", re.MULTILINE)


def exported(library):
    result = subprocess.run(
        ["nm", "--dynamic", "--defined-only", "--format=posix", library],
        text=True,
        capture_output=True,
        check=True,
    )
    return {line.split()[0].split("@")[0] for line in result.stdout.splitlines() if line}


def declared(tree):
    found = {}
    for path in tree.files(".h", under=["client/include/mu/"]):
        for match in PUBLIC.finditer(tree.text(path)):
            found[match.group(1)] = path
    return found


def violations(tree):
    library = os.path.join(tree.build or "", LIBRARY)
    if not os.path.exists(library):
        yield library, 0, "was not built"
        return
    exports, public = exported(library), declared(tree)
    for name in sorted(exports - set(public)):
        yield library, 0, f"exports {name}, which no public header declares"
    for name in sorted(set(public) - exports):
        yield public[name], 0, f"declares {name}, which {LIBRARY} does not export"


def prepare(folder):
    source = os.path.join(folder, "seed.c")
    library = os.path.join(folder, "build", LIBRARY)
    os.makedirs(os.path.dirname(library))
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)


API = "client/include/mu/a.h"
ONE = "MU_PUBLIC int\nmu_a(int one,\n        int two);\n"
SEEDS = [
    ({"seed.c": "int mu_a(int a) { return a; }\n", API: ONE}, None),
    ({"seed.c": "int mu_a(int a) { return a; }\nint err_new;\n", API: ONE}, "exports err_new"),
    ({"seed.c": "int mu__bus;\n", API: ""}, "exports mu__bus"),
    ({"seed.c": "static int mu_a;\n", API: ONE}, "declares mu_a, which"),
]
