"""`shoestring lambda`: the API as a function, asked by a Runtime API that plays AWS'."""

import json
import os
import time

import pytest

import lambda_server
from api_server import ANON, ANON_KEY, JWT_SECRET, SECRET_KEY, SERVICE, ApiServer, user
from athena_server import ScriptedAthena
from lambda_server import Function, event_1, event_2, event_balancer, lambda_environment

ORIGIN_SECRET = "0123456789abcdef0123456789abcdef"
FORMS = (event_2, event_1, event_balancer)
TABLES = """
CREATE TABLE words (id int PRIMARY KEY, word text, price numeric(12,2));
INSERT INTO words SELECT i, 'wörd ' || i || CASE i % 3 WHEN 0 THEN ' +&%' ELSE '' END, i / 3.0
  FROM generate_series(1, 1200) i;
CREATE TABLE wide (id int PRIMARY KEY, body text);
INSERT INTO wide SELECT i, repeat(chr(97 + i % 26), 100000) FROM generate_series(1, 200) i;
"""
GREET = """-- :name text
-- roles: anon
SELECT id, word FROM words WHERE word = :name
"""
REQUESTS = [
    "/rest/v1/words?id=lt.20&order=id.desc&select=id,word,price",
    "/words?word=eq.w%C3%B6rd%203%20%2B%26%25&select=id",
    "/words?word=like.w*1&id=gt.100&id=lt.200&order=id",
    "/words?id=in.(1,2,3)&or=(id.eq.1,word.eq.w%C3%B6rd+2)&order=id",
    "/words?select=nothing", "/nothing", "/words?id=eq.x", "/",
]


@pytest.fixture(scope="module")
def lake(make_lake):
    return make_lake("lambda_words", TABLES)


@pytest.fixture
def start(binary, lake, tmp_path):
    """start(settings…): a function over the lake that ends with the test."""
    functions = []

    def run(**settings):
        folder = tmp_path / f"function{len(functions)}"
        functions.append(Function([binary], folder, lambda_environment(
            SHOESTRING_LAKE=str(lake), **ApiServer.KEYS) | settings))
        return functions[-1]

    yield run
    for function in functions:
        function.stop()


def slow(seconds):
    """A statement of the service that takes longer than anybody waits for."""
    body = json.dumps({"sql": "SELECT count(*) FROM words a, words b, words c, words d "
                              "WHERE a.id + b.id + c.id + d.id = 7"})
    return {"path": "/sql", "headers": {**SERVICE, "Content-Type": "application/json"},
            "method": "POST", "body": body.encode(), "seconds": seconds}


# --- what is answered


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("stream", ["false", "true"])
def test_it_answers_as_the_server_does(start, binary, lake, tmp_path, form, stream):
    function = start(SHOESTRING_LAMBDA_STREAM=stream)
    with ApiServer(binary, tmp_path / "server", lake) as server:
        for path in REQUESTS:
            if form is event_balancer and path.count("id=") > 1:
                continue  # It has one value a name.
            headers = {**ANON, "Prefer": "count=exact", "Origin": "https://app.example"}
            expected = server.ask(path, headers)
            answer = function.ask(path, headers, form=form)
            assert (answer.status, answer.body) == (expected.status, expected.body), path
            for name in ("Content-Type", "Content-Range", "Access-Control-Allow-Origin"):
                assert answer.headers.get(name) == expected.headers.get(name), (path, name)
            assert answer.headers["X-Request-Id"] == answer.id
            assert answer.streamed == (stream == "true")


def test_bodies_in_both_forms(start, tmp_path):
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries/greet.sql").write_text(GREET)
    function = start(SHOESTRING_SERVE_QUERIES=str(tmp_path / "queries"))
    headers = {**ANON, "Content-Type": "application/json"}
    for encode in (True, False):
        for event in (event_2, event_1):
            answer = function.invoke(event("POST", "/rpc/greet", headers,
                                           '{"name": "wörd 7"}'.encode(), encode))
            assert answer.json() == [{"id": 7, "word": "wörd 7"}], answer.text


def test_head_and_preflight(start):
    function = start()
    head = function.ask("/words?limit=1", {**ANON, "Prefer": "count=exact"}, "HEAD")
    assert (head.status, head.body) == (206, b"")
    assert head.headers["Content-Range"] == "0-0/1200"
    preflight = function.ask("/words", {
        "Origin": "https://app.example", "Access-Control-Request-Method": "GET"}, "OPTIONS")
    assert preflight.status in (200, 204)
    assert "Access-Control-Allow-Origin" in preflight.headers


def test_keys_roles_and_settings(start):
    function = start(SHOESTRING_SERVE_MAX_ROWS="7")
    assert function.ask("/words").json()["code"] == "PGRST302"
    assert len(function.ask("/words", user("ada")).json()) == 7
    assert function.ask("/words", {"apikey": "sb_publishable_wrong_______"}).status == 401


