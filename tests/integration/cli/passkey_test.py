"""Passkeys: a security key made of software logs in to a node, and nothing else does."""

import base64
import json
import os
import pty
import signal
import subprocess

from node import MU, STAGE, NodeTest, Running, main

SOFTWARE_KEY = os.path.join(STAGE, "..", "tests", "bin", "mu-software-key")
HELPER = os.path.join(STAGE, "libexec", "mu", "mu-passkey")
OK, ANSWERED, USAGE, NOT_FOUND, UNAVAILABLE, DENIED, NO_ROOM, CONFLICT = 0, 1, 2, 3, 4, 6, 7, 8
WRONG = "the account or the passkey is wrong"


class Key:
    """A software key on a socket of its own."""

    def __init__(self, test, name, *words):
        self.socket = os.path.join(test.node.dir, name + ".key")
        self.process = Running([SOFTWARE_KEY, *words, self.socket], dict(os.environ))
        test.addCleanup(self.process.kill)
        self.process.wait_for("ready")

    def signal(self, number):
        self.process.process.send_signal(number)

    def sign(self, challenge, purpose, user="somebody", rp=None, client_data=None):
        """What the helper has the key say of a challenge, as the fields of a PasskeyAnswer."""
        text = base64.b64decode(challenge["challenge"])
        said = base64.urlsafe_b64encode(text).decode().rstrip("=")
        data = client_data or (
            f'{{"type":"webauthn.get","challenge":"{said}","origin":"{challenge["origin"]}",'
            f'"crossOrigin":false,"purpose":"{purpose}"}}'
        )
        order = f"rp {rp or challenge['rpId']}\nuser {user}\norigin here\npurpose {purpose}\n"
        order += f"client-data {data.encode().hex()}\n"
        order += "".join(f"id {base64.b64decode(each).hex()}\n" for each in challenge["ids"])
        done = subprocess.run([HELPER, "get", self.socket], input=order.encode(), capture_output=True, timeout=60)
        assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
        lines = dict(line.split(" ", 1) for line in done.stdout.decode().splitlines())
        return {
            "id": encoded(bytes.fromhex(lines["id"])),
            "client_data": encoded(data.encode()),
            "authenticator_data": encoded(bytes.fromhex(lines["authenticator-data"])),
            "signature": encoded(bytes.fromhex(lines["signature"])),
        }


def encoded(data):
    return base64.b64encode(data).decode()


