"""`shoestring correlate` and /rpc/get_investor_correlation: right by a judge that shares no
code with them, numpy, and the same on each engine."""

import csv
import decimal
import itertools
import json
import math
import re
import struct
import urllib.parse
import urllib.request
import xml.etree.ElementTree

import numpy
import pytest

from api_server import ANON, SERVICE, ApiServer
from conftest import ROOT
from lakes import FolderLake

SCION = "Scion Asset Management"
ARK = "ARK Investment Management"
QUARTERS = [f"{year}-Q{number}" for year in (2023, 2024) for number in (1, 2, 3, 4)]
METHODS = ("pearson", "cosine", "jaccard", "common_weight")


@pytest.fixture(scope="session")
def declared(moto, example_lake):
    """The example's lake in Glue, as database `correlated`."""
    moto.declare("correlated", FolderLake(example_lake))
    return "correlated"


@pytest.fixture(scope="session")
def engines(example_lake, example_db, trino, declared):
    """The environment in which each engine is found."""
    path = {"PATH": "/usr/bin:/bin"}
    return {"duckdb": path | {"SHOESTRING_LAKE": str(example_lake)},
            "postgres": path | {"DATABASE_URL": example_db.url},
            "trino": path | trino.environment(declared)}


@pytest.fixture(scope="session")
def correlate(shoestring, example_lake):
    """correlate(*arguments): what the command prints, asked of DuckDB."""

    def run(*arguments, code=0, env=None, **options):
        done = shoestring("correlate", *arguments, code=code,
                          env=env or {"SHOESTRING_LAKE": str(example_lake)}, **options)
        return done.stdout if code == 0 else done.stderr

    return run


@pytest.fixture(scope="session")
def pair(correlate):
    """pair(a, b, *arguments): the JSON object, money as Decimal."""

    def run(*arguments, **options):
        return json.loads(correlate(*arguments, **options), parse_float=decimal.Decimal)

    return run


@pytest.fixture(scope="session")
def server(binary, example_lake, tmp_path_factory):
    with ApiServer(binary, tmp_path_factory.mktemp("serve"), example_lake) as running:
        yield running


# ---- the judge ----


class Judge:
    """Portfolios from plain rows: {fund: {cusip: (dollars, tickers)}} of a quarter."""

    def __init__(self, database):
        self._rows = {quarter: [] for quarter in QUARTERS}
        sql = ("COPY (SELECT fund_name, cusip, coalesce(ticker, ''), market_value,"
               " to_char(period_end, 'YYYY\"-Q\"Q') FROM fund_holdings"
               " WHERE put_call IS NULL) TO STDOUT (FORMAT csv)")
        for fund, cusip, ticker, value, quarter in csv.reader(database.psql(sql).splitlines()):
            if quarter in self._rows:
                self._rows[quarter].append((fund, cusip, ticker, decimal.Decimal(value)))

    def portfolios(self, quarter):
        funds = {}
        for fund, cusip, ticker, value in self._rows[quarter]:
            held = funds.setdefault(fund, {})
            dollars, tickers = held.get(restored(cusip), (0, set()))
            held[restored(cusip)] = (dollars + value, tickers | ({ticker} - {""}))
        return funds


def restored(cusip):
    """A short CUSIP with zeros before it, if its check digit says so."""
    if len(cusip) >= 9:
        return cusip
    padded = cusip.zfill(9)
    total = 0
    for place, character in enumerate(padded[:8]):
        worth = int(character, 36) * (1 + place % 2)
        total += worth // 10 + worth % 10
    return padded if padded[8] == str(-total % 10) else cusip


def weights(portfolio):
    total = sum(dollars for dollars, _ in portfolio.values())
    return {cusip: float(dollars) / float(total) for cusip, (dollars, _) in portfolio.items()}


