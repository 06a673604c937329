"""How the code looks, where neither the compiler nor clang-format nor clang-tidy watches."""

import os
import re

from tree import LINT_FOLDER

LINES_WARN = 500
LINES_MAX = 800
MAIN_LINES_MAX = 150
COLUMNS_MAX = 100
REFUSED_NAMES = {"util", "utils", "common", "misc", "helper", "helpers", "manager"}
TEXT = (".c", ".h", ".md", ".cmake", "CMakeLists.txt", ".proto", ".py", ".sh", ".service", ".yaml")
UNFINISHED = re.compile(r"\b(" + "TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
SLEEP = re.compile(r"\b(sleep|usleep|nanosleep|clock_nanosleep|nng_msleep)\s*\(")
SHELL_SLEEP = re.compile(r"(^|[;&|]|\bdo\b)\s*sleep\s")
UNSAFE = re.compile(
    r"(?<![\w.>])(strcpy|strcat|sprintf|vsprintf|gets|alloca|atoi|atol|atof|strtok|rand|srand|system"
    r"|popen|tmpnam|mktemp|gethostbyname|strncpy)\s*\("
)
CONTROL = re.compile(r"\b(return|goto|break|continue|if|while|switch|do)\b")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'')
MACRO = re.compile(r"#\s*define\s+(\w+)(\([^)]*\))?\s*(.*)")


def code(text):
    """C without its comments and texts, line for line."""

    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))

    pattern = r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|/\*.*?\*/|//[^\n]*'
    return re.sub(pattern, blank, text, flags=re.DOTALL)


def check_text(tree, path):
    text = tree.text(path)
    if text and not text.endswith("\n"):
        yield path, 0, "does not end with a newline"
    for line, content in tree.lines(path):
        if UNFINISHED.search(content):
            yield path, line, "unfinished: " + content.strip()
        if content.rstrip() != content:
            yield path, line, "ends with a blank"
        if "\t" in content:
            yield path, line, "holds a tab"


def check_file(tree, path):
    lines = tree.text(path).split("\n")
    if len(lines) > LINES_MAX:
        yield path, 0, f"{len(lines)} lines; a file has one noun and {LINES_MAX} lines at most"
    elif len(lines) > LINES_WARN:
        print(f"note: {path} has {len(lines)} lines")
    for line, content in enumerate(lines, 1):
        if len(content) > COLUMNS_MAX:
            yield path, line, f"{len(content)} columns; {COLUMNS_MAX} at most"
    if path.endswith(".c") and lines[0] != "// SPDX-License-Identifier: Apache-2.0":
        yield path, 1, "does not start with the SPDX line"
    if path.endswith(".h"):
        said = re.match(r"/\* (\S+\.h) - \S", lines[0])
        if not said or not f"/{path}".endswith(f"/{said.group(1)}"):
            yield path, 1, "does not start with `/* PATH - what it is`"
        if "#pragma once" not in lines:
            yield path, 1, "has no #pragma once"
    if path.startswith(("services/", "examples/")) and os.path.basename(path) == "main.c":
        if len(lines) > MAIN_LINES_MAX:
            yield path, 0, f"{len(lines)} lines; main.c is wiring: {MAIN_LINES_MAX} at most"


def check_macro(path, line, name, body):
    body = STRING.sub("", body)
    if name.startswith("list_for_each"):
        return
    if CONTROL.search(body):
        yield path, line, f"macro {name} changes the flow: make it a function"
    elif body.rstrip().endswith((";", "}")) and not body.lstrip().startswith("{"):
        yield path, line, f"macro {name} is a statement: make it a function"


def check_code(tree, path):
    text = code(tree.text(path))
    joined = re.sub(r"\\\n", lambda _: "  ", text)
    for match in MACRO.finditer(joined):
        if match.group(2):
            line = joined.count("\n", 0, match.start()) + 1
            yield from check_macro(path, line, match.group(1), match.group(3))
    for line, content in enumerate(text.split("\n"), 1):
        if re.search(r"\btypedef\s+(struct|enum|union)\b", content):
            yield path, line, "typedef of a struct, enum or union: say `struct name`"
        if path.startswith("tests/") and SLEEP.search(content):
            yield path, line, "sleeps: wait for the condition instead"
        match = UNSAFE.search(content)
        if match and not path.startswith(("tests/", "bench/")):
            yield path, line, f"{match.group(1)}: there is a bounded or thread-safe way"


