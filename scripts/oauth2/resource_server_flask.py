"""A Flask application that Authlib guards: the library asks Keybearer about each token, and accepts or refuses the request."""

import unittest

import requests
from authlib.integrations.flask_oauth2 import ResourceProtector, current_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7662 import IntrospectTokenValidator
from flask import Flask, jsonify

from keybearer import URL, account_key, api, bad_tokens, declare, service_key


def application(client):
    """The documentation of Authlib, with the address filled in."""

    class Keybearer(IntrospectTokenValidator):
        def introspect_token(self, token_string):
            answer = client.introspect_token(f"{URL}/oauth2/introspect", token=token_string)
            answer.raise_for_status()
            return answer.json()

    protect = ResourceProtector()
    protect.register_token_validator(Keybearer())
    app = Flask("orders")

    @app.get("/any")
    @protect()
    def whoever():
        return jsonify(dict(current_token))

    @app.get("/orders")
    @protect("python:read")
    def orders():
        return jsonify(dict(current_token))

    @app.get("/profile")
    @protect(["level:2", "python:write"])
    def profile():
        return jsonify(dict(current_token))

    return app.test_client()


class ResourceServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        declare("python")
        cls.gateway = service_key("gateway", ["keybearer:verify", "keybearer:keys.write", "python:read"])

    def client(self, **settings):
        return OAuth2Session(self.gateway["id"], self.gateway["secret"], **settings)

    def ask(self, path, token, app=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = (app or application(self.client())).get(path, headers=headers)
        return answer.status_code, answer.get_json()

    def test_a_service_key_reaches_what_its_policy_names(self):
        reader, bare = service_key("reader", ["python:read"]), service_key("bare", [])
        status, told = self.ask("/orders", reader["token"])
        self.assertEqual((status, told["scope"], told["client_id"]), (200, "python:read", reader["id"]))
        self.assertEqual(self.ask("/any", bare["token"])[0], 200)
        for path, token in (("/orders", bare["token"]), ("/profile", reader["token"])):
            status, told = self.ask(path, token)
            self.assertEqual((status, told["error"]), (403, "insufficient_scope"))

    def test_a_persons_key_reaches_what_its_level_includes(self):
        low, high = account_key(1), account_key(3)
        self.assertEqual(self.ask("/profile", low["token"])[0], 403)
        status, told = self.ask("/profile", high["token"])
        self.assertEqual((status, told["username"], told["sub"]), (200, "admin", "account:1"))

    def test_no_token_and_bad_tokens_are_refused(self):
        key = service_key("mistyped", ["python:read"])
        for token in bad_tokens(key):
            status, told = self.ask("/orders", token)
            self.assertEqual((status, told["error"]), (401, "invalid_token"))
        self.assertEqual(self.ask("/orders", None)[0], 401)

    def test_the_next_request_after_a_change_meets_it(self):
        key = service_key("changing", ["python:read"])
        app = application(self.client())
        self.assertEqual(self.ask("/orders", key["token"], app)[0], 200)
        policy = {"name": "changing", "permissions": ["python:write"]}
        api("PUT", f"/v1/policies/{key['policy_id']}", policy)
        self.assertEqual(self.ask("/orders", key["token"], app)[0], 403)
        self.assertEqual(self.ask("/profile", key["token"], app)[0], 200)
        api("DELETE", f"/v1/keys/{key['id']}")
        self.assertEqual(self.ask("/profile", key["token"], app)[0], 401)

    def test_the_library_revokes_a_key_by_either_way_to_authenticate(self):
        for method in ("client_secret_basic", "client_secret_post"):
            key = service_key(method, ["python:read"])
            settings = {"token_endpoint_auth_method": method, "revocation_endpoint_auth_method": method}
            with self.client(**settings) as client:
                app = application(client)
                self.assertEqual(self.ask("/orders", key["token"], app)[0], 200)
                for _ in range(2):
                    answer = client.revoke_token(f"{URL}/oauth2/revoke", token=key["token"])
                    self.assertEqual((answer.status_code, answer.content), (200, b""))
                self.assertEqual(self.ask("/orders", key["token"], app)[0], 401)

    def test_a_gateway_without_the_right_lets_nobody_in(self):
        reader = service_key("unseen", ["python:read"])
        weak = service_key("weak", [])
        for secret, status in ((weak["secret"], 403), ("0" * 64, 401)):
            with OAuth2Session(weak["id"], secret) as client:
                with self.assertRaises(requests.HTTPError) as refused:
                    app = application(client)
                    app.application.config["PROPAGATE_EXCEPTIONS"] = True
                    self.ask("/orders", reader["token"], app)
                self.assertEqual(refused.exception.response.status_code, status)


if __name__ == "__main__":
    unittest.main(verbosity=2)
