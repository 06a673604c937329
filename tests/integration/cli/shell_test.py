"""Completion, asked in real shells."""

import os
import pty
import select
import shutil
import subprocess
import time
import unittest

from node import MU, NodeTest, main


class Asked(NodeTest):
    def complete(self, *words):
        lines = self.mu("__complete", "--", "mu", *words).out.splitlines()
        return [line.split("\t")[0] for line in lines]

    def test_services_methods_fields_and_values(self):
        self.assertEqual(self.complete("call", "greeter."), ["greeter.Hello"])
        self.assertIn("greeter", self.complete("gree"))
        self.assertEqual(self.complete("call", "greeter.Hello", ""), ["name="])
        self.assertEqual(self.complete("call", "ticker.Watch", "in"), ["interval_ms="])
        self.assertEqual(self.complete("greeter", ""), ["hello"])
        self.assertEqual(self.complete("greeter", "hello", "--na"), ["--name"])
        self.assertEqual(self.complete("counter", "add", "--am"), ["--amount"])
        self.assertEqual(self.complete("registry", "show", "dig"), ["digest"])
        self.assertEqual(self.complete("logs", "rou"), ["router"])

    def test_what_every_service_answers(self):
        self.assertEqual(
            self.complete("call", "greeter.mu."), ["greeter.mu.Health", "greeter.mu.Stats", "greeter.mu.LogLevel"]
        )
        self.assertEqual(self.complete("call", "greeter.mu.LogLevel", ""), ["level="])
        self.assertEqual(self.complete("greeter", "mu.l"), ["mu.log-level"])
        self.assertEqual(self.complete("greeter", "mu.log-level", "--le"), ["--level"])

    def test_only_what_can_be_started_and_stopped(self):
        for command in ("start", "stop", "restart"):
            self.assertEqual(self.complete(command, "re"), [])
            self.assertEqual(self.complete(command, "gre"), ["greeter"])
        self.assertEqual(self.complete("logs", "reg"), ["registry"])

    def test_a_name_comes_once(self):
        self.assertEqual(sorted(self.complete("re")), ["registry", "restart", "revoke"])

    def test_files_behind_an_at_sign(self):
        os.makedirs(f"{self.node.dir}/bodies/deep", exist_ok=True)
        open(f"{self.node.dir}/bodies/big.json", "w").close()
        self.assertEqual(self.complete("call", "greeter.Hello", "@bod"), ["@bodies/"])
        self.assertEqual(
            sorted(self.complete("call", "greeter.Hello", "@bodies/")), ["@bodies/big.json", "@bodies/deep/"]
        )
        self.assertEqual(self.complete("call", "digest.Sum", "data=@bodies/b"), ["data=@bodies/big.json"])

    def test_dir_is_obeyed(self):
        answer = self.mu("__complete", "--", "mu", "--dir", self.node.dir, "call", "greeter.", env={"MU_DIR": "/nonexistent"})
        self.assertIn("greeter.Hello", answer.out)

    def test_each_shell_has_its_stub_and_others_have_none(self):
        for shell in ("bash", "zsh", "fish"):
            self.assertIn("__complete", self.mu("completion", shell).out)
        self.mu("completion", "tcsh", code=2)

    def test_comments_come_along(self):
        self.assertIn("name=\tstring: Whom to greet", self.mu("__complete", "--", "mu", "call", "greeter.Hello", "").out)


class Bash(NodeTest):
    def complete(self, line):
        script = (
            'source <(mu completion bash); COMP_LINE="$1"; COMP_POINT=${#1};'
            ' compopt() { echo "compopt $*" >&2; }; _mu; printf "%s\\n" "${COMPREPLY[@]}"'
        )
        done = subprocess.run(
            ["bash", "--norc", "-c", script, "bash", line], env=self.node.env, capture_output=True, timeout=60
        )
        self.talk = done.stderr.decode()
        return done.stdout.decode().split()

    def test_commands_endpoints_and_fields(self):
        self.assertEqual(self.complete("mu statu"), ["status"])
        self.assertEqual(self.complete("mu call greeter.H"), ["greeter.Hello"])
        self.assertEqual(self.complete("mu call greeter.Hello n"), ["name="])
        self.assertIn("-o nospace", self.talk)
        self.assertEqual(self.complete("mu completion "), ["bash", "zsh", "fish"])

    def test_what_stands_in_front_of_an_at_sign_is_not_repeated(self):
        open(f"{self.node.dir}/body.json", "w").close()
        self.assertEqual(self.complete(f"mu call greeter.Hello @{self.node.dir}/bod"), [f"{self.node.dir}/body.json"])

    def test_what_stands_in_front_of_an_equals_sign_is_not_repeated(self):
        self.assertEqual(
            self.complete("mu call registry.Register manifest.restart.policy=RESTART_N"), ["RESTART_NEVER"]
        )


@unittest.skipUnless(shutil.which("fish"), "no fish here")
class Fish(NodeTest):
    def complete(self, line):
        done = subprocess.run(
            ["fish", "--no-config", "-c", 'mu completion fish | source; complete -C "$argv[1]"', line],
            env=dict(self.node.env, HOME=self.node.dir),
            capture_output=True,
            timeout=60,
        )
        return [line.split("\t")[0] for line in done.stdout.decode().splitlines()]

    def test_commands_endpoints_and_fields(self):
        self.assertIn("status", self.complete("mu statu"))
        self.assertIn("greeter.Hello", self.complete("mu call greeter.H"))
        self.assertIn("name=", self.complete("mu call greeter.Hello n"))

    def test_files_where_nothing_else_fits(self):
        open(f"{self.node.dir}/shop.service", "w").close()
        self.assertIn(
            f"{self.node.dir}/shop.service", self.complete(f"mu registry register {self.node.dir}/sho")
        )


@unittest.skipUnless(shutil.which("zsh"), "no zsh here")
class Zsh(NodeTest):
    def complete(self, line):
        """Types `line` and a tab into an interactive zsh, and gives the line that stands there then."""
        own, other = pty.openpty()
        env = dict(self.node.env, ZDOTDIR=self.node.dir, PS1="> ", HOME=self.node.dir, TERM="dumb")
        shell = subprocess.Popen(["zsh", "-f", "-i"], stdin=other, stdout=other, stderr=other, env=env)
        os.close(other)
        try:
            for text in (
                "unsetopt zle_bracketed_paste; PS1=\n",
                "autoload -Uz compinit && compinit -u -d $ZDOTDIR/dump; source <(mu completion zsh)\n",
                "show() { print -r -- \"[LINE:$BUFFER]\" }; zle -N show; bindkey '^X' show; echo re''ady\n",
            ):
                os.write(own, text.encode())
            self.read(own, "ready")
            os.write(own, line.encode() + b"\t\x18")
            return self.read(own, "]").rsplit("[LINE:", 1)[-1].split("]")[0]
        finally:
            shell.kill()
            shell.wait()
            os.close(own)

    def read(self, fd, until):
        text = ""
        end = time.monotonic() + 30
        while until not in text and time.monotonic() < end:
            if select.select([fd], [], [], 1)[0]:
                text += os.read(fd, 65536).decode(errors="replace")
        self.assertIn(until, text)
        return text

    def test_a_tab_fills_in_commands_endpoints_and_fields(self):
        self.assertEqual(self.complete("mu statu").rstrip(), "mu status")
        self.assertEqual(self.complete("mu call greeter.H").rstrip(), "mu call greeter.Hello")
        self.assertEqual(self.complete("mu call greeter.Hello n"), "mu call greeter.Hello name=")


if __name__ == "__main__":
    main()
