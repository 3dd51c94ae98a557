"""--engine trino and postgres: found, limited, cancelled and refused as duckdb is."""

import base64
import hashlib
import http.server
import json
import os
import pathlib
import secrets
import signal
import subprocess
import threading
import time

import pytest

import trino_server
from lakes import FolderLake


@pytest.fixture(scope="session")
def declared(moto, example_lake):
    """The example's lake in Glue, as database `example`."""
    moto.declare("example", FolderLake(example_lake))
    return "example"


@pytest.fixture
def query(binary):
    """query(environment, *arguments, code=0): runs `shoestring query` with nothing else in
    its environment."""

    def run(environment, *arguments, code=0, timeout=120, cwd=None):
        done = subprocess.run([binary, "query", *arguments], capture_output=True, text=True,
                              timeout=timeout, env=environment, cwd=cwd,
                              stdin=subprocess.DEVNULL)
        assert done.returncode == code, f"{done.returncode}, not {code}: {done.stderr}"
        return done

    return run


@pytest.fixture
def on_trino(trino, declared, query):
    return lambda *arguments, **options: query(trino.environment(declared), "--engine", "trino",
                                               *arguments, **options)


@pytest.fixture
def on_postgres(example_db, query):
    return lambda *arguments, **options: query({"DATABASE_URL": example_db.url}, "--engine",
                                               "postgres", *arguments, **options)


# ---- settings ----


def test_the_engine_comes_from_the_file_and_the_environment(example_db, query, tmp_path):
    (tmp_path / "shoestring.toml").write_text(
        f'engine = "postgres"\n[postgres]\nurl = "{example_db.url}"\n')
    sql = ["--format", "csv", "SELECT current_database() AS name"]
    assert query({}, *sql, cwd=tmp_path).stdout == "name\nexample\n"
    refused = query({"SHOESTRING_ENGINE": "oracle"}, *sql, cwd=tmp_path, code=2)
    assert "athena, duckdb, postgres, trino" in refused.stderr


def test_what_is_not_set_is_named(query, tmp_path):
    assert "SHOESTRING_TRINO_SERVER" in query({}, "--engine", "trino", "SELECT 1", code=2,
                                              cwd=tmp_path).stderr
    assert "SHOESTRING_POSTGRES_URL" in query({}, "--engine", "postgres", "SELECT 1", code=2,
                                              cwd=tmp_path).stderr
    assert "--lake" in query({}, "SELECT 1", code=2, cwd=tmp_path).stderr


# ---- Trino ----


def test_trino_answers_and_tells_what_it_read(on_trino):
    done = on_trino("--format", "csv", "SELECT count(*) AS n, sum(market_value) AS v, "
                    "max(shares) AS s FROM fund_holdings WHERE year = 2024 AND month = 2")
    assert done.stdout.splitlines()[0] == "n,v,s"
    assert "1 row" in done.stderr and "read " in done.stderr


def test_trino_pages_through_large_answers(on_trino, example_lake, query):
    sql = "SELECT id, company_name, shares, created_at FROM fund_holdings ORDER BY id"
    trino = on_trino("--format", "csv", sql).stdout
    assert trino.count("\n") > 50_000
    assert trino == query({"SHOESTRING_LAKE": str(example_lake)}, "--format", "csv", sql).stdout


@pytest.mark.parametrize("sql, code", [
    ("SELECT * FROM nowhere", 3), ("SELECT nothing FROM companies", 2), ("SELEC 1", 2),
    ("SELECT 1 / 0", 2), ("DROP TABLE companies", 2), ("EXPLAIN ANALYZE DELETE FROM companies", 2),
    ("SELECT CAST(now() AS timestamp(12))", 8)])
def test_trinos_errors_have_our_kinds(sql, code, on_trino):
    assert on_trino(sql, code=code).stderr.startswith("shoestring: ")


@pytest.mark.parametrize("flags, code", [
    (["--max-scan", "10KB"], 11), (["--max-rows", "10"], 11), (["--timeout", "300ms"], 7),
    (["--threads", "2"], 8)])
def test_trinos_limits_are_kept_or_refused(flags, code, on_trino):
    endless = "SELECT count(*) FROM fund_holdings a, fund_holdings b WHERE a.shares + b.shares = -1"
    on_trino(*flags, endless if "--timeout" in flags else "SELECT * FROM fund_holdings", code=code)


def test_trinos_memory_is_limited(on_trino):
    on_trino("--memory", "1MB", "SELECT array_agg(company_name ORDER BY shares) AS a FROM "
             "fund_holdings", code=11)