def check_public(tree, path):
    """A declaration has its contract above it; declarations without a blank line between share one."""
    explained = False
    for line, content in tree.lines(path):
        if not content.strip():
            explained = False
        elif "*/" in content:
            explained = True
        elif content.startswith("MU_PUBLIC") and not explained:
            yield path, line, "public, and no comment says what it promises"


def violations(tree):
    for path in tree.paths:
        stem = os.path.splitext(os.path.basename(path))[0]
        if stem in REFUSED_NAMES:
            yield path, 0, f"`{stem}` says nothing: name the noun"
    scripts = {path for path, _ in tree.scripts()}
    for path in sorted(set(tree.files(*TEXT)) | scripts):
        if not path.startswith(LINT_FOLDER):
            yield from check_text(tree, path)
        if path.startswith("tests/") and path in scripts:
            for line, content in tree.lines(path):
                if SHELL_SLEEP.search(content):
                    yield path, line, "sleeps: wait for the condition instead"
    for path in tree.files(".py", under=["tests/"]):
        for line, content in tree.lines(path):
            if SLEEP.search(content) and not path.startswith(LINT_FOLDER):
                yield path, line, "sleeps: wait for the condition instead"
    for path in tree.files(".c", ".h"):
        yield from check_file(tree, path)
        yield from check_code(tree, path)
    for path in tree.files(".h", under=["client/include/mu/"]):
        yield from check_public(tree, path)


SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
HEAD = "/* base/a.h - what. */\n#pragma once\n"
PUBLIC = "/* mu/a.h - what. */\n#pragma once\n\n"
SEEDS = [
    (
        {
            "base/a.c": SPDX + 'static const char text[] = "system(1) return;";\n',
            "base/a.h": HEAD + '#define CHECK(a) ((a) ? (void)0 : fail("if"))\n',
            "client/include/mu/a.h": PUBLIC + "/* A. */\nMU_PUBLIC int a(void);\nMU_PUBLIC int b(void);\n",
        },
        None,
    ),
    ({"base/a.c": "int a;\n"}, "does not start with the SPDX line"),
    ({"base/a.h": "#pragma once\n"}, "does not start with `/* PATH - "),
    ({"base/a.h": "/* base/b.h - what. */\n#pragma once\n"}, "does not start with `/* PATH - "),
    ({"base/a.h": "/* base/a.h - what. */\n"}, "has no #pragma once"),
    ({"base/util.py": "a = 1\n"}, "says nothing"),
    ({"docs/a.md": "TO" + "DO: write\n"}, "unfinished"),
    ({"cmake/a.sh": "true # FIX" + "ME\n"}, "unfinished"),
    ({"base/a.c": SPDX + "int a; \n"}, "ends with a blank"),
    ({"base/a.c": SPDX + "\tint a;\n"}, "holds a tab"),
    ({"base/a.c": SPDX + "int a;"}, "does not end with a newline"),
    ({"base/a.c": SPDX + "int a;\n" * LINES_MAX}, "a file has one noun"),
    ({"base/a.c": SPDX + "/* " + "a" * COLUMNS_MAX + " */\n"}, "columns; 100 at most"),
    ({"services/a/main.c": SPDX + "int a;\n" * MAIN_LINES_MAX}, "main.c is wiring"),
    ({"base/a.h": HEAD + "#define TRY(a) if (a) fail()\n"}, "changes the flow"),
    ({"base/a.h": HEAD + "#define TRY(a) \\\n    do { \\\n    } while (0)\n"}, "changes the flow"),
    ({"base/a.h": HEAD + "#define SET(a) a = 1;\n"}, "is a statement"),
    ({"base/a.h": HEAD + "typedef struct a a;\n"}, "say `struct name`"),
    ({"tests/a.c": SPDX + "void a(void)\n{\n    usleep(1);\n}\n"}, "wait for the condition"),
    ({"tests/a": "#!/bin/sh\nwhile true; do sleep 1; done\n"}, "wait for the condition"),
    ({"tests/a.py": "time.sleep(1)\n"}, "wait for the condition"),
    ({"base/a.c": SPDX + "int a = atoi(text);\n"}, "atoi: there is a bounded"),
    ({"client/include/mu/a.h": PUBLIC + "MU_PUBLIC int a(void);\n"}, "no comment says"),
    (
        {"client/include/mu/a.h": PUBLIC + "/* A. */\nMU_PUBLIC int a(void);\n\nMU_PUBLIC int b(void);\n"},
        "no comment says",
    ),
]
