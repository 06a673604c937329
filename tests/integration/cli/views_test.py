"""mu stats, top, tap, trace, why and logs --trace: one call that succeeds, one that fails, one that
makes another, as each of them shows it."""

import fcntl
import http.server
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time

from node import MU, STAGE, WAIT_S, NodeTest, main

RELAY = os.path.join(STAGE, "..", "tests", "bin", "mu-relay")
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Views(NodeTest):
    """A node on which shop may call greeter and counter, and nothing else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        path = os.path.join(cls.node.dir, "shop.service")
        with open(path, "w") as file:
            json.dump({"name": "shop", "version": "1", "program": RELAY, "calls": ["greeter.*", "counter.*"]}, file)
        answer = cls.node.mu("registry", "register", path)
        assert answer.code == 0, answer.err

    def call(self, *words, code=0):
        """Makes a call and returns its trace's id."""
        answer = self.mu("call", *words, "--trace", code=code)
        return re.search(r"ms  trace ([0-9a-f]{32})\n", answer.err).group(1)

    def stop(self, service):
        """Stops it, and returns when it is down."""
        self.mu("stop", service)
        until = time.monotonic() + WAIT_S
        while any(p["service"] == service and p["pid"] for p in self.mu("ps", "-o", "jsonl").lines()):
            self.assertLess(time.monotonic(), until, f"{service} does not stop")

    def show(self, trace):
        return self.mu("trace", "show", trace, "--json").json()


class Stats(Views):
    def methods(self, *words):
        found = self.mu("stats", *words, "--json").json()["methods"]
        return {f"{row['service']}.{row['method']}": row for row in found}

    def test_calls_are_counted_by_method_and_by_code(self):
        before = self.methods().get("greeter.Hello", {"calls": 0})["calls"]
        for _ in range(3):
            self.call("greeter.Hello", "name=x")
        self.call("shop.Call", "endpoint=greeter.Hello")
        row = self.methods("greeter.Hello")["greeter.Hello"]
        self.assertEqual(row["calls"] - before, 4)
        self.assertEqual((row["side"], row["failed"], row["open"]), ("here", 0, 0))
        self.assertEqual(row["codes"], {"OK": row["calls"]})
        self.assertEqual(row["took"]["count"], row["calls"])
        self.assertLessEqual(row["took"]["p50Us"], row["took"]["p999Us"])
        self.assertGreater(row["bytesDown"], row["bytesUp"])

    def test_refusals_are_counted_by_their_cause(self):
        self.call("shop.Call", "endpoint=ticker.Watch")
        rows = self.methods("ticker").values()
        self.assertGreaterEqual(sum(row["refused"].get("NO_CAPABILITY", 0) for row in rows), 1)
        self.assertGreaterEqual(sum(row["codes"].get("PERMISSION_DENIED", 0) for row in rows), 1)

    def test_tables_show_methods_and_services(self):
        self.call("greeter.Hello")
        table = self.mu("stats", "greeter").out
        self.assertRegex(table, r"METHOD +WHERE +CALLS +PER S +FAILED +P50 +P90 +P99 +P99\.9 +QUEUE P99 +SENT +GOT +OPEN\n")
        self.assertRegex(table, r"greeter\.Hello +here +\d+ ")
        self.assertRegex(table, r"SERVICE +PROCESSES +RESTARTS +CPU +MEMORY\ngreeter +1 +0 ")
        self.assertNotIn("shop", table)
        self.assertIn("greeter.Hello\n", self.mu("stats", "-o", "name").out)

    def test_the_nodes_own_are_left_out_unless_they_are_asked_for(self):
        self.mu("call", "greeter.mu.Health")
        self.assertNotIn("registry.Describe", self.methods())
        self.assertNotIn("greeter.mu.Health", self.methods())
        self.assertIn("registry.Describe", self.methods("--all"))
        self.assertIn("greeter.mu.Health", self.methods("greeter"))

    def test_a_watch_tells_what_came_since(self):
        self.call("greeter.Hello")
        watch = self.start("stats", "greeter.Hello", "--every", "100ms", "-o", "jsonl")
        first = json.loads(watch.wait_for('"methods"'))
        self.assertEqual(first["methods"][0]["calls"], 0)
        self.mu("call", "greeter.Hello", "--count", "20")
        calls = 0
        while calls < 20:
            calls += json.loads(watch.wait_for('"methods"'))["methods"][0]["calls"]
        self.assertEqual(calls, 20)
        table = self.start("stats", "-w")
        table.wait_for("METHOD", "PER S")
        table.wait_for("SERVICE", "CPU")
        table.wait_for("METHOD", "PER S")

    def test_what_was_never_called_has_no_figures(self):
        answer = self.mu("stats", "nobody.Ever", code=3)
        self.assertIn("no call to nobody.Ever was counted", answer.err)
        self.mu("stats", ".x", code=2)
        self.mu("stats", "--every", "1ms", code=2)
        self.assertIn("one of: name calls", self.mu("stats", "--sort", "size", code=2).err)
        self.assertIn("leave out --watch", self.mu("stats", "-w", "-o", "prometheus", code=2).err)

    def test_prometheus_takes_its_metrics(self):
        self.call("greeter.Hello")
        self.call("shop.Call", "endpoint=ticker.Watch")
        text = self.mu("stats", "-o", "prometheus").raw
        check = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
        self.assertEqual((check.returncode, check.stdout, check.stderr), (0, b"", b""))
        for part in (
            r'mu_rpc_requests_total\{service="greeter",method="Hello",side="here",code="OK"\} \d+\n',
            r'mu_rpc_duration_seconds_bucket\{service="greeter",method="Hello",side="here",le="\+Inf"\} \d+\n',
            r'mu_process_cpu_seconds_total\{service="greeter",instance="\d+"\} ',
            r'mu_process_restarts_total\{service="shop"\} 0\n',
            r'mu_build_info\{version="[0-9.]+"\} 1\n',
        ):
            self.assertRegex(text.decode(), part)


