"""`shoestring serve`: keys, roles, limits, clients on bad days, ends, log and metrics."""

import contextlib
import http.client
import http.server
import json
import signal
import socket
import threading
import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from api_server import (ANON, ANON_KEY, JWT_SECRET, SECRET_KEY, SERVICE, ApiServer, base64url,
                        token, user)

NOTES = """
CREATE TABLE notes (id int PRIMARY KEY, owner text, body text, shared boolean);
INSERT INTO notes SELECT i, 'user' || i % 3, 'note ' || i, i % 10 = 0
  FROM generate_series(1, 30) i;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE TABLE plain (id int PRIMARY KEY, word text);
INSERT INTO plain SELECT i, 'word ' || i FROM generate_series(1, 1200) i;
"""
ROLES = """
[roles.anon]
plain = true
[roles.authenticated]
plain = { columns = ["id"] }
notes = { rows = "or=(owner.eq.{sub},shared.is.true)" }
"""


@pytest.fixture(scope="module")
def notes(make_lake):
    """A lake with a table that had row-level security."""
    return make_lake("serve_notes", NOTES)


@pytest.fixture
def serve(binary, tmp_path):
    """serve(lake, *flags, config=…, settings=…): a server that ends with the test."""
    servers = []

    def start(lake, *flags, **options):
        folder = tmp_path / f"server{len(servers)}"
        servers.append(ApiServer(binary, folder, lake, *flags, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def server(serve, notes):
    return serve(notes, config=ROLES)


def fails(shoestring, tmp_path, *arguments, code, environment=None, config=""):
    (tmp_path / "shoestring.toml").write_text(config)
    return shoestring("serve", *arguments, code=code, cwd=tmp_path,
                      env={"PATH": "/usr/bin:/bin", **(environment or {})}).stderr


# --- keys, tokens and roles


def test_keys_and_tokens(server):
    def outcome(headers, path="/rest/v1/plain?select=id&limit=1"):
        answer = server.ask(path, headers)
        return answer.status, answer.json() if answer.status == 200 else answer.json()["code"]

    seen = (200, [{"id": 1}])
    assert outcome({}) == (401, "PGRST302")
    assert outcome(ANON) == seen
    assert outcome({"apikey": ANON_KEY}) == seen
    assert outcome({}, f"/plain?apikey={ANON_KEY}&select=id&limit=1") == seen
    assert outcome({"apikey": token({"role": "anon"})}) == seen
    assert outcome(SERVICE) == seen
    assert outcome(user("user1")) == seen
    assert outcome({"apikey": "sb_publishable_wrong_______"}) == (401, "PGRST301")
    assert outcome(user("user1", exp=1)) == (401, "PGRST303")
    assert outcome(user("user1", role="postgres")) == (401, "22023")
    wrong = token({"role": "service_role"}, secret="another secret of thirty-two bytes")
    assert outcome({**ANON, "Authorization": f"Bearer {wrong}"}) == (401, "PGRST301")
    answer = server.ask("/plain")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert set(answer.json()) == {"code", "details", "hint", "message"}


def test_roles_see_what_was_declared(server):
    def ids(headers, path="/notes?select=id&order=id"):
        return [row["id"] for row in server.ask(path, headers).json()]

    assert server.ask("/notes", ANON).status in (401, 404)
    assert ids(user("user1")) == sorted(set(range(1, 31, 3)) | {10, 20, 30})
    assert ids(user("user0")) == sorted(set(range(3, 31, 3)) | {10, 20, 30})
    assert ids(user("user1' OR true --")) == [10, 20, 30]
    assert ids(SERVICE) == list(range(1, 31))
    counted = server.ask("/notes?select=id&limit=1", {**user("user1"), "Prefer": "count=exact"})
    assert counted.headers["Content-Range"] == "0-0/12"
    assert server.ask("/plain?limit=1", user("user1")).json() == [{"id": 1}]
    assert server.ask("/plain?select=word", user("user1")).status == 400
    assert "word" not in server.ask("/", user("user1")).text


def test_row_security_closes_a_table_until_rows_are_declared(serve, notes):
    server = serve(notes)
    assert "closed to anon" in server.errors() and "notes" in server.errors()
    assert server.ask("/plain?limit=1", ANON).status == 200
    for headers in (ANON, user("user1")):
        assert server.ask("/notes", headers).status in (401, 403, 404)
    star = serve(notes, config='[roles.anon]\n"*" = true\nnotes = true')
    assert star.ask("/notes", ANON).status in (401, 404)
    all_rows = serve(notes, config='[roles.anon]\nnotes = { rows = "all" }')
    assert len(all_rows.ask("/notes", ANON).json()) == 30


def test_a_jwk_set_is_fetched_and_fetched_again(serve, notes):
    def make(name):
        key = ec.generate_private_key(ec.SECP256R1())
        point = key.public_key().public_numbers()
        x, y = (base64url(number.to_bytes(32, "big")) for number in (point.x, point.y))
        return key, {"kty": "EC", "crv": "P-256", "kid": name, "x": x, "y": y}

    def sign(key, name):
        header, claims = {"alg": "ES256", "kid": name}, {"sub": "user1", "role": "authenticated"}
        text = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
        pair = utils.decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return text + "." + base64url(b"".join(part.to_bytes(32, "big") for part in pair))

    (first, first_jwk), (second, second_jwk) = make("first"), make("second")
    served = [first_jwk]

    class Jwks(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"keys": served}).encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Jwks) as keys:
        threading.Thread(target=keys.serve_forever, daemon=True).start()
        settings = {"SHOESTRING_SERVE_JWKS": f"http://127.0.0.1:{keys.server_port}/keys"}
        server = serve(notes, config=ROLES, settings=settings)
        served.append(second_jwk)
        ask = lambda key, name: server.ask(
            "/plain?limit=1", {"Authorization": f"Bearer {sign(key, name)}"}).status
        assert ask(first, "first") == 200
        assert ask(second, "first") == 401
        # Not yet: an unknown key is looked for at most every 30 s.
        assert ask(second, "second") == 401
        keys.shutdown()
    assert ask(first, "first") == 200, "the keys stay while the set cannot be read"


