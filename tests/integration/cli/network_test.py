"""mu network, node and key, against a service `link` that answers for a mesh which never changes."""

import codecs
import fcntl
import os
import pty
import select
import stat
import struct
import subprocess
import termios
import time
import unittest

from node import MU, STAGE, WAIT_S, Node, main

DOUBLE = os.path.join(STAGE, "..", "tests", "bin", "mu-link-double")


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, node, *words, env=None, stdin=None, columns=None):
        self.text = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        pid, self.fd = pty.fork()
        if pid == 0:
            os.chdir(node.dir)
            if columns is not None:
                fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
            if stdin is not None:
                os.dup2(os.open(stdin, os.O_RDONLY), 0)
            os.execve(MU, [MU, *words], dict(node.env, **(env or {})))
        self.pid = pid

    def wait_for(self, part):
        end = time.monotonic() + WAIT_S
        while part not in self.text and time.monotonic() < end and self.more():
            pass
        if part not in self.text:
            raise AssertionError(f"no {part!r} in {self.text!r}")

    def more(self):
        if not select.select([self.fd], [], [], WAIT_S)[0]:
            return False
        try:
            piece = os.read(self.fd, 65536)
        except OSError:  # the command is gone
            return False
        self.text = (self.text + self.decoder.decode(piece)).replace("\r\n", "\n")
        return bool(piece)

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        """The exit status, with all of what was printed in `text`."""
        while self.more():
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class Networked(unittest.TestCase):
    """A node with a `link`, which each test finds in no network."""

    @classmethod
    def setUpClass(cls):
        cls.node = Node()
        cls.addClassCleanup(cls.node.close)
        manifest = f"{cls.node.dir}/link.service"
        with open(manifest, "w") as file:
            file.write(f"name: link\nversion: 1.0.0\nprogram: {DOUBLE}\n")
        for words in (["up", "--bare", "--name", "Desk.example"], ["registry", "register", manifest]):
            answer = cls.node.mu(*words)
            if answer.code != 0:
                raise AssertionError(f"mu {words}: exit {answer.code}\n{answer.out}{answer.err}")

    def setUp(self):
        self.node.mu("node", "leave", "--yes")

    def mu(self, *words, code=0, **more):
        answer = self.node.mu(*words, **more)
        self.assertEqual(answer.code, code, f"mu {' '.join(words)}\n{answer.out}{answer.err}")
        return answer

    def found(self, *words):
        path = f"{self.node.dir}/alice.root.key"
        if os.path.exists(path):
            os.unlink(path)
        self.mu("network", "init", "alice", *words, env={"MU_PASSPHRASE": "correct horse"})
        return path


class Outside(Networked):
    def test_every_question_says_that_there_is_no_network_and_how_to_get_one(self):
        for words in (
            ["network", "show"],
            ["network", "nodes"],
            ["network", "graph"],
            ["node", "list"],
            ["node", "show", "x"],
            ["node", "leave", "--yes"],
            ["key", "show"],
        ):
            answer = self.mu(*words, code=8)
            self.assertIn("this node is in no network", answer.err)
            self.assertIn("mu network init OWNER", answer.err)

    def test_without_the_service_link_it_is_the_same(self):
        bare = Node()
        self.addCleanup(bare.close)
        self.assertEqual(bare.mu("up", "--bare").code, 0)
        for words in (["network", "show"], ["network", "links"], ["node", "invite"], ["key", "rotate"]):
            answer = bare.mu(*words)
            self.assertEqual(answer.code, 8, answer.err)
            self.assertIn("this node is in no network", answer.err)

    def test_status_and_doctor_say_nothing_of_a_network(self):
        self.assertNotIn("network", self.mu("status").out)
        checks = [c["name"] for c in self.mu("doctor", "--json").json()["checks"]]
        self.assertIn("registry", checks)
        self.assertNotIn("network", checks)
        self.assertNotIn("root key", checks)

    def test_without_a_node_it_is_4(self):
        gone = Node()
        self.addCleanup(gone.close)
        for words in (["network", "show"], ["node", "join", "mu1.x"], ["network", "init", "alice"]):
            self.assertEqual(gone.mu(*words).code, 4, words)

    def test_a_link_that_is_stopped_is_not_taken_for_no_network(self):
        self.mu("stop", "link")
        self.addCleanup(self.start_again)
        self.assertIn("start it: mu start link", self.mu("network", "show", code=4).err)

    def start_again(self):
        self.mu("start", "link")
        while "PROCESS_UP" not in [p["state"] for p in self.mu("ps", "-o", "jsonl").lines() if p["service"] == "link"]:
            pass