def test_ctrl_c_stops_the_query_on_trino(binary, trino, declared):
    mark = f"stop_me_{secrets.token_hex(4)}"
    process = subprocess.Popen(
        [binary, "query", "--engine", "trino",
         f"SELECT count(*) AS {mark} FROM fund_holdings a, fund_holdings b, fund_holdings c "
         "WHERE a.shares + b.shares = c.shares"], env=trino.environment(declared),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    state = _state_of(trino, mark, "RUNNING", "FINISHING")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130
    state = _state_of(trino, mark, "FAILED")
    assert state["errorCode"]["name"] == "USER_CANCELED"


def _state_of(trino, mark, *states):
    """The query with this text once it is in one of the states."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for known in trino.queries():
            if mark in known["query"] and known["state"] in states:
                return known
        time.sleep(0.1)
    raise AssertionError(f"no query {mark} is {states}")


# ---- Trino's ways to know who asks ----


@pytest.fixture(scope="module")
def secured(moto, tmp_path_factory):
    """A Trino with TLS, which takes passwords and JWTs; its certificate, and a key's file."""
    folder = tmp_path_factory.mktemp("tls")
    _openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out",
             "ca.pem", "-days", "2", "-subj", "/CN=127.0.0.1",
             "-addext", "subjectAltName=IP:127.0.0.1")
    _openssl(folder, "genrsa", "-out", "jwt.pem", "2048")
    _openssl(folder, "rsa", "-in", "jwt.pem", "-pubout", "-out", "jwt.pub")
    server = SecuredTrino(moto, folder)
    with server:
        yield server


class SecuredTrino(trino_server.Trino):
    """Asks for a password, "tester" with "s3cret", or a JWT that jwt.pem has signed."""

    def __init__(self, moto, folder):
        self.keys = folder
        super().__init__(moto, settings={
            "http-server.https.enabled": "true",
            "http-server.https.keystore.path": "{folder}/server.pem",
            "http-server.authentication.type": "PASSWORD,JWT",
            "http-server.authentication.jwt.key-file": "{folder}/jwt.pub",
            "password-authenticator.config-files": "{folder}/password.properties",
            "internal-communication.shared-secret": secrets.token_hex(32)},
            files={"server.pem": (folder / "key.pem").read_text() + (folder / "ca.pem").read_text(),
                   "jwt.pub": (folder / "jwt.pub").read_text()})

    @property
    def https(self):
        return f"https://127.0.0.1:{self.https_port}"

    def _command(self):
        self.https_port = trino_server.servers.free_port()
        self._settings["http-server.https.port"] = self.https_port
        salt = secrets.token_bytes(16)
        digest = hashlib.pbkdf2_hmac("sha1", b"s3cret", salt, 1000, 32)
        self._files["users"] = f"tester:1000:{salt.hex()}:{digest.hex()}\n"
        self._files["password.properties"] = (
            f"password-authenticator.name=file\nfile.password-file={self.folder}/users\n")
        return super()._command()

    def _answers(self):
        """Over plain http nobody is known, so no query is answered: the port must do."""
        with trino_server.urllib.request.urlopen(f"{self.server}/v1/info", timeout=5) as answer:
            return json.loads(answer.read())["starting"] is False

    def token(self):
        def part(value):
            return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

        signed = part(b'{"alg":"RS256","typ":"JWT"}') + "." + part(json.dumps(
            {"sub": "tester", "exp": int(time.time()) + 600}).encode())
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", self.keys / "jwt.pem"],
            input=signed.encode(), capture_output=True, check=True).stdout
        return f"{signed}.{part(signature)}"


def _openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=True)


def _secured(trino, **settings):
    settings = {"server": trino.https, "user": "tester",
                "ca_file": trino.keys / "ca.pem"} | settings
    return {f"SHOESTRING_TRINO_{name.upper()}": str(value) for name, value in settings.items()}


def _ask_until_ready(query, environment):
    """A worker may come a little after the server."""
    sql = ["--engine", "trino", "--format", "csv", "SELECT current_user AS who"]
    for _ in range(20):
        try:
            return query(environment, *sql).stdout
        except AssertionError as error:
            if "nodes" not in str(error).lower():
                raise
            time.sleep(1)
    raise AssertionError("Trino has no workers")


def test_trino_takes_a_password(secured, query):
    assert _ask_until_ready(query, _secured(secured, password="s3cret")) == "who\ntester\n"


def test_trino_takes_a_password_from_a_file(secured, query, tmp_path):
    (tmp_path / "password").write_text("s3cret\n")
    environment = _secured(secured, password_file=tmp_path / "password")
    assert _ask_until_ready(query, environment) == "who\ntester\n"


