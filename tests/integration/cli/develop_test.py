"""mu new and mu run: from nothing to a service that runs."""

import os
import re
import shutil
import signal
import subprocess

from node import Node, NodeTest, main

import unittest


class New(unittest.TestCase):
    def setUp(self):
        self.node = Node()
        self.addCleanup(self.node.close)

    def step(self, *words):
        done = subprocess.run(
            words, cwd=self.node.dir, env=self.node.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=200
        )
        self.assertEqual(done.returncode, 0, done.stdout.decode())

    def test_it_builds_and_passes_its_test_at_once(self):
        stage = os.path.dirname(os.path.dirname(self.node.env["PATH"].split(":")[0] + "/"))
        answer = self.node.mu("new", "corner-shop")
        self.assertEqual(answer.code, 0, answer.err)
        self.assertIn("mu run corner-shop --watch", answer.err)
        self.step("cmake", "-S", "corner-shop", "-B", "corner-shop/build", f"-DCMAKE_PREFIX_PATH={stage}")
        self.step("cmake", "--build", "corner-shop/build")
        self.step("ctest", "--test-dir", "corner-shop/build", "--output-on-failure")

    def test_any_name_builds(self):
        """Those whose capitals meet (XRay, EMail, AB) or which have digits, and words of C."""
        names = ["x-ray", "e-mail", "a-b", "a1-2b", "a-1-b", "int", "main", "message"]
        stage = os.path.dirname(os.path.dirname(self.node.env["PATH"].split(":")[0] + "/"))
        with open(f"{self.node.dir}/CMakeLists.txt", "w") as project:
            project.write("cmake_minimum_required(VERSION 3.25)\nproject(names LANGUAGES C)\n")
            for name in names:
                answer = self.node.mu("new", name)
                self.assertEqual(answer.code, 0, answer.err)
                project.write(f"add_subdirectory({name})\n")
        self.step("cmake", "-S", ".", "-B", "build", f"-DCMAKE_PREFIX_PATH={stage}")
        self.step("cmake", "--build", "build")

    def test_programs_are_told_what_was_written(self):
        made = self.node.mu("new", "shop", "-o", "json").json()
        self.assertEqual(made["service"], "shop")
        self.assertIn("shop/shop.proto", made["files"])
        for path in made["files"]:
            self.assertTrue(os.path.isfile(f"{self.node.dir}/{path}"), path)

    def test_names_that_cannot_be_are_refused(self):
        for name, code in (("Shop", 2), ("9", 2), ("a--b", 2), ("a-", 2), ("registry", 8), ("status", 8), ("mu-x", 8), ("x" * 60, 2)):
            self.assertEqual(self.node.mu("new", name).code, code, name)
        os.mkdir(f"{self.node.dir}/shop")
        self.assertEqual(self.node.mu("new", "shop").code, 8)


class Run(NodeTest):
    def test_run_watch_and_register(self):
        self.mu("new", "shop")
        shop = f"{self.node.dir}/shop"
        run = self.start("run", shop, "--watch")
        first = run.wait_for("shop is up, pid ")
        self.assertEqual(self.mu("call", "shop.Echo", "text=hi").json(), {"text": "hi"})

        self.replace(f"{shop}/shop.c", "reply.text = request->text;", 'reply.text = "changed";')
        second = run.wait_for("shop is up, pid ")
        self.assertNotEqual(first, second)
        self.assertEqual(self.mu("shop", "echo", "--text", "hi").json(), {"text": "changed"})

        self.replace(f"{shop}/shop.c", 'reply.text = "changed";', "reply.text = ;")
        run.wait_for("does not build")
        run.wait_for("the one before runs on")
        self.assertEqual(self.mu("call", "shop.Echo", "text=hi").json(), {"text": "changed"})

        self.assertEqual(run.stop(signal.SIGINT), 130)
        self.mu("call", "shop.Echo", code=4)

        self.replace(f"{shop}/shop.c", "reply.text = ;", "reply.text = request->text;")
        self.mu("run", shop, "--register")
        self.assertEqual(self.mu("call", "shop.Echo", "text=kept").json(), {"text": "kept"})
        self.mu("registry", "deregister", "shop")

    def test_a_service_that_does_not_build_yet_is_waited_for(self):
        self.mu("new", "draft")
        self.addCleanup(shutil.rmtree, f"{self.node.dir}/draft")
        source = f"{self.node.dir}/draft/draft.c"
        self.replace(source, "reply.text = request->text;", "reply.text = ;")
        run = self.start("run", f"{self.node.dir}/draft", "--watch")
        run.wait_for("does not build")
        run.wait_for("waiting for a change")
        self.replace(source, "reply.text = ;", "reply.text = request->text;")
        run.wait_for("draft is up, pid ")
        self.assertEqual(run.stop(signal.SIGINT), 130)

    def test_by_hand_it_is_shut_in_unless_it_is_told_otherwise(self):
        self.mu("new", "vault")
        vault = f"{self.node.dir}/vault"
        self.addCleanup(shutil.rmtree, vault)
        for flags, filtered in (([], 2), (["--sandbox=off"], 0)):
            run = self.start("run", vault, *flags)
            if filtered == 0:
                run.wait_for("WARNING: vault runs WITHOUT A SANDBOX (--sandbox=off)")
            pid = re.search(r"pid (\d+)", run.wait_for("vault is up, pid "))[1]
            with open(f"/proc/{pid}/status") as status:
                self.assertIn(f"Seccomp:\t{filtered}\n", status.read())
            self.assertEqual(os.path.exists(f"/proc/{pid}/root/etc/passwd"), filtered == 0)
            self.assertEqual(self.mu("call", "vault.Echo", "text=hi").json(), {"text": "hi"})
            self.assertEqual(run.stop(signal.SIGINT), 130)
        quiet = self.start("run", vault, "--sandbox=off", "-q")
        quiet.wait_for("WITHOUT A SANDBOX")
        self.assertEqual(quiet.stop(signal.SIGINT), 130)

    def test_the_sandbox_is_on_or_off(self):
        self.assertIn("--sandbox is on or off, not ajar", self.mu("run", "x", "--sandbox=ajar", code=2).err)

    def replace(self, path, before, after):
        with open(path) as source:
            text = source.read()
        self.assertIn(before, text)
        with open(path, "w") as source:
            source.write(text.replace(before, after))

    def test_a_folder_that_is_no_service(self):
        os.mkdir(f"{self.node.dir}/empty")
        self.assertIn("holds no NAME.service", self.mu("run", f"{self.node.dir}/empty", code=3).err)
        self.mu("run", f"{self.node.dir}/nowhere", code=3)


if __name__ == "__main__":
    main()
