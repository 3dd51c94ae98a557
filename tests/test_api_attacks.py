"""Injections, and attempts to see what a role may not see. Every row, column and table that
is hidden from the attacker holds the word HIDDEN: no answer may have it, nor count its rows,
and none may be an error of the server's own."""

import itertools
import urllib.parse

import pytest

from api_server import (ANON, ANON_KEY, JWT_SECRET, ApiServer, base64url, token, user)

TABLES = """
CREATE TABLE teams (id int PRIMARY KEY, name text);
INSERT INTO teams VALUES (1, 'ours'), (2, 'HIDDEN team');
CREATE TABLE notes (id int PRIMARY KEY, owner text, team int REFERENCES teams, body text,
                    pay text);
INSERT INTO notes SELECT i, 'me', 1, 'mine', 'HIDDEN pay' FROM generate_series(1, 4) i;
INSERT INTO notes SELECT i, 'other' || i, 2, 'HIDDEN note', 'HIDDEN pay'
  FROM generate_series(5, 40) i;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE TABLE vault (id int PRIMARY KEY, note int REFERENCES notes, body text);
INSERT INTO vault SELECT i, i, 'HIDDEN secret' FROM generate_series(1, 40) i;
CREATE TABLE plain (id int PRIMARY KEY, note int REFERENCES notes, word text);
INSERT INTO plain SELECT i, i, 'word' FROM generate_series(1, 40) i;
CREATE TABLE docs (id int PRIMARY KEY, doc jsonb, readers text[]);
INSERT INTO docs VALUES
  (1, '{"owner": "me", "level": 1.0}', '{us}'), (2, '{"shared": {"owner": "me"}}', '{us}'),
  (3, '[{"owner": "me"}]', '{us}'), (4, '{"owner": "me", "level": 1}', '{us,NULL}'),
  (5, '"me"', '{us}'), (6, '{"level": 1, "owner": "me"}', '{}');
"""
ROLES = """
[roles.anon]
plain = true
[roles.authenticated]
plain = true
teams = { rows = "id=eq.1" }
notes = { columns = ["id", "owner", "team", "body"], rows = "owner=eq.{sub}" }
docs = { rows = 'doc=cs.{"owner":"me","level":1}&readers=cd.{"us"}' }
"""
ME = user("me")
VISIBLE = 4  # of notes

# What ends a text, a name, a list or a statement somewhere.
PAYLOADS = (
    "'", "''", '"', "\\", "';--", "' OR '1'='1", "') OR ('1'='1", "1 OR 1=1", "1) OR (1=1",
    "x' UNION SELECT body FROM vault --", "x\" UNION SELECT body FROM vault --",
    "(SELECT body FROM vault LIMIT 1)", "1; DROP TABLE plain", "$1", "{sub}", "{{sub}}", "%",
    "%00", "%27%20OR%20true--", "*", "**", "(", ")", "((((((((((", "},{", "null", "NaN",
    "1e999", "-1", "99999999999999999999999", "\u202e", "a" * 3000, "read_csv('/etc/passwd')",
    "getenv('SHOESTRING_SERVE_JWT_SECRET')", "%FF%FE", "eq.1&owner=eq.other5",
    "::text", "->>'a'", "/*", "@@version", "pg_sleep(10)", "chr(72)||chr(73)")
PLACES = (
    "/notes?owner=eq.{}", "/notes?owner=neq.{}", "/notes?id=in.({})", "/notes?owner=in.({})",
    "/notes?or=(owner.eq.{})", "/notes?or=(owner.neq.{},id.gt.0)", "/notes?select={}",
    "/notes?select=id,{}", "/notes?select=x:{}", "/notes?select=id::{}", "/notes?order={}",
    "/notes?order=id.{}", "/notes?limit={}", "/notes?offset={}", "/notes?{}=eq.1",
    "/notes?owner=like.{}", "/notes?owner=match.{}", "/notes?owner=fts({}).x", "/{}",
    "/rpc/{}", "/notes?teams.{}=eq.1&select=*,teams(*)", "/notes?select=*,teams!{}(*)")

