"""A server of its own for the samples of one language, with all that they ask for."""

import json
import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from limit import bounded

ADMIN = {"username": "admin", "password": "plume otter lantern gravel"}
BINARY = Path(__file__).resolve().parents[2] / "target/debug/keybearer"
# No proxy: the server is on this machine.
CLIENT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class World:
    """The shop of the README, and keys that may do some, none or no longer any of it."""

    def __init__(self, folder, origin):
        self.folder, self.origin = Path(folder), origin

    def __enter__(self):
        try:
            self.start()
            self.fill()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        environment = {
            "KEYBEARER_DATA_DIR": str(self.folder / "data"),
            "KEYBEARER_LISTEN": "127.0.0.1:0",
            "KEYBEARER_ADMIN_USERNAME": ADMIN["username"],
            "KEYBEARER_ADMIN_PASSWORD": ADMIN["password"],
        }
        if self.origin:
            environment["KEYBEARER_CORS_ORIGINS"] = self.origin
        binary = os.environ.get("KEYBEARER_BIN", str(BINARY))
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen([binary], cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        with bounded(self.process):
            line = self.process.stdout.readline()
        if " listening on " not in line:
            raise RuntimeError(f"the server did not start: {(self.folder / 'log').read_text()}")
        self.url = line.strip().rpartition(" on ")[2]

    def stop(self):
        process = getattr(self, "process", None)
        if process:
            process.terminate()
            with bounded(process):
                process.wait()
            process.stdout.close()

    def api(self, method, path, body=None, token=None):
        """A call that must succeed; its answer."""
        headers = {"Authorization": f"Bearer {token or self.session}"} if token or hasattr(self, "session") else {}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers | {"Content-Type": "application/json"}, method=method)
        try:
            with CLIENT.open(request, timeout=30) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()}") from error

    def fill(self):
        self.session = self.api("POST", "/v1/sessions", ADMIN)["token"]
        manifest = [{"name": "orders.read", "description": "See orders"}, {"name": "orders.refund", "description": "Pay an order back"}]
        self.api("PUT", "/v1/services/shop/permissions", manifest)
        rights = ["keybearer:keys.write", "keybearer:policies.read", "keybearer:verify", "shop:orders.read"]
        self.policy = self.create_policy("front desk", ["shop:orders.read"])
        # The caller has no more than it needs.
        caller = self.create_key("back office", self.create_policy("back office", rights))
        self.caller, self.caller_id = caller["token"], caller["id"]
        self.good = self.create_key("front desk 1", self.policy)["token"]
        # Whoever looks for the verdict anywhere in the answer finds it here.
        says_valid = {"valid": True, "inner": {"valid": True, "code": "VALID"}}
        self.lacking = self.create_key("broom cupboard", self.create_policy("nothing", []), says_valid)["token"]
        dead = self.create_key("lost", self.policy)
        self.api("DELETE", f"/v1/keys/{dead['id']}")
        self.dead = dead["token"]

    def create_policy(self, name, permissions):
        return self.api("POST", "/v1/policies", {"name": name, "permissions": permissions})["id"]

    def create_key(self, name, policy, metadata=None):
        return self.api("POST", "/v1/keys", {"name": name, "policy_id": policy, "metadata": metadata or {}})