def scores(a, b):
    """By numpy, over the union of two {cusip: weight}."""
    union = sorted(a.keys() | b.keys())
    x, y = (numpy.array([of.get(cusip, 0.0) for cusip in union]) for of in (a, b))
    differ = numpy.ptp(x) > 0 and numpy.ptp(y) > 0
    return {"pearson": numpy.corrcoef(x, y)[0, 1] if differ else None,
            "cosine": x @ y / (numpy.linalg.norm(x) * numpy.linalg.norm(y)),
            "jaccard": len(a.keys() & b.keys()) / len(union),
            "common_weight": numpy.minimum(x, y).sum()}


def overlap(a, b):
    common = a.keys() & b.keys()
    labels = {min(a[cusip][1] | b[cusip][1], default=cusip) for cusip in common}
    return len(labels), sum((min(a[cusip][0], b[cusip][0]) for cusip in common), 0)


@pytest.fixture(scope="session")
def judge(example_db):
    return Judge(example_db)


@pytest.mark.parametrize("quarter", QUARTERS)
def test_every_pair_is_as_numpy_has_it(quarter, judge, correlate):
    portfolios = judge.portfolios(quarter)
    weighted = {fund: weights(held) for fund, held in portfolios.items()}
    expected = {(a, b): scores(weighted[a], weighted[b])
                for a, b in itertools.combinations(sorted(portfolios), 2)}
    assert len(expected) > 2000
    for method in METHODS:
        found = json.loads(correlate("--all", "--quarter", quarter, "--method", method,
                                     "--format", "json"), parse_float=decimal.Decimal)
        place = {fund: i for i, fund in enumerate(found["funds"])}
        assert place.keys() == portfolios.keys()
        for (a, b), of in expected.items():
            score = found["scores"][place[a]][place[b]]
            assert (score is None) == (of[method] is None), (a, b, method)
            if score is not None:
                assert abs(float(score) - of[method]) <= 1e-12, (a, b, method)
            cells = [found[name][place[a]][place[b]]
                     for name in ("overlap_tickers", "overlap_values")]
            assert tuple(cells) == overlap(portfolios[a], portfolios[b]), (a, b)


# ---- two funds ----


def test_two_funds_are_compared_in_the_latest_quarter_of_both(pair, judge):
    found = pair(SCION, ARK)
    assert re.fullmatch(r"20\d\d-Q[1-4]", found["quarter"])
    assert (found["fund_a"], found["fund_b"], found["method"]) == (SCION, ARK, "pearson")
    for name in ("total_overlap_tickers", "total_overlap_value", "correlation_score"):
        assert isinstance(found[name], (int, decimal.Decimal)), name
    assert found == pair(SCION, ARK, "--quarter", found["quarter"])


@pytest.mark.parametrize("quarter", ["2023-Q4", "2024-Q1"])
def test_what_stands_beside_the_score_adds_up(quarter, pair, judge):
    found = pair(SCION, ARK, "--quarter", quarter, "--method", "cosine")
    a, b = (judge.portfolios(quarter)[fund] for fund in (SCION, ARK))
    assert (found["total_overlap_tickers"], found["total_overlap_value"]) == overlap(a, b)
    assert found["total_value_a"] == sum(dollars for dollars, _ in a.values())
    assert (found["positions_a"], found["positions_b"]) == (len(a), len(b))
    common = found["common_positions"]
    assert {each["cusip"] for each in common} == a.keys() & b.keys()
    for end in "ab":
        assert found[f"overlap_value_{end}"] == sum(each[f"value_{end}"] for each in common)
        assert math.isclose(found[f"overlap_weight_{end}"],
                            sum(each[f"weight_{end}"] for each in common))
    assert found["correlation_score"] == found["scores"]["cosine"]
    for method, score in scores(weights(a), weights(b)).items():
        assert abs(float(found["scores"][method]) - score) <= 1e-12


def test_all_quarters_are_together_and_each(pair):
    found = pair(SCION, ARK, "--all-quarters")
    assert found["quarter"] == "all"
    names = [each["quarter"] for each in found["quarters"]]
    assert names == sorted(names) and len(names) == 9
    assert found["total_overlap_value"] == sum(each["total_overlap_value"]
                                               for each in found["quarters"])
    for each in found["quarters"][-2:]:
        one = pair(SCION, ARK, "--quarter", each["quarter"])
        assert {name: one[name] for name in each} == each
    assert found["total_overlap_tickers"] == len(
        {each["ticker"] or each["cusip"] for each in found["common_positions"]})


