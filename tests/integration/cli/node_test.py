"""mu up, down, status, ps, logs, start, stop, restart, doctor, version."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import termios
import time
import unittest

from node import MU, STAGE, WAIT_S, Node, NodeTest, main


class NoNode(unittest.TestCase):
    def setUp(self):
        self.node = Node()
        self.addCleanup(self.node.close)

    def test_status_says_so_with_4_and_what_to_type(self):
        answer = self.node.mu("status")
        self.assertEqual(answer.code, 4)
        self.assertEqual(
            answer.err,
            f"error: no node is running at {self.node.dir}/run (exit 4)\n  start one: mu up\n",
        )
        self.assertEqual(answer.out, "")

    def test_calls_and_lists_end_with_4(self):
        for words in (["ps"], ["call", "greeter.Hello"], ["registry", "list"], ["stop", "greeter"], ["greeter", "hello"]):
            answer = self.node.mu(*words)
            self.assertEqual(answer.code, 4, words)
            self.assertIn("no node is running", answer.err)

    def test_what_is_nearly_a_command_was_meant_as_one(self):
        answer = self.node.mu("stauts")
        self.assertEqual(answer.code, 2)
        self.assertIn("did you mean: mu status", answer.err)

    def test_a_folder_that_is_none_is_refused(self):
        for words, env in ((["--dir", "", "status"], {}), (["status"], {"MU_DIR": ""}), (["up"], {"MU_DIR": ""})):
            answer = self.node.mu(*words, env=env)
            self.assertEqual(answer.code, 2, answer.err)
            self.assertIn("names no folder", answer.err)
        done = subprocess.run([f"{STAGE}/libexec/mu/mu-node", "--dir", ""], capture_output=True, timeout=WAIT_S)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"names no folder", done.stderr)

    def test_errors_are_json_for_programs(self):
        error = self.node.mu("status", "-o", "json")
        self.assertIn('"exit":4', error.err)

    def test_down_has_nothing_to_do(self):
        self.assertEqual(self.node.mu("down").code, 0)
        self.assertEqual(self.node.mu("down", "-o", "json").json(), {"stopped": None})

    def test_a_mistake_is_json_too_wherever_the_flag_stands(self):
        for words in (
            ["statsu", "-o", "json"],
            ["statsu", "-ojson"],
            ["statsu", "--output=json"],
            ["statsu", "--json"],
            ["registry", "xx", "-o", "json"],
            ["registry", "-o", "json"],
            ["ps", "--nope", "-o", "json"],
            ["help", "xx", "-o", "json"],
        ):
            answer = self.node.mu(*words)
            self.assertEqual((answer.code, answer.out), (2, ""), words)
            self.assertEqual(json.loads(answer.err)["error"]["exit"], 2, words)

    def test_version_and_help_are_json_too(self):
        self.assertIn("mu", self.node.mu("--version", "-o", "json").json())
        self.assertEqual(self.node.mu("registry", "--help", "-o", "json").json()["name"], "registry")
        self.assertEqual(self.node.mu("help", "call", "--json").json()["name"], "call")
        self.assertEqual(self.node.mu("--json").json()["name"], "mu")

    def test_a_form_that_a_command_does_not_have_is_refused(self):
        answer = self.node.mu("ps", "-o", "raw")
        self.assertEqual(answer.code, 2)
        self.assertIn("mu ps has no raw form", answer.err)
        for form in ("table", "json", "jsonl", "name", "pretty", "raw"):
            self.assertIn(form, self.node.mu("help").out)

    def test_a_folder_with_too_long_a_name_is_named(self):
        long = "/tmp/" + "x" * 200
        answer = self.node.mu("--dir", long, "ps")
        self.assertEqual(answer.code, 2)
        self.assertIn("the path of a socket in /tmp/xxx", answer.err)
        self.assertIn("take a shorter folder", answer.err)
        self.assertIn("/tmp/xxx", self.node.mu("ps", env={"MU_DIR": long}).err)

    def test_a_long_word_is_cut_in_what_is_said(self):
        for words in (["registry", "x" * 100000], ["ps", "--" + "x" * 100000], ["help", "x" * 100000]):
            answer = self.node.mu(*words)
            self.assertEqual(answer.code, 2)
            self.assertLess(len(answer.err), 300)
            self.assertIn("…", answer.err)

    def test_version_and_help_need_no_node(self):
        self.assertRegex(self.node.mu("version").out, r"^mu \d+\.\d+\.\d+\n$")
        self.assertIn("node", self.node.mu("version", "--json").json())
        self.assertIn("usage: mu", self.node.mu("help").out)
        commands = self.node.mu("help", "--json").json()["commands"]
        self.assertGreater(len(commands), 12)
        for command in commands:
            self.assertIn(command["summary"], self.node.mu(command["name"], "--help").out)

    def test_doctor_finds_that_and_says_the_fix(self):
        answer = self.node.mu("doctor")
        self.assertEqual(answer.code, 1)
        self.assertIn("!!  socket", answer.out)
        self.assertIn("fix: mu up", answer.out)
        checks = self.node.mu("doctor", "--json").json()
        self.assertFalse(checks["ok"])
        self.assertEqual([c["name"] for c in checks["checks"] if not c["ok"]], ["socket"])

    def test_doctor_knows_a_socket_that_was_left_over(self):
        import socket

        os.mkdir(f"{self.node.dir}/run", 0o700)
        left = socket.socket(socket.AF_UNIX)
        left.bind(f"{self.node.dir}/run/bus.sock")
        left.close()
        self.assertIn("left over", self.node.mu("doctor").out)
        self.assertEqual(self.node.mu("status").code, 4)


class Etcd(unittest.TestCase):
    """A node whose registry keeps a copy in an etcd that is not there."""

    def up(self, *lines):
        node = Node()
        self.addCleanup(node.close)
        os.mkdir(f"{node.dir}/config", 0o700)
        with open(f"{node.dir}/config/node.yaml", "w") as file:
            file.write("registry:\n" + "".join(f"  {line}\n" for line in lines))
        return node, node.mu("up", "--bare")

    def test_the_node_runs_and_status_says_that_etcd_is_away(self):
        node, answer = self.up("backend: etcd", "endpoints: ['http://127.0.0.1:1']")
        self.assertEqual(answer.code, 0, answer.err)
        out = node.mu("status").out
        self.assertRegex(out, r"(?m)^etcd +stale for .+, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d: .+$")
        self.assertRegex(out, r"(?m)^key +[0-9a-f]{64}$")
        self.assertFalse(node.mu("call", "etcd.Show").json()["fresh"])

    def test_what_is_wrong_in_the_node_file_is_said(self):
        _, answer = self.up("backend: etcd")
        self.assertNotEqual(answer.code, 0)
        self.assertIn("registry.endpoints: say where etcd is", answer.err)


class Life(unittest.TestCase):
    def test_up_is_ready_and_up_again_has_nothing_to_do_and_down_waits(self):
        node = Node()
        self.addCleanup(node.close)
        first = node.mu("up", "--bare")
        self.assertEqual(first.code, 0, first.err)
        self.assertRegex(first.out, r"ready +in \d+ ms")
        pid = node.mu("status", "-o", "json").json()["pid"]
        again = node.mu("up", "--bare")
        self.assertEqual(again.code, 0)
        self.assertIn("it was running already", again.out)
        self.assertEqual(node.mu("status", "--json").json()["pid"], pid)
        name = node.mu("status", "-o", "name").out.strip()
        down = node.mu("down", "-o", "json")
        self.assertEqual(down.code, 0, down.err)
        self.assertEqual(down.json(), {"stopped": name})
        self.assertFalse(self.lives(pid))
        self.assertEqual(node.mu("status").code, 4)

    def lives(self, pid):
        try:
            with open(f"/proc/{pid}/stat") as stat:
                return stat.read().rsplit(")", 1)[1].split()[0] not in "ZX"
        except FileNotFoundError:
            return False

    def test_what_was_registered_is_there_again_after_down_and_up(self):
        node = Node()
        self.addCleanup(node.close)
        self.assertEqual(node.mu("up").code, 0)
        self.assertEqual(node.mu("down").code, 0)
        self.assertEqual(node.mu("up", "--bare").code, 0)
        answer = node.mu("call", "greeter.Hello", "name=again")
        self.assertEqual(answer.json(), {"text": "Hello, again!"}, answer.err)

    def test_what_an_operator_did_is_not_undone_by_the_next_up(self):
        node = Node()
        self.addCleanup(node.close)
        path = f"{node.dir}/greeter.service"
        with open(path, "w") as manifest:
            manifest.write("name: greeter\nversion: 1.0.0\nmetadata: {whose: mine}\n")
        self.assertEqual(node.mu("up").code, 0)
        self.assertEqual(node.mu("registry", "deregister", "talk").code, 0)
        self.assertEqual(node.mu("registry", "register", path).code, 0)
        self.assertEqual(node.mu("stop", "ticker").code, 0)
        for words in (["up"], ["down"], ["up"]):
            self.assertEqual(node.mu(*words).code, 0)
        processes = {p["service"]: p for p in node.mu("ps", "--json").json()["processes"]}
        self.assertNotIn("talk", processes)
        self.assertEqual(processes["ticker"]["state"], "PROCESS_DOWN")
        self.assertTrue(processes["ticker"]["stopped"])
        greeter = node.mu("registry", "show", "greeter", "--json").json()["service"]
        self.assertEqual(greeter["manifest"]["metadata"], {"whose": "mine"})
        self.assertEqual(node.mu("start", "ticker").code, 0)
        self.assertEqual(node.mu("ticker", "watch", "--count", "1").code, 0)

    def test_a_node_with_unhappy_services_is_up_and_names_them(self):
        node = Node()
        self.addCleanup(node.close)
        self.assertEqual(node.mu("up", "--bare").code, 0)
        for name, more in (("absent", "program: /nowhere/absent"), ("needy", "needs: [nobody]")):
            path = f"{node.dir}/{name}.service"
            with open(path, "w") as manifest:
                manifest.write(f"name: {name}\nversion: 1.0.0\n{more}\n")
            self.assertEqual(node.mu("registry", "register", "--no-wait", path).code, 0)
        self.assertEqual(node.mu("down").code, 0)
        answer = node.mu("up")
        self.assertEqual(answer.code, 0, answer.err)
        self.assertRegex(answer.out, r"ready +in \d+ ms")
        self.assertIn("warning: absent failed: cannot be started", answer.err)
        self.assertIn("warning: needy waits for nobody", answer.err)
        self.assertEqual(node.mu("call", "greeter.Hello", "name=x").json(), {"text": "Hello, x!"})
        self.assertEqual(node.mu("up", "--wait").code, 1)

    def test_a_router_that_starts_again_is_waited_for(self):
        node = Node()
        self.addCleanup(node.close)
        self.assertEqual(node.mu("up").code, 0)
        for words in (["call", "greeter.Hello"], ["greeter", "hello"], ["registry", "list"], ["status"], ["ticker", "watch", "--count=1"]):
            pid = next(p["pid"] for p in node.mu("ps", "-o", "jsonl").lines() if p["service"] == "router")
            os.kill(pid, signal.SIGKILL)
            answer = node.mu(*words)
            self.assertEqual(answer.code, 0, f"{words}: {answer.err}")
        for part in ("router", "registry"):
            answer = node.mu("restart", part)
            self.assertEqual(answer.code, 0, answer.err)
            self.assertIn("the node is back", answer.err)
            self.assertEqual(node.mu("counter", "get", "--timeout", "200ms").code, 0)

    def test_a_node_that_takes_no_calls_is_stopped_all_the_same(self):
        node = Node()
        self.addCleanup(node.close)
        self.assertEqual(node.mu("up", "--bare").code, 0)
        pids = {p["service"]: p["pid"] for p in node.mu("ps", "-o", "jsonl").lines()}
        os.kill(pids["router"], signal.SIGSTOP)
        answer = node.mu("down")
        self.assertEqual(answer.code, 0, answer.err)
        self.assertIn("takes no calls: it was told by a signal", answer.err)
        for pid in pids.values():
            self.assertFalse(self.lives(pid))

    @unittest.skipUnless(os.geteuid() == 0, "only root could do any harm")
    def test_root_starts_no_node_in_the_folder_of_somebody_else(self):
        node = Node()
        self.addCleanup(node.close)
        os.mkdir(f"{node.dir}/state")
        os.chown(f"{node.dir}/state", 65534, 65534)
        answer = node.mu("up", "--bare")
        self.assertEqual(answer.code, 6)
        self.assertIn(f"the node in {node.dir}/state is nobody's", answer.err)
        self.assertIn("systemctl start mu-node", answer.err)
        self.assertEqual(os.listdir(f"{node.dir}/state"), [])

    def test_the_output_of_up_can_be_piped(self):
        node = Node()
        self.addCleanup(node.close)
        done = subprocess.run(
            f"'{MU}' up --bare 2>&1 | tail -1",
            shell=True,
            env=node.env,
            capture_output=True,
            timeout=WAIT_S,
        )
        self.assertIn(b"mu down", done.stdout)


class Processes(NodeTest):
    def test_status_is_one_screen_and_one_message(self):
        self.assertIn("state     ready", self.mu("status").out)
        status = self.mu("status", "-o", "json").json()
        self.assertTrue(status["ready"])
        self.assertEqual(status["processesUp"], status["processesWanted"])
        self.assertTrue(os.path.isdir(status["logDir"]))

    def test_ps_shows_every_process(self):
        table = self.mu("ps").out.splitlines()
        self.assertRegex(table[0], r"SERVICE +VERSION +INSTANCE +STATE +PID")
        services = {p["service"]: p for p in self.mu("ps", "-o", "json").json()["processes"]}
        for name in ("registry", "router", "greeter", "counter", "digest", "ticker", "talk"):
            self.assertEqual(services[name]["state"], "PROCESS_UP", name)
        self.assertTrue(services["router"]["kernel"])
        self.assertEqual(self.mu("ps", "-o", "name").out.split(), [p["service"] for p in self.mu("ps", "-o", "jsonl").lines()])

    def test_stop_start_and_restart(self):
        self.mu("stop", "ticker")
        self.assertIn("it is stopped; start it: mu start ticker", self.mu("call", "ticker.mu.Health", code=4).err)
        self.mu("start", "ticker")
        before = self.pid("talk")
        self.mu("restart", "talk")
        self.assertNotEqual(self.until(lambda: self.up_pid("talk") not in (0, before)), before)
        self.until(lambda: self.up_pid("ticker"))

    def test_start_stop_and_restart_answer_programs(self):
        for command in ("stop", "start", "restart"):
            self.assertEqual(self.mu(command, "digest", "-o", "json").json(), {})
        self.until(lambda: self.up_pid("digest"))

    def pid(self, service):
        return next(p["pid"] for p in self.mu("ps", "-o", "jsonl").lines() if p["service"] == service)

    def up_pid(self, service):
        return next(
            p["pid"] if p["state"] == "PROCESS_UP" else 0
            for p in self.mu("ps", "-o", "jsonl").lines()
            if p["service"] == service
        )

    def until(self, condition):
        for _ in range(2000):
            value = condition()
            if value:
                return value
        self.fail("it never came true")

    def test_an_unknown_service_is_3_with_the_one_that_was_meant(self):
        answer = self.mu("stop", "greter", code=3)
        self.assertIn('there is no service "greter"', answer.err)
        self.assertIn("did you mean: greeter", answer.err)

    def test_doctor_names_what_is_stopped(self):
        self.mu("stop", "ticker")
        self.assertIn("not up: ticker", self.mu("doctor").out)
        self.mu("start", "ticker")
        self.until(lambda: self.up_pid("ticker"))

    def test_doctor_is_content(self):
        checks = self.mu("doctor", "--json").json()
        self.assertTrue(checks["ok"])
        self.assertIn("ok  registry", self.mu("doctor").out)

    def test_a_service_that_cannot_start_shows_in_doctor_and_ps(self):
        path = f"{self.node.dir}/broken.service"
        with open(path, "w") as manifest:
            manifest.write("name: broken\nversion: 1.0.0\nprogram: /bin/false\n")
        answer = self.mu("registry", "register", path, code=1)
        self.addCleanup(self.mu, "registry", "deregister", "broken")
        why = "broken failed 5 times within 60 s, the last time with: exit 1"
        self.assertIn(f"error: {why} (exit 1)", answer.err)
        self.assertIn("mu logs broken", answer.err)
        self.assertIn("it stays registered; take it out again: mu registry deregister broken", answer.err)
        self.assertIn(f"broken.mu.Health: UNAVAILABLE: {why}", self.mu("call", "broken.mu.Health", code=4).err)
        self.assertIn(f"{why}; it has not been up yet", self.mu("call", "broken.Any", code=4).err)
        self.assertIn(f"{why}; it has not been up yet", self.mu("broken", "any", code=4).err)
        self.assertIn("exit 1; it is not started again", self.mu("logs", "broken").out)
        self.assertRegex(self.mu("ps").out, r"broken .*failed .*exit 1")
        self.assertIn("failed", self.mu("status").out)

    def register(self, name, more, code):
        path = f"{self.node.dir}/{name}.service"
        with open(path, "w") as manifest:
            manifest.write(f"name: {name}\nversion: 1.0.0\n{more}\n")
        answer = self.mu("registry", "register", path, code=code)
        self.addCleanup(self.mu, "registry", "deregister", name)
        return answer

    def test_what_ends_before_it_takes_calls_is_not_up(self):
        answer = self.register("brief", "program: /bin/true", 1)
        self.assertIn("error: brief ended, and is not to run again: exit 0 (exit 1)", answer.err)
        self.assertNotIn("is up", answer.err)

    def test_a_program_that_cannot_run_is_named_in_the_error_and_in_the_services_log(self):
        answer = self.register("absent", "program: /nowhere/absent", 1)
        self.assertIn("absent failed: cannot be started: No such file or directory", answer.err)
        self.assertIn("cannot run /nowhere/absent: No such file", self.mu("logs", "absent").out)
        self.assertIn("cannot run /nowhere/absent", self.mu("logs", "-n", "100000").out)

    def test_a_need_that_will_not_come_is_said_at_once(self):
        began = time.monotonic()
        answer = self.register("needy", "program: mu-greeter\nneeds: [nobody]", 4)
        self.assertLess(time.monotonic() - began, 8)  # it has 10 s to become ready
        why = "needy waits for nobody, which this node does not know"
        self.assertIn(f"error: {why} (exit 4)", answer.err)
        self.assertIn(why.removeprefix("needy "), self.mu("ps").out)
        for words in (["call", "needy.Hello"], ["call", "needy.mu.Health"], ["needy", "hello"]):
            self.assertIn(why, self.mu(*words, code=4).err)
        self.assertIn("written nothing yet: it waits for nobody", self.mu("logs", "needy", code=3).err)

    def test_doctor_names_every_service_that_is_not_well(self):
        self.register("one", "program: /nowhere/one", 1)
        self.register("two", "program: mu-greeter\nneeds: [nobody]", 4)
        self.mu("stop", "digest")
        self.addCleanup(self.mu, "call", "digest.mu.Health")
        self.addCleanup(self.mu, "start", "digest")
        line = next(line for line in self.mu("doctor", code=1).out.splitlines() if "processes" in line)
        self.assertTrue(line.startswith("!!  processes"), line)
        self.assertIn("one failed: cannot be started: No such file or directory", line)
        self.assertIn("two waits for nobody", line)

    def test_doctor_names_what_is_stopped(self):
        self.mu("stop", "digest")
        self.addCleanup(self.mu, "call", "digest.mu.Health")
        self.addCleanup(self.mu, "start", "digest")
        self.assertRegex(self.mu("doctor").out, r"--  processes +8 of 9 up; stopped by an operator: digest\n")

    def test_a_refusal_was_not_executed(self):
        self.register("hen", "program: mu-greeter\nneeds: [egg]", 4)
        path = f"{self.node.dir}/egg.service"
        with open(path, "w") as manifest:
            manifest.write("name: egg\nversion: 1.0.0\nprogram: mu-greeter\nneeds: [hen]\n")
        answer = self.mu("registry", "register", path, code=1)
        self.assertIn("egg needs hen, hen needs egg", answer.err)
        self.assertIn("executed: NO", answer.err)

    def test_colours_are_for_terminals_that_want_them(self):
        self.assertNotIn("\033", self.mu("ps").out)
        self.assertIn(b"\033[32m", self.on_terminal("ps"))
        self.assertNotIn(b"\033[", self.on_terminal("ps", NO_COLOR="1"))
        self.assertNotIn(b"\033[", self.on_terminal("ps", TERM="dumb"))
        self.assertNotIn(b"\033[", self.on_terminal("ps", "--no-color"))

    def test_ps_fits_a_terminal_of_80_columns(self):
        env = {"NO_COLOR": "1"}
        narrow = self.on_terminal("ps", columns=80, **env).decode().splitlines()
        self.assertLessEqual(max(map(len, narrow)), 80)
        self.assertRegex(narrow[0], r"^SERVICE +.*STATE +PID +.*RESTARTS +MEMORY +.*WHY, LAST EXIT")
        for words, columns in ((["ps", "-o", "wide"], 80), (["ps"], 200)):
            whole = self.on_terminal(*words, columns=columns, **env).decode().splitlines()
            self.assertRegex(
                whole[0],
                r"^SERVICE +VERSION +INSTANCE +STATE +PID +UP +RESTARTS +MEMORY +CPU +GRADE +WHY, LAST EXIT",
            )
        heads = [self.mu(*words).out.splitlines()[0].split() for words in (["ps", "-o", "wide"], ["ps"])]
        self.assertEqual(*heads)
        self.mu("status", "-o", "wide", code=2)

    def on_terminal(self, *words, columns=0, **env):
        own, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen([MU, *words], stdout=other, env=dict(self.node.env, **env))
        os.close(other)
        text = b""
        try:
            while part := os.read(own, 65536):
                text += part
        except OSError:  # the terminal's other end is closed
            pass
        os.close(own)
        process.wait(timeout=WAIT_S)
        return text


class Logs(NodeTest):
    def setUp(self):
        self.dir = self.mu("status", "--json").json()["logDir"]

    def write(self, name, text):
        with open(f"{self.dir}/{name}", "a") as log:
            log.write(text)

    def line(self, second, text, level="info"):
        stamp = f"2026-01-31T12:00:{second:02}.000Z"
        return f'{{"ts":"{stamp}","level":"{level}","service":"x","msg":"{text}"}}\n'

    def test_last_lines_for_people_and_as_written(self):
        self.write("paper.log", self.line(1, "one") + self.line(2, "two", "warn") + "plain\n")
        shown = self.mu("logs", "paper", "-n", "2", env={"TZ": "UTC"}).out
        self.assertEqual(shown, "12:00:02 warn  paper: two\n               paper: plain\n")
        self.assertEqual(self.mu("logs", "paper", "-n1", "-o", "raw").out, self.mu("logs", "paper", "-n1").out)
        self.assertEqual(self.mu("logs", "paper", "-n", "3", "-o", "json").out.splitlines()[0], self.line(1, "one").strip())

    def test_what_a_program_prints_has_a_time_and_its_place_among_others(self):
        path = f"{self.node.dir}/raw.service"
        with open(path, "w") as manifest:
            manifest.write("name: raw\nversion: 1.0.0\nprogram: /bin/sh\n")
            manifest.write(f"args: ['-c', 'echo raw words; exec {STAGE}/libexec/mu/mu-greeter']\n")
            manifest.write(f"sandbox: {{ processes: true, read: [{STAGE}] }}\n")
        before = self.mu("call", "greeter.mu.Health").json()
        self.assertTrue(before["ok"])
        self.mu("registry", "register", path)
        self.addCleanup(self.mu, "registry", "deregister", "raw")
        line = self.mu("logs", "raw", "-o", "json").lines()[0]
        self.assertEqual((line["service"], line["level"], line["msg"]), ("raw", "info", "raw words"))
        self.assertRegex(line["ts"], r"^\d{4}-\d\d-\d\dT")
        self.assertRegex(self.mu("logs", "raw").out, r"^\d\d:\d\d:\d\d info  raw: raw words\n")
        merged = self.mu("logs", "-n", "100000").out
        self.assertGreater(merged.index("raw: raw words"), merged.index("greeter: serving as greeter"))

    @unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
    def test_another_user_is_told_that_it_is_not_his(self):
        done = subprocess.run(
            [MU, "logs"], env=self.node.env, cwd="/", user=65534, group=65534, extra_groups=[], capture_output=True, timeout=WAIT_S
        )
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertIn(b"does not want this user", done.stderr)
        self.assertNotIn(b"last words", done.stderr)

    def test_lines_that_others_wrote_are_json_for_programs(self):
        self.write("old.log", "plain \033[31mred\n")
        self.assertEqual(self.mu("logs", "old", "-o", "json").lines(), [{"service": "old", "msg": "plain \033[31mred"}])

    def test_several_are_merged_by_time(self):
        self.write("alpha.log", self.line(1, "a1") + self.line(3, "a3"))
        self.write("beta.log", self.line(2, "b2"))
        shown = self.mu("logs", "-n", "100000").out
        self.assertLess(shown.index("a1"), shown.index("b2"))
        self.assertLess(shown.index("b2"), shown.index("a3"))

    def test_following_goes_on_over_a_rotation(self):
        self.write("turn.log", self.line(1, "one"))
        follow = self.start("logs", "turn", "-f")
        follow.wait_for("turn: one")
        self.write("turn.log", self.line(2, "two"))
        follow.wait_for("turn: two")
        os.rename(f"{self.dir}/turn.log", f"{self.dir}/turn.log.1")
        self.write("turn.log.1", self.line(3, "three"))
        self.write("turn.log", self.line(4, "four"))
        follow.wait_for("turn: three")
        follow.wait_for("turn: four")
        self.assertEqual(follow.stop(signal.SIGINT), 130)

    def test_a_service_that_is_new_is_followed_too(self):
        self.write("known.log", self.line(1, "known"))
        follow = self.start("logs", "-f", "-n", "100000")
        follow.wait_for("known: known")
        self.write("newcomer.log", self.line(1, "hello"))
        follow.wait_for("newcomer: hello")
        follow.stop()

    def test_no_log_of_that_name(self):
        self.assertIn("did you mean: greeter", self.mu("logs", "greter", code=3).err)
        self.assertIn("did you mean: greeter", self.mu("logs", "-f", "greter", code=3).err)
        self.mu("logs", "-f", "nope", code=3)

    def test_many_logs_are_all_shown(self):
        for number in range(1500):
            self.write(f"many{number}.log", self.line(1, "here"))
        self.addCleanup(self.remove, "many")
        shown = self.mu("logs", "-n", "100000").out
        self.assertEqual(sum(f"many{number}: here" in shown for number in range(1500)), 1500)

    def remove(self, start):
        for name in os.listdir(self.dir):
            if name.startswith(start):
                os.remove(f"{self.dir}/{name}")

    def test_a_stopped_node_left_its_words(self):
        node = Node()
        self.addCleanup(node.close)
        node.mu("up")
        node.mu("down")
        answer = node.mu("logs")
        self.assertEqual(answer.code, 0)
        self.assertIn("last words", answer.err)
        self.assertTrue(answer.out)


if __name__ == "__main__":
    main()