class Init(Networked):
    def test_the_root_key_goes_into_a_file_of_its_owners_alone(self):
        path = self.found()
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        with open(path, "rb") as file:
            sealed = file.read()
        self.assertEqual(sealed[:4], b"MuS1")
        self.assertIn(b"correct horse", sealed)
        self.assertNotIn(b"correct horse\n", sealed)

    def test_names_and_addresses_have_defaults(self):
        self.found()
        shown = self.mu("network", "show", "-o", "json").json()["self"]
        self.assertEqual(shown["name"], "desk.alice")
        self.assertEqual(shown["listen"], "0.0.0.0:7400")
        for address in shown.get("addresses", []):
            self.assertRegex(address, r"^\d+\.\d+\.\d+\.\d+:7400$")

    def test_names_and_addresses_can_be_said(self):
        self.found(
            "--node", "tower", "--listen", "[::]:7401", "--address", "a.example:1", "--address", "b.example:2"
        )
        shown = self.mu("network", "show", "--json").json()["self"]
        self.assertEqual(shown["name"], "tower.alice")
        self.assertEqual(shown["listen"], "[::]:7401")
        self.assertEqual(shown["addresses"], ["a.example:1", "b.example:2"])

    def test_a_node_may_listen_nowhere(self):
        self.found("--listen", "none")
        self.assertIn("listens   no", self.mu("network", "show").out)

    def test_an_existing_file_is_never_overwritten_and_nothing_is_founded(self):
        path = f"{self.node.dir}/taken"
        with open(path, "w") as file:
            file.write("precious")
        env = {"MU_PASSPHRASE": "x"}
        answer = self.mu("network", "init", "alice", "--root-key", path, code=8, env=env)
        self.assertIn("never overwritten", answer.err)
        with open(path) as file:
            self.assertEqual(file.read(), "precious")
        self.mu("network", "show", code=8)
        self.mu("network", "init", "alice", "--root-key", "/nonexistent/key", code=6, env=env)
        self.mu("network", "show", code=8)

    def test_a_refusal_leaves_no_file(self):
        self.mu("network", "init", "nobody", code=1, env={"MU_PASSPHRASE": "x"})
        self.assertFalse(os.path.exists(f"{self.node.dir}/nobody.root.key"))

    def test_a_network_whose_root_key_got_lost_with_the_answer_is_told_of(self):
        answer = self.mu("network", "init", "lost", code=4, env={"MU_PASSPHRASE": "x"})
        self.assertIn("it was founded all the same, as desk.lost", answer.err)
        self.assertIn("mu node leave --yes", answer.err)
        self.assertFalse(os.path.exists(f"{self.node.dir}/lost.root.key"))

    def test_a_second_network_is_refused_before_a_passphrase_is_asked_for(self):
        self.found()
        answer = self.mu("network", "init", "bob", code=8)
        self.assertIn("in a network already, as desk.alice", answer.err)

    def test_wrong_words_are_2_and_change_nothing(self):
        for words in (
            ["Alice"],
            ["alice", "--node", "my node"],
            ["alice", "--listen", "7400"],
            ["alice", "--address", "barn"],
            ["alice", "--passphrase-file", "/dev/null"],
            ["alice", *["--address", "a:1"] * 9],
        ):
            self.mu("network", "init", *words, code=2)
        self.mu("network", "init", "alice", "--passphrase-file", "/nonexistent", code=3)
        self.mu("network", "show", code=8)

    def test_json_does_not_hold_the_key(self):
        answer = self.mu(
            "network", "init", "alice", "--root-key", "other", "--json", env={"MU_PASSPHRASE": "x"}
        )
        self.assertEqual(answer.json()["sealedRoot"], "")
        self.assertEqual(answer.json()["root"], "mu:root")
        os.unlink(f"{self.node.dir}/other")

    def test_a_passphrase_file_is_read_to_the_end_of_its_line(self):
        words = f"{self.node.dir}/words"
        with open(words, "w") as file:
            file.write("correct horse\nbattery\n")
        self.mu("network", "init", "alice", "--root-key", "key", "--passphrase-file", words)
        self.mu("network", "renew", "--root-key", "key", env={"MU_PASSPHRASE": "correct horse"})
        os.unlink(f"{self.node.dir}/key")


