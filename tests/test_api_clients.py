"""supabase-js and postgrest-py, unmodified: every read method of their documented API gives
what the Postgres that the lake came from gives."""

import json
import shutil
import subprocess

import pytest
import postgrest

import servers
from api_server import ANON_KEY, ApiServer

THINGS = """
CREATE TABLE things (id int PRIMARY KEY, word text, flag boolean, tags text[], doc jsonb,
                     amount numeric(10, 2), at timestamptz, raw bytea, ratio float8, big bigint);
INSERT INTO things VALUES
  (1, 'plain', true, '{a,b}', '{"color": "red", "size": {"w": 1}}', 1.50,
   '2020-01-01 10:11:12+00', '\\x00ff', 'NaN', 9007199254740991),
  (2, 'with (more), and a comma', false, '{c}', '{"color": "blue"}', 0,
   '2020-01-01 10:11:12.5+00', '', 1e-7, -1),
  (3, NULL, NULL, '{}', '[1, null]', NULL, NULL, NULL, 'Infinity', NULL);
"""

# What each case must give: a query whose rows, as JSON, are the client's data.
ROWS = {
    "select_all": "SELECT * FROM companies ORDER BY id LIMIT 3",
    "select_columns": "SELECT id, name FROM companies ORDER BY id LIMIT 3",
    "select_renamed": "SELECT id AS number, name AS called FROM companies ORDER BY id LIMIT 2",
    "select_json": "SELECT id, doc ->> 'color' AS color, doc -> 'size' -> 'w' AS size FROM things"
                   " ORDER BY id",
    "embed_one": "SELECT f.id, form, (SELECT json_build_object('id', c.id, 'name', name) FROM"
                 " companies c WHERE c.id = company_id) AS companies FROM company_filings f"
                 " ORDER BY f.id LIMIT 3",
    "embed_many": "SELECT c.id, (SELECT coalesce(json_agg(json_build_object('id', f.id, 'form',"
                  " form)), '[]') FROM (SELECT id, form FROM company_filings WHERE company_id ="
                  " c.id ORDER BY id LIMIT 2) f) AS company_filings FROM companies c"
                  " ORDER BY c.id LIMIT 2",
    "embed_renamed": "SELECT f.id, (SELECT json_build_object('name', name) FROM companies c"
                     " WHERE c.id = company_id) AS issuer FROM company_filings f"
                     " ORDER BY f.id LIMIT 2",
    "embed_inner": "SELECT f.id, json_build_object('state', c.state) AS companies FROM"
                   " company_filings f JOIN companies c ON c.id = company_id"
                   " WHERE c.state = 'NY' ORDER BY f.id LIMIT 3",
    "embed_spread": "SELECT f.id, c.name FROM company_filings f LEFT JOIN companies c"
                    " ON c.id = company_id ORDER BY f.id LIMIT 2",
    "order_by_parent": "SELECT f.id, json_build_object('name', c.name) AS companies FROM"
                       " company_filings f JOIN companies c ON c.id = company_id"
                       " ORDER BY c.name COLLATE \"C\", f.id LIMIT 3",
    "eq": "SELECT id FROM companies WHERE id = 5",
    "neq": "SELECT id FROM companies WHERE state <> 'NY' ORDER BY id LIMIT 3",
    "gt": "SELECT id FROM companies WHERE id > 10 ORDER BY id LIMIT 2",
    "gte": "SELECT id FROM companies WHERE id >= 10 ORDER BY id LIMIT 2",
    "lt": "SELECT id FROM companies WHERE id < 3 ORDER BY id",
    "lte": "SELECT id FROM companies WHERE id <= 3 ORDER BY id",
    "like": "SELECT name FROM companies WHERE name LIKE 'A%' ORDER BY id LIMIT 3",
    "ilike": "SELECT name FROM companies WHERE name ILIKE '%inc%' ORDER BY id LIMIT 3",
    "likeAllOf": "SELECT name FROM companies WHERE name LIKE ALL ('{A%,%C%}')"
                 " ORDER BY id LIMIT 3",
    "likeAnyOf": "SELECT name FROM companies WHERE name LIKE ANY ('{A%,B%}')"
                 " ORDER BY id LIMIT 3",
    "ilikeAllOf": "SELECT name FROM companies WHERE name ILIKE ALL ('{a%,%c%}')"
                  " ORDER BY id LIMIT 3",
    "ilikeAnyOf": "SELECT name FROM companies WHERE name ILIKE ANY ('{a%,b%}')"
                  " ORDER BY id LIMIT 3",
    "is": "SELECT id FROM companies WHERE state IS NULL ORDER BY id LIMIT 3",
    "is_boolean": "SELECT id FROM things WHERE flag ORDER BY id",
    "in": "SELECT id FROM companies WHERE id IN (1, 3, 5) ORDER BY id",
    "in_quoted": "SELECT id FROM things WHERE word IS NOT NULL ORDER BY id",
    "contains_array": "SELECT id FROM things WHERE tags @> '{a}' ORDER BY id",
    "contained_by": "SELECT id FROM things WHERE tags <@ '{a,b,c}' ORDER BY id",
    "overlaps": "SELECT id FROM things WHERE tags && '{b,z}' ORDER BY id",
    "contains_json": "SELECT id FROM things WHERE doc @> '{\"color\": \"red\"}' ORDER BY id",
    "text_search": "SELECT id FROM things WHERE to_tsvector('simple', word) @@"
                   " to_tsquery('simple', 'plain') ORDER BY id",
    "match": "SELECT id FROM companies WHERE id = 7 AND exchange = 'NYSE'",
    "not": "SELECT id FROM companies WHERE state IS NOT NULL ORDER BY id LIMIT 3",
    "not_in": "SELECT id FROM companies WHERE id NOT IN (1, 2, 3) ORDER BY id LIMIT 2",
    "or": "SELECT id FROM companies WHERE id = 2 OR id > 5 AND id < 8 ORDER BY id",
    "filter": "SELECT id FROM companies WHERE id IN (4, 6) ORDER BY id",
    "filter_json": "SELECT id FROM things WHERE doc ->> 'color' = 'red' ORDER BY id",
    "order_nulls": "SELECT id, state FROM companies ORDER BY state COLLATE \"C\" DESC NULLS FIRST,"
                   " id LIMIT 3",
    "range": "SELECT id FROM companies ORDER BY id LIMIT 3 OFFSET 5",
    "abort_signal": "SELECT id FROM companies WHERE id = 1",
    "numbers": "SELECT id, shares, market_value, filing_date FROM fund_holdings"
               " ORDER BY id LIMIT 3",
    "aggregate": "SELECT fund_id, sum(market_value) AS sum, count(id) AS count FROM fund_holdings"
                 " GROUP BY fund_id ORDER BY fund_id LIMIT 3",
    "schema": "SELECT id FROM companies WHERE id = 1",
    "types": "SELECT * FROM things ORDER BY id",
    "returns": "SELECT id FROM companies WHERE id = 1",
    "count_exact": "SELECT id FROM companies ORDER BY id LIMIT 1",
    "count_planned": "SELECT id FROM companies ORDER BY id LIMIT 1",
    "count_estimated": "SELECT id FROM companies ORDER BY id LIMIT 1",
}
ERRORS = {
    "single_of_many": (406, "PGRST116"), "single_of_none": (406, "PGRST116"),
    "no_table": (404, "PGRST205"), "no_column": (400, "42703"), "no_number": (400, "22P02"),
}


