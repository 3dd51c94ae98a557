"""What goes wrong with a bucket: each ends within 10 s with a message that says what, where
and what to do, with the right exit code, with no secret, and with nothing half visible.

Real servers where they can fail so; a proxy plays what they cannot.
"""

import dataclasses
import socket
import time

import pytest

from fault_proxy import Answer, FaultProxy
from lakes import BucketLake
from s3_servers import SeaweedFS
from servers import free_port

SECONDS = 10


@pytest.fixture(scope="module")
def source(pg15):
    database = pg15.create_database("s3_errors")
    database.psql("CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 100) i")
    yield database
    pg15.drop_database("s3_errors")


@pytest.fixture
def lake(bucket):
    return BucketLake(bucket)


@pytest.fixture
def fails(shoestring, source):
    """fails(lake, code, words…): migrate and query end so; returns what migrate said."""

    def run(lake, code, *words, environment=None, seconds=SECONDS, query=True):
        secret = lake.server.secret_key
        said = []
        for command in (("migrate", "--source", source.url), ("query", "SELECT 1"))[
                :1 + query]:
            begun = time.monotonic()
            done = shoestring(command[0], *lake.flags, *command[1:], code=code,
                              env={**lake.environment, **(environment or {})})
            assert time.monotonic() - begun < seconds
            text = done.stderr
            assert secret not in text + done.stdout
            for word in words:
                assert word in text, text
            said.append(text)
        return said[0]

    return run


def at(lake, endpoint, url=None):
    """The lake as if it were at another endpoint, or the bucket of another name."""
    other = BucketLake(lake.bucket, endpoint)
    other.flags = ("--lake", url or lake.uri, *other.flags[2:])
    return other


# --- by the servers themselves

def test_no_such_bucket(lake, fails):
    fails(at(lake, lake.server.endpoint, "s3://no-such-bucket-here"), 3, "no-such-bucket-here",
          "bucket")


def test_a_bucket_without_a_lake(lake, shoestring):
    done = shoestring("query", *lake.flags, "SELECT 1", code=3, env=lake.environment)
    assert lake.uri in done.stderr and "migrate" in done.stderr


def test_an_unknown_access_key(lake, fails):
    fails(lake, 5, "access key", environment={"AWS_ACCESS_KEY_ID": "AKIANOBODYATALL12345"})


def test_a_wrong_secret(lake, fails):
    wrong = "0123456789abcdef" * 2
    said = fails(lake, 5, "secret", environment={"AWS_SECRET_ACCESS_KEY": wrong})
    assert wrong not in said


def test_no_credentials(lake, fails, tmp_path):
    nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
               "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
               "AWS_CONFIG_FILE": str(tmp_path / "none"), "HOME": str(tmp_path)}
    fails(lake, 5, "AWS_ACCESS_KEY_ID", environment=nothing)


def test_a_wrong_region_is_put_right(versitygw, source, shoestring):
    """The server names its own."""
    lake = BucketLake(versitygw.make_bucket())
    shoestring("migrate", "--source", source.url, *lake.flags,
               env={**lake.environment, "AWS_REGION": "eu-north-1"})
    assert lake.rows("t").num_rows == 100


def test_denied_below_one_prefix(source, shoestring):
    """May read and list all of the bucket, but write below one prefix only."""
    secret = "only-for-this-test-0123456789"
    limited = ("AKIALIMITED123456789", secret, [
        "Read:limited", "List:limited", "Write:limited/open/*"])
    with SeaweedFS(limited=limited) as server:
        server.client().create_bucket(Bucket="limited")
        environment = {"AWS_ACCESS_KEY_ID": limited[0], "AWS_SECRET_ACCESS_KEY": secret}
        bucket = dataclasses.replace(server.make_bucket(), name="limited")
        allowed, denied = BucketLake(bucket.at("open")), BucketLake(bucket.at("closed"))
        flags = ("migrate", "--source", source.url)
        shoestring(*flags, *allowed.flags, env={**allowed.environment, **environment})
        done = shoestring(*flags, *denied.flags, code=5, timeout=SECONDS,
                          env={**denied.environment, **environment})
        assert "closed/" in done.stderr and secret not in done.stderr
        assert denied.keys() == [] and denied.bucket.uploads() == []


# --- by the network