class Asked(Networked):
    """What is asked at the terminal."""

    def init(self, *words):
        path = f"{self.node.dir}/asked.key"
        if os.path.exists(path):
            os.unlink(path)
        return Terminal(self.node, "network", "init", "alice", "--root-key", path, *words), path

    def test_the_passphrase_is_asked_for_twice_and_never_shown(self):
        terminal, path = self.init()
        terminal.wait_for("Passphrase for the root key: ")
        terminal.type("wrong\x15correct horsx\x7fe\r")
        terminal.wait_for("The same again: ")
        terminal.type("correct horse\r")
        self.assertEqual(terminal.end(), 0, terminal.text)
        self.assertNotIn("correct", terminal.text)
        self.assertIn("Keep", terminal.text)
        with open(path, "rb") as file:
            self.assertIn(b"correct horse", file.read())

    def test_two_that_differ_found_nothing(self):
        terminal, path = self.init()
        terminal.wait_for("root key: ")
        terminal.type("one\r")
        terminal.wait_for("again: ")
        terminal.type("two\r")
        self.assertEqual(terminal.end(), 2)
        self.assertIn("the two are not the same", terminal.text)
        self.assertFalse(os.path.exists(path))

    def test_an_empty_one_and_an_interrupt_found_nothing(self):
        for typed, code in (("\r", 2), ("secret\x03", 130), ("\x04", 2)):
            terminal, path = self.init()
            terminal.wait_for("root key: ")
            terminal.type(typed)
            self.assertEqual(terminal.end(), code, terminal.text)
            self.assertFalse(os.path.exists(path))

    def test_without_a_terminal_there_are_other_ways(self):
        done = subprocess.run(
            [MU, "network", "init", "alice"],
            env=self.node.env,
            cwd=self.node.dir,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            start_new_session=True,
            timeout=WAIT_S,
        )
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"--passphrase-file", done.stderr)

    def test_leave_and_revoke_ask_once(self):
        self.found()
        for words in (["node", "leave"], ["node", "revoke", "barn"]):
            terminal = Terminal(self.node, *words)
            terminal.wait_for("? [y/N] ")
            terminal.type("\r")
            self.assertEqual(terminal.end(), 130)
            self.assertIn("nothing was done", terminal.text)
            self.assertIn("--yes", self.mu(*words, code=2).err)
            unasked = Terminal(self.node, *words, stdin="/dev/null")  # as in a script that a person runs
            self.assertEqual(unasked.end(), 2)
            self.assertIn("--yes", unasked.text)
        terminal = Terminal(self.node, "node", "leave")
        terminal.wait_for("and that of its authority? [y/N] ")
        terminal.type("y\r")
        self.assertEqual(terminal.end(), 0)
        self.mu("network", "show", code=8)

    def test_an_invitation_on_a_terminal_has_its_picture_and_the_next_command(self):
        self.found()
        terminal = Terminal(self.node, "node", "invite", env={"NO_COLOR": "1"})
        self.assertEqual(terminal.end(), 0)
        self.assertIn("█ ▄▄▄▄▄ █", terminal.text)
        self.assertIn("mu node join mu1.life3600-uses1", terminal.text)
        terminal = Terminal(self.node, "node", "invite", env={"LC_ALL": "C", "NO_COLOR": "1"})
        self.assertEqual(terminal.end(), 0)
        self.assertIn("########", terminal.text)
        self.assertTrue(terminal.text.isascii())


class Joining(Networked):
    def test_a_token_is_one_line_for_a_script(self):
        self.found()
        self.assertEqual(self.mu("node", "invite").out, "mu1.life3600-uses1\n")
        answer = self.mu("node", "invite", "--hours", "24", "--uses", "5")
        self.assertEqual(answer.out, "mu1.life86400-uses5\n")
        self.assertEqual(self.mu("node", "invite", "--json").json()["untilS"], "4102444800")
        for words in (["--hours", "0"], ["--hours", "721"], ["--uses", "0"], ["--uses", "1001"], ["--uses", "x"]):
            self.mu("node", "invite", *words, code=2)

    def test_a_token_comes_as_a_word_from_a_file_or_on_standard_input(self):
        path = f"{self.node.dir}/token"
        with open(path, "w") as file:
            file.write("  mu1.good \n\n")
        for words, stdin in ((["mu1.good"], ""), (["@" + path], ""), (["-"], "mu1.good\r\n")):
            answer = self.mu("node", "join", *words, "--node", "barn", stdin=stdin)
            self.assertIn("node      barn.alice", answer.out)
            self.assertIn("joining as barn", answer.err)
            self.mu("node", "leave", "--yes")

    def test_what_is_no_token_is_refused_here_and_what_is_no_good_one_there(self):
        for word in ("mu1", "good", "mu1.a b", ""):
            self.assertIn("no join token", self.mu("node", "join", word, code=2).err)
        self.mu("node", "join", "@/nonexistent", code=3)
        answer = self.mu("node", "join", "mu1.late", code=6)
        self.assertIn("the token has ended", answer.err)

    def test_one_who_joins_listens_only_if_told_to(self):
        self.mu("node", "join", "mu1.good")
        self.assertEqual(self.mu("network", "show", "--json").json()["self"]["listen"], "")
        self.mu("node", "leave", "--yes")
        self.mu("node", "join", "mu1.good", "--listen", "192.0.2.1:7400")
        self.assertEqual(self.mu("network", "show", "--json").json()["self"]["listen"], "192.0.2.1:7400")


