"""Every case of rest_cases.py, asked of the API's core over the harbour as a lake.

Rows without order= are compared as a set, as PostgREST's own cases hold the order of a heap.
"""

import json
import pathlib
import re
from urllib.parse import quote

import pytest

from rest_cases import SECTIONS
from rest_client import RestClient

TABLES = pathlib.Path(__file__).with_name("rest_cases.sql")
VIEWS = ["asian_ports", "calls", "cargoes", "fee_counts", "fleet", "fleet_names",
         "neighbours", "old_passports"]
CASES = [(section, case) for section, cases in SECTIONS.items() for case in cases]


@pytest.fixture(scope="module")
def source(pg17):
    database = pg17.create_database("harbour")
    database.psql(TABLES.read_text())
    yield database
    pg17.drop_database("harbour")


@pytest.fixture(scope="module")
def harbour(source, shoestring, tmp_path_factory):
    lake = tmp_path_factory.mktemp("harbour")
    migrate = ["migrate", "--source", source.url, "--lake", lake, "--schema", "harbour"]
    shoestring(*migrate, "--anomaly", "text")
    shoestring(*migrate, *(f"--table={view}" for view in VIEWS))
    return lake


@pytest.fixture(scope="module")
def rest_on(binary, harbour, source):
    """Opens the API on an engine."""
    program = pathlib.Path(binary).with_name("rest_requests")
    environment = {"SHOESTRING_API_SCHEMA": "harbour", "DATABASE_URL": source.url}
    return lambda engine: RestClient(program, engine, harbour, environment=environment)


@pytest.fixture(scope="module")
def rest(rest_on):
    with rest_on("duckdb") as client:
        yield client


@pytest.fixture(scope="module")
def on_postgres(binary, harbour, source):
    program = pathlib.Path(binary).with_name("rest_requests")
    with RestClient(program, "postgres", harbour,
                    environment={"SHOESTRING_API_SCHEMA": "harbour",
                                 "DATABASE_URL": source.url}) as client:
        yield client


def unordered(value):
    """Lists at any depth as sorted texts."""
    if isinstance(value, list):
        return sorted(json.dumps(unordered(item), sort_keys=True) for item in value)
    if isinstance(value, dict):
        return {name: unordered(item) for name, item in value.items()}
    return value


def check_body(case, body):
    if case.body is None:
        return
    if isinstance(case.body, str):
        assert body == case.body
        return
    found = json.loads(body)
    if case.status >= 300:
        assert set(found) == {"code", "message", "details", "hint"}
        found = {name: found[name] for name in case.body}
    if "order=" in case.url or case.status >= 300:
        assert found == case.body
    else:
        assert unordered(found) == unordered(case.body)


@pytest.mark.parametrize("section, case", CASES, ids=[f"{section} {case}" for section, case in CASES])
def test_case(rest, section, case):
    answer = rest(case.url, method=case.method, headers=case.headers)
    assert answer.status == case.status, answer
    check_body(case, answer.body)
    assert {name: answer.headers.get(name) for name in case.answered} == case.answered


DOCUMENTS = ['{"owner":"me"}', "{}", "[]", "[1]", "[[1]]", "[3,1,1]", '{"a":1}', '{"a":1e0}', '{"a":null}',
             '{"a":[2,1]}', '{"a":[{"b":1.0}]}', '{"a":{}}', '{"a":[]}', '"me"', '["me"]', '{"owner":["me"]}', "1",
             "null", "true", '{"a":1,"b":2,"c":3}', '[{"owner":"me"}]', "12345678901234567890124",
             '{"x":{"owner":"me","y":1}}', "[null,1,2]"]
LISTS = ["{1}", "{}", "{NULL}", "{1,1,1}", "{1,NULL}", "{2,1}", "{1,2,3,NULL}"]
WORDS = ["{a}", "{}", "{NULL}", '{"NULL"}', "{a,b}", "{a,NULL}", "{A}"]
COMPARED = {
    "doc": (["cs", "cd", "eq", "neq", "isdistinct"], DOCUMENTS),
    "doc->a": (["cs", "cd", "eq", "neq", "isdistinct"], ["1", "1.0", "[1]", "{}", "null"]),
    "numbers": (["cs", "cd", "ov", "eq"], LISTS),
    "words": (["cs", "cd", "ov", "eq"], WORDS),
    "ratios->0": (["eq", "neq", "isdistinct"], ["1", "1.00", '"NaN"', '"-Infinity"', "null"]),
    "bytes": (["eq", "neq", "gt", "lte"], ["", "\\001", "\\x01", "\\\\", "\\\\\\\\", "\\x5C", "a", "\\377a"]),
    "clock": (["eq", "gt", "gte", "lt", "lte"], ["24:00", "24:00:00", "23:59:60", "00:00", "12:01", "7:05 "]),
}
SYMBOLS = {"cs": "@>", "cd": "<@", "ov": "&&", "eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<",
           "lte": "<=", "isdistinct": "IS DISTINCT FROM"}


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
@pytest.mark.parametrize("column", COMPARED)
def test_filters_find_the_rows_that_postgres_finds(rest_on, source, column, engine):
    operators, values = COMPARED[column]
    asked = [(prefix, operator, value) for prefix in ("", "not.")
             for operator in operators for value in values]
    term = {"doc->a": "doc->'a'", "ratios->0": "to_jsonb(ratios)->0"}.get(column, column)
    expected = source.psql("".join(
        "SELECT coalesce(json_agg(id ORDER BY id), '[]') FROM harbour.parcels "
        f"WHERE {'NOT' if prefix else ''} ({term} {SYMBOLS[operator]} '{value}');\n"
        for prefix, operator, value in asked)).splitlines()
    assert len(expected) == len(asked)
    with rest_on(engine) as client:
        for (prefix, operator, value), found in zip(asked, expected):
            url = f"/parcels?select=id&order=id&{column}={prefix}{operator}.{quote(value, safe='')}"
            assert [row["id"] for row in json.loads(client(url).body)] == json.loads(found), url