@pytest.fixture(scope="module")
def database(example_db):
    copy = example_db.server.create_database("api_clients", example_db.name)
    copy.psql(THINGS)
    yield copy
    example_db.server.drop_database("api_clients")


@pytest.fixture(scope="module")
def server(binary, database, shoestring, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clients")
    shoestring("migrate", "--source", database.url, "--lake", folder / "lake")
    with ApiServer(binary, folder / "server", folder / "lake") as running:
        yield running


def rows(database, sql):
    """As PostgREST has Postgres write them."""
    text = database.psql(f"SET timezone = 'UTC'; SELECT coalesce(json_agg(r), '[]') FROM ({sql}) r")
    return json.loads(text[text.index("["):])


@pytest.fixture(scope="module")
def seen(server, tmp_path_factory):
    """What supabase-js makes of each case."""
    folder = tmp_path_factory.mktemp("js")
    shutil.copy(servers.ROOT / "tests/js/reads.mjs", folder)
    (folder / "node_modules").symlink_to(servers.ROOT / ".deps/js/node_modules")
    done = subprocess.run([servers.ROOT / ".deps/node/bin/node", folder / "reads.mjs"],
                          capture_output=True, text=True, timeout=300,
                          env={"URL": server.url, "KEY": ANON_KEY})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("case", ROWS)
def test_supabase_js_gives_the_rows_of_postgres(seen, database, case):
    assert seen[case]["error"] is None
    assert seen[case]["data"] == rows(database, ROWS[case])


@pytest.mark.parametrize("case", ERRORS)
def test_supabase_js_gives_the_errors_of_postgrest(seen, case):
    status, code = ERRORS[case]
    assert (seen[case]["status"], seen[case]["error"]["code"]) == (status, code)


def test_supabase_js_besides_rows(seen, database):
    assert seen["throws"]["error"]["code"] == "42703"
    assert seen["single"]["data"] == rows(
        database, "SELECT id, name FROM companies WHERE id = 2")[0]
    assert seen["maybe_single"]["data"] == {"id": 2}
    assert seen["maybe_single_of_none"]["data"] is None
    assert seen["maybe_single_of_none"]["error"] is None
    companies = int(database.psql("SELECT count(*) FROM companies"))
    for case in ("count_exact", "count_planned", "count_estimated"):
        assert seen[case]["count"] == companies
    in_state = int(database.psql("SELECT count(*) FROM companies WHERE state = 'NY'"))
    assert seen["count_head"]["count"] == in_state and not seen["count_head"]["data"]
    expected = rows(database, "SELECT id, ticker FROM companies ORDER BY id LIMIT 2")
    assert seen["csv"]["data"].splitlines() == [
        "id,ticker", *(f"{row['id']},{row['ticker'] or ''}" for row in expected)]
    forms = [row["form"] for row in seen["or_embedded"]["data"][0]["company_filings"]]
    assert set(forms) <= {"10-K", "10-Q"}


# --- postgrest-py

def python_cases(client):
    companies = lambda columns="id", **options: client.from_("companies").select(
        columns, **options)
    things = lambda: client.from_("things").select("id").order("id")
    return {
        "select_all": companies("*").order("id").limit(3),
        "select_columns": companies("id, name").order("id").limit(3),
        "select_renamed": companies("number:id, called:name").order("id").limit(2),
        "embed_one": client.from_("company_filings").select("id, form, companies(id, name)")
        .order("id").limit(3),
        "embed_many": companies("id, company_filings(id, form)").order("id").limit(2)
        .order("id", foreign_table="company_filings").limit(2, foreign_table="company_filings"),
        "embed_inner": client.from_("company_filings").select("id, companies!inner(state)")
        .eq("companies.state", "NY").order("id").limit(3),
        "eq": companies().eq("id", 5),
        "neq": companies().neq("state", "NY").order("id").limit(3),
        "gt": companies().gt("id", 10).order("id").limit(2),
        "gte": companies().gte("id", 10).order("id").limit(2),
        "lt": companies().lt("id", 3).order("id"),
        "lte": companies().lte("id", 3).order("id"),
        "like": companies("name").like("name", "A%").order("id").limit(3),
        "ilike": companies("name").ilike("name", "%inc%").order("id").limit(3),
        "likeAllOf": companies("name").like_all_of("name", "A%,%C%").order("id").limit(3),
        "likeAnyOf": companies("name").like_any_of("name", "A%,B%").order("id").limit(3),
        "ilikeAllOf": companies("name").ilike_all_of("name", "a%,%c%").order("id").limit(3),
        "ilikeAnyOf": companies("name").ilike_any_of("name", "a%,b%").order("id").limit(3),
        "is": companies().is_("state", None).order("id").limit(3),
        "in": companies().in_("id", [1, 3, 5]).order("id"),
        "in_quoted": things().in_("word", ['with (more), and a comma', "plain"]),
        "contains_array": things().contains("tags", ["a"]),
        "contained_by": things().contained_by("tags", ["a", "b", "c"]),
        "overlaps": things().overlaps("tags", ["b", "z"]),
        "contains_json": things().contains("doc", {"color": "red"}),
        "match": companies().match({"id": 7, "exchange": "NYSE"}),
        "not": companies().not_.is_("state", None).order("id").limit(3),
        "or": companies().or_("id.eq.2,and(id.gt.5,id.lt.8)").order("id"),
        "filter": companies().filter("id", "in", "(4,6)").order("id"),
        "order_nulls": companies("id, state").order("state", desc=True, nullsfirst=True)
        .order("id").limit(3),
        "range": companies().order("id").range(5, 7),
        "count_exact": companies(count="exact").order("id").limit(1),
        "types": client.from_("things").select("*").order("id"),
    }


def python_client(server):
    return postgrest.SyncPostgrestClient(
        f"{server.url}/rest/v1",
        headers={"apikey": ANON_KEY, "Authorization": f"Bearer {ANON_KEY}"})


PYTHON_CASES = sorted(python_cases(postgrest.SyncPostgrestClient("http://127.0.0.1")))


@pytest.mark.parametrize("case", PYTHON_CASES)
def test_postgrest_py_gives_the_rows_of_postgres(server, database, case):
    with python_client(server) as client:
        answer = python_cases(client)[case].execute()
    assert answer.data == rows(database, ROWS[case])
    if case == "count_exact":
        assert answer.count == int(database.psql("SELECT count(*) FROM companies"))


def test_postgrest_py_besides_rows(server):
    with python_client(server) as client:
        companies = lambda: client.from_("companies").select("id")
        assert companies().eq("id", 2).single().execute().data == {"id": 2}
        assert companies().eq("id", 2).maybe_single().execute().data == {"id": 2}
        assert companies().eq("id", -1).maybe_single().execute() is None
        assert client.from_("companies").select("id").eq("id", 2).csv().execute().data == "id\n2"
        with pytest.raises(postgrest.APIError) as error:
            companies().eq("id", -1).single().execute()
        assert error.value.code == "PGRST116"
        with pytest.raises(postgrest.APIError) as error:
            client.from_("no_such_table").select("*").execute()
        assert error.value.code == "PGRST205" and error.value.details is None