class Passkeys(NodeTest):
    def setUp(self):
        self.owner_env = {"MU_TOKEN_USER": ""}

    def tearDown(self):
        self.node.mu("logout", "-q")

    def owner(self, *words, code=OK, **more):
        return self.mu(*words, code=code, env=self.owner_env, **more)

    def account(self, name, *scopes):
        words = [word for scope in scopes or ("greeter.*", "auth.*") for word in ("--scope", scope)]
        self.owner("account", "create", name, "--password-stdin", *words, stdin=f"secret of {name}\n")

    def keyed(self, name, *words):
        """An account with a passkey of a key of its own."""
        key = Key(self, name, *words)
        self.account(name)
        self.owner("passkey", "add", name, "--device", key.socket)
        return key

    def login(self, name, key, code=OK):
        return self.mu("login", name, "--passkey", "--device", key.socket, code=code)

    def rpc(self, method, request, code=OK, user=""):
        answer = self.mu("call", f"auth.{method}", json.dumps(request), "--json", code=code, env={"MU_TOKEN_USER": user})
        return answer.json() if code == OK else answer.err

    def ask(self, name, purpose="LOGIN"):
        return self.rpc("PasskeyLoginBegin", {"account": name, "purpose": "PASSKEY_PURPOSE_" + purpose})

    def refused(self, name, answer, detail):
        """The answer is refused with the one sentence, and the log says why."""
        said = self.rpc("PasskeyLogin", {"account": name, "answer": answer}, code=DENIED)
        self.assertIn(WRONG, said)
        self.assertEqual(self.last("login-failed", name), "passkey: " + detail)

    def events(self, about):
        lines = self.owner("audit", "-n", "256", "--json").lines()
        return [event for event in lines if event.get("about") == about]

    def last(self, event, about):
        return [each for each in self.events(about) if each["event"] == event][-1].get("detail", "")

    def token(self):
        with open(os.path.join(self.node.dir, "config", "session")) as file:
            return json.load(file)["access_token"]

    # ---- what is right ----

    def test_a_key_of_either_kind_logs_in_and_all_of_it_is_in_the_log(self):
        for name, words, kind in ("anna", (), "EdDSA"), ("bert", ("--es256",), "ES256"):
            key = self.keyed(name, *words)
            said = self.owner("passkey", "list", name, "--json").json()
            self.assertEqual((said["label"], said["algorithm"]), ("key-1", kind))
            self.login(name, key)
            self.assertEqual(self.mu("whoami", "-o", "name").out, name + "\n")
            self.mu("call", "greeter.Hello", "name=x")
            self.mu("logout")
            self.login(name, key)
            said = self.owner("passkey", "list", name, "--json").json()
            self.assertEqual(int(said["counter"]), 3)
            noted = [(event["event"], event.get("detail", "")) for event in self.events(name)][1:]
            self.assertEqual(
                noted,
                [("passkey-added", "key-1"), ("login", "passkey key-1"), ("logout", ""), ("login", "passkey key-1")],
            )
            self.mu("logout")
        self.assertEqual(int(self.owner("audit", "--verify", "--json").json().get("broken", 0)), 0)

    def test_what_was_answered_lasts_over_a_kill_of_the_service(self):
        key = self.keyed("carl")
        self.login("carl", key)
        before = self.owner("passkey", "list", "carl", "--json").json()
        shown = self.ask("nobody")["ids"]
        for process in self.owner("ps", "--json").json()["processes"]:
            if process["service"] == "auth":
                os.kill(int(process["pid"]), signal.SIGKILL)
        while self.node.mu("token", "keys", "-q", env=self.owner_env).code != OK:
            pass
        self.assertEqual(self.owner("passkey", "list", "carl", "--json").json(), before)
        self.assertEqual(self.ask("nobody")["ids"], shown)
        self.login("carl", key)

    def test_an_account_without_a_password_logs_in_by_its_passkey_alone(self):
        key = Key(self, "dora")
        self.owner("account", "create", "dora", "--no-password", "--scope", "greeter.*")
        self.owner("passkey", "add", "dora", "--device", key.socket, "--label", "blue key")
        self.mu("login", "dora", "--password-stdin", stdin="anything at all\n", code=DENIED)
        self.login("dora", key)
        self.assertIn("passkeys  1", self.owner("account", "show", "dora").out)

    # ---- who may add and remove them ----

    def test_a_token_alone_adds_and_removes_no_passkey(self):
        key = self.keyed("emil")
        self.login("emil", key)
        for words in ("add", "--device", key.socket), ("remove", "key-1", "--yes"):
            self.mu("passkey", *words, "--password-stdin", stdin="not his password\n", code=DENIED)
        self.rpc("PasskeyBegin", {"account": "emil"}, code=DENIED, user=self.token())
        self.assertEqual(self.last("login-failed", "emil"), "")
        self.assertEqual(self.owner("passkey", "list", "emil", "-o", "name").out, "key-1\n")

    def test_a_password_or_a_passkey_adds_another_one(self):
        key = self.keyed("fred")
        second = Key(self, "fred-second")
        third = Key(self, "fred-third", "--es256")
        self.login("fred", key)
        self.mu("passkey", "add", "--device", second.socket, "--password-stdin", stdin="secret of fred\n")
        begin = {"account": "fred", "proof": key.sign(self.ask("fred", "PROVE"), "prove")}
        self.rpc("PasskeyBegin", begin, user=self.token())
        self.assertEqual(self.last("passkey-used", "fred"), "key-1")
        self.rpc("PasskeyBegin", begin, code=DENIED, user=self.token())  # it was good once
        login = {"account": "fred", "proof": key.sign(self.ask("fred"), "login")}
        self.rpc("PasskeyBegin", login, code=DENIED, user=self.token())
        self.assertIn("another purpose", self.last("passkey-refused", "fred"))
        both = "--proof-device", second.socket, "--device", third.socket
        self.mu("passkey", "add", "--passkey", *both, "--label", "third")
        self.assertEqual(self.last("passkey-used", "fred"), "key-2")
        self.assertEqual(self.owner("passkey", "list", "fred", "-o", "name").out.split(), ["key-1", "key-2", "third"])
        self.mu("passkey", "add", "fred", "--device", third.socket, "--password-stdin", stdin="secret of fred\n", code=CONFLICT)
        self.mu("passkey", "remove", "third", "--passkey", "--device", second.socket, "--yes")
        self.mu("logout")
        self.login("fred", third, code=DENIED)
        self.login("fred", second)

    def test_nobody_adds_a_passkey_to_anothers_account(self):
        key = self.keyed("gina")
        self.account("hugo")
        self.login("gina", key)
        for words in ("add", "hugo", "--device", key.socket), ("list", "hugo"), ("remove", "key-1", "hugo", "--yes"):
            more = () if words[0] == "list" else ("--password-stdin",)
            self.mu("passkey", *words, *more, stdin="secret of gina\n", code=DENIED)

    def test_a_key_that_was_removed_opens_nothing_and_its_sessions_are_over(self):
        key = self.keyed("iris")
        self.login("iris", key)
        self.owner("passkey", "remove", "key-1", "iris", "--yes")
        self.mu("call", "greeter.Hello", "name=x", code=DENIED)
        self.mu("logout")
        refused = self.login("iris", key, code=DENIED)
        self.assertIn("no passkey of the account's", refused.err)
        self.owner("passkey", "remove", "key-1", "iris", "--yes", code=NOT_FOUND)

    def test_an_account_that_was_removed_leaves_no_passkey_to_its_name(self):
        key = self.keyed("xena")
        answer = key.sign(self.ask("xena"), "login")
        self.owner("account", "remove", "xena", "--yes")
        self.account("xena")
        self.assertEqual(self.owner("passkey", "list", "xena", "-o", "name").out, "")
        self.refused("xena", answer, "the account has no such passkey")
        self.login("xena", key, code=DENIED)

    def test_an_account_has_eight_passkeys_at_most(self):
        self.account("jane")
        keys = [Key(self, f"jane-{i}") for i in range(9)]
        for key in keys[:8]:
            self.owner("passkey", "add", "jane", "--device", key.socket)
        refused = self.owner("passkey", "add", "jane", "--device", keys[8].socket, code=NO_ROOM)
        self.assertIn("8 passkeys", refused.err)
        self.login("jane", keys[7])

    # ---- what is wrong ----

    def test_an_answer_is_good_once_and_for_what_it_was_asked(self):
        key = self.keyed("karl")
        challenge = self.ask("karl")
        answer = key.sign(challenge, "login")
        self.rpc("PasskeyLogin", {"account": "karl", "answer": answer})
        self.refused("karl", answer, "its challenge was never given, or was used before")
        never = dict(challenge, challenge=encoded(bytes(32)))
        self.refused("karl", key.sign(never, "login"), "its challenge was never given, or was used before")
        proof = key.sign(self.ask("karl", "PROVE"), "prove")
        self.refused("karl", proof, "its challenge was given to another account, or for another purpose")
        self.refused("karl", key.sign(self.ask("karl"), "prove"), "it was signed for another purpose")

    def test_an_answer_for_another_node_rp_or_without_a_verified_user_opens_nothing(self):
        key = self.keyed("lena", "--es256")
        there = dict(self.ask("lena"), origin="mu://elsewhere")
        self.refused("lena", key.sign(there, "login"), "it was signed for another node")
        self.refused("lena", key.sign(self.ask("lena"), "login", rp="other"), "the passkey was not made for Mu")
        key.signal(signal.SIGUSR2)
        self.refused("lena", key.sign(self.ask("lena"), "login"), "the device did not verify its user")
        key.signal(signal.SIGUSR2)
        forged = dict(key.sign(self.ask("lena"), "login"), signature=encoded(bytes(70)))
        self.refused("lena", forged, "the signature does not fit")
        self.login("lena", key)

    def test_a_counter_that_goes_back_is_a_copy_and_is_refused(self):
        key = self.keyed("mara")
        self.login("mara", key)
        key.signal(signal.SIGUSR1)
        self.refused(
            "mara", key.sign(self.ask("mara"), "login"), "its counter went back: there may be a copy of the device"
        )

    def test_a_passkey_of_one_account_does_not_open_another(self):
        key = self.keyed("nora")
        other = self.keyed("olaf")
        swapped = dict(self.ask("nora"), ids=self.ask("olaf")["ids"])
        self.refused("nora", other.sign(swapped, "login"), "the account has no such passkey")
        borrowed = dict(self.ask("olaf"), ids=self.ask("nora")["ids"])
        self.refused(
            "nora", key.sign(borrowed, "login"), "its challenge was given to another account, or for another purpose"
        )

    def test_who_is_disabled_or_has_a_new_password_finishes_nothing(self):
        key = self.keyed("paul")
        answer = key.sign(self.ask("paul"), "login")
        self.owner("account", "disable", "paul")
        self.refused("paul", answer, "its challenge was never given, or was used before")
        self.refused("paul", key.sign(self.ask("paul"), "login"), "the account is disabled")
        self.owner("account", "enable", "paul")
        self.login("paul", key)
        proof = key.sign(self.ask("paul", "PROVE"), "prove")
        self.owner("account", "password", "paul", "--generate")
        self.login("paul", key)
        self.rpc("PasskeyBegin", {"account": "paul", "proof": proof}, code=DENIED, user=self.token())

    def test_wrong_passkeys_are_throttled_as_wrong_passwords_are(self):
        key = self.keyed("rosa")
        answer = key.sign(self.ask("rosa"), "login")
        self.rpc("PasskeyLogin", {"account": "rosa", "answer": answer})
        for _ in range(5):
            self.rpc("PasskeyLogin", {"account": "rosa", "answer": answer}, code=DENIED)
        self.rpc("PasskeyLogin", {"account": "rosa", "answer": answer}, code=NO_ROOM)
        self.mu("login", "rosa", "--password-stdin", stdin="secret of rosa\n", code=NO_ROOM)

    # ---- what nobody learns ----

    def test_nobody_learns_whether_an_account_is_there_or_has_passkeys(self):
        key = self.keyed("susi", "--es256")
        self.account("tom")
        answer = key.sign(self.ask("susi"), "login")
        said = set()
        for name in "susi", "tom", "nobody-at-all", "no such name":
            challenge = self.ask(name)
            self.assertEqual(set(challenge), {"challenge", "rpId", "origin", "ids"})
            self.assertEqual(len(base64.b64decode(challenge["challenge"])), 32)
            self.assertEqual(challenge["ids"], self.ask(name)["ids"])
            for each in challenge["ids"]:
                self.assertIn(len(base64.b64decode(each)), (16, 32, 48, 64))
            wrong = dict(answer, id=challenge["ids"][0], signature=encoded(bytes(70)))
            refused = json.loads(self.rpc("PasskeyLogin", {"account": name, "answer": wrong}, code=DENIED))["error"]
            said.add(tuple(refused[part] for part in ("exit", "message", "code", "executed", "retryAfterMs")))
        self.assertEqual(len(said), 1, said)

    # ---- keys with a PIN, and keys that are not there ----

    def at_terminal(self, *words, typed):
        """Runs mu at a terminal where `typed` is the answer to what it asks without showing it."""
        child, fd = pty.fork()
        if child == 0:
            os.execve(MU, [MU, *words], dict(self.node.env, **self.owner_env))
        said = b""
        answered = False
        while True:
            try:
                piece = os.read(fd, 4096)
            except OSError:  # the terminal is nobody's any more
                piece = b""
            if not piece:
                break
            said += piece
            if not answered and b"PIN of the key: " in said:
                answered = True
                os.write(fd, typed.encode() + b"\n")
        os.close(fd)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said.decode()

    def test_a_key_with_a_pin_asks_for_it_once_and_shows_it_nowhere(self):
        key = Key(self, "wilma", "--pin", "2468")
        self.account("wilma")
        code, said = self.at_terminal("passkey", "add", "wilma", "--device", key.socket, typed="2468")
        self.assertEqual(code, OK, said)
        self.assertEqual(said.count("PIN of the key"), 1)
        self.assertNotIn("2468", said)
        code, said = self.at_terminal("login", "wilma", "--passkey", "--device", key.socket, typed="9999")
        self.assertEqual(code, DENIED, said)
        self.assertIn("the PIN is wrong; the key takes 7 more", said)
        code, said = self.at_terminal("login", "wilma", "--passkey", "--device", key.socket, typed="2468")
        self.assertEqual(code, OK, said)
        self.assertIn("touch your key to log in, as wilma at mu://", said)
        # setsid: nobody to ask
        away = subprocess.run(
            [MU, "login", "wilma", "--passkey", "--device", key.socket],
            env=self.node.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            start_new_session=True,
            timeout=60,
        )
        self.assertEqual(away.returncode, USAGE)
        self.assertIn(b"nobody to ask for the key's PIN", away.stderr)

    def test_what_is_wrong_with_a_key_is_said_with_what_to_do(self):
        self.keyed("udo")
        none = self.mu("login", "udo", "--passkey", code=NOT_FOUND)
        self.assertIn("there is no security key", none.err)
        self.assertIn("plug one in", none.err)
        gone = self.mu("login", "udo", "--passkey", "--device", "/nowhere/key", code=UNAVAILABLE)
        self.assertIn("/nowhere/key cannot be opened", gone.err)
        said = self.mu("login", "udo", "--passkey", "--json", code=NOT_FOUND)
        self.assertIn("there is no security key", json.loads(said.err)["error"]["message"])

    def test_bad_words_are_refused_and_change_nothing(self):
        key = self.keyed("vera")
        self.mu("passkey", "list", code=USAGE)  # nobody is logged in
        self.owner("passkey", "list", "nobody", code=NOT_FOUND)
        self.owner("passkey", "add", "nobody", "--device", key.socket, code=NOT_FOUND)
        other = Key(self, "vera-other")
        for label in "x" * 65, "a\nb":
            self.owner("passkey", "add", "vera", "--device", other.socket, "--label", label, code=ANSWERED)
        self.owner("passkey", "add", "vera", "--device", other.socket, "--label", "key-1", code=CONFLICT)
        self.rpc("PasskeyAdd", {"account": "vera", "public_key": encoded(bytes(77)), "answer": {"id": "AAAA"}}, code=ANSWERED)
        self.rpc("PasskeyAdd", {"account": "vera"}, code=ANSWERED)
        self.assertEqual(self.owner("passkey", "list", "vera", "-o", "name").out, "key-1\n")


if __name__ == "__main__":
    main()