def test_puts_and_calls_stand_apart_until_they_are_asked_for(pair, example_db):
    puts, shares = example_db.psql(
        f"SELECT sum(market_value) FILTER (WHERE put_call IS NOT NULL),"
        f" coalesce(sum(market_value) FILTER (WHERE put_call IS NULL), 0) FROM fund_holdings"
        f" WHERE fund_name = '{SCION}' AND period_end = '2025-03-31'").strip().split("|")
    apart = pair(SCION, ARK, "--quarter", "2025-Q1")
    assert apart["options"]["total_value_a"] == decimal.Decimal(puts) > 0
    assert apart["total_value_a"] == decimal.Decimal(shares)
    counted = pair(SCION, ARK, "--quarter", "2025-Q1", "--options")
    assert counted["total_value_a"] == decimal.Decimal(puts) + decimal.Decimal(shares)
    assert counted["options"]["positions_a"] == 0


def test_a_table_and_csv_show_the_same(correlate, pair):
    quarter = ["--quarter", "2024-Q1"]
    found = pair(SCION, ARK, *quarter)
    table = correlate(SCION, ARK, *quarter, "--format", "table")
    assert table.startswith("2024-Q1\n") and f"{found['correlation_score']:.4f}" in table
    lines = list(csv.DictReader(correlate(SCION, ARK, *quarter, "--format", "csv").splitlines()))
    assert [line["cusip"] for line in lines] == [each["cusip"]
                                                 for each in found["common_positions"]]
    assert [decimal.Decimal(line["weight_b"]) for line in lines] == [
        each["weight_b"] for each in found["common_positions"]]


# ---- what cannot be ----


@pytest.mark.parametrize("arguments, code, words", [
    (("Scion", ARK), 3, f"'{SCION}'"),
    ((SCION, "ARK Investment Managment"), 3, f"'{ARK}'"),
    (("Nobody At All Whatsoever", ARK), 3, "no such fund: Nobody"),
    ((SCION, ARK, "--quarter", "1999-Q1"), 3, "the latest for which both have is 20"),
    (("Scion", ARK, "--quarter", "2024-Q1"), 3, f"'{SCION}'"),
    ((SCION, ARK, "--quarter", "soon"), 2, "2024-Q3"),
    ((SCION, ARK, "--method", "magic"), 2, "jaccard"),
    ((SCION, ARK, "--format", "png"), 2, "json, table, csv"),
    ((SCION,), 2, "two funds"), (("--all", SCION), 2, "two funds"),
    (("--all", "--all-quarters"), 2, "one quarter"),
    (("--all", "--format", "gif"), 2, "svg, png")])
def test_what_cannot_be_is_said(arguments, code, words, correlate):
    assert words in correlate(*arguments, code=code)


# ---- settings ----

ODD = """
CREATE SCHEMA odd;
CREATE TABLE odd.lines (who text, day date, sid text, usd numeric, report int, kind text);
INSERT INTO odd.lines VALUES
 ('a', '2022-02-10', '37833100', 6, 1, NULL), ('a', '2022-02-10', '594918104', 4, 1, 'P'),
 ('b', '2022-02-11', '037833100', 1, 2, NULL), ('b', '2022-02-11', '037833100', 3, 2, NULL),
 ('a', '2023-02-10', '037833100', 6000, 3, NULL), ('b', '2023-02-10', '037833100', 5000, 4, '');
"""
ODD_SETTINGS = """
[correlation]
table = "odd.lines"
fund = "who"
quarter = "day"
cusip = "sid"
ticker = "none"
value = "usd"
put_call = "kind"
filing = "report"
filed = "day"
thousands_before = "2023-01-03"
"""