class Traces(Views):
    def test_a_call_stands_under_the_one_that_it_was_made_for(self):
        trace = self.show(self.call("shop.Call", "endpoint=greeter.Hello"))
        outer, inner = trace["calls"]
        self.assertEqual((outer["endpoint"], inner["endpoint"]), ("shop.Call", "greeter.Hello"))
        self.assertEqual(inner["parentSpan"], outer["span"])
        self.assertEqual(inner["caller"]["name"], "shop")
        self.assertNotIn("parentSpan", outer)
        self.assertEqual((outer["code"], outer["executed"], outer["cause"]), ("OK", "YES", "ANSWERED"))
        self.assertEqual(trace["failed"], 0)
        picture = self.mu("trace", "show", trace["trace"][:8]).out
        self.assertRegex(picture, rf"^trace {trace['trace']}\nfrom pid \d+ at .*, 2 calls in ")
        self.assertRegex(picture, r"\nshop\.Call +\d+ \(pid \d+\) +OK +\+0 us +[\d.]+ \w+ +━+\n  greeter\.Hello ")

    def test_a_stream_is_a_call_with_items(self):
        call = self.show(self.call("ticker.Watch", "count=3", "interval_ms=1"))["calls"][0]
        self.assertEqual((call["shape"], call["itemsDown"]), ("SERVER_STREAM", 3))

    def test_a_refusal_in_a_call_stands_under_it(self):
        trace = self.show(self.call("shop.Call", "endpoint=ticker.Watch"))
        outer, refused = trace["calls"]
        self.assertEqual((refused["endpoint"], refused["cause"]), ("ticker.Watch", "NO_CAPABILITY"))
        self.assertEqual((refused["refused"], refused["parentSpan"]), (True, outer["span"]))
        self.assertEqual(trace["failed"], 1)

    def test_a_list_has_the_newest_last_and_is_filtered(self):
        good = self.call("greeter.Hello")
        chain = self.call("shop.Call", "endpoint=greeter.Hello")
        bad = self.call("shop.Call", "endpoint=ticker.Watch")
        names = self.mu("trace", "list", "-o", "name").out.split()
        self.assertEqual(names[-3:], [good, chain, bad])
        self.assertEqual(self.mu("trace", "list", "-n", "2", "-o", "name").out.split(), [chain, bad])
        self.assertEqual(self.mu("trace", "list", "--failed", "-o", "name").out.split()[-1], bad)
        self.assertNotIn(good, self.mu("trace", "list", "--service", "shop", "-o", "name").out)
        self.assertIn(chain, self.mu("trace", "list", "--service", "shop", "-o", "name").out)
        self.assertEqual(self.mu("trace", "list", "--slow", "1h", "--json").json(), {"traces": []})
        table = self.mu("traces", "ls").out
        self.assertRegex(table, r"BEGAN +TRACE +CALL +FROM +CALLS +FAILED +CODE +TOOK\n")
        self.assertRegex(table, rf"{bad[:8]} +shop\.Call +pid \d+ +2 +1 +OK ")

    def test_the_nodes_own_calls_are_shown_on_request(self):
        self.call("greeter.Hello")
        self.assertNotIn("registry.", self.mu("trace", "list").out)
        self.assertIn("registry.Describe", self.mu("trace", "list", "--all").out)

    def test_a_traceparent_is_gone_on_with(self):
        answer = self.mu("call", "greeter.Hello", "--traceparent", PARENT, "--trace")
        self.assertIn(f"\ntraceparent {PARENT}\n", answer.err)
        call = self.show("0af7651916cd43dd8448eb211c80319c")["calls"][-1]
        self.assertEqual(call["parentSpan"], "b7ad6b7169203331")
        own = self.mu("call", "greeter.Hello", "--trace").err
        self.assertRegex(own, r"\ntraceparent 00-[0-9a-f]{32}-[0-9a-f]{16}-01\n$")
        refused = self.mu("call", "greeter.Hello", "--traceparent", PARENT[:-1], code=2)
        self.assertIn("is none", refused.err)
        self.mu("call", "greeter.Hello", "--traceparent", PARENT, "--count", "2", code=2)

    def test_an_id_that_is_none_or_unknown_or_several_is_said_to_be_so(self):
        self.assertIn("is no trace id", self.mu("trace", "show", "xyz", code=2).err)
        self.assertIn("knows no call of trace", self.mu("trace", "show", "ffffffffff", code=3).err)
        for span in range(2):
            self.call("greeter.Hello", "--traceparent", f"00-abcdef{span}0000000000000000000000000-00000000000000a1-01")
        several = self.mu("trace", "show", "abcdef", code=2)
        self.assertIn("2 traces begin with abcdef", several.err)
        self.assertIn("abcdef00", several.err)
        self.assertEqual(len(self.show("abcdef1")["calls"]), 1)

    def test_ids_are_completed(self):
        trace = self.call("greeter.Hello")
        for words in (["trace", "show"], ["why"], ["logs", "--trace"]):
            lines = self.mu("__complete", "--", "mu", *words, trace[:2]).out.splitlines()
            self.assertIn(f"{trace[:8]}\tgreeter.Hello", lines)