class Inside(Networked):
    def setUp(self):
        super().setUp()
        self.path = self.found()

    def test_show_says_who_this_node_is(self):
        shown = self.mu("network", "show").out
        self.assertIn("node      desk.alice\n", shown)
        self.assertRegex(shown, r"authority until 2100-01-01 \d\d:\d\d \(in \d+d \d+h\)")
        self.assertIn("links     2 up, 5 nodes known", shown)
        self.assertEqual(self.mu("network", "show", "-o", "name").out, "desk.alice\n")
        self.assertEqual(self.mu("key", "show", "-o", "name").out[:7], "mu:desk")

    def test_nodes_for_people_and_programs(self):
        table = self.mu("network", "nodes").out
        self.assertRegex(table, r"NODE +STATE +ROLE +SERVICES +HEARD +ADDRESSES")
        self.assertRegex(table, r"desk.alice +this node +authority +1")
        self.assertRegex(table, r"attic.alice +linked +- +2 +3 ms +192.0.2.7:7400")
        self.assertRegex(table, r"barn.alice +2 hops")
        self.assertRegex(table, r"pond.alice +not reachable +- +0 +2h 0m")
        self.assertEqual(self.mu("node", "ls").out, table)
        self.assertEqual(len(self.mu("network", "nodes", "-o", "jsonl").lines()), 5)
        self.assertEqual(self.mu("node", "list", "-o", "name").out.split()[0], "attic.alice")
        self.assertEqual(len(self.mu("node", "list", "-o", "json").json()["nodes"]), 5)

    def test_links_say_why_one_is_not_up_and_how_many_were_refused(self):
        answer = self.mu("network", "links")
        self.assertRegex(answer.out, r"attic.alice +up +here +192.0.2.7:7400 +4m 12s +0.41 ms +2.0 KiB +1.0 KiB +-")
        self.assertRegex(answer.out, r"shed.alice +up +there")
        self.assertRegex(answer.out, r"pond.alice +waits 3.0 s +here .* connection refused")
        self.assertIn("refused: 12 connections, too many at a time", answer.err)

    def test_routes_by_prefix(self):
        table = self.mu("network", "routes").out
        self.assertRegex(table, r"digest +barn.alice +attic.alice +2 +1.50 ms +1 +yes +attic.alice")
        self.assertRegex(table, r"digest +barn.alice +shed.alice +2 +2.50 ms +1 +held 4.0 s +shed.alice")
        self.assertEqual(self.mu("network", "routes", "dig", "-o", "name").out, "digest\ndigest\n")

    def test_a_row_is_a_line_on_every_terminal(self):
        for columns in (40, 60, 80, 120):
            for words in (["network", "nodes"], ["network", "links"], ["network", "routes"], ["node", "list"]):
                terminal = Terminal(self.node, *words, env={"NO_COLOR": "1"}, columns=columns)
                self.assertEqual(terminal.end(), 0)
                rows = [row for row in terminal.text.splitlines() if not row.startswith("refused: ")]
                self.assertGreaterEqual(len(rows), 4, terminal.text)
                self.assertLessEqual(max(map(len, rows)), columns, terminal.text)

    def test_the_graph_is_a_picture(self):
        picture = self.mu("network", "graph").out
        self.assertIn("│ desk.alice ├──┬──┤ attic.alice", picture)
        self.assertIn("├─────┤ barn.alice │", picture)
        self.assertIn("└──┤ shed.alice", picture)
        self.assertIn("│ counter talk │", picture)
        self.assertIn("also linked    barn.alice ─ shed.alice", picture)
        self.assertIn("no way known   pond.alice: connection refused", picture)
        plain = self.mu("network", "graph", env={"LC_ALL": "C"}).out
        self.assertTrue(plain.isascii())
        self.assertIn("| desk.alice +--+--+ attic.alice", plain)

    def test_the_graph_for_graphviz_and_for_programs(self):
        dot = self.mu("network", "graph", "-o", "dot").out
        self.assertIn('"desk.alice" -- "attic.alice" [label="0.41 ms"];', dot)
        self.assertIn('"barn.alice" -- "shed.alice";', dot)
        graph = self.mu("network", "graph", "-o", "json").json()
        nodes = {node["name"]: node for node in graph["nodes"]}
        self.assertEqual(graph["nodes"][0]["name"], "desk.alice")
        self.assertEqual(nodes["attic.alice"]["services"], ["counter", "talk"])
        self.assertEqual((nodes["barn.alice"]["links"], nodes["barn.alice"]["through"]), (2, "attic.alice"))
        self.assertFalse(nodes["pond.alice"]["reached"])
        self.assertIn({"from": "desk.alice", "to": "attic.alice", "roundTripUs": 410}, graph["links"])

    def test_one_node_goes_by_name_part_id_or_its_beginning(self):
        for word in ("barn.alice", "barn", "mu:barn", "mu:ba"):
            shown = self.mu("node", "show", word).out
            self.assertIn("node      barn.alice\n", shown)
            self.assertIn("offers    digest\n", shown)
        self.assertIn("did you mean: barn.alice", self.mu("node", "show", "bern.alice", code=3).err)
        self.mu("node", "show", "mu:", code=3)
        self.assertEqual(self.mu("node", "show", "barn", "--json").json()["id"], "mu:barn")

    def test_revoke_names_the_node_by_its_id(self):
        answer = self.mu("node", "revoke", "barn", "--yes", "--json")
        self.assertEqual(answer.json()["node"]["id"], "mu:barn")
        self.assertIn("barn.alice is revoked, by list 7", answer.err)
        self.mu("node", "revoke", "nobody", "--yes", code=3)

    def test_a_key_is_rotated(self):
        before = self.mu("key", "show", "-o", "name").out
        self.assertNotEqual(self.mu("key", "rotate", "-o", "name").out, before)

    def test_an_authority_is_renewed_with_the_root_key_and_its_passphrase(self):
        answer = self.mu("network", "renew", "--root-key", self.path, env={"MU_PASSPHRASE": "correct horse"})
        self.assertIn("authority until 2100-01-01", answer.out)
        self.mu("network", "renew", "--root-key", self.path, code=1, env={"MU_PASSPHRASE": "wrong"})
        self.mu("network", "renew", code=2)
        self.mu("network", "renew", "--root-key", "/nonexistent", code=3)

    def test_connect_takes_an_address(self):
        self.assertIn("is dialled from now on", self.mu("network", "connect", "192.0.2.7:7400").err)
        self.assertIn("is dialled from now on", self.mu("network", "connect", "home.example").err)
        for word in ("barn", "barn:", "home.example:", ":7400"):
            self.mu("network", "connect", word, code=2)

    def test_status_and_doctor_know_of_the_network(self):
        status = self.mu("status").out
        self.assertIn("network   desk.alice, 2 links, 5 nodes known\n", status)
        self.assertIn("others    counter  digest  talk\n", status)
        checks = {c["name"]: c for c in self.mu("doctor", "--json").json()["checks"]}
        self.assertIn("desk.alice", checks["network"]["text"])
        self.assertEqual(checks["key"]["level"], "ok")
        self.assertIn("this one, until 2100", checks["authority"]["text"])
        self.assertIn("2 up; pond.alice at 192.0.2.9:7400: connection refused", checks["links"]["text"])
        self.assertIn("0.0.0.0:7400", checks["addresses"]["text"])

    def test_doctor_warns_of_a_root_key_that_lies_around(self):
        os.rename(self.path, f"{self.node.dir}/elsewhere")
        check = self.root_key()
        self.assertEqual(check["level"], "--")
        self.assertIn("elsewhere lies on this machine", check["text"])
        os.unlink(f"{self.node.dir}/elsewhere")
        self.assertEqual(self.root_key()["level"], "ok")
        with open(f"{self.node.dir}/longer", "wb") as file:
            file.write(b"MuS1" + bytes(133))
        self.assertEqual(self.root_key()["level"], "ok")
        os.unlink(f"{self.node.dir}/longer")

    def root_key(self):
        checks = self.mu("doctor", "--json", env={"HOME": self.node.dir}).json()["checks"]
        return next(c for c in checks if c["name"] == "root key")

    def test_nodes_complete(self):
        lines = self.mu("__complete", "--", "mu", "node", "show", "b").out
        self.assertEqual(lines, "barn.alice\t2 hops\n")
        self.assertIn("graph\t", self.mu("__complete", "--", "mu", "network", "g").out)
        self.assertIn("--root-key\t", self.mu("__complete", "--", "mu", "network", "renew", "--ro").out)


if __name__ == "__main__":
    main()
