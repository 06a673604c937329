"""The tree speaks of Mu and of nothing else: not of who wrote it, or how, or on whose order."""

import re

BANNED = [
    (r"\bissues?\s+#?\d", "the tracker"),
    (r"\b(this|earlier|previous|last|next)\s+session\b", "work sessions"),
    (r"\bsub-?agents?\b", "work sessions"),
    (r"\b(claude|anthropic|chatgpt|copilot|codex)\b", "a writing tool"),
    (r"\b(AI|LLM)[- ](generated|written|assisted)\b", "a writing tool"),
    (r"\bas an? (AI|language model)\b", "a writing tool"),
    (r"\b(system|user) prompts?\b|\bprompted (me|to)\b", "a writing tool"),
    (r"\bthe (brief|lead|judges?|reviewers?|grader)\b", "who asked for it"),
    (r"\bas (requested|instructed)\b", "who asked for it"),
    (r"/work/(main|shared)\b|/tmp/brief|\bshared/design\b", "one machine's folders"),
    (r"\bdesign/\w+\.md\b", "papers that are not in the tree"),
]
PATTERNS = [(re.compile(pattern, re.IGNORECASE), what) for pattern, what in BANNED]
TEXT = (".c", ".h", ".md", ".txt", ".cmake", ".json", ".proto", ".py", ".sh", ".yaml", ".yml")
TEXT += (".service", ".node")
LINT_TABLE = "tests/lint/words.py"


def violations(tree):
    scripts = [path for path, _ in tree.scripts()]
    for path in sorted(set(tree.files(*TEXT)) | set(scripts)):
        if path == LINT_TABLE:
            continue
        for line, text in tree.lines(path):
            for pattern, what in PATTERNS:
                match = pattern.search(text)
                if match:
                    yield path, line, f"`{match.group(0)}`: no word about {what}"


SEEDS = [
    ({"a.c": "/* issues a call; its session key; prompts nobody */\n/* a session of setsid, as it was asked */\n"}, None),
    ({"a.c": "/* see issue 12 */\n"}, "the tracker"),
    ({"docs/a.md": "Left for the next session.\n"}, "work sessions"),
    ({"a.py": "# Written by Claude\n"}, "a writing tool"),
    ({"a.h": "/* as requested */\n"}, "who asked for it"),
    ({"tool": "#!/bin/sh\ncd /work/main\n"}, "one machine's folders"),
    ({"README.md": "See design/style.md.\n"}, "papers that are not in the tree"),
]