class Collector:
    """A collector that takes OTLP's JSON, and keeps what it was sent."""

    def __init__(self, status=200):
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.got.append((self.path, dict(self.headers), json.loads(body)))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(b"{}" if status == 200 else b"not \x1b[31mhere")

            def log_message(self, *_):
                pass

        self.got = []
        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Otlp(Views):
    def collector(self, status=200):
        collector = Collector(status)
        self.addCleanup(collector.close)
        return collector

    def check_value(self, value):
        (kind, data), = value.items()
        self.assertIn(kind, ("stringValue", "intValue"))
        self.assertIsInstance(data, str)  # 64-bit numbers are strings

    def check_span(self, span):
        self.assertRegex(span["traceId"], r"^[0-9a-f]{32}$")
        self.assertRegex(span["spanId"], r"^[0-9a-f]{16}$")
        self.assertRegex(span.get("parentSpanId", "0" * 16), r"^[0-9a-f]{16}$")
        self.assertRegex(span["startTimeUnixNano"], r"^\d{19}$")
        self.assertGreaterEqual(int(span["endTimeUnixNano"]), int(span["startTimeUnixNano"]))
        self.assertIn(span["kind"], range(6))
        self.assertIn(span["status"]["code"], (1, 2))
        for attribute in span["attributes"]:
            self.check_value(attribute["value"])

    def spans(self, request):
        """All spans, by the name of their service; each has the shape that OTLP asks for."""
        found = {}
        self.assertEqual(list(request), ["resourceSpans"])
        for part in request["resourceSpans"]:
            names = {item["key"]: item["value"]["stringValue"] for item in part["resource"]["attributes"]}
            for scope in part["scopeSpans"]:
                for span in scope["spans"]:
                    self.check_span(span)
                    found.setdefault(names["service.name"], []).append(span)
        return found

    def test_a_trace_goes_to_a_collector(self):
        collector = self.collector()
        trace = self.call("shop.Call", "endpoint=greeter.Hello")
        said = self.mu("trace", "export", trace[:10], "--otlp", collector.url, "--header", "X-Key: secret")
        self.assertIn("1 trace sent to", said.err)
        (path, headers, request), = collector.got
        self.assertEqual(path, "/v1/traces")
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(headers["X-Key"], "secret")
        spans = self.spans(request)
        (outer,), (inner,) = spans["shop"], spans["greeter"]
        self.assertEqual((outer["traceId"], inner["traceId"]), (trace, trace))
        self.assertEqual((outer["name"], inner["parentSpanId"]), ("shop.Call", outer["spanId"]))
        self.assertEqual(self.mu("trace", "show", trace, "-o", "otlp").json(), request)

    def test_all_that_is_remembered_goes_at_once_and_failures_are_errors(self):
        collector = self.collector()
        bad = self.call("shop.Call", "endpoint=ticker.Watch")
        good = self.call("greeter.Hello")
        self.mu("trace", "export", "--otlp", collector.url + "/own/path")
        (path, _, request), = collector.got
        self.assertEqual(path, "/own/path")
        spans = self.spans(request)
        self.assertEqual([span["status"]["code"] for span in spans["ticker"] if span["traceId"] == bad], [2])
        self.assertEqual([span["status"]["code"] for span in spans["greeter"] if span["traceId"] == good], [1])
        self.assertNotIn("registry", spans)

    def test_a_collector_that_refuses_or_is_away_is_said_to(self):
        self.call("greeter.Hello")
        refused = self.mu("trace", "export", "--otlp", self.collector(400).url, code=1)
        self.assertIn("HTTP 400 not  [31mhere", refused.err)
        self.assertIn("did not take the traces", refused.err)
        gone = Collector()
        gone.close()
        self.assertIn("cannot reach", self.mu("trace", "export", "--otlp", gone.url, code=4).err)
        self.assertIn("needs --otlp URL", self.mu("trace", "export", code=2).err)
        self.assertIn("no URL", self.mu("trace", "export", "--otlp", "collector:4318", code=2).err)