def test_trino_takes_a_jwt(secured, query):
    assert _ask_until_ready(query, _secured(secured, token=secured.token())) == "who\ntester\n"


@pytest.mark.parametrize("settings, code, words", [
    ({"password": "wr0ng"}, 5, "password"), ({}, 5, "password"), ({"token": "a.b.c"}, 5, "token"),
    ({"password": "s3cret", "ca_file": ""}, 5, "ca_file"),
    ({"password": "s3cret", "server": "http://127.0.0.1:1"}, 2, "https"),
    ({"password": "s3cret", "token": "a.b.c"}, 2, "one of them")])
def test_trino_refuses_and_no_secret_is_shown(settings, code, words, secured, query):
    done = query(_secured(secured, **settings), "--engine", "trino", "SELECT 1", code=code)
    assert words in done.stderr
    assert "s3cret" not in done.stderr and "wr0ng" not in done.stderr and "a.b.c" not in done.stderr


# ---- a Trino that misbehaves ----


class Script(http.server.BaseHTTPRequestHandler):
    """Answers with what the test has put on the server, and keeps what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def do_GET(self):
        self._answer("")

    def do_DELETE(self):
        self._answer("")

    def log_message(self, *_):
        pass

    def _answer(self, body):
        server = self.server
        server.asked.append((self.command, self.path.split("?")[0], body, dict(self.headers)))
        status, answer = (204, "") if self.command == "DELETE" else server.answers.pop(0)
        if isinstance(answer, dict):
            elsewhere = f"http://elsewhere.example:{server.server_port}"
            answer = json.dumps(answer).replace("HERE", elsewhere)
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer.encode())))
        self.end_headers()
        self.wfile.write(answer.encode())


COLUMNS = [{"name": "n", "type": "bigint", "typeSignature": {"rawType": "bigint", "arguments": []}}]


@pytest.fixture
def scripted(query):
    """scripted(answers, *arguments): what a query of a scripted Trino gives, and was asked."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Script)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def run(answers, *arguments, **options):
        server.answers, server.asked = list(answers), []
        environment = {"SHOESTRING_TRINO_SERVER": f"http://127.0.0.1:{server.server_port}"}
        done = query(environment, "--engine", "trino", "--format", "csv",
                     *(arguments or ["SELECT n"]), **options)
        return done, server.asked

    yield run
    server.shutdown()


def _page(number, **more):
    return 200, {"id": "q", "nextUri": f"HERE/v1/statement/executing/q/{number}", **more}


def test_pages_are_read_to_the_end_from_the_server_that_was_named(scripted):
    answers = [_page(1), _page(2, columns=COLUMNS)]
    answers += [_page(3 + i, columns=COLUMNS, data=[[i], [i]]) for i in range(50)]
    done, asked = scripted(answers + [(200, {"id": "q", "columns": COLUMNS, "data": [[50]]})])
    assert done.stdout.split() == ["n", *(str(i) for i in range(50) for _ in "ab"), "50"]
    assert [command for command, *_ in asked] == ["POST"] + ["GET"] * 52
    _, path, body, headers = asked[0]
    assert (path, body) == ("/v1/statement", "SELECT n")
    assert headers["x-trino-time-zone"] == "UTC" and headers["x-trino-user"] == "shoestring"


def test_a_busy_server_is_asked_again(scripted):
    done, asked = scripted([(503, ""), (429, ""), _page(1), (502, ""), (504, ""),
                            (200, {"id": "q", "columns": COLUMNS, "data": [[7]]})])
    assert done.stdout == "n\n7\n"
    assert len(asked) == 6


def test_a_server_without_a_worker_yet_is_asked_again(scripted):
    starting = {"message": "No nodes available to run query", "errorCode": 65541,
                "errorName": "NO_NODES_AVAILABLE", "errorType": "INSUFFICIENT_RESOURCES"}
    done, asked = scripted([_page(1), (200, {"id": "q", "error": starting}), _page(1),
                            (200, {"id": "r", "columns": COLUMNS, "data": [[7]]})])
    assert done.stdout == "n\n7\n"
    assert [command for command, *_ in asked] == ["POST", "GET", "POST", "GET"]


def test_what_is_no_trino_is_said(scripted):
    done, _ = scripted([(404, "<html>not here</html>")], code=2)
    assert "[trino] server" in done.stderr
    scripted([(200, "<html>hello</html>")], code=10)
    scripted([(200, {"id": "q", "columns": COLUMNS, "data": [["x"]]})], code=10)


