"""mu login, logout, whoami, account, token, rule and audit, against a node that enforces them."""

import glob
import json
import os
import re
import signal
import time

from node import STAGE, NodeTest, main

RELAY = os.path.join(STAGE, "..", "tests", "bin", "mu-relay")
OK, ANSWERED, USAGE, NOT_FOUND, DENIED, NO_ROOM, CONFLICT = 0, 1, 2, 3, 6, 7, 8
DENIED_CODE = 7  # of a status


class Users(NodeTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        answer = cls.node.mu("account", "init", "-q")
        assert answer.code == 0, answer.err
        cls.secret = answer.out.strip()

    def tearDown(self):
        self.node.mu("logout", "-q")

    def account(self, name, *scopes, roles=()):
        """An account of its own for each test, with the password "secret of NAME"."""
        words = [word for scope in scopes for word in ("--scope", scope)]
        words += [word for role in roles for word in ("--role", role)]
        self.mu("account", "create", name, "--password-stdin", *words, stdin=f"secret of {name}\n")

    def login(self, name, password=None, code=OK):
        secret = password if password is not None else f"secret of {name}"
        return self.mu("login", name, "--password-stdin", stdin=secret + "\n", code=code)

    def hello(self, code=OK, **env):
        return self.mu("call", "greeter.Hello", "name=x", code=code, env=env)

    def session(self):
        with open(os.path.join(self.node.dir, "config", "session")) as file:
            return json.load(file)

    def put_session(self, session):
        with open(os.path.join(self.node.dir, "config", "session"), "w") as file:
            json.dump(session, file)

    def owner(self, *words, code=OK, **more):
        """A command of the node's owner's, whoever is logged in."""
        return self.mu(*words, code=code, env={"MU_TOKEN_USER": ""}, **more)

    def events(self):
        return [json.loads(line) for line in self.owner("audit", "-n", "256", "--json").out.split("\n") if line]

    # ---- accounts and logins ----

    def test_the_first_account_is_made_once_and_its_secret_is_kept_nowhere(self):
        self.assertRegex(self.secret, r"^([a-z2-9]{5}-){4}[a-z2-9]{5}$")
        self.mu("account", "init", code=CONFLICT)
        self.login("admin", self.secret)
        self.assertIn("roles     admin", self.mu("whoami").out)
        for path in glob.glob(os.path.join(self.node.dir, "**"), recursive=True):
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    self.assertNotIn(self.secret.encode(), file.read(), path)

    def test_who_logs_in_may_call_what_the_account_may_and_nothing_else(self):
        self.account("alice", "greeter.Hello")
        self.login("alice")
        self.assertEqual(self.mu("whoami", "-o", "name").out, "alice\n")
        self.hello()
        refused = self.mu("call", "counter.Get", code=DENIED)
        self.assertIn("the token of alice does not cover counter.Get", refused.err)
        self.mu("ps", code=DENIED)
        self.mu("account", "list", code=DENIED)
        self.mu("logout")
        self.mu("call", "counter.Get")
        self.assertEqual(self.mu("whoami").out, "the node's owner\n")

    def test_a_service_calls_no_more_on_behalf_of_a_user_than_both_may(self):
        path = os.path.join(self.node.dir, "shop.service")
        with open(path, "w") as file:
            json.dump({"name": "shop", "program": RELAY, "calls": ["greeter.*", "counter.*"]}, file)
        self.mu("registry", "register", path)
        self.account("bob", "shop.*", "greeter.*")
        self.login("bob")
        for endpoint, code in ("greeter.Hello", 0), ("counter.Get", DENIED_CODE):
            answer = self.mu("call", "shop.Call", "endpoint=" + endpoint, "--json").json()
            self.assertEqual(answer.get("code", 0), code, answer)

    def test_each_user_has_limits_of_his_own_which_are_named(self):
        for name in "yolanda", "zeno":
            self.account(name, "greeter.Hello")
        self.owner("policy", "set", "greeter.*", "--caller", "user:*", "rate=1", "burst=1")
        self.addCleanup(self.owner, "policy", "remove", "greeter.*", "--caller", "user:*")
        self.login("yolanda")
        answers = [self.node.mu("call", "greeter.Hello", "name=x") for _ in range(6)]
        refused = [answer for answer in answers if answer.code != OK]
        self.assertTrue(refused)
        for answer in refused:
            self.assertEqual(answer.code, NO_ROOM)
            self.assertIn("the policy of greeter.* for user:* (yolanda) lets 1 calls a second through", answer.err)
        self.owner("call", "greeter.Hello", "name=x")
        hint = re.search(r"what became of it: mu (why [0-9a-f]+)", refused[0].err).group(1)
        told = self.owner(*hint.split()).out
        self.assertIn("was refused by a policy: RESOURCE_EXHAUSTED", told)
        self.assertIn("the policy of greeter.* for user:* (yolanda)", told)
        self.mu("logout")
        self.login("zeno")
        self.hello()

    def test_nobody_learns_whether_an_account_is_there(self):
        self.account("carol", "greeter.*")
        self.owner("account", "create", "robot", "--kind", "agent", "--scope", ">")
        wrong = self.login("carol", "not her password", code=DENIED).err
        for name in "carola", "robot", "no such name":
            self.assertEqual(self.login(name, "secret", code=DENIED).err, wrong)
        self.owner("account", "disable", "carol")
        self.assertEqual(self.login("carol", code=DENIED).err, wrong)
        self.owner("account", "enable", "carol")
        self.login("carol")

    def test_after_five_wrong_passwords_the_right_one_waits_too(self):
        self.account("dave", "greeter.*")
        for _ in range(5):
            self.login("dave", "wrong password", code=DENIED)
        self.assertIn("too many wrong passwords", self.login("dave", code=NO_ROOM).err)
        noted = [event["event"] for event in self.events() if event.get("about") == "dave"]
        self.assertEqual(noted[-6:], ["login-failed"] * 5 + ["login-throttled"])

    def test_who_is_disabled_or_changed_is_out_at_the_next_call(self):
        self.account("erin", "greeter.*", "counter.*")
        self.login("erin")
        self.hello()
        token = self.session()["access_token"]
        self.owner("account", "rights", "erin", "--scope", "counter.*")
        self.hello(code=DENIED, MU_TOKEN_USER=token)
        self.put_session(dict(self.session(), access_token_until_s=0))
        self.mu("call", "counter.Get")  # the session goes on, with the new rights
        self.hello(code=DENIED)
        self.owner("account", "disable", "erin")
        self.mu("call", "counter.Get", code=DENIED)
        self.put_session(dict(self.session(), access_token_until_s=0))
        refused = self.mu("call", "counter.Get", code=DENIED)
        self.assertIn("the session of `mu login` is over", refused.err)

    def test_a_new_password_ends_the_sessions_of_the_old_one(self):
        self.account("frank", "greeter.*", "auth.SetPassword")
        self.login("frank")
        self.mu("account", "password", "frank", "--password-stdin", stdin="wrong\nnew secret\n", code=DENIED)
        self.hello()
        self.mu("account", "password", "frank", "--password-stdin", stdin="secret of frank\nnew secret\n")
        self.hello(code=DENIED)
        self.login("frank", code=DENIED)
        self.login("frank", "new secret")
        self.hello()

    def test_only_administrators_look_after_accounts_and_auditors_after_the_log(self):
        self.account("grace", "auth.*", roles=["auditor"])
        self.account("heidi", "auth.*", roles=["admin"])
        self.account("ivan", "auth.*")
        for name, accounts, log in ("grace", DENIED, OK), ("heidi", OK, OK), ("ivan", DENIED, DENIED):
            self.login(name)
            self.mu("account", "list", code=accounts)
            self.mu("token", "issue", "grace", code=accounts)
            self.mu("rule", "list", code=accounts)
            self.mu("audit", code=log)
            self.mu("account", "show", name)
            self.mu("call", "auth.Note", "left_out=1", code=DENIED)

    # ---- tokens ----

    def await_next_second(self):
        this = int(time.time())
        while int(time.time()) == this:
            self.node.mu("status", "-q")

    def test_a_narrower_token_allows_less_and_never_more(self):
        self.account("judy", "greeter.*", "counter.*")
        self.await_next_second()  # a router counts calls of tokens that are made after it began
        self.login("judy")
        narrow = self.mu("token", "narrow", "--scope", "greeter.Hello", "--calls", "2").out.strip()
        self.mu("token", "narrow", narrow, "--scope", "counter.Get", code=DENIED)
        self.mu("token", "narrow", narrow, "--calls", "3", code=DENIED)
        sealed = self.mu("token", "narrow", "-", "--for", "1m", "--seal", stdin=narrow).out.strip()
        self.mu("token", "narrow", sealed, "--calls", "1", code=DENIED)
        said = self.mu("token", "show", sealed, "--json").json()
        self.assertEqual((said["scopes"], said["calls"], said["sealed"]), (["greeter.Hello"], 2, True))
        self.mu("call", "counter.Get", env={"MU_TOKEN_USER": narrow}, code=DENIED)
        self.hello(MU_TOKEN_USER=narrow)
        self.hello(MU_TOKEN_USER=sealed)
        self.hello(MU_TOKEN_USER=narrow, code=DENIED)  # both were charged to it
        self.hello()

    def test_a_token_that_was_revoked_is_void_at_the_next_call(self):
        self.account("kim", "greeter.*")
        first, second = (self.mu("token", "issue", "kim", "-q").out.strip() for _ in range(2))
        narrow = self.mu("token", "narrow", first, "--for", "5m").out.strip()
        for token in first, second, narrow:
            self.hello(MU_TOKEN_USER=token)
        self.mu("token", "revoke", self.mu("token", "show", first, "-o", "name").out.strip())
        self.hello(MU_TOKEN_USER=first, code=DENIED)
        self.hello(MU_TOKEN_USER=narrow, code=DENIED)
        self.hello(MU_TOKEN_USER=second)
        self.mu("token", "revoke", "-", stdin=second, env={"MU_TOKEN_USER": second})  # its own bearer
        self.hello(MU_TOKEN_USER=second, code=DENIED)
        self.mu("token", "revoke", "0" * 32, code=NOT_FOUND)
        forged = first[:-20] + ("A" if first[-20] != "A" else "B") + first[-19:]
        self.mu("token", "revoke", forged, code=ANSWERED)

    def test_a_token_issued_covers_no_more_than_the_account(self):
        self.account("leo", "greeter.*")
        self.mu("token", "issue", "leo", "--scope", "counter.Get", code=ANSWERED)
        self.mu("token", "issue", "leo", "--for", "16m", code=USAGE)
        self.mu("token", "issue", "nobody", code=NOT_FOUND)
        token = self.mu("token", "issue", "leo", "--scope", "greeter.Hello", "--calls", "1", "-q").out.strip()
        self.hello(MU_TOKEN_USER=token)
        self.hello(MU_TOKEN_USER=token, code=DENIED)

    def test_a_session_is_renewed_by_itself_and_ends_where_a_copy_was_used(self):
        self.account("mallory", "greeter.*")
        self.login("mallory")
        stolen = self.session()
        self.put_session(dict(stolen, access_token_until_s=0))
        self.hello()
        renewed = self.session()
        self.assertNotEqual(renewed["refresh_token"], stolen["refresh_token"])
        self.hello(MU_TOKEN_USER=renewed["access_token"])
        words = "auth.Refresh", "refresh_token=" + stolen["refresh_token"]
        refused = self.owner("call", *words, code=DENIED)
        self.assertIn("used before", refused.err)
        self.hello(MU_TOKEN_USER=renewed["access_token"], code=DENIED)
        self.hello(MU_TOKEN_USER=stolen["access_token"], code=DENIED)
        self.put_session(dict(renewed, access_token_until_s=0))
        self.assertIn("is over", self.hello(code=DENIED).err)
        self.assertIn("refresh-reused", [event["event"] for event in self.events()])

    def test_a_session_that_others_can_read_is_not_believed(self):
        self.account("nina", "greeter.*")
        self.login("nina")
        path = os.path.join(self.node.dir, "config", "session")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        os.chmod(path, 0o644)
        self.assertIn("others could read", self.hello(code=DENIED).err)

    def test_tokens_of_an_old_key_stay_good(self):
        self.account("oscar", "greeter.*")
        before = self.mu("token", "issue", "oscar", "-q").out.strip()
        key = self.mu("token", "rotate-key", "-q").out.strip()
        self.assertEqual(self.mu("token", "keys", "-o", "name").out.split()[0], key)
        after = self.mu("token", "issue", "oscar", "-q").out.strip()
        self.hello(MU_TOKEN_USER=before)
        self.hello(MU_TOKEN_USER=after)

    # ---- rules ----

    def test_rules_refuse_with_their_number_and_reason_until_they_are_removed(self):
        self.account("peggy", "greeter.*")
        self.account("quentin", "greeter.*")
        rule = self.mu("rule", "add", "deny", "user:*", "greeter.*", "--reason", "no greeting today", "-q").out.strip()
        other = self.mu("rule", "add", "allow", "user:quentin", "greeter.*", "--priority", "1", "-q").out.strip()
        self.assertEqual(self.mu("rule", "list", "-o", "name").out.split(), [other, rule])
        self.mu("rule", "test", "user:peggy", "greeter.Hello", code=DENIED)
        self.mu("rule", "test", "user:quentin", "greeter.Hello")
        self.mu("rule", "test", "service:shop", "greeter.Hello")
        self.login("peggy")
        refused = self.hello(code=DENIED).err
        self.assertIn("no greeting today", refused)
        self.assertIn(rule, refused)
        self.login("quentin")
        self.hello()
        self.owner("rule", "remove", rule)
        self.owner("rule", "remove", other)
        self.owner("rule", "remove", rule, code=NOT_FOUND)
        self.login("peggy")
        self.hello()

    # ---- the log, and what must last ----

    def test_the_log_shows_what_was_done_and_its_chain_fits(self):
        following = self.start("audit", "-f", "--json", "-n", "1")
        self.account("rupert", "greeter.*")
        self.login("rupert", "wrong password", code=DENIED)
        self.login("rupert")
        self.mu("call", "counter.Get", code=DENIED)
        for event, about in (
            ("account-created", "rupert"),
            ("login-failed", "rupert"),
            ("login", "rupert"),
            ("refused", "counter.Get"),
        ):
            following.wait_for(f'"event":"{event}"', f'"about":"{about}"')
        refusal = [event for event in self.events() if event["event"] == "refused"][-1]
        self.assertEqual(refusal["by"], "user:rupert")
        verdict = self.owner("audit", "--verify", "--json").json()
        self.assertEqual(int(verdict.get("broken", 0)), 0)
        self.assertGreaterEqual(int(verdict["verified"]), len(self.events()))
        since = self.owner("audit", "--since", "1h", "--json").out.count("\n")
        self.assertGreaterEqual(since, 4)

    def test_what_was_answered_lasts_over_a_kill_of_the_service_and_of_the_router(self):
        self.account("sybil", "greeter.*")
        self.login("sybil")
        void = self.owner("token", "issue", "sybil", "-q").out.strip()
        self.owner("token", "revoke", "-", stdin=void)
        rule = self.owner("rule", "add", "deny", "user:sybil", "greeter.Bye", "-q").out.strip()
        for part in "auth", "router":
            for process in self.owner("ps", "--json").json()["processes"]:
                if process["service"] == part:
                    os.kill(int(process["pid"]), signal.SIGKILL)
            self.wait_for_auth()
            self.hello()
            self.hello(MU_TOKEN_USER=void, code=DENIED)
            self.owner("rule", "test", "user:sybil", "greeter.Bye", code=DENIED)
            self.put_session(dict(self.session(), access_token_until_s=0))
            self.hello()
            self.assertEqual(int(self.owner("audit", "--verify", "--json").json().get("broken", 0)), 0)
        self.owner("rule", "remove", rule)

    def wait_for_auth(self):
        """Until auth answers, and the router has what auth told it: a good token is believed."""
        token = self.session()["access_token"]
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.node.mu("token", "keys", "-q", env={"MU_TOKEN_USER": ""}).code == 0:
                if self.node.mu("call", "greeter.Hello", "name=x", env={"MU_TOKEN_USER": token}).code == 0:
                    return
        raise AssertionError("auth did not come back")

    def test_bad_words_are_refused_and_change_nothing(self):
        before = self.mu("account", "list", "--json").out + self.mu("rule", "list", "--json").out
        none = "--no-password"
        for words, code in (
            (("account", "create", "Upper", none), ANSWERED),
            (("account", "create", "a" * 65, none), ANSWERED),
            (("account", "create", "x", none, "--scope", "nothing"), ANSWERED),
            (("account", "create", "x", none, "--role", "root"), ANSWERED),
            (("account", "create", "x", none, "--kind", "dog"), USAGE),
            (("account", "create", "x", none, "--generate"), USAGE),
            (("account", "create", "admin", none), CONFLICT),
            (("account", "create", "x", none, *["--scope", "a.B"] * 17), ANSWERED),
            (("account", "rights", "admin", "--scope", "nothing"), ANSWERED),
            (("account", "show", "nobody"), NOT_FOUND),
            (("account", "remove", "nobody", "--yes"), NOT_FOUND),
            (("account", "remove", "admin"), USAGE),
            (("rule", "add", "maybe", "*", "a.B"), USAGE),
            (("rule", "add", "deny", "alice", "a.B"), ANSWERED),
            (("rule", "add", "deny", "*", "nothing"), ANSWERED),
            (("rule", "add", "deny", "*", "a.B", "--reason", "x" * 161), ANSWERED),
            (("rule", "remove", "x"), USAGE),
            (("rule", "test", "*", "a.B"), ANSWERED),
            (("token", "narrow", "mut1.nothing", "--calls", "1"), USAGE),
            (("token", "show", "mut1.nothing"), USAGE),
            (("audit", "--since", "yesterday"), USAGE),
        ):
            self.mu(*words, code=code)
        self.mu("account", "create", "x", "--password-stdin", stdin="short\n", code=ANSWERED)
        self.mu("account", "create", "x", "--password-stdin", stdin="\n", code=USAGE)
        self.assertEqual(self.mu("account", "list", "--json").out + self.mu("rule", "list", "--json").out, before)

    def test_names_of_accounts_and_numbers_of_rules_complete(self):
        self.account("trent", "greeter.*")
        rule = self.mu("rule", "add", "deny", "user:trent", "greeter.*", "-q").out.strip()
        self.assertIn("trent", self.mu("__complete", "--", "mu", "account", "show", "tr").out)
        self.assertIn(rule, self.mu("__complete", "--", "mu", "rule", "remove", "").out)
        self.mu("rule", "remove", rule)


if __name__ == "__main__":
    main()