class Why(Views):
    def test_a_failed_call_says_how_to_ask(self):
        self.stop("counter")
        failed = self.mu("call", "counter.Get", "key=x", code=4)
        self.mu("start", "counter")
        hint = re.search(r"what became of it: mu (why [0-9a-f]{8})\n", failed.err).group(1)
        answer = self.mu(*hint.split()).out
        self.assertRegex(answer, r"^counter\.Get, called by pid \d+ at [\d:.]+, was refused: no instance of the service takes calls: UNAVAILABLE after ")
        self.assertIn("It was not executed, so it may be made again.", answer)
        self.assertIn("Next: see why it is not up: mu ps", answer)

    def test_a_refusal_deep_in_a_trace_is_what_is_told(self):
        trace = self.call("shop.Call", "endpoint=ticker.Watch")
        answer = self.mu("why", trace).out
        self.assertRegex(answer, r"^ticker\.Watch, called by shop at .*no capability of its caller covers it: PERMISSION_DENIED")
        self.assertIn("router says: shop has no capability for ticker.Watch", answer)
        self.assertIn("Next: let it: mu grant shop ticker.Watch", answer)
        self.assertIn(f"All 2 calls of the trace: mu trace show {trace[:8]}", answer)
        (told,) = self.mu("why", trace, "--json").json()["explanations"]
        self.assertEqual(told["call"]["cause"], "NO_CAPABILITY")
        self.assertIn("let it: mu grant shop ticker.Watch      what it may: mu caps shop", told["next"])

    def test_a_call_that_went_well_says_where_it_went_and_by_what_right(self):
        trace = self.call("shop.Call", "endpoint=greeter.Hello")
        outer, inner = self.show(trace)["calls"]
        answer = self.mu("why", trace).out
        self.assertRegex(answer, r"^shop\.Call, called by pid \d+ at .*, was answered: OK after ")
        self.assertIn(f"(pid {outer['callee']['pid']})", answer)
        self.assertIn("Its caller gave it 5.0 s.", answer)
        answer = self.mu("why", inner["call"]).out
        self.assertRegex(answer, r"^greeter\.Hello, called by shop at ")
        self.assertIn("Its caller may make it: its manifest lists it in `calls`.", answer)

    def test_a_deadline_says_that_nobody_knows_whether_it_was_executed(self):
        trace = self.call("ticker.Watch", "count=1000", "interval_ms=1000", "--timeout", "300ms", code=5)
        answer = self.mu("why", trace).out
        self.assertIn("got no answer within its time: DEADLINE_EXCEEDED", answer)
        self.assertIn("Whether it was executed is not known", answer)
        self.assertIn("give it longer: --timeout 30s", answer)

    def test_what_nobody_knows_is_not_found(self):
        self.mu("why", "0123456789abcdef", code=3)
        self.mu("why", "18446744073709551615", code=3)
        self.mu("why", "no", code=2)