def test_other_tables_and_thousands_of_dollars(pg15, shoestring, make_database, pair, correlate,
                                               tmp_path):
    database = make_database(pg15)
    database.psql(ODD)
    lake = tmp_path / "lake"
    shoestring("migrate", "--source", database.url, "--lake", lake, "--schema", "odd")
    (tmp_path / "shoestring.toml").write_text(ODD_SETTINGS)
    for engine in ("duckdb", "postgres"):
        environment = {"SHOESTRING_LAKE": str(lake), "DATABASE_URL": database.url,
                       "SHOESTRING_ENGINE": engine}
        found = pair("a", "b", "--all-quarters", env=environment, cwd=tmp_path)
        assert [(each["quarter"], each["total_overlap_value"]) for each in found["quarters"]] == [
            ("2022-Q1", 4000), ("2023-Q1", 5000)]
        assert found["options"]["total_value_a"] == 4000
        assert found["common_positions"][0]["ticker"] is None
    (tmp_path / "shoestring.toml").write_text(ODD_SETTINGS.replace('"usd"', '"eur"'))
    said = correlate("a", "b", code=2, env=environment, cwd=tmp_path)
    assert "eur" in said and "[correlation]" in said


# ---- every engine ----


@pytest.mark.parametrize("arguments", [(), ("--all-quarters",), ("--quarter", "2023-Q4")])
def test_the_engines_agree(arguments, engines, pair):
    answers = {engine: pair(SCION, ARK, "--engine", engine, *arguments, env=environment)
               for engine, environment in engines.items()}
    for engine, answer in answers.items():
        assert_alike(answer, answers["duckdb"], engine)