HIDDEN_TABLE = [
    "/vault", "/rest/v1/vault", "/Vault", "/%76ault", '/"vault"', "/vault%00", "/public.vault",
    "//vault", "/./vault", "/notes/../vault", "/vault/", "/vault?select=body", "/main.vault",
    "/notes?select=*,vault(*)", "/notes?select=id,v:vault(body)", "/notes?select=id,...vault(body)",
    "/notes?select=*,vault!inner(*)", "/notes?select=*,vault!left(*)",
    "/notes?select=*,vault!vault_note_fkey(*)", "/notes?select=*,vault!note(*)",
    "/notes?vault.body=like.*&select=*,vault()", "/notes?select=id,vault(count)",
    "/notes?select=id,vault(body.max())", "/notes?order=vault(body)", "/notes?vault=not.is.null",
    "/plain?select=*,notes(*,vault(*))", "/plain?select=*,notes!inner(vault!inner(body))",
    "/teams?select=*,notes(*,vault(*))", "/notes?or=(vault.body.eq.x)", "/vault?limit=0",
    "/rpc/vault", "/sql?query=SELECT%20*%20FROM%20vault", "/information_schema.tables",
    "/duckdb_tables", "/sqlite_master", "/pg_class", "/duckdb_secrets"]
HIDDEN_COLUMN = [
    "/notes?select=pay", "/notes?select=*,pay", "/notes?select=x:pay", "/notes?select=pay::text",
    "/notes?select=pay.max()", "/notes?select=pay->a", "/notes?select=%70ay", '/notes?select="pay"',
    "/notes?pay=like.HIDDEN*", "/notes?pay=not.is.null", "/notes?order=pay",
    "/notes?or=(pay.like.HIDDEN*,id.eq.1)", "/notes?and=(pay.is.null)", "/notes?not.and=(pay.eq.x)",
    "/plain?select=*,notes(pay)", "/plain?select=*,notes(*)&notes.pay=not.is.null",
    "/plain?select=*,...notes(pay)", "/plain?order=notes(pay)", "/teams?select=*,notes(pay)",
    "/teams?select=*,notes(pay.max())", "/plain?notes.order=pay&select=*,notes(*)",
    "/notes?select=count(),pay", "/notes?select=PAY", "/notes?columns=pay"]
OTHER_ROWS = [
    "/notes", "/notes?select=*", "/notes?owner=neq.me", "/notes?owner=eq.other5", "/notes?id=gt.4",
    "/notes?or=(owner.eq.other5,owner.eq.me)", "/notes?or=(id.gt.0)", "/notes?not.and=(owner.eq.me)",
    "/notes?not.or=(owner.eq.me)", "/notes?owner=not.eq.me", "/notes?owner=isdistinct.me",
    "/notes?owner=like.*", "/notes?owner=not.is.null", "/notes?id=in.(1,5,6)", "/notes?offset=4",
    "/notes?order=id.desc", "/notes?limit=1000", "/notes?owner=eq.me&owner=eq.other5",
    "/notes?select=body.max()", "/notes?select=owner,count()", "/notes?select=body,id.count()",
    "/plain?select=*,notes(*)", "/plain?select=*,notes!inner(*)", "/plain?select=*,...notes(*)",
    "/plain?select=*,notes(*)&notes.owner=neq.me", "/plain?select=id,notes(count)",
    "/plain?select=*,notes(*)&notes.or=(id.gt.0)", "/plain?select=id&notes=not.is.null",
    "/plain?select=id,notes(teams(*))", "/teams", "/teams?id=eq.2", "/teams?select=*,notes(*)",
    "/teams?select=*,notes(*,plain(*))", "/teams?or=(id.eq.2,id.eq.1)", "/notes?select=*,teams(*)",
    "/notes?select=*,teams!inner(*)", "/notes?order=teams(name)", "/notes?owner=eq(any).{me,other5}",
    "/notes?team=gte.0&select=*,teams(*)"]