class Tap(Views):
    def test_calls_come_as_they_end(self):
        tap = self.start("tap")
        tap.wait_for("calls as they end")
        trace = self.call("shop.Call", "endpoint=greeter.Hello")
        line = tap.wait_for(trace[:8], "shop -> greeter.Hello")
        self.assertRegex(line, r"^\d\d:\d\d:\d\d\.\d{3}  [0-9a-f]{8}  shop -> greeter\.Hello  OK  [\d.]+ \w+  0 B up, \d+ B down$")
        tap.wait_for(trace[:8], " -> shop.Call  OK")
        self.assertEqual(tap.stop(), 130)

    def test_only_failures_or_one_method_and_so_many(self):
        failed = self.start("tap", "--failed", "-o", "json", "--count", "1")
        method = self.start("tap", "greeter.Hello", "-o", "name", "--count", "2")
        for tap in (failed, method):
            tap.wait_for("calls as they end")
        first = self.call("greeter.Hello")
        bad = self.call("shop.Call", "endpoint=ticker.Watch")
        second = self.call("greeter.Hello")
        call = json.loads(failed.wait_for("ticker.Watch"))
        self.assertEqual((call["trace"], call["cause"]), (bad, "NO_CAPABILITY"))
        self.assertEqual([method.wait_for("")[:32] for _ in range(2)], [first, second])
        self.assertEqual((failed.end(), method.end()), (0, 0))

    def test_what_came_too_fast_is_counted(self):
        """Of more calls than the router remembers each is told, or is among those that are said to be missing."""
        calls = 20000
        tap = self.start("tap", "greeter", "-o", "name")
        tap.wait_for("calls as they end")
        self.mu("call", "greeter.Hello", "--count", str(calls), "--parallel", "512")
        last = self.call("greeter.Hello")
        told = 0
        missed = 0
        while True:
            line = tap.wait_for("")
            found = re.match(r"(\d+) calls came too fast", line)
            missed += int(found.group(1)) if found else 0
            told += line != "" and found is None
            if line == last:
                break
        self.assertGreaterEqual(told + missed, calls + 1)


class Logs(Views):
    def test_lines_of_one_call_are_found_in_all_logs(self):
        trace = self.call("shop.Call", "endpoint=greeter.Hello")
        other = self.call("shop.Call", "endpoint=counter.Get")
        (line,) = self.mu("logs", "--trace", trace[:12], "-o", "json").lines()
        self.assertEqual((line["service"], line["msg"], line["trace_id"]), ("shop", "calls greeter.Hello", trace))
        self.assertEqual(line["span_id"], self.show(trace)["calls"][0]["span"])
        self.assertRegex(self.mu("logs", "-t", trace).out, rf"info  shop: calls greeter\.Hello trace={trace[:8]}\n$")
        self.assertNotIn(other[:8], self.mu("logs", "--trace", trace).out)
        self.assertIn(other[:8], self.mu("logs", "shop").out)

    def test_a_trace_without_lines_is_not_found_and_may_be_followed(self):
        trace = self.call("greeter.Hello")
        answer = self.mu("logs", "--trace", trace, code=3)
        self.assertIn(f"no log has a line of trace {trace}", answer.err)
        self.mu("logs", "--trace", "what", code=2)
        follow = self.start("logs", "-f", "--trace", "0af7651916cd43dd8448eb211c80319c", "-o", "json")
        follow.wait_for("no line of trace")
        self.call("shop.Call", "endpoint=counter.Get", "--traceparent", PARENT)
        follow.wait_for('"msg":"calls counter.Get"')


