"""What each sample must do, and must not. A check answers with all that is wrong."""

import json
import re
import socket
import threading
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

TOKEN = re.compile(r"\bkb_[0-9A-Za-z]{72}\b")


def telling(outcome):
    return f"exit {outcome.code}, printed {outcome.out!r}, complained {outcome.err!r}"


class Sample:
    """One sample of one language, and what is wrong with it so far."""

    def __init__(self, world, language, operation):
        self.world, self.language, self.operation = world, language, operation
        self.wrong = []

    def call(self, url=None, token=None, **more):
        outcome = self.language.call(self.operation, url or self.world.url, token or self.world.caller, **more)
        for secret in (self.world.caller, self.world.good, self.world.lacking, self.world.dead):
            if secret in outcome.out or secret in outcome.err:
                self.wrong.append(f"it prints a secret that it was given: {telling(outcome)}")
        return outcome

    def works(self, *told, **more):
        """It succeeds and says all this."""
        outcome = self.call(**more)
        missing = [text for text in told if text not in outcome.out]
        if outcome.code != 0 or missing:
            self.wrong.append(f"it should say {missing or told}: {telling(outcome)}")
        return outcome

    def fails(self, why, *told, **more):
        """It fails, says so where errors belong, and claims nothing."""
        outcome = self.call(**more)
        missing = [text for text in told if text not in outcome.err]
        if outcome.code == 0 or missing or not outcome.err.strip() or outcome.out.strip() == "valid" or TOKEN.search(outcome.out):
            self.wrong.append(f"{why}: it should fail and complain of {told}: {telling(outcome)}")

    def fails_in_vain(self, **more):
        """It fails with a key that was revoked, and where nobody answers."""
        self.fails("with a revoked key", "401", token=self.world.dead, **more)
        self.fails("with no server", url=nobody(), **more)


def nobody():
    """An address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextmanager
def babbler(body):
    """A server that answers everything with 200 and this."""
    answer = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Headers: *, authorization\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    listener = socket.create_server(("127.0.0.1", 0))

    def babble():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(65536) or b"\r\n\r\n"
                length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
                there = len(head.partition(b"\r\n\r\n")[2])
                while length and there < int(length[1]):
                    there += len(connection.recv(65536)) or int(length[1])
                connection.sendall(answer.encode())

    thread = threading.Thread(target=babble, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=15)


def list_policies(world, language, operation):
    sample = Sample(world, language, operation)
    sample.works(world.policy, "front desk", "back office")
    sample.fails_in_vain()
    return sample.wrong


def list_permissions(world, language, operation):
    sample = Sample(world, language, operation)
    sample.works("shop:orders.read", "See orders", "shop:orders.refund", "Pay an order back")
    sample.fails_in_vain()
    return sample.wrong


def create_key(world, language, operation):
    sample = Sample(world, language, operation)
    outcome = sample.works(POLICY_ID=world.policy)
    tokens = set(TOKEN.findall(outcome.out))
    if len(tokens) != 1 or TOKEN.search(outcome.err):
        return [*sample.wrong, f"it should print one token: {telling(outcome)}"]
    verdict = world.api("POST", "/v1/verify", {"key": tokens.pop(), "any_of": ["shop:orders.read"]})
    key = verdict.get("key", {})
    in_days = (datetime.fromisoformat(key.get("expires_at", "1970-01-01T00:00:00Z")) - datetime.now(timezone.utc)) / timedelta(days=1)
    if not verdict["valid"] or key["name"] != "front desk 2" or key["policy"]["id"] != world.policy or not 29.9 < in_days <= 30:
        sample.wrong.append(f"the key that it made: {json.dumps(verdict)}")
    sample.fails("with a name that is taken", "409", POLICY_ID=world.policy)
    sample.fails("with no such policy", "422", POLICY_ID=world.caller_id)
    sample.fails_in_vain(POLICY_ID=world.policy)
    made = world.api("GET", "/v1/keys?kind=service&name=front+desk+2")["items"]
    if len(made) != 1:
        sample.wrong.append(f"it should make one key, and made {len(made)}")
    return sample.wrong


def verify_key(world, language, operation):
    sample = Sample(world, language, operation)
    outcome = sample.works(API_KEY=world.good)
    if outcome.out.strip() != "valid":
        sample.wrong.append(f"it should say yes and nothing else: {telling(outcome)}")
    sample.fails("with a key that lacks the permission", API_KEY=world.lacking)
    sample.fails("with a key that was revoked", API_KEY=world.dead)
    sample.fails("with a key that would like to be more", API_KEY=f'{world.good}", "any_of": [], "kind": "service')
    for body in ('{"valid":false,"code":"EXPIRED","key":{"metadata":{"valid":true}}}', "<h1>valid</h1>", "{}"):
        with babbler(body) as url:
            sample.fails(f"when the answer is {body}", url=url, API_KEY=world.good)
    sample.fails_in_vain(API_KEY=world.good)
    return sample.wrong


def whoami(world, language, operation):
    sample = Sample(world, language, operation)
    sample.works("service_key", world.caller_id, "back office")
    sample.fails_in_vain()
    return sample.wrong


CHECKS = {
    "list-policies": list_policies,
    "list-permissions": list_permissions,
    "create-key": create_key,
    "verify-key": verify_key,
    "whoami": whoami,
}