AUTHENTICATED = HIDDEN_TABLE + HIDDEN_COLUMN + OTHER_ROWS

CLAIMS = ["me' OR true --", "me\" OR true --", "*", "%", "", None, 7, True, ["me", "other5"],
          {"eq": "me"}, "other5),id.gt.(0", "eq.me", "{sub}", "me\u0000", "ME", " me", "me " * 900,
          "me&id=gt.0", "null", "not.is.null"]


@pytest.fixture(scope="module")
def server(binary, make_lake, tmp_path_factory):
    folder = tmp_path_factory.mktemp("attacks")
    with ApiServer(binary, folder, make_lake("api_attacks", TABLES), config=ROLES) as running:
        yield running


def check(server, path, headers, visible=VISIBLE, **options):
    answer = server.ask(path, headers, **options)
    assert answer.status < 500, f"{path}: {answer.status} {answer.text[:500]}"
    # What was asked for may be quoted in a refusal.
    told = answer.text if answer.status < 400 else ""
    assert "HIDDEN" not in told, path
    total = (answer.headers["Content-Range"] or "").rpartition("/")[2]
    if total.isdigit() and "/notes" in path.split("?")[0]:
        assert int(total) <= visible, f"{path}: {total} rows were counted"
    return answer


def as_sent(path):
    return urllib.parse.quote(path, safe="/?&=%*()!:,.'\"{}$@;->[]|\\+~")


@pytest.mark.parametrize("place", PLACES)
def test_nothing_is_read_as_sql(server, place):
    for payload in PAYLOADS:
        path = as_sent(place.format(payload) if "{}" in place else place)
        check(server, path, {**ME, "Prefer": "count=exact"})


def test_there_are_as_many_attempts_as_promised():
    assert len(PLACES) * len(PAYLOADS) + len(AUTHENTICATED) > 900


@pytest.mark.parametrize("path", AUTHENTICATED)
def test_what_a_role_may_not_see(server, path):
    for prefer in ("count=exact", "count=planned", "count=estimated"):
        answer = check(server, as_sent(path), {**ME, "Prefer": prefer})
        if path in HIDDEN_TABLE:
            assert answer.status >= 400 or "vault" not in answer.text
        if path in HIDDEN_COLUMN:
            assert '"pay"' not in answer.text or answer.status >= 400
    check(server, as_sent(path), ANON)
    check(server, as_sent(path), ME, method="HEAD")
    check(server, as_sent(path), {**ME, "Accept": "text/csv"})


def test_what_is_visible_is_seen(server):
    """The corpus would pass on a server that shows nothing."""
    assert len(server.ask("/notes", ME).json()) == VISIBLE
    counted = server.ask("/notes?limit=1", {**ME, "Prefer": "count=exact"})
    assert counted.headers["Content-Range"] == f"0-0/{VISIBLE}"
    assert server.ask("/teams", ME).json() == [{"id": 1, "name": "ours"}]
    embedded = server.ask("/plain?select=id,notes(body)&order=id&limit=5", ME).json()
    assert [row["notes"] for row in embedded] == [{"body": "mine"}] * 4 + [None]
    inner = server.ask("/plain?select=id,notes!inner(id)", ME).json()
    assert len(inner) == VISIBLE
    assert len(server.ask("/plain", ANON).json()) == 40


def test_rows_are_of_what_json_and_arrays_hold(server):
    """A role's predicate finds no more than Postgres' @> and <@ do."""
    assert [row["id"] for row in server.ask("/docs?order=id", ME).json()] == [1, 6]
    beyond = server.ask('/docs?select=id&or=(id.gt.0,doc.cs.{})&order=id', ME)
    assert [row["id"] for row in beyond.json()] == [1, 6]


@pytest.mark.parametrize("subject", CLAIMS, ids=lambda claim: repr(claim)[:20])
def test_claims_are_values(server, subject):
    answer = check(server, "/notes?select=*", user(subject))
    rows = answer.json() if answer.status == 200 else []
    assert rows == [] or {row["owner"] for row in rows} == {subject}
    for path in OTHER_ROWS[:10]:
        check(server, as_sent(path), user(subject))