class Screen:
    """A terminal with `mu top` on it."""

    def __init__(self, node, *words):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(MU, [MU, *words], dict(node.env, TERM="xterm"))
        self.seen = ""

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_until(self, pattern):
        """Reads until what came since the last time has `pattern`, and returns all that came."""
        until = time.monotonic() + WAIT_S
        while not re.search(pattern, self.seen, re.S):
            left = until - time.monotonic()
            if left < 0 or not select.select([self.fd], [], [], left)[0]:
                raise AssertionError(f"no {pattern!r} in {self.seen!r}")
            try:
                more = os.read(self.fd, 65536)
            except OSError:
                more = b""
            if more == b"":
                raise AssertionError(f"it ended without {pattern!r}: {self.seen!r}")
            self.seen += more.decode(errors="replace")
        seen, self.seen = self.seen, ""
        return seen

    def write(self, text):
        os.write(self.fd, text.encode())

    def is_echoing(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def end(self):
        """Reads to the end; its status, as waitpid has it."""
        rest = self.seen
        while True:
            try:
                more = os.read(self.fd, 65536)
            except OSError:
                break
            if more == b"":
                break
            rest += more.decode(errors="replace")
        _, status = os.waitpid(self.pid, 0)
        return rest, status


class Top(Views):
    def screen(self, *words):
        screen = Screen(self.node, "top", "--every", "100ms", *words)
        self.addCleanup(os.close, screen.fd)
        return screen

    def test_it_takes_the_screen_and_gives_it_back_at_q(self):
        self.call("greeter.Hello")
        screen = self.screen()
        seen = screen.read_until(r"greeter\.Hello.*greeter\.Hello")
        self.assertTrue(seen.startswith("\x1b[?1049h\x1b[?25l"), seen[:40])
        self.assertFalse(screen.is_echoing())
        screen.write("q")
        rest, status = screen.end()
        self.assertTrue(rest.endswith("\x1b[?25h\x1b[?1049l"), rest[-40:])
        self.assertEqual(status, 0)

    def test_a_signal_ends_it_as_it_should_and_gives_the_screen_back(self):
        for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
            screen = self.screen()
            screen.read_until("PROCESSES")
            os.kill(screen.pid, number)
            rest, status = screen.end()
            self.assertTrue(rest.endswith("\x1b[?25h\x1b[?1049l"), rest[-40:])
            self.assertEqual(os.WTERMSIG(status), number)

    def test_letters_and_arrows_sort_and_a_shows_all(self):
        self.call("greeter.Hello")
        screen = self.screen()
        screen.read_until(r"\*c calls")
        screen.resize(100, 120)
        screen.write("9")
        screen.read_until(r"\*9 p99")
        screen.write("\x1b[C")
        screen.read_until(r"\*u queue")
        screen.write("\x1b[D")
        screen.read_until(r"\*9 p99")
        screen.write("a")
        screen.read_until(r"registry\.Describe")
        screen.write(" ")
        screen.read_until("PAUSED")
        screen.write("q")
        screen.end()

    def test_it_is_drawn_for_the_size_that_there_is(self):
        self.call("greeter.Hello")
        screen = self.screen()
        screen.read_until("PROCESSES")
        screen.resize(5, 30)
        lines = [""] * 24
        while len(lines) > 5:
            frame = screen.read_until(r"\x1b\[H[^J]*\x1b\[J").rsplit("\x1b[H", 1)[1]
            lines = [re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", line) for line in frame.split("\r\n")]
        self.assertRegex(lines[0], r"^mu top  \d+ calls/s, 0 failed")
        self.assertLessEqual(max(map(len, lines)), 30)
        self.assertIn("greeter", lines[4])
        screen.write("q")
        screen.end()

    def test_without_a_terminal_it_is_shown_once_and_says_so(self):
        self.call("greeter.Hello")
        answer = self.mu("top")
        self.assertIn("greeter.Hello", answer.out)
        self.assertNotIn("\x1b", answer.out)
        self.assertIn("mu stats -w", answer.err)


class Words(Views):
    def test_forms_that_a_command_does_not_have_are_refused(self):
        self.assertIn("has no form of that kind", self.mu("ps", "-o", "prometheus", code=2).err)
        self.assertIn("has no form of that kind", self.mu("stats", "-o", "otlp", code=2).err)

    def test_each_command_explains_itself(self):
        for words in (["stats"], ["top"], ["tap"], ["why"], ["trace", "list"], ["trace", "show"], ["trace", "export"]):
            text = self.mu(*words, "--help").out
            self.assertIn("\nExamples\n", text)
            self.assertIn(f"usage: mu {' '.join(words)} ", text)


if __name__ == "__main__":
    main()
