"""Who may include whom (docs/architecture.md, "Folders")."""

import re

# What files below a folder may include: folders of ours, `mu` for the public headers of libmu,
# `proto` for generated ones. The longest folder that fits a path counts.
MAY_INCLUDE = {
    "base/": {"base"},
    "transport/": {"base", "proto", "transport"},
    "client/": {"base", "proto", "transport", "mu", "client"},
    "client/include/mu/": {"mu"},
    "client/include/mu/manifest.h": {"mu", "proto"},  # for the node's own programs, not installed
    "kernel/": {"base", "proto", "transport", "mu", "kernel"},
    "kernel/router/": {"base", "proto", "transport", "mu", "kernel/router"},
    "registry/": {"base", "proto", "transport", "mu", "registry"},
    "services/": {"base", "proto", "mu"},
    "services/network/link/": {"base", "proto", "mu", "transport"},  # it ends links itself
    "services/platform/auth/": {"base", "proto", "mu", "transport"},  # it signs tokens
    "examples/": {"proto", "mu"},
}

# Libraries that only some folders may know; the tests and the benchmark may all.
LIBRARIES = {
    "nng/": ("transport/", "the only folder that knows nng is transport/"),
    "lmdb.h": ("client/store", "LMDB is reached through mu/store.h"),
}

# Headers that would drag nng's threads into the supervisor, which forks.
NO_THREADS = {"transport/channel.h", "transport/listener.h", "mu/client.h", "mu/service.h"}

FREE = ("tests/", "bench/")
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')
OURS = ("base/", "transport/", "client/", "kernel/", "registry/", "services/", "tests/", "bench/")


def kind(target):
    """What an include's path reaches: a folder of ours, `mu`, `proto`, or None for others'."""
    if re.search(r"\.(pb-c|mu|types)\.h$", target):
        return "proto"
    if target.startswith("mu/"):
        return "mu"
    if target.startswith(OURS):
        return target.split("/")[0]
    return None


def allowed(path, target, what):
    folder = max((f for f in MAY_INCLUDE if path.startswith(f)), key=len)
    may = MAY_INCLUDE[folder]
    if folder.startswith("services/") and what == "services":
        return target.startswith(path.rsplit("/", 1)[0] + "/")
    if target == "kernel/limits.h":
        return path.startswith("kernel/")
    if what == "kernel":
        router = target.startswith("kernel/router/")
        return "kernel/router" in may if router else "kernel" in may
    return what in may


def violations(tree):
    for path in tree.files(".c", ".h"):
        for line, text in tree.lines(path):
            match = INCLUDE.match(text)
            if not match:
                continue
            quoted, target = match.group(1) == '"', match.group(2)
            what = kind(target)
            for library, (home, why) in LIBRARIES.items():
                if target.startswith(library) and not path.startswith((home,) + FREE):
                    yield path, line, f"includes <{target}>: {why}"
            if quoted and what is None:
                yield path, line, f'includes "{target}": ours are named from the root'
            if ".." in target.split("/"):
                yield path, line, f'includes "{target}": no way up'
            if path.startswith("kernel/") and not path.startswith("kernel/router/"):
                if target in NO_THREADS:
                    yield path, line, f"includes {target}: the supervisor forks, so it knows no nng"
                    continue
            if what and path.startswith(tuple(MAY_INCLUDE)) and not allowed(path, target, what):
                yield path, line, f"{path.split('/')[0]} may not include {target}"


SEEDS = [
    ({"base/a.c": '#include "base/a.h"\n', "kernel/b.c": '#include "kernel/b.h"\n'}, None),
    ({"tests/unit/a.c": '#include <nng/nng.h>\n#include "kernel/router/a.h"\n'}, None),
    ({"base/a.c": '#include "transport/frame.h"\n'}, "base may not include transport/frame.h"),
    ({"base/a.c": '#include "mu/bus/v1/bus.pb-c.h"\n'}, "base may not include mu/bus"),
    ({"transport/a.c": '#include "kernel/a.h"\n'}, "transport may not include kernel/a.h"),
    ({"transport/a.c": '#include "mu/client.h"\n'}, "transport may not include mu/client.h"),
    ({"client/include/mu/a.h": '#include "base/err.h"\n'}, "client may not include base/err.h"),
    ({"client/a.c": '#include "registry/a.h"\n'}, "client may not include registry/a.h"),
    ({"registry/a.c": '#include "client/schema/a.h"\n'}, "registry may not include client/"),
    ({"kernel/a.c": '#include "kernel/router/a.h"\n'}, "kernel may not include kernel/router/a.h"),
    ({"kernel/router/a.c": '#include "kernel/a.h"\n'}, "kernel may not include kernel/a.h"),
    ({"kernel/a.c": '#include "transport/channel.h"\n'}, "the supervisor forks"),
    ({"kernel/a.c": "#include <nng/nng.h>\n"}, "the only folder that knows nng"),
    ({"registry/a.c": "#include <lmdb.h>\n"}, "LMDB is reached through mu/store.h"),
    ({"services/app/a/main.c": '#include "transport/frame.h"\n'}, "services may not include"),
    ({"services/app/a/main.c": '#include "services/app/b/b.h"\n'}, "services may not include"),
    ({"services/network/a/a.c": '#include "transport/frame.h"\n'}, "services may not include"),
    ({"services/network/link/a.c": '#include "transport/frame.h"\n'}, None),
    ({"services/network/link/a.c": '#include "services/network/link/b.h"\n'}, None),
    ({"services/network/link/a.c": '#include "services/app/b/b.h"\n'}, "services may not include"),
    ({"services/platform/a/a.c": '#include "transport/frame.h"\n'}, "services may not include"),
    ({"services/platform/auth/a.c": '#include "transport/secure/key.h"\n'}, None),
    ({"services/network/link/a.c": '#include "client/host.h"\n'}, "services may not include"),
    ({"services/network/link/a.c": "#include <nng/nng.h>\n"}, "the only folder that knows nng"),
    ({"services/app/a/main.c": '#include "services/app/a/a.h"\n'}, None),
    ({"examples/a.c": '#include "base/err.h"\n'}, "examples may not include base/err.h"),
    ({"base/a.c": '#include "err.h"\n'}, "named from the root"),
    ({"base/a.c": '#include "base/../base/err.h"\n'}, "no way up"),
]
