"""mu call in all its forms, and methods as commands."""

import hashlib
import json
import os
import signal
import subprocess
import time

from node import MU, STAGE, NodeTest, main


class Unary(NodeTest):
    def test_words_json_a_file_and_standard_input_are_the_same(self):
        path = f"{self.node.dir}/request.json"
        with open(path, "w") as request:
            request.write('{"name": "World"}')
        expected = '{"text":"Hello, World!"}\n'
        for words in (["name=World"], ['{"name": "World"}'], [f"@{path}"], [f"name=@{self.file('World')}"]):
            self.assertEqual(self.mu("call", "greeter.Hello", *words).out, expected)
        self.assertEqual(self.mu("call", "greeter.Hello", "-", stdin='{"name":"World"}').out, expected)
        both = self.mu("call", "greeter.Hello", '{"name": "x"}', "name=World")
        self.assertEqual(both.out, expected)

    def file(self, text):
        path = f"{self.node.dir}/text"
        with open(path, "w") as out:
            out.write(text)
        return path

    def test_forms_of_the_answer(self):
        self.assertEqual(self.mu("call", "greeter.Hello", "name=x", "-o", "pretty").out, '{\n  "text": "Hello, x!"\n}\n')
        self.assertEqual(self.mu("call", "greeter.Hello", "name=x", "-o", "raw").raw, b"\x0a\x09Hello, x!")

    def test_zero_is_printed_too(self):
        self.assertEqual(self.mu("call", "counter.Get", "key=untouched").json(), {"value": "0"})
        self.assertEqual(self.mu("call", "counter.Add", "key=sixty", "amount=-9007199254740993").json(), {"value": "-9007199254740993"})

    def test_trace_and_time_are_talk(self):
        answer = self.mu("call", "greeter.Hello", "name=x", "--trace")
        self.assertEqual(answer.json(), {"text": "Hello, x!"})
        self.assertRegex(answer.err, r"^\d+\.\d\d ms  trace ([0-9a-f]{32})\ntraceparent 00-\1-[0-9a-f]{16}-01\n$")

    def test_built_in_services_and_the_librarys_own_methods(self):
        self.assertTrue(self.mu("call", "node.Status").json()["ready"])
        for service in ("node", "router", "registry"):
            self.assertTrue(self.mu("call", f"{service}.mu.Health").json()["ok"])
        self.assertEqual(self.mu("call", "node.mu.LogLevel").json(), {"level": "info"})
        self.assertTrue(self.mu("call", "greeter.mu.Health").json()["ok"])
        self.assertEqual(self.mu("call", "greeter.mu.LogLevel", "level=debug").json(), {"level": "debug"})
        self.assertIn("channelsOpen", self.mu("call", "router.Stats").json())

    def test_each_mistake_has_its_exit_status_and_its_fix(self):
        cases = [
            (["greter.Hello"], 3, 'there is no service "greter"', "did you mean: greeter"),
            (["greeter.Helo"], 3, 'greeter has no method "Helo"', "did you mean: greeter.Hello"),
            (["greeter.v1.Greeter/Hello"], 3, "has no method", "did you mean: greeter.Hello"),
            (["greeter.v1.Greeter.Hello"], 3, "has no method", "did you mean: greeter.Hello"),
            (["greeter.mu.Helth"], 3, 'has no method "mu.Helth"', "did you mean: greeter.mu.Health"),
            (["greeter.mu.Version"], 3, 'has no method "mu.Version"', "it has: greeter.mu.Health greeter.mu.Stats"),
            (["greeter.Hello", "nam=x"], 2, 'has no field "nam"', "did you mean: name"),
            (["greeter.Hello", "x"], 2, "neither key=value nor JSON", "write a field as key=value"),
            (["greeter.Hello", "{"], 2, "greeter.Hello: ", "mu registry describe greeter.Hello"),
            (["counter.Add", "amount=many"], 2, "amount", "mu registry describe counter.Add"),
            (["greeter"], 2, "names no method", "write SERVICE.METHOD"),
            (["greeter.Hello", "-", "--stream"], 2, "takes one message", "leave out --stream"),
            (["greeter.Hello", "@/nonexistent"], 3, "there is no file /nonexistent", ""),
            (["greeter.Hello", "name=@/nonexistent"], 3, "cannot read /nonexistent", ""),
            (["digest.Sum", "--stream", "@/nonexistent"], 3, "there is no file /nonexistent", ""),
            (["greeter.Hello", "@/tmp"], 2, "cannot read /tmp: Is a directory", "name a file in it"),
            (["ticker.Watch", "--count", "5"], 2, "--count is for methods with one answer", "leave out --count"),
            (["greeter.Hello", "-p", "3"], 2, "--parallel is for many calls", "--count N"),
            (["greeter.Hello", "--trace", "--count", "5"], 2, "--trace is for one call", "leave out --count"),
            (["greeter.Hello", "--tarce"], 2, 'no flag "--tarce"', "did you mean: --trace"),
            (["node.Attached"], 6, "node.Attached: PERMISSION_DENIED", "run mu as the user"),
        ]
        for words, code, what, fix in cases:
            answer = self.mu("call", *words, code=code)
            self.assertIn(what, answer.err)
            self.assertIn(fix, answer.err)
            self.assertIn(f"(exit {code})", answer.err)
            self.assertEqual(answer.out, "")

    def test_a_services_error_tells_who_said_it_and_whether_it_ran(self):
        answer = self.mu("call", "greeter.Hello", f"name={'x' * 2000}", code=1)
        self.assertIn("greeter.Hello: INVALID_ARGUMENT: name: 1000 bytes at most (exit 1)", answer.err)
        self.assertIn("from greeter, executed: NO", answer.err)
        error = json.loads(self.mu("call", "greeter.Hello", f"name={'x' * 2000}", "--json", code=1).err)
        self.assertEqual(error["error"]["code"], "INVALID_ARGUMENT")
        self.assertEqual(error["error"]["executed"], "NO")
        self.mu("call", "counter.Add", "key=twice", "op=a")
        self.mu("call", "counter.Add", "key=twice", "op=a", code=8)

    def test_a_deadline_ends_with_5(self):
        answer = self.mu("call", "ticker.Watch", "--timeout", "300ms", code=5)
        self.assertIn("DEADLINE_EXCEEDED", answer.err)
        self.assertIn("wait longer: --timeout", answer.err)

    def test_a_service_that_was_killed_answers_the_next_call(self):
        self.mu("counter", "add", "--key", "killed", "--amount", "5")
        for _ in range(3):
            pid = next(p["pid"] for p in self.mu("ps", "-o", "jsonl").lines() if p["service"] == "counter")
            os.kill(pid, signal.SIGKILL)
            self.assertEqual(self.mu("call", "counter.Get", "key=killed").json(), {"value": "5"})

    def test_many_calls_are_measured(self):
        for parallel in ("1", "16"):
            figures = self.mu(
                "call", "greeter.Hello", "name=x", "--count", "200", "--parallel", parallel, "-o", "json"
            ).json()
            self.assertEqual(figures["calls"], 200)
            self.assertEqual(figures["failed"], 0)
            self.assertLessEqual(figures["p50Us"], figures["p99Us"])
        self.assertRegex(self.mu("call", "greeter.Hello", "-n", "50").out, r"latency +p50 \d+ us")
        failed = self.mu("call", "greeter.Hello", f"name={'x' * 2000}", "-n", "5", "--json", code=1)
        self.assertEqual(failed.json()["failed"], 5)


    def test_interrupted_it_tells_what_was_measured(self):
        for parallel in ("1", "16"):
            running = self.start("call", "greeter.Hello", "--count", "10000000", "-p", parallel, "-o", "json")
            self.until_called()
            self.assertEqual(running.stop(signal.SIGINT), 130)
            self.assertGreater(json.loads(running.wait_for("callsPerSecond"))["calls"], 0)

    def until_called(self):
        def calls():
            return int(self.mu("call", "greeter.mu.Stats").json()["methods"][0]["calls"])

        before = calls()
        until = time.monotonic() + 30
        while calls() < before + 100 and time.monotonic() < until:
            pass