def test_only_what_comes_through_the_proxy_is_answered(start):
    function = start(SHOESTRING_SERVE_ORIGIN_SECRET=ORIGIN_SECRET)
    preflight = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    for shown in ({}, {"x-origin-secret": "wrong"}, {"x-origin-secret": ORIGIN_SECRET + "0"}):
        assert function.ask("/words", {**ANON, **shown}).status == 403
        assert function.ask("/words", {**preflight, **shown}, "OPTIONS").status == 403
    secret = {"X-Origin-Secret": ORIGIN_SECRET}
    for form in FORMS:
        assert function.ask("/words?limit=1", {**ANON, **secret}, form=form).status == 200
    assert function.ask("/words", {**preflight, **secret}, "OPTIONS").status < 300
    assert ORIGIN_SECRET not in function.errors() + function.log_path.read_text()


def test_a_new_version_of_the_lake_is_taken(binary, shoestring, pg15, make_database, tmp_path):
    database = make_database(pg15)
    database.psql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
    lake = tmp_path / "lake"
    shoestring("migrate", "--source", database.url, "--lake", lake)
    environment = lambda_environment(SHOESTRING_LAKE=str(lake), SHOESTRING_LAMBDA_REFRESH="0s",
                                     SHOESTRING_SERVE_ANONYMOUS="true")
    with Function([binary], tmp_path / "function", environment) as function:
        assert function.ask("/t").json() == [{"id": 1}]
        database.psql("ALTER TABLE t ADD word text; UPDATE t SET word = 'new'")
        shoestring("migrate", "--source", database.url, "--lake", lake)
        assert function.ask("/t").json() == [{"id": 1, "word": "new"}]


# --- large answers


def test_an_answer_of_nearly_6_mb(start):
    answer = start().ask("/wide?select=body&order=id&limit=60", ANON)
    assert answer.status == 200 and 5.9e6 < len(answer.raw) <= 6 << 20
    assert len(answer.json()) == 60


def test_a_larger_one_is_refused_and_says_why(start):
    function = start()
    answer = function.ask("/wide?select=body&limit=70", ANON)
    assert answer.status == 413 and "6 MB" in answer.json()["message"]
    assert function.ask("/words?limit=1", ANON).status == 200
    assert [line["status"] for line in function.log(2)] == [413, 200]


def test_a_streamed_one_may_be_larger(start):
    function = start(SHOESTRING_LAMBDA_STREAM="true")
    answer = function.ask("/wide?select=id,body&order=id", ANON)
    assert answer.status == 200 and answer.trailers == {}
    assert [row["id"] for row in answer.json()] == list(range(1, 201))
    assert len(answer.body) > 20e6


# --- what goes wrong


@pytest.mark.parametrize("event", [
    {"Records": [{"eventSource": "aws:s3", "body": "Sesame"}]}, {}, "[]", "Sesame", "",
    {"version": "2.0", "rawPath": "/Sesame"},
    event_2("POST", "/words", body=b"x") | {"body": "Sesame!"}])
def test_an_event_that_is_no_request_is_an_error(start, event):
    function = start()
    answer = function.invoke(event)
    assert answer.error["errorType"] == "Shoestring.corrupt"
    assert answer.sent["Lambda-Runtime-Function-Error-Type"] == "Shoestring.corrupt"
    assert answer.error["errorMessage"] and answer.error["stackTrace"] == []
    assert "Sesame" not in answer.raw.decode() + function.errors()
    assert function.ask("/words?limit=1", ANON).status == 200


@pytest.mark.parametrize("stream", ["false", "true"])
def test_a_deadline_is_a_time_out(start, stream):
    function = start(SHOESTRING_LAMBDA_STREAM=stream)
    assert function.ask("/words?limit=1", ANON).status == 200  # it has started
    begun = time.time()
    answer = function.ask(**slow(seconds=5))
    assert answer.status == 500 and answer.json()["code"] == "57014"
    assert time.time() < begun + 5
    assert function.ask("/words?limit=1", ANON).status == 200


def test_an_answer_that_nobody_waits_for(start):
    """Lambda has ended the invocation meanwhile, and says so to its answer."""
    function = start()
    for status in (400, 403, 413):
        function.api.refuse["response"] = status
        function.ask("/words?limit=1", ANON)
        function.api.refuse["error"] = status
        function.invoke({})
    assert function.ask("/words?limit=1", ANON).status == 200
    assert [line["outcome"] for line in function.log(4)] == ["client_gone"] * 3 + ["complete"]


def test_an_asker_that_leaves_during_the_answer(start):
    function = start(SHOESTRING_LAMBDA_STREAM="true")
    function.api.cut_after = 1_000_000
    assert function.ask("/wide?select=id,body", ANON).trailers is None
    answer = function.ask("/words?limit=1", ANON)
    assert answer.status == 200
    assert [line["outcome"] for line in function.log(2)] == ["client_gone", "complete"]


def test_lambda_asks_it_to_end(start):
    function = start()
    function.api.refuse["response"] = 500
    function.ask("/words?limit=1", ANON)
    assert function.process.wait(timeout=30) == 6
    assert "asks the process to end" in function.errors()


