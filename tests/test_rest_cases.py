"""Every case of rest_cases.py, asked of the API's core over the harbour as a lake.

Rows without order= are compared as a set, as PostgREST's own cases hold the order of a heap.
"""

import json
import pathlib

import pytest

from rest_cases import SECTIONS
from rest_client import RestClient

TABLES = pathlib.Path(__file__).with_name("rest_cases.sql")
VIEWS = ["asian_ports", "calls", "cargoes", "fee_counts", "fleet", "fleet_names",
         "neighbours", "old_passports"]
CASES = [(section, case) for section, cases in SECTIONS.items() for case in cases]


@pytest.fixture(scope="module")
def harbour(pg17, shoestring, tmp_path_factory):
    database = pg17.create_database("harbour")
    database.psql(TABLES.read_text())
    lake = tmp_path_factory.mktemp("harbour")
    migrate = ["migrate", "--source", database.url, "--lake", lake, "--schema", "harbour"]
    shoestring(*migrate, "--anomaly", "text")
    shoestring(*migrate, *(f"--table={view}" for view in VIEWS))
    yield lake
    pg17.drop_database("harbour")


@pytest.fixture(scope="module")
def rest(binary, harbour):
    program = pathlib.Path(binary).with_name("rest_requests")
    with RestClient(program, "duckdb", harbour,
                    environment={"SHOESTRING_API_SCHEMA": "harbour"}) as client:
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