class Streams(NodeTest):
    def test_items_come_one_a_line(self):
        items = self.mu("call", "ticker.Watch", "count=3", "interval_ms=1").lines()
        self.assertEqual([item["number"] for item in items], ["1", "2", "3"])

    def test_a_file_is_streamed_in_pieces(self):
        data = os.urandom(3_000_001)
        answer = self.mu("call", "digest.Sum", "--stream", stdin=data).json()
        self.assertEqual(answer["hex"], hashlib.blake2b(data).hexdigest())
        self.assertEqual(answer["size"], str(len(data)))
        self.assertEqual(self.mu("call", "digest.Sum", "--stream").json()["size"], "0")

    def test_a_file_that_is_named_is_streamed_whatever_its_size(self):
        data = os.urandom(20_000_001)
        with open(f"{self.node.dir}/big", "wb") as big:
            big.write(data)
        answer = self.mu("call", "digest.Sum", "--stream", f"@{self.node.dir}/big").json()
        self.assertEqual(answer["hex"], hashlib.blake2b(data).hexdigest())
        with open(f"{self.node.dir}/lines", "w") as lines:
            lines.write('{"text":"a"}\n{"text":"b"}\n')
        items = self.mu("call", "talk.Chat", "--stream", f"@{self.node.dir}/lines", stdin='{"text":"no"}').lines()
        self.assertEqual([item["text"] for item in items], ["a", "b", "Goodbye!"])

    def test_what_is_too_large_is_told_what_fits_its_method(self):
        large = json.dumps({"name": "x" * 2_000_000})
        answer = self.mu("call", "greeter.Hello", "-", stdin=large, code=2)
        self.assertIn("the method takes one message, no stream", answer.err)
        large = json.dumps({"text": "x" * 2_000_000})
        answer = self.mu("call", "talk.Chat", "--stream", stdin=large, code=2)
        self.assertIn("send it as several items", answer.err)
        self.assertNotIn("--stream", answer.err.replace("talk.Chat", ""))

    def test_without_stream_the_words_are_the_one_item(self):
        answer = self.mu("call", "digest.Sum", "data=Zm9v").json()
        self.assertEqual(answer["hex"], hashlib.blake2b(b"foo").hexdigest())

    def test_two_way_by_lines_as_they_are_typed(self):
        talk = self.start("call", "talk.Chat", "--stream")
        talk.say('{"text": "one"}\n')
        self.assertEqual(json.loads(talk.wait_for("one"))["number"], "1")
        talk.say('\n{"text": "two"}\n')
        self.assertEqual(json.loads(talk.wait_for("two"))["number"], "2")
        talk.process.stdin.close()
        self.assertTrue(json.loads(talk.wait_for("Goodbye"))["goodbye"])
        self.assertEqual(talk.process.wait(timeout=60), 0)

    def test_a_line_that_is_no_message_is_named(self):
        answer = self.mu("call", "talk.Chat", "--stream", stdin='{"text":"a"}\n{"txt":1}\n', code=2)
        self.assertIn("line 2 of the input: talk.Chat: ", answer.err)

    def test_the_last_line_needs_no_newline(self):
        items = self.mu("call", "talk.Chat", "--stream", stdin='{"text":"a"}').lines()
        self.assertEqual([item["text"] for item in items], ["a", "Goodbye!"])

    def test_interrupted_it_ends_with_130_and_the_callee_hears_of_it(self):
        before = self.open_calls()
        watch = self.start("call", "ticker.Watch", "interval_ms=20")
        watch.wait_for('"2"')
        self.assertEqual(watch.stop(signal.SIGINT), 130)
        until = time.monotonic() + 30
        while self.open_calls() > before and time.monotonic() < until:
            pass
        self.assertEqual(self.open_calls(), before)

    def open_calls(self):
        return self.mu("call", "ticker.mu.Stats").json()["callsOpen"]

    def test_a_reader_that_leaves_ends_it_although_nothing_is_written(self):
        for words in (["logs", "-f"], ["registry", "watch"], ["call", "ticker.Watch", "interval_ms=60000"]):
            read, write = os.pipe()
            running = subprocess.Popen([MU, *words], stdout=write, stderr=subprocess.PIPE, env=self.node.env)
            os.close(write)
            os.close(read)
            self.assertEqual(running.wait(timeout=60), -signal.SIGPIPE, words)
            running.stderr.close()

    def test_a_reader_that_leaves_ends_it_quietly(self):
        done = subprocess.run(
            f"'{MU}' call ticker.Watch interval_ms=5 | head -1; echo ${{PIPESTATUS[0]}}",
            shell=True,
            executable="/bin/bash",
            env=self.node.env,
            capture_output=True,
            timeout=60,
        )
        self.assertEqual(done.stdout.splitlines()[-1], b"141")
        self.assertEqual(done.stderr, b"")

    def test_output_that_cannot_be_written_is_an_error(self):
        for words in (["ps"], ["registry", "watch"], ["logs", "-f"], ["call", "ticker.Watch", "interval_ms=1"]):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([MU, *words], stdout=full, stderr=subprocess.PIPE, env=self.node.env, timeout=60)
            self.assertEqual(done.returncode, 7, words)
            self.assertEqual(
                done.stderr.decode(),
                "error: cannot write the output: No space left on device (exit 7)\n  make room where the output goes\n",
            )

    def test_a_request_piped_in_unasked_is_pointed_out(self):
        answer = self.mu("call", "greeter.Hello", stdin='{"name":"stdin"}')
        self.assertEqual(answer.json(), {"text": "Hello, World!"})
        self.assertIn("mu call greeter.Hello -", answer.err)
        self.assertEqual(self.mu("call", "greeter.Hello").err, "")
        self.assertEqual(self.mu("call", "greeter.Hello", "-q", stdin="{}").err, "")