def test_what_it_does_not_start_with(shoestring, notes, tmp_path):
    lake = ("--lake", notes, "--listen", "127.0.0.1:0")
    assert "no key" in fails(shoestring, tmp_path, *lake, code=2)
    key = {"SHOESTRING_SERVE_ANON_KEY": ANON_KEY}
    bad = '[roles.anon]\nnotes = { rows = "nonsense" }'
    told = fails(shoestring, tmp_path, *lake, code=2, environment=key, config=bad)
    assert "[roles.anon] notes" in told
    bad = '[roles.anon]\nnotes = { rows = "lost=eq.1" }'
    told = fails(shoestring, tmp_path, *lake, code=2, environment=key, config=bad)
    assert "lost" in told
    short = {"SHOESTRING_SERVE_JWT_SECRET": "short-secret"}
    told = fails(shoestring, tmp_path, *lake, code=2, environment=short)
    assert "32 bytes" in told and "short-secret" not in told
    fails(shoestring, tmp_path, "--lake", notes, "--listen", "here", code=2, environment=key)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        told = fails(shoestring, tmp_path, "--lake", notes, "--listen", listen, code=6,
                     environment=key)
        assert listen in told


# --- the socket


def test_a_connection_is_kept(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.connect()
    kept = connection.sock
    for i in range(1, 21):
        connection.request("GET", f"/plain?id=eq.{i}&select=id", headers=ANON)
        assert json.loads(connection.getresponse().read()) == [{"id": i}]
        assert connection.sock is kept
    connection.close()


def test_pipelined_requests_are_answered_in_turn(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        keys = f"Host: h\r\napikey: {ANON_KEY}\r\n"
        for i in (1, 2, 3):
            last = "Connection: close\r\n" if i == 3 else ""
            client.sendall(f"GET /plain?id=eq.{i}&select=id HTTP/1.1\r\n{keys}{last}\r\n".encode())
        text = b"".join(iter(lambda: client.recv(65536), b"")).decode()
    places = [text.index(f'"id":{i}') for i in (1, 2, 3)]
    assert places == sorted(places) and text.count("HTTP/1.1 200") == 3


def test_slow_clients_hold_nobody_up(serve, notes):
    server = serve(notes, "--workers", "1", "--max-connections", "60", config=ROLES)
    slow = []
    for i in range(50):
        client = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        client.sendall(b"GET /plain HTTP/1.1\r\nX-Slow: " if i % 2 else b"")
        slow.append(client)
    begun = time.monotonic()
    assert server.ask("/plain?limit=1", ANON).status == 200
    assert time.monotonic() - begun < 5
    # Their headers must be there within ten seconds.
    for client in slow:
        client.settimeout(30)
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(100) == b""
        client.close()
    assert time.monotonic() - begun < 25


def test_more_connections_than_there_may_be(serve, notes):
    server = serve(notes, "--max-connections", "5", config=ROLES)
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    assert server.ask("/plain?limit=1", ANON).status == 200
    assert server.metric("http_connections") <= 5
    for client in silent:
        client.close()


SLOW_SQL = json.dumps({"sql": "SELECT count(*) FROM plain a, plain b, plain c, plain d "
                                "WHERE a.id + b.id + c.id + d.id = 7"}).encode()


def begin_slow_query(server):
    client = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    client.sendall(f"POST /sql HTTP/1.1\r\nHost: h\r\napikey: {SECRET_KEY}\r\n"
                   "Content-Type: application/json\r\n"
                   f"Content-Length: {len(SLOW_SQL)}\r\n\r\n".encode() + SLOW_SQL)
    server.wait_for_metric("http_requests_at_work", lambda count: count == 1)
    return client


def test_a_client_that_leaves_cancels_its_query(serve, notes):
    server = serve(notes, "--timeout", "10m", config=ROLES)
    begin_slow_query(server).close()
    server.wait_for_metric("http_requests_at_work", lambda count: count == 0)
    assert server.metric("http_clients_gone_total") == 1


def test_a_query_that_takes_too_long_is_ended(serve, notes):
    server = serve(notes, "--timeout", "500ms", config=ROLES)
    answer = server.ask("/sql", {**SERVICE, "Content-Type": "application/json"}, "POST", SLOW_SQL)
    assert answer.status == 500 and answer.json()["code"] == "57014"


def test_what_is_too_long(server):
    assert server.ask("/plain?a=" + "b" * 17_000, ANON).status == 414
    assert server.ask("/plain", {**ANON, "X-Long": "b" * 60_000}).status == 431
    assert server.ask("/rpc/x", ANON, "POST", b"x" * 1_100_000).status == 413
    assert server.ask("/plain?limit=1", ANON).status == 200


def test_rows_are_capped_as_on_supabase(serve, server, notes):
    assert len(server.ask("/plain", ANON).json()) == 1000
    more = serve(notes, "--max-rows", "1100", config=ROLES)
    assert len(more.ask("/plain", ANON).json()) == 1100


def test_head_and_cors(server):
    head = server.ask("/plain?limit=3", {**ANON, "Prefer": "count=exact"}, "HEAD")
    assert (head.status, head.body) == (206, b"")
    assert head.headers["Content-Range"] == "0-2/1200"
    preflight = server.ask("/plain", {
        "Origin": "https://app.example.org", "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "apikey,x-client-info"}, "OPTIONS")
    assert preflight.status == 200
    assert "apikey" in preflight.headers["Access-Control-Allow-Headers"]
    refused = server.ask("/plain", {"Origin": "https://app.example.org"})
    assert refused.status == 401 and refused.headers["Access-Control-Allow-Origin"] == "*"


# --- its life


def test_health_and_metrics(server):
    assert server.ask("/healthz").body == b"ok\n"
    assert server.ask("/readyz").status == 200
    server.ask("/plain?limit=1", ANON)
    assert server.metric("http_requests_total") >= 3
    assert server.metric("lake_tables") == 2
    assert server.metric("http_response_bytes_total") > 0


@pytest.mark.parametrize("by", (signal.SIGTERM, signal.SIGINT))
def test_stopping_waits_for_what_is_under_way(serve, notes, by):
    server = serve(notes, "--timeout", "2s", config=ROLES)
    client = begin_slow_query(server)
    server.process.send_signal(by)
    answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 500") and b"57014" in answer
    assert server.stop() == 0
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


def test_a_second_signal_waits_for_nothing(serve, notes):
    server = serve(notes, "--timeout", "10m", config=ROLES)
    client = begin_slow_query(server)
    server.process.send_signal(signal.SIGTERM)
    assert server.stop() == 0
    client.close()


def test_a_new_version_is_taken_without_a_restart(serve, shoestring, pg15, make_database,
                                                  tmp_path):
    database = make_database(pg15)
    database.psql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
    lake = tmp_path / "lake"
    shoestring("migrate", "--source", database.url, "--lake", lake)
    server = serve(lake, "--refresh", "50ms")
    assert server.ask("/t", ANON).json() == [{"id": 1}]
    database.psql("ALTER TABLE t ADD word text; UPDATE t SET word = 'new';"
                  "CREATE TABLE u AS SELECT 2 AS id")
    shoestring("migrate", "--source", database.url, "--lake", lake)
    before = server.metric("lake_sequence")
    server.wait_for_metric("lake_tables", lambda tables: tables == 2)
    assert server.metric("lake_sequence") >= before
    assert server.ask("/t", ANON).json() == [{"id": 1, "word": "new"}]
    assert server.ask("/u", ANON).json() == [{"id": 2}]
    state = lake / "catalog/lake.json"
    text = state.read_text()
    state.write_text("broken")
    server.wait_for_metric("lake_refresh_failures_total", lambda failures: failures > 0)
    assert "is served on" in server.errors()
    state.write_text(text)


def test_row_security_holds_from_the_version_on_that_has_it(serve, shoestring, pg15, make_database,
                                                            tmp_path):
    database = make_database(pg15)
    database.psql("CREATE TABLE t (id int PRIMARY KEY, word text); INSERT INTO t VALUES (1, 'one')")
    lake = tmp_path / "lake"
    shoestring("migrate", "--source", database.url, "--lake", lake)
    server = serve(lake, "--refresh", "0s")  # It looks when a request meets the new version.
    assert server.ask("/t", ANON).json() == [{"id": 1, "word": "one"}]
    database.psql("ALTER TABLE t RENAME word TO term; INSERT INTO t VALUES (2, 'two')")
    shoestring("migrate", "--source", database.url, "--lake", lake)
    assert server.ask("/t?id=eq.2", ANON).json() == [{"id": 2, "term": "two"}]
    database.psql("ALTER TABLE t ENABLE ROW LEVEL SECURITY; INSERT INTO t VALUES (3, 'secret')")
    shoestring("migrate", "--source", database.url, "--lake", lake)
    assert server.ask("/t", ANON).json()["code"] == "42501"


def test_the_log_has_no_secrets(server):
    secret = token({"role": "authenticated", "sub": "user1", "email": "me@example.org"})
    values = ("Sesame", "me@example.org", ANON_KEY, SECRET_KEY, JWT_SECRET, secret,
              secret.split(".")[1], secret.split(".")[2])
    headers = {"apikey": ANON_KEY, "Authorization": f"Bearer {secret}", "Cookie": "a=Sesame"}
    server.ask("/plain?id=eq.1&word=eq.Sesame", headers)
    server.ask(f"/plain?apikey={SECRET_KEY}")
    server.ask(f"/plain/{SECRET_KEY}/x", ANON)
    server.ask(f"/{secret}?x={secret}", {"apikey": SECRET_KEY + "Sesame"})
    server.ask("/rpc/f", {**headers, "Content-Type": "application/json"}, "POST",
               b'{"word": "Sesame"}')
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET /\xff\x01\"\\ HTTP/1.1\r\nX: Sesame\r\n\r\n")
        client.recv(1000)
    server.stop()
    lines = server.log()
    assert len(lines) >= 6
    assert {line["role"] for line in lines} >= {"authenticated", "service_role", ""}
    assert all(set(line) == {"time", "id", "client", "method", "path", "status", "bytes", "ms",
                             "waited_ms", "role", "outcome"} for line in lines)
    told = server.log_path.read_text() + server.errors()
    for value in values:
        assert value not in told