def test_json_in_a_list_is_compared_by_value(rest, source):
    listed = ["1", '{"a":1.000}', "null"]
    found = source.psql("SELECT json_agg(id ORDER BY id) FROM harbour.parcels WHERE doc IN "
                        f"({','.join(repr(value) for value in listed)})")
    answer = rest('/parcels?select=id&order=id&doc=in.(1,"{\\"a\\":1.000}",null)')
    assert [row["id"] for row in json.loads(answer.body)] == json.loads(found)


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Europe/Berlin", "Asia/Kathmandu",
                                  "Australia/Lord_Howe", "America/Caracas", "America/New_York", "UTC"])
def test_times_are_shown_as_postgres_shows_them(rest, source, zone):
    expected = json.loads(source.psql(
        f"SET timezone = '{zone}'; SELECT json_agg(m ORDER BY id) FROM harbour.moments m")
        .removeprefix("SET\n"))
    prefer = {"Prefer": f"timezone={zone}"}
    answer = rest("/moments?order=id", headers=prefer)
    assert json.loads(answer.body) == expected
    for row in expected:
        # Of a time that comes twice only the second is found without its offset.
        local = re.sub(r"[+-]\d\d:\d\d(:\d\d)?$", "", row["at"])
        found = source.psql(f"SET timezone = '{zone}'; SELECT coalesce(json_agg(id), '[]') "
                            f"FROM harbour.moments WHERE at = '{local}'").removeprefix("SET\n")
        answer = rest(f"/moments?select=id&at=eq.{local}", headers=prefer)
        assert [each["id"] for each in json.loads(answer.body)] == json.loads(found), local


def test_the_description_has_types_and_comments_as_postgrest_has_them(rest):
    described = json.loads(rest("/").body)
    get = described["paths"]["/notes"]["get"]
    assert (get["summary"], get["description"]) == ("Notes of the crew", "One a row,\nin any order")
    assert "summary" not in described["paths"]["/kinds"]["get"]
    kinds = described["definitions"]["kinds"]["properties"]
    assert kinds["c"] == {"format": "character", "maxLength": 5, "type": "string"}
    assert kinds["n"] == {"format": "numeric", "type": "number"}
    assert kinds["jb"] == {"format": "jsonb"}


SEARCHES = [
    ("fts", "to_tsquery", ["runs & !pots", "still <-> waters | boil:*", "water <2> deep",
                           "(vol:* & !rats) | meister", "'well-known' & run", "2024", "the",
                           "run <-> (deep | still)", "!water", "-12.5"]),
    ("plfts", "plainto_tsquery", ["the waters", "well-known river", "pot boils 12", "cooks -01",
                                  "l'occasion", "STRASSEN führt", "тише ехать", "drivers", ""]),
    ("phfts", "phraseto_tsquery", ["still waters", "waters still", "the well-known rivers",
                                   "watched the pot", "macht den Meister", "boca cerrada"]),
    ("wfts", "websearch_to_tsquery", ['"watched pot" -river', "water or pots", "mosca -boca",
                                      "- pot or", '"unfinished water']),
]


@pytest.mark.parametrize("language", ["simple", "english", "french", "german", "russian", "spanish"])
@pytest.mark.parametrize("word, function, queries", SEARCHES, ids=[word for word, _, _ in SEARCHES])
def test_texts_are_searched_as_postgres_searches_them(rest, on_postgres, source, language, word,
                                                      function, queries):
    for column in ("body", "doc", "words"):
        vector = "words" if column == "words" else f"to_tsvector('{language}', {column})"
        for query in queries:
            expected = json.loads(source.psql(
                f"SELECT coalesce(json_agg(id ORDER BY id), '[]') FROM harbour.sayings "
                f"WHERE {vector} @@ {function}('{language}', $q${query}$q$)"))
            url = f"/sayings?select=id&order=id&{column}={word}({language})."
            for ask in (rest, on_postgres):
                answer = ask(url + quote(query))
                assert answer.status == 200, answer
                assert [row["id"] for row in json.loads(answer.body)] == expected, (column, query)
