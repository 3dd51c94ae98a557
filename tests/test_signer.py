"""Our signatures of requests to AWS are those of botocore, which shares no code with us."""

import json
import os
import pathlib
import random
import subprocess
import time

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

REQUESTS = 4000
SEED = 20261126
ODD = ("abcXYZ019-._~", " ", "/", "+", "%", "=", "&", "?", "#", "'", "\"", "*", "(", ")", "!",
       "$", ",", ":", ";", "@", "[", "]", "é", "ü", "日本", "\U0001f600", "..", ".", "//")
SERVICES = ("s3", "s3", "s3", "athena", "glue", "sts", "monitoring", "execute-api")
METHODS = ("GET", "PUT", "POST", "HEAD", "DELETE")


@pytest.fixture(scope="module")
def signer():
    binary = pathlib.Path(os.environ["SHOESTRING_BINARY"]).parent / "sign_requests"
    assert binary.exists(), f"{binary} is missing: scripts/build"

    def run(requests):
        done = subprocess.run([binary], input="\n".join(map(json.dumps, requests)),
                              capture_output=True, text=True, check=True, timeout=120)
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def odd_text(rng, most):
    return "".join(rng.choice(rng.choice(ODD)) if rng.random() < 0.6 else rng.choice(ODD)
                   for _ in range(rng.randrange(most)))


def quote(text, safe):
    """By RFC 3986, written out so that it is not botocore's own."""
    plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~" + safe
    return "".join(c if c in plain else "".join(f"%{b:02X}" for b in c.encode())
                   for c in text)


def random_request(rng):
    service = rng.choice(SERVICES)
    # A name twice with one value is what no server tells apart; one header, one name.
    query = {odd_text(rng, 8) + str(i): odd_text(rng, 12) for i in range(rng.randrange(5))}
    headers = {"content-type": rng.choice(("application/json", "text/plain; charset=x"))}
    for i in range(rng.randrange(4)):
        value = rng.choice(("a", " padded ", "two  spaces", "tab\tand  more", "bytes=0-9",
                            "\"etag\"", "x,y;z", "é".encode().decode("latin-1")))
        headers[f"x-amz-{rng.choice(('meta', 'Meta', 'grant'))}-{i}"] = value
    if rng.random() < 0.3:
        headers["user-agent"] = "not signed"
    return {
        "service": service,
        "method": rng.choice(METHODS),
        "origin": rng.choice(("https://bucket.s3.eu-west-1.amazonaws.com",
                              "http://127.0.0.1:8333", "https://host:443",
                              "http://host:80", "https://athena.us-east-1.amazonaws.com")),
        "path": "/" + quote(odd_text(rng, 20), "/"),
        "query": list(query.items()),
        "headers": list(headers.items()),
        "body": odd_text(rng, 40) if rng.random() < 0.7 else "",
        "access_key": "AKIA" + str(rng.randrange(10**12)),
        "secret_key": quote(odd_text(rng, 40), "/+") + "x",
        "session_token": odd_text(rng, 60).encode("ascii", "ignore").decode().strip()
                         if rng.random() < 0.5 else "",
        "region": rng.choice(("us-east-1", "eu-central-1", "cn-north-1")),
        "time": rng.randrange(10**9, 4 * 10**9),
    }


def by_botocore(request, monkeypatch):
    """The authorization header, and the address that is asked for."""
    pairs = sorted((quote(name, ""), quote(value, "")) for name, value in request["query"])
    url = request["origin"] + request["path"]
    if pairs:
        url += "?" + "&".join(f"{name}={value}" for name, value in pairs)
    aws = botocore.awsrequest.AWSRequest(
        method=request["method"], url=url, headers=dict(request["headers"]),
        data=request["body"].encode())
    credentials = botocore.credentials.Credentials(
        request["access_key"], request["secret_key"], request["session_token"] or None)
    kind = botocore.auth.S3SigV4Auth if request["service"] == "s3" else botocore.auth.SigV4Auth
    moment = time.gmtime(request["time"])
    aws.context["timestamp"] = time.strftime("%Y%m%dT%H%M%SZ", moment)

    class At(kind):
        def _should_sha256_sign_payload(self, _):
            return True  # over https S3 may do without; we never do

    auth = At(credentials, request["service"], request["region"])
    stamp(monkeypatch, request["time"])
    auth.add_auth(aws)
    return aws.headers["Authorization"], url


def stamp(monkeypatch, seconds):
    """botocore takes the time itself, by a function whose name depends on its version."""
    import datetime
    at = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    if hasattr(botocore.auth, "get_current_datetime"):
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: at)
        return

    class Clock(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return at.replace(tzinfo=None)

    monkeypatch.setattr(botocore.auth.datetime, "datetime", Clock)


def test_signatures_are_those_of_botocore(signer, monkeypatch):
    rng = random.Random(SEED)
    requests = [random_request(rng) for _ in range(REQUESTS)]
    ours = signer(requests)
    assert len(ours) == REQUESTS
    for request, signed in zip(requests, ours):
        authorization, url = by_botocore(request, monkeypatch)
        assert signed["url"] == url, request
        assert signed["authorization"] == authorization, request


def test_a_changed_request_is_signed_otherwise(signer):
    """The comparison can fail: every part of a request is in its signature."""
    rng = random.Random(SEED)
    request = random_request(rng) | {"service": "s3", "query": [["a", "b"]]}
    changes = {"method": "PATCH", "path": "/other", "query": [["a", "c"]], "body": "other",
               "region": "other", "service": "glue", "time": 1, "secret_key": "other",
               "session_token": "other", "headers": [["x-amz-meta-0", "other"]]}
    signed = signer([request] + [request | {name: value} for name, value in changes.items()])
    signatures = {answer["authorization"].rpartition("Signature=")[2] for answer in signed}
    assert len(signatures) == len(changes) + 1