def test_claims_that_are_missing_let_nothing_pass(server):
    without = {"Authorization": f"Bearer {token({'role': 'authenticated'})}"}
    assert server.ask("/notes", without).json() == []
    assert server.ask("/notes?owner=is.null", without).json() == []


def forged_tokens():
    service = {"role": "service_role"}
    good = token({"role": "authenticated", "sub": "me"})
    header, claims, signature = good.split(".")
    other = base64url(b'{"role":"service_role"}')
    yield from (
        token(service, secret="a wrong secret of at least 32 bytes"),
        token(service, secret=ANON_KEY * 2), token(service, secret=""),
        token(service, header={"alg": "none"}), token(service, header={"alg": "None"}),
        token(service, header={"alg": "HS512"}), token(service, header={"alg": "RS256"}),
        token(service, header={"alg": "HS256", "crit": ["exp"]}),
        base64url(b'{"alg":"none"}') + "." + other + ".", f"{header}.{other}.{signature}",
        f"{header}.{other}.", f".{other}.", f"{header}.{claims}.{signature}A",
        f"{header}.{claims}.{signature}=", f"{header}..{signature}", "..", "a.b.c",
        JWT_SECRET, good + "." + signature, "null", "undefined", "{}",
        token({**service, "exp": 1}), token({**service, "nbf": 9e9}), token({**service, "exp": "x"}),
        token({"role": "postgres"}), token({"role": "Service_Role"}), token({"role": "admin"}),
        token({"role": "service_role "}), "a" * 20_000)


@pytest.mark.parametrize("forged", list(forged_tokens()), ids=itertools.count())
def test_tokens_that_are_not_ours(server, forged):
    for headers in ({"Authorization": f"Bearer {forged}"}, {"apikey": forged},
                    {**ANON, "Authorization": f"Bearer {forged}"}):
        answer = check(server, "/notes", headers)
        assert answer.status == 401, answer.text[:300]


@pytest.mark.parametrize("headers", (
    {"Accept-Profile": "private"}, {"Accept-Profile": "information_schema"},
    {"Accept-Profile": "public'--"}, {"Accept": "*/*;q=a"}, {"Accept": "../../etc/passwd"},
    {"Range": "0-999999"}, {"Range": "9-1"}, {"Range": "a-b"}, {"Range": "-1-5"},
    {"Prefer": "count=everything"}, {"Prefer": "tx=commit"}, {"Prefer": "x" * 5000},
    {"X-Forwarded-For": "127.0.0.1"}, {"X-Role": "service_role"}, {"Role": "service_role"},
    {"X-HTTP-Method-Override": "POST"}, {"Host": "evil\\"}, {"Content-Type": "text/csv"}),
    ids=str)
def test_headers_that_ask_for_more(server, headers):
    for path in ("/notes", "/plain?select=*,notes(*)", "/vault", "/"):
        check(server, path, {**ME, **headers})


@pytest.mark.parametrize("method", ("POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "X"))
def test_nothing_is_written(server, method):
    for path in ("/notes", "/plain", "/vault", "/", "/rpc/x", "/sql"):
        for body in (b"", b"{}", b'{"id": 1}', b"[" * 2000, b'{"sql": "SELECT * FROM vault"}'):
            answer = check(server, path, {**ME, "Content-Type": "application/json"},
                           method=method, body=body)
            assert answer.status >= 400
    assert len(server.ask("/plain", ANON).json()) == 40


def test_the_page_of_openapi_names_what_the_role_sees(server):
    mine, anonymous = server.ask("/", ME).text, server.ask("/", ANON).text
    assert "/notes" in mine and "/plain" in mine
    assert "vault" not in mine and '"pay"' not in mine
    assert "/plain" in anonymous and "/notes" not in anonymous and "/teams" not in anonymous
