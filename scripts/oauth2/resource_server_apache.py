"""Apache's httpd with mod_auth_openidc, which is written in C: the module asks Keybearer about each token, and accepts or refuses the request."""

import getpass
import grp
import os
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import requests

from keybearer import URL, account_key, api, bad_tokens, declare, service_key

MODULES = Path("/usr/lib/apache2/modules")
# How long httpd may take to listen, and to end.
PATIENCE = 30


class Httpd:
    """One that asks with this key, on a free port."""

    def __init__(self, key):
        self.folder = tempfile.TemporaryDirectory()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        # As root it wants to become somebody else.
        user, group = ("www-data", "www-data") if os.geteuid() == 0 else (getpass.getuser(), grp.getgrgid(os.getegid()).gr_name)
        template = Path(__file__).with_name("apache.conf").read_text()
        filled = {"folder": self.folder.name, "port": port, "user": user, "group": group, "modules": MODULES}
        filled |= {"url": URL, "id": key["id"], "secret": key["secret"]}
        for name, value in filled.items():
            template = template.replace(f"{{{name}}}", str(value))
        conf = Path(self.folder.name, "conf")
        conf.write_text(template)
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(["/usr/sbin/apache2", "-f", conf, "-D", "FOREGROUND"])
        self.wait()

    def wait(self):
        until = time.monotonic() + PATIENCE
        while True:
            try:
                requests.get(self.url, timeout=PATIENCE)
                return
            except requests.ConnectionError:
                if self.process.poll() is not None or time.monotonic() > until:
                    self.end()
                    raise
                time.sleep(0.05)

    def ask(self, path, token=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.get(self.url + path, headers=headers, timeout=PATIENCE).status_code

    def end(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.folder.cleanup()


class ResourceServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        declare("apache")
        cls.httpd = Httpd(service_key("apache", ["keybearer:verify"]))
        cls.addClassCleanup(cls.httpd.end)

    def test_a_service_key_reaches_what_its_policy_names(self):
        reader, bare = service_key("apache reader", ["apache:write", "apache:read"]), service_key("apache bare", [])
        self.assertEqual(self.httpd.ask("/orders", reader["token"]), 200)
        self.assertEqual(self.httpd.ask("/any", bare["token"]), 200)
        for path, key in (("/orders", bare), ("/profile", reader)):
            self.assertIn(self.httpd.ask(path, key["token"]), (401, 403))

    def test_a_persons_key_reaches_what_its_level_includes(self):
        for level, path, allowed in ((1, "/profile", False), (2, "/profile", True), (8, "/profile", True), (8, "/orders", False)):
            status = self.httpd.ask(path, account_key(level)["token"])
            self.assertEqual(status == 200, allowed, (level, path, status))

    def test_no_token_and_bad_tokens_are_refused(self):
        self.assertEqual(self.httpd.ask("/any"), 401)
        for token in bad_tokens(service_key("apache mistyped", [])):
            self.assertEqual(self.httpd.ask("/any", token), 401)

    def test_the_next_request_after_a_change_meets_it(self):
        key = service_key("apache changing", ["apache:read"])
        self.assertEqual(self.httpd.ask("/orders", key["token"]), 200)
        api("PUT", f"/v1/policies/{key['policy_id']}", {"name": "apache changing", "permissions": []})
        self.assertEqual(self.httpd.ask("/any", key["token"]), 200)
        self.assertIn(self.httpd.ask("/orders", key["token"]), (401, 403))
        api("DELETE", f"/v1/keys/{key['id']}")
        self.assertEqual(self.httpd.ask("/any", key["token"]), 401)


if __name__ == "__main__":
    unittest.main(verbosity=2)
