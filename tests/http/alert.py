"""Puts a search into the raw bucket, waits for its alert, reads and closes it over HTTP.

Usage: alert.py S3 API DSL_TOKEN HEAD_TOKEN IT_TOKEN
"""

import json
import sys
import time
import urllib.error
import urllib.request

import boto3
from botocore.config import Config

S3, API, DSL, HEAD, IT = sys.argv[1:]
WAIT_S = 60


def ask(path, token, body=None, **headers):
    """Status, headers and JSON of an answer."""
    headers = {"Authorization": f"Bearer {token}", **headers}
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(API + path, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, error.headers, json.load(error)


def line(at, user, url):
    return f"{at:.3f} 87 10.20.1.15 TCP_MISS/200 1823 GET {url} {user} HIER_DIRECT/192.0.2.10 text/html\n"


def until(what, found):
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.1)
    sys.exit(f"{what}: not within {WAIT_S} s")


now = time.time()
search = "http://www.google.com/search?q=hurt+myself"
# Twice, for a rule may want more than one before it tells anybody.
log = "".join(line(now - 600 + 60 * n, user, search) for n in range(2) for user in ("pat.ash", "sam.elm"))
client = boto3.client("s3", endpoint_url=S3, config=Config(s3={"addressing_style": "path"}))
client.put_object(Bucket="trustwatch-raw", Key="oak/web/access.log", Body=log.encode())

alerts = until("an alert", lambda: ask("/v1/alerts?school=oak", DSL)[2]["alerts"])
assert [alert["subject"]["name"] for alert in alerts] == ["pat.ash"], alerts
alert = f"/v1/alerts/{alerts[0]['id']}"

status, headers, body = ask(alert, DSL)
assert status == 200, body
assert body["category"] == "self_harm" and body["rule_text"]["advice"], body
assert {event["search_terms"] for event in body["evidence"]} == {"hurt myself"}, body
assert all(event["year_group"] == "7" for event in body["evidence"]), body

# The colleague's search is the head's, and IT sees no person.
staff = until("the head's alert", lambda: ask("/v1/alerts", HEAD)[2]["alerts"])
assert [case["subject"]["name"] for case in staff] == ["sam.elm"], staff
assert ask(f"/v1/alerts/{staff[0]['id']}", DSL)[0] == 404
assert ask(alert, HEAD)[0] == 404
assert ask("/v1/alerts", IT)[0] == 403

step = f"{alert}/transitions"
assert ask(step, DSL, {"transition": "acknowledge"})[0] == 428
status, seen, body = ask(step, DSL, {"transition": "acknowledge"}, **{"If-Match": headers["ETag"]})
assert (status, body["status"]) == (200, "acknowledged"), body
close = {"transition": "close", "outcome": "confirmed"}
assert ask(step, DSL, close, **{"If-Match": headers["ETag"]})[0] == 412
status, _, body = ask(step, DSL, close, **{"If-Match": seen["ETag"]})
assert (status, body["status"]) == (200, "closed"), body
assert ask("/v1/alerts", DSL)[2]["alerts"] == []
assert [alert["id"] for alert in ask("/v1/alerts?status=closed", DSL)[2]["alerts"]] == [body["id"]]
print("The alert was read and closed.")