def test_nobody_listens(lake, fails):
    fails(at(lake, f"http://127.0.0.1:{free_port()}"), 6, "127.0.0.1")


def test_a_name_that_does_not_resolve(lake, fails):
    fails(at(lake, "http://s3.no-such-host.invalid"), 6,
          "s3.no-such-host.invalid")


def test_https_to_a_server_that_speaks_http(lake, fails):
    fails(at(lake, lake.server.endpoint.replace("http", "https")), 6,
          "TLS")


def test_a_server_that_takes_connections_and_says_nothing(lake, fails):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        endpoint = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        fails(at(lake, endpoint), 7, "127.0.0.1")


# --- by answers that AWS gives and these servers do not

@pytest.mark.parametrize("answer, code, words", [
    (Answer(400, "ExpiredToken", "The provided token has expired."), 5, ["expired"]),
    (Answer(400, "InvalidToken", "The provided token is malformed."), 5, ["token"]),
    (Answer(403, "RequestTimeTooSkewed", "The difference is too large."), 5, ["clock"]),
    (Answer(400, "AuthorizationHeaderMalformed",
            "The region 'us-east-1' is wrong; expecting 'eu-west-3'"), 2, ["eu-west-3"]),
    (Answer(301, "PermanentRedirect", "Use another endpoint."), 2, ["region"]),
    (Answer(403, "AccessDenied", "Access Denied"), 5, ["denied"]),
    (Answer(503, "SlowDown", "Please reduce your request rate."), 6,
     ["overloaded"]),
    (Answer(500, "InternalError", "We encountered an internal error."), 6,
     ["overloaded"]),
    (Answer(501, "NotImplemented", "A header you provided is not implemented."), 8,
     ["lacks"]),
], ids=lambda value: getattr(value, "code", None))
def test_every_request_is_answered_so(versitygw, fails, answer, code, words):
    with FaultProxy(versitygw.port, judge=lambda _: answer) as proxy:
        lake = BucketLake(versitygw.make_bucket())
        fails(lake.through(proxy), code, *words)
        assert lake.keys() == [] and lake.bucket.uploads() == []


# A server that begins to answer is there: it is given longer.
@pytest.mark.parametrize("fault, seconds", [("reset", SECONDS), ("lost", SECONDS),
                                            ("cut", 40)])
def test_every_request_meets_this_fault(versitygw, fails, fault, seconds):
    with FaultProxy(versitygw.port, faults={fault: 1.0}) as proxy:
        lake = BucketLake(versitygw.make_bucket())
        fails(lake.through(proxy), 6, "127.0.0.1", seconds=seconds)
        assert lake.state() is None


def test_a_key_is_taken_away_in_the_middle(versitygw, source, shoestring):
    """From the tenth request on, all is denied: even what was begun cannot be cleared."""
    lake, count = BucketLake(versitygw.make_bucket()), []

    def judge(request):
        count.append(request.kind)
        return Answer(403, "AccessDenied", "Access Denied") if len(count) > 10 else None

    with FaultProxy(versitygw.port, judge=judge) as proxy:
        done = shoestring("migrate", "--source", source.url, *lake.through(proxy).flags,
                          code=5, env=lake.environment, timeout=SECONDS)
    assert "denied" in done.stderr.lower()
    assert lake.state() is None
    shoestring("migrate", "--source", source.url, *lake.flags, env=lake.environment)
    assert lake.rows("t").num_rows == 100 and lake.strays() == []


# --- what is refused before anything is asked

@pytest.mark.parametrize("lake, words", [
    ("s3://", "bucket"), ("s3:///prefix", "bucket"), ("s3://Upper_Case", "bucket"),
    ("s3://bucket/../other", ".."), ("s3://bucket//twice", "s3://bucket//twice"),
])
def test_an_address_that_cannot_be(source, shoestring, lake, words):
    done = shoestring("migrate", "--source", source.url, "--lake", lake, code=2,
                      timeout=SECONDS)
    assert words in done.stderr


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_storage_that_cannot_be_read_at_once(source, lake, shoestring, storage_class):
    done = shoestring("migrate", "--source", source.url, *lake.flags,
                      "--s3-storage-class", storage_class, code=8, env=lake.environment)
    assert storage_class in done.stderr and "restore" in done.stderr
    assert lake.keys() == []
