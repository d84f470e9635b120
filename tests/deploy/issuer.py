"""An issuer of tokens, as a trust's directory is one: its keys over HTTP, and a token for each person."""

import http.server
import json
import threading
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

KEY_ID = "of-the-tests"
AUDIENCE = "trustwatch"


class Issuer:
    def __init__(self):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        keys = {"keys": [public | {"kid": KEY_ID, "alg": "RS256", "use": "sig"}]}
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(self, keys))
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def token(self, person, *groups, audience=AUDIENCE, key=None, lasts=3600):
        """A token of a person who is in these groups. `key` is another's, for a forgery."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": audience,
            "sub": person,
            "preferred_username": f"{person}@trust.example.sch.uk",
            "groups": list(groups),
            "iat": now - 5,
            "exp": now + lasts,
        }
        return jwt.encode(claims, key or self.key, algorithm="RS256", headers={"kid": KEY_ID})

    def stop(self):
        self.server.shutdown()


def handler(issuer, keys):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            found = self.path == "/.well-known/openid-configuration"
            body = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"} if found else keys
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_):
            pass

    return Handler