@pytest.mark.parametrize("settings, message", [
    ({"SHOESTRING_LAKE": ""}, "SHOESTRING_LAKE"),
    ({"SHOESTRING_LAKE": "/nowhere"}, "/nowhere"),
    ({"SHOESTRING_ENGINE": "oracle"}, "oracle"),
    ({"SHOESTRING_SERVE_MAX_ROWS": "many"}, "max_rows"),
    ({"SHOESTRING_SERVE_PUBLISHABLE_KEY": "", "SHOESTRING_SERVE_SECRET_KEY": "",
      "SHOESTRING_SERVE_JWT_SECRET": ""}, "no key"),
    ({"SHOESTRING_SERVE_ORIGIN_SECRET": "short"}, "origin_secret"),
    ({"SHOESTRING_CONFIG": "/nowhere.toml"}, "/nowhere.toml")])
def test_what_keeps_it_from_starting_is_told(start, settings, message):
    function = start(**settings)
    assert function.process.wait(timeout=60) != 0
    assert message in function.api.init_error["errorMessage"]
    assert message in function.errors()
    assert function.api.next_at is None


def test_it_says_when_lambda_is_not_there(shoestring, lake):
    environment = {"SHOESTRING_LAKE": str(lake), "SHOESTRING_SERVE_ANONYMOUS": "true"}
    assert "shoestring serve" in shoestring("lambda", code=2, env=environment).stderr
    environment["AWS_LAMBDA_RUNTIME_API"] = "127.0.0.1:1"
    assert "127.0.0.1:1" in shoestring(code=6, env=environment).stderr


# --- what it leaves behind


def test_the_log_has_no_payload(start):
    function = start(SHOESTRING_SERVE_ORIGIN_SECRET=ORIGIN_SECRET)
    headers = {**user("Sesame", email="Sesame@example.org"), "Cookie": "Sesame",
               "X-Origin-Secret": ORIGIN_SECRET}
    function.ask("/words?word=eq.Sesame", headers)
    function.ask(f"/words?apikey={SECRET_KEY}&word=Sesame", headers, form=event_1)
    function.ask("/rpc/none", {**headers, "Content-Type": "application/json"}, "POST",
                 b'{"x": "Sesame"}')
    function.ask("/sql", {**headers, **SERVICE}, "POST", b'{"sql": "SELECT Sesame"}')
    function.invoke({"Records": ["Sesame"]})
    lines = function.log(4)
    assert [line["path"] for line in lines] == ["/words", "/words", "/rpc/none", "/sql"]
    assert all(line["client"] == "192.0.2.1" for line in lines)
    told = function.log_path.read_text() + function.errors()
    for secret in ("Sesame", ANON_KEY, SECRET_KEY, JWT_SECRET, ORIGIN_SECRET,
                   headers["Authorization"].split()[1]):
        assert secret not in told


def test_memory_stays_flat(start, capsys):
    """SHOESTRING_LAMBDA_INVOCATIONS=10000 for `make test-lambda`."""
    invocations = int(os.environ.get("SHOESTRING_LAMBDA_INVOCATIONS", "400"))
    function = start()
    events = [form("GET", path, ANON) for path in REQUESTS for form in FORMS]
    events += [event_2("GET", "/wide?limit=20", ANON), {"Records": []},
               event_2("GET", "/words?id=eq.1", {"apikey": "sb_publishable_wrong______"})]
    resident, refused = [], 0
    begun = time.monotonic()
    for i in range(invocations):
        answer = function.invoke(events[i % len(events)])
        refused += answer.error is not None
        resident.append(function.resident_mb())
    # What a query needs comes and goes: the highest of each half is compared.
    first, second = max(resident[:invocations // 2]), max(resident[invocations // 2:])
    with capsys.disabled():
        print(f"\n{invocations} invocations in {time.monotonic() - begun:.0f} s: at most "
              f"{first:.1f} MB resident in the first half, {second:.1f} MB in the second")
    assert second < first * 1.05 + 4
    assert refused == invocations // len(events)
    assert len(function.log(invocations - refused)) == invocations - refused


# --- the other engine


def test_on_athena(start):
    rows = [["1", "wörd 1"], ["2", None]]
    with ScriptedAthena(columns=(("id", "integer"), ("word", "varchar")), rows=rows) as athena:
        function = start(SHOESTRING_ENGINE="athena", SHOESTRING_ATHENA_WORKGROUP="lake",
                         **athena.environment)
        answer = function.ask("/words?select=id,word&id=lt.3", ANON)
        assert answer.json() == [{"id": 1, "word": "wörd 1"}, {"id": 2, "word": None}]
        started, = athena.bodies("StartQueryExecution")
        assert started["WorkGroup"] == "lake"
        assert started["QueryExecutionContext"]["Database"] == "example"


def test_a_query_of_athena_is_stopped_at_the_deadline(start):
    with ScriptedAthena(states=["RUNNING"]) as athena:
        function = start(SHOESTRING_ENGINE="athena", **athena.environment)
        answer = function.ask("/words?select=id", ANON, seconds=3)
        assert answer.status == 500 and answer.json()["code"] == "57014"
        assert "StopQueryExecution" in athena.operations()
