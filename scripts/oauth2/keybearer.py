"""What the resource servers in Python need of Keybearer beforehand: keys to be asked about, and one to ask with."""

import os

import requests

URL = os.environ["KEYBEARER_URL"]
# A session of the administrator.
SESSION = os.environ["KEYBEARER_TOKEN"]


def api(method, path, body=None):
    headers = {"Authorization": f"Bearer {SESSION}"}
    answer = requests.request(method, URL + path, json=body, headers=headers, timeout=30)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def declare(service):
    manifest = [{"name": name, "description": f"To {name}"} for name in ("read", "write")]
    api("PUT", f"/v1/services/{service}/permissions", manifest)


def service_key(name, permissions):
    policy = api("POST", "/v1/policies", {"name": name, "permissions": permissions})
    key = api("POST", "/v1/keys", {"name": name, "policy_id": policy["id"]})
    return key | {"policy_id": policy["id"]}


def account_key(level):
    return api("POST", "/v1/keys", {"name": "a key", "level": level})


def bad_tokens(key):
    """What nobody may come in with; near to a key that is good."""
    last = "1" if key["token"][-1] == "0" else "0"
    return key["token"][:-1] + last, f"{key['id']}:{'0' * 64}", "x", SESSION