def assert_alike(found, expected, where):
    """Texts, counts and money exactly; scores and weights to 1e-9."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for name in expected:
            rounded = name in METHODS or "score" in name or "weight" in name
            if rounded and isinstance(expected[name], decimal.Decimal):
                assert abs(found[name] - expected[name]) <= 1e-9, (where, name)
            else:
                assert_alike(found[name], expected[name], (where, name))
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for i, each in enumerate(expected):
            assert_alike(found[i], each, (where, i))
    else:
        assert found == expected, where


def test_the_engines_agree_on_all_funds(engines, correlate):
    answers = {engine: json.loads(correlate("--all", "--quarter", "2024-Q2", "--format", "json",
                                            "--engine", engine, env=environment))
               for engine, environment in engines.items()}
    expected = answers["duckdb"]
    for engine, found in answers.items():
        order = [found["funds"].index(fund) for fund in expected["funds"]]
        for name in ("overlap_tickers", "overlap_values", "scores"):
            ours = numpy.array(expected[name], dtype=float)
            theirs = numpy.array(found[name], dtype=float)[numpy.ix_(order, order)]
            tolerance = 1e-9 if name == "scores" else 0
            numpy.testing.assert_allclose(theirs, ours, rtol=0, atol=tolerance, err_msg=engine)


def test_athena_is_asked_the_same_and_its_rows_are_read(moto, example_db, pair, tmp_path):
    """moto computes nothing: it is told the rows, which Postgres has computed, and asked
    afterwards what it was sent."""
    rows = list(csv.reader(example_db.psql(
        "COPY (SELECT fund_name, period_end, cusip, ticker, put_call, filing_id, filing_date,"
        " sum(market_value)::numeric(38, 4) FROM fund_holdings"
        f" WHERE fund_name IN ('{SCION}', '{ARK}') AND period_end = '2024-03-31'"
        " GROUP BY 1, 2, 3, 4, 5, 6, 7) TO STDOUT (FORMAT csv)").splitlines()))
    columns = [("fund", "varchar"), ("quarter", "date"), ("cusip", "varchar"),
               ("ticker", "varchar"), ("put_call", "varchar"), ("filing", "bigint"),
               ("filed", "date"), ("value", "decimal")]
    _play(moto, columns, rows)
    environment = {"AWS_ENDPOINT_URL": moto.endpoint, "AWS_ACCESS_KEY_ID": "test",
                   "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
                   "AWS_EC2_METADATA_DISABLED": "true", "SHOESTRING_ATHENA_DATABASE": "example",
                   "SHOESTRING_ATHENA_OUTPUT": "s3://results/correlate/"}
    quarter = ["--quarter", "2024-Q1"]
    found = pair(SCION, ARK, "--engine", "athena", "--quiet", *quarter, env=environment,
                 cwd=tmp_path)
    assert_alike(found, pair(SCION, ARK, *quarter), "athena")
    sent = moto.athena("GetQueryExecution", QueryExecutionId=moto.athena(
        "ListQueryExecutions")["QueryExecutionIds"][-1])["QueryExecution"]
    assert sent["Query"].count("FROM") == 1 and 'FROM "fund_holdings"' in sent["Query"]
    assert f"'{SCION}'" in str(sent) and "2024-04-01" in str(sent)


def _play(moto, columns, rows):
    """Tells moto what the next query answers."""
    data = [{"Data": [{"VarCharValue": value} if value else {} for value in row]}
            for row in [[name for name, _ in columns], *rows]]
    info = [{"CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": name,
             "Label": name, "Type": kind, "Precision": 38, "Scale": 4, "Nullable": "UNKNOWN",
             "CaseSensitive": True} for name, kind in columns]
    answer = {"results": [{"rows": data, "column_info": info}]}
    urllib.request.urlopen(urllib.request.Request(
        f"{moto.endpoint}/moto-api/static/athena/query-results", json.dumps(answer).encode(),
        {"Content-Type": "application/json"}), timeout=30)


# ---- the function ----

RPC = "/rest/v1/rpc/get_investor_correlation"


def test_the_function_gives_what_the_command_gives(server, pair):
    body = json.dumps({"fund_a": SCION, "fund_b": ARK, "quarter": "2024-Q1"}).encode()
    headers = ANON | {"Content-Type": "application/json"}
    answer = server.ask(RPC, headers, "POST", body)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    expected = pair(SCION, ARK, "--quarter", "2024-Q1")
    assert json.loads(answer.body, parse_float=decimal.Decimal) == expected
    path = f"{RPC}?fund_a={urllib.parse.quote(SCION)}&fund_b={urllib.parse.quote(ARK)}"
    assert server.ask(f"{path}&quarter=2024-03-31", ANON).body == answer.body
    assert server.ask(path, ANON).json()["quarter"] >= "2024-Q1"
    assert server.ask(path, ANON, "HEAD").body == b""
    assert server.ask(f"{path}&select=quarter", ANON).json()["code"] == "PGRST127"
    assert server.ask(path, ANON | {"Accept": "text/csv"}).status == 406


@pytest.mark.parametrize("arguments, status, code, words", [
    ({"fund_a": "Scion", "fund_b": ARK}, 404, "P0002", f"'{SCION}'"),
    ({"fund_a": SCION, "fund_b": ARK, "quarter": "soon"}, 400, "22023", "2024-Q3"),
    ({"fund_a": SCION, "fund_b": ARK, "method": "magic"}, 400, "22023", "jaccard"),
    ({"fund_a": SCION}, 404, "PGRST202", "fund_a"),
    ({"fund_a": SCION, "fund_b": ARK, "more": 1}, 404, "PGRST202", "more")])
def test_the_function_refuses_as_functions_do(arguments, status, code, words, server):
    answer = server.ask(RPC, ANON, "POST", json.dumps(arguments).encode())
    assert (answer.status, answer.json()["code"]) == (status, code)
    assert words in answer.json()["message"]


def test_the_function_is_for_those_who_see_whole_tables(binary, example_lake, tmp_path):
    config = '[roles.anon]\nfund_holdings = { columns = ["ticker"] }\n'
    with ApiServer(binary, tmp_path / "roles", example_lake, config=config) as server:
        path = f"{RPC}?fund_a={urllib.parse.quote(SCION)}&fund_b={urllib.parse.quote(ARK)}"
        assert server.ask(path, ANON).status in (401, 403)
        assert server.ask(path, SERVICE).status == 200
        assert "/rpc/get_investor_correlation" not in server.ask("/rest/v1/", ANON).json()["paths"]
        assert "/rpc/get_investor_correlation" in server.ask("/rest/v1/", SERVICE).json()["paths"]


def test_the_function_is_there_when_its_table_is(binary, example_lake, tmp_path):
    config = '[correlation]\ntable = "holdings"\n'
    with ApiServer(binary, tmp_path / "other", example_lake, config=config) as server:
        assert server.ask(f"{RPC}?fund_a=a&fund_b=b", ANON).json()["code"] == "PGRST202"


# ---- the matrix ----


def test_the_matrix_is_csv_and_a_table_of_pairs(correlate):
    quarter = ["--all", "--quarter", "2024-Q1"]
    found = json.loads(correlate(*quarter, "--format", "json"))
    lines = list(csv.reader(correlate(*quarter, "--format", "csv").splitlines()))
    assert lines[0] == ["2024-Q1", *found["funds"]]
    assert [line[0] for line in lines[1:]] == found["funds"]
    assert [[float(cell) for cell in line[1:]] for line in lines[1:]] == [
        [float("nan") if cell is None else cell for cell in row] for row in found["scores"]]
    table = correlate(*quarter).splitlines()
    count = len(found["funds"])
    assert len(table) == 1 + count * (count - 1) // 2
    shown = [float(re.search(r" (-?\d\.\d{4}) ", line)[1]) for line in table[1:]]
    assert shown == sorted(shown, reverse=True)


def test_the_matrix_is_clustered(correlate):
    """Neighbours are more alike than funds are on the whole."""
    found = numpy.array(json.loads(correlate("--all", "--format", "json"))["scores"], dtype=float)
    neighbours = numpy.diagonal(found, offset=1)
    assert neighbours.mean() > 2 * found[numpy.triu_indices(len(found), 1)].mean()


def test_the_matrix_is_a_picture(correlate, tmp_path):
    quarter = ["--all", "--quarter", "2024-Q1"]
    funds = json.loads(correlate(*quarter, "--format", "json"))["funds"]
    for form in ("svg", "png"):
        correlate(*quarter, "--format", form, "--output", tmp_path / f"funds.{form}")
    picture = xml.etree.ElementTree.parse(tmp_path / "funds.svg").getroot()
    space = "{http://www.w3.org/2000/svg}"
    texts = [text.text for text in picture.iter(f"{space}text")]
    assert all(texts.count(fund) == 2 for fund in funds)
    titles = [title.text for title in picture.iter(f"{space}title")]
    assert len(titles) == 1 + len(funds) * (len(funds) - 1)
    assert any(SCION in title and ARK in title for title in titles)
    png = (tmp_path / "funds.png").read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", png[16:24]) == (2 * int(picture.get("width")),
                                                2 * int(picture.get("height")))


# ---- the page ----


def test_what_the_page_says_of_the_self_join_is_true(example_db, pair):
    """docs/correlation.md has figures of Scion and ARK: they are computed again here."""
    page = (ROOT / "docs/correlation.md").read_text()
    on = "FROM fund_holdings a JOIN fund_holdings b ON a.ticker = b.ticker"
    where = f"WHERE a.fund_name = '{SCION}' AND b.fund_name = '{ARK}'"
    rows, value = example_db.psql(
        f"SELECT count(*), sum(least(a.market_value, b.market_value)) {on} {where}"
    ).strip().split("|")
    same, same_value = example_db.psql(
        f"SELECT count(*), sum(least(a.market_value, b.market_value)) {on}"
        f" AND a.period_end = b.period_end {where}").strip().split("|")
    found = pair(SCION, ARK, "--all-quarters")
    figures = [(int(rows), decimal.Decimal(value)), (int(same), decimal.Decimal(same_value)),
               (len(found["common_positions"]), found["total_overlap_value"])]
    for count, dollars in figures:
        assert f"| {count:,} | ${dollars / 1_000_000:,.0f} M |" in page
    assert f"{figures[0][0] / figures[2][0]:.0f} times the rows" in page
    assert f"{figures[0][1] / figures[2][1]:.0f} times the value" in page