class Descriptors(NodeTest):
    def shell(self, line):
        return subprocess.run(
            ["/bin/sh", "-c", line, "sh", MU], env=self.node.env, capture_output=True, timeout=60, text=True
        )

    def test_a_closed_input_is_an_empty_one(self):
        done = self.shell('"$1" call digest.Sum --stream <&-')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["size"], "0")

    def test_a_closed_output_takes_nothing_elses_number(self):
        for line in ('"$1" ps >&-', '"$1" call greeter.Hello >&- 2>&-', '"$1" nonsense 2>&-; test $? = 2'):
            done = self.shell(line)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""), line)

    def test_a_service_by_hand_needs_none_of_them(self):
        service = subprocess.Popen(
            ["/bin/sh", "-c", 'exec "$1" --name bare <&- >&- 2>&-', "sh", f"{STAGE}/libexec/mu/mu-greeter"],
            env=self.node.env,
        )
        self.addCleanup(service.wait)
        self.addCleanup(service.kill)
        watch = self.start("registry", "watch", "bare")
        watch.wait_for("bare")
        self.assertEqual(self.mu("call", "bare.Hello", "name=x").json(), {"text": "Hello, x!"})


class Methods(NodeTest):
    def test_a_method_is_a_command_with_its_fields_as_flags(self):
        self.assertEqual(self.mu("greeter", "hello", "--name", "World").json(), {"text": "Hello, World!"})
        self.assertEqual(self.mu("greeter", "Hello", "name=World").json(), {"text": "Hello, World!"})
        self.assertEqual(self.mu("counter", "add", "--key=kebab", "--amount", "2").json(), {"value": "2"})
        ticks = self.mu("ticker", "watch", "--interval-ms", "1", "--count", "2").lines()
        self.assertEqual(len(ticks), 2)

    def test_what_every_service_answers_is_a_command_too(self):
        self.assertTrue(self.mu("greeter", "mu.health").json()["ok"])
        self.assertEqual(self.mu("greeter", "mu.log-level", "--level", "info").json(), {"level": "info"})
        self.assertIn("did you mean: mu greeter mu.health", self.mu("greeter", "mu.helth", code=3).err)
        self.assertIn("mu.health", self.mu("greeter", "--help").out)

    def test_help_takes_a_service_and_its_method(self):
        self.assertEqual(self.mu("help", "greeter").out, self.mu("greeter", "--help").out)
        self.assertEqual(self.mu("help", "greeter", "hello").out, self.mu("greeter", "hello", "--help").out)
        self.assertIn("no command and no service", self.mu("help", "grieser", code=2).err)

    def test_dir_may_stand_behind_it(self):
        answer = self.mu("greeter", "hello", "--dir", self.node.dir, env={"MU_DIR": "/nonexistent"})
        self.assertEqual(answer.json(), {"text": "Hello, World!"})

    def test_its_input_streams_from_standard_input(self):
        answer = self.mu("digest", "sum", stdin=b"foo").json()
        self.assertEqual(answer["hex"], hashlib.blake2b(b"foo").hexdigest())

    def test_help_has_the_comments(self):
        service = self.mu("greeter", "--help").out
        self.assertIn("mu greeter - Greets people.", service)
        self.assertRegex(service, r"hello +Says hello to `name`, or to the world\.")
        method = self.mu("greeter", "hello", "--help").out
        self.assertRegex(method, r"--name STRING +Whom to greet; empty greets the world\.")
        self.assertIn("Answers greeter.v1.HelloReply", method)

    def test_mistakes_are_named(self):
        self.assertIn("did you mean: mu greeter hello", self.mu("greeter", "helo", code=3).err)
        self.assertIn("write: mu greeter hello --name Ada", self.mu("greeter", "hello", "Ada", code=2).err)
        self.assertIn("mu counter add --help", self.mu("counter", "add", "Ada", code=2).err)
        self.assertIn("did you mean: --name", self.mu("greeter", "hello", "--nmae", "x", code=2).err)
        self.assertIn("did you mean: mu greeter", self.mu("greter", "hello", code=2).err)
        self.assertIn("did you mean: mu status", self.mu("stauts", code=2).err)
        self.assertEqual(self.mu("greeter", code=2).out, self.mu("greeter", "--help").out)


if __name__ == "__main__":
    main()