def test_what_is_left_unread_is_deleted(scripted):
    answers = [_page(1, columns=COLUMNS, data=[[i] for i in range(100)])]
    _, asked = scripted(answers, "--max-rows", "10", "SELECT n", code=11)
    assert asked[-1][:2] == ("DELETE", "/v1/statement/executing/q/1")


# ---- Postgres ----


@pytest.mark.parametrize("sql, code", [
    ("SELECT * FROM nowhere", 3), ("SELECT nothing FROM companies", 2), ("SELEC 1", 2),
    ("SELECT 1 / 0", 2), ("DROP TABLE companies", 2), ("SET search_path = x", 2),
    ("INSERT INTO companies (id) VALUES (-1) RETURNING id", 2), ("COPY companies TO STDOUT", 2),
    ("SELECT nextval('no')", 3),
    ("SELECT 'infinity'::date AS d", 9)])
def test_postgres_errors_have_our_kinds(sql, code, on_postgres):
    done = on_postgres("--format", "csv", sql, code=code)
    assert done.stderr.startswith("shoestring: ") and "--where" not in done.stderr


@pytest.mark.parametrize("flags, code", [
    (["--timeout", "500ms"], 7), (["--max-rows", "10"], 11), (["--memory", "1MB"], 8),
    (["--threads", "1"], 8), (["--max-scan", "1GB"], 8)])
def test_postgres_limits_are_kept_or_refused(flags, code, on_postgres):
    sql = ("SELECT count(*) FROM fund_holdings a, fund_holdings b" if "--timeout" in flags
           else "SELECT id FROM fund_holdings")
    on_postgres(*flags, "--format", "csv", sql, code=code)


def test_ctrl_c_stops_the_query_on_postgres(binary, example_db):
    process = subprocess.Popen(
        [binary, "query", "--engine", "postgres", "SELECT pg_sleep(600)::text AS stop_me"],
        env={"DATABASE_URL": example_db.url}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    running = ("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE "
               "'%stop_me%' AND pid <> pg_backend_pid()")
    _until(lambda: example_db.psql(running) == "1")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130
    _until(lambda: example_db.psql(running) == "0")


def _until(true):
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_postgres_types_come_exact(on_postgres):
    done = on_postgres("--format", "json", """
        SELECT 1::smallint AS a, 2 AS b, 9223372036854775807 AS c, 0.1::float8 AS d,
               1.50::numeric(4,2) AS e, 'NaN'::numeric AS g,
               123456789012345678901234567890123456789012345.0001 AS f,
               '{"k": 1}'::jsonb AS h, interval '1 day' AS i, '10.0.0.1'::inet AS j,
               ARRAY[1, NULL] AS k, 'ab'::char(4) AS l, '\\xff00'::bytea AS m, true AS n,
               NULL AS o, timestamptz '2024-01-01 00:00+01' AS p
          FROM (VALUES (1)) AS v""")
    assert done.stdout == (
        '[{"a":1,"b":2,"c":9223372036854775807,"d":0.1,"e":1.50,'
        '"g":"NaN","f":123456789012345678901234567890123456789012345.0001,'
        '"h":"{\\"k\\": 1}","i":"1 day","j":"10.0.0.1/32","k":[1,null],"l":"ab",'
        '"m":"\\\\xff00","n":true,"o":null,"p":"2023-12-31T23:00:00+00:00"}]\n')


def test_postgres_streams_in_order(on_postgres, example_db):
    sql = "SELECT id, change, value_after FROM fund_holdings_diff ORDER BY id DESC"
    given = on_postgres("--format", "csv", sql).stdout
    assert given == example_db.psql(f"COPY ({sql}) TO STDOUT (FORMAT csv, HEADER)") + "\n"


# ---- many at once ----


@pytest.mark.parametrize("engine", ["duckdb", "trino", "postgres"])
def test_two_hundred_queries_from_eight_threads(engine, binary, example_lake, example_db, trino,
                                                declared):
    environment = {"SHOESTRING_LAKE": str(example_lake), "DATABASE_URL": example_db.url,
                   **trino.environment(declared)}
    environment |= {name: value for name, value in os.environ.items()
                    if name.endswith("SAN_OPTIONS")}
    placeholder = "$1" if engine == "postgres" else "?"
    done = subprocess.run(
        [pathlib.Path(binary).with_name("engine_load"), engine,
         "SELECT count(*) AS n, sum(market_value) AS v, min(ticker) AS t FROM fund_holdings "
         f"WHERE fund_id = {placeholder}"], capture_output=True, text=True, timeout=600,
        env=environment)
    assert done.stdout == "200 queries, 0 errors, 0 wrong answers\n", done.stderr[-5000:]
    assert done.returncode == 0
