"""mu registry: register, deregister, list, show, watch, describe."""

import json
import os
import signal

from google.protobuf import descriptor_pb2

from node import STAGE, NodeTest, main


class Registry(NodeTest):
    manifest = f"{STAGE}/share/mu/services/greeter.service"

    def test_list_for_people_and_programs(self):
        table = self.mu("registry", "list").out
        self.assertRegex(table, r"SERVICE +VERSION +INSTANCES +REGISTERED +METHODS")
        self.assertRegex(table, r"counter +1\.0\.0 +1 +yes +Add Get Check")
        services = {s["name"]: s for s in self.mu("registry", "list", "-o", "json").json()["services"]}
        self.assertEqual(services["greeter"]["versions"][0]["methods"], ["Hello"])
        self.assertEqual(self.mu("registry", "list", "gree", "-o", "name").out, "greeter\n")
        self.assertEqual(self.mu("services", "ls", "gree", "-o", "jsonl").lines()[0]["name"], "greeter")

    def test_show_is_the_whole_service(self):
        shown = self.mu("registry", "show", "greeter").out
        self.assertIn("greeter, registered for good", shown)
        service = self.mu("registry", "show", "greeter", "--json").json()["service"]
        self.assertEqual(len(service["instances"]), 1)
        self.assertEqual(self.mu("registry", "show", "greter", code=3).code, 3)

    def test_describe_is_proto_with_comments(self):
        text = self.mu("registry", "describe", "greeter").out
        self.assertIn("// Greets people.", text)
        self.assertIn("rpc Hello", text)
        self.assertIn("// Whom to greet; empty greets the world.", text)
        method = self.mu("registry", "describe", "counter.Get").out
        self.assertIn("rpc Get", method)
        self.assertNotIn("AddRequest", method)
        self.assertIn("option idempotency_level = NO_SIDE_EFFECTS;", method)
        self.assertIn("rpc Health", self.mu("registry", "describe", "greeter.mu.Health").out)

    def test_describe_for_programs(self):
        types = self.mu("registry", "describe", "ticker", "-o", "json").json()
        method = types["methods"][0]
        self.assertEqual((method["endpoint"], method["shape"]), ("ticker.Watch", "serverStream"))
        debug = self.mu("registry", "describe", "greeter.mu.Health", "-o", "json").json()
        self.assertEqual(debug["methods"][0]["endpoint"], "greeter.mu.Health")
        fields = types["messages"]["ticker.v1.WatchRequest"]
        self.assertEqual([f["name"] for f in fields], ["interval_ms", "count"])
        raw = self.mu("registry", "describe", "ticker", "-o", "raw").raw
        files = descriptor_pb2.FileDescriptorSet.FromString(raw).file
        self.assertIn("ticker.v1", [f.package for f in files])

    def test_register_again_changes_nothing(self):
        answer = self.mu("registry", "register", self.manifest)
        self.assertIn("was registered so already", answer.err)
        self.assertTrue(self.mu("registry", "register", self.manifest, "--json").json()["unchanged"])

    def test_deregistered_it_is_gone_and_registered_it_is_back(self):
        manifest = f"{STAGE}/share/mu/services/talk.service"
        self.mu("registry", "deregister", "talk")
        self.mu("call", "talk.Chat", code=3)
        self.mu("registry", "deregister", "talk", code=3)
        self.mu("registry", "register", manifest)
        self.mu("call", "talk.mu.Health")

    def test_a_manifest_that_is_wrong_is_refused_with_the_place(self):
        path = f"{self.node.dir}/wrong.service"
        with open(path, "w") as manifest:
            manifest.write("name: wrong\nversoin: 1\n")
        answer = self.mu("registry", "register", path, code=2)
        self.assertIn(path, answer.err)
        self.assertIn("versoin", answer.err)
        self.mu("registry", "register", "/nonexistent.service", code=3)
        folder = self.mu("registry", "register", "/tmp", code=2).err
        self.assertIn("cannot read /tmp: Is a directory", folder)
        self.assertIn("name a file in it", folder)

    def test_a_relative_program_is_taken_from_the_manifests_folder(self):
        os.makedirs(f"{self.node.dir}/far/bin", exist_ok=True)
        os.symlink(f"{STAGE}/libexec/mu/mu-greeter", f"{self.node.dir}/far/bin/mu-far")
        path = f"{self.node.dir}/far/far.service"
        with open(path, "w") as manifest:
            manifest.write("name: far\nversion: 2.0.0\nprogram: ./bin/mu-far\n")
        self.mu("registry", "register", path)
        self.assertEqual(self.mu("call", "far.Hello", "name=you").json(), {"text": "Hello, you!"})
        self.mu("registry", "deregister", "far")

    def test_of_several_versions_the_newest_is_listed(self):
        path = f"{self.node.dir}/older.service"
        for version in ("1.0.0", "2.0.0"):
            with open(path, "w") as manifest:
                manifest.write(f"name: older\nversion: {version}\nprogram: {STAGE}/libexec/mu/mu-greeter\n")
            self.mu("registry", "register", path)
            self.assertRegex(self.mu("registry", "list", "older").out, rf"older +{version} +1 +yes +Hello")
        versions = self.mu("registry", "show", "older", "--json").json()["service"]["versions"]
        self.assertEqual([v["version"] for v in versions], ["2.0.0", "1.0.0"])
        self.mu("registry", "deregister", "older")

    def test_watch_shows_an_instance_vanish_and_appear(self):
        watch = self.start("registry", "watch", "digest")
        watch.wait_for("here", "digest")
        pid = next(p["pid"] for p in self.mu("ps", "-o", "jsonl").lines() if p["service"] == "digest")
        os.kill(pid, signal.SIGKILL)
        watch.wait_for("down", "digest", f"pid {pid}")
        watch.wait_for("up", "digest")
        self.assertEqual(watch.stop(), 130)

    def test_watch_goes_on_after_a_revision_and_over_a_restart_of_the_registry(self):
        revision = int(self.mu("registry", "list", "--json").json()["revision"])
        watch = self.start("registry", "watch", "--after", str(revision), "-o", "json")
        self.mu("stop", "counter")
        change = json.loads(watch.wait_for("counter"))
        self.assertEqual(change["kind"], "CHANGE_INSTANCE_DOWN")
        self.assertGreater(int(change["revision"]), revision)
        self.mu("start", "counter")
        watch.wait_for("counter", "CHANGE_INSTANCE_UP")
        pid = next(p["pid"] for p in self.mu("ps", "-o", "jsonl").lines() if p["service"] == "registry")
        os.kill(pid, signal.SIGKILL)
        watch.wait_for("the registry went away")
        watch.wait_for("ticker", "CHANGE_INSTANCE_UP")
        self.assertEqual(watch.stop(), 130)

    def test_status_and_ps_answer_without_the_registry(self):
        pid = next(p["pid"] for p in self.mu("ps", "-o", "jsonl").lines() if p["service"] == "registry")
        os.kill(pid, signal.SIGSTOP)
        try:
            self.mu("ps")
            self.mu("status")
            self.mu("call", "node.Status")
            self.assertIn("!!  registry", self.mu("doctor", code=1).out)
        finally:
            os.kill(pid, signal.SIGCONT)


if __name__ == "__main__":
    main()
