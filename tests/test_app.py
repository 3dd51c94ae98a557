"""examples/app, before and after, and clients/typescript: type-checked, and run by Node
against the example."""

import json
import shutil
import subprocess

import pytest

import servers
from api_server import ANON_KEY, SECRET_KEY, ApiServer

FUNDS = ("Scion Asset Management", "ARK Investment Management")
NODE = servers.ROOT / ".deps/node/bin/node"


@pytest.fixture(scope="module")
def server(binary, example_lake, tmp_path_factory):
    with ApiServer(binary, tmp_path_factory.mktemp("app-server"), example_lake) as running:
        yield running


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The two folders as a checkout has them, and what npm would install."""
    folder = tmp_path_factory.mktemp("app")
    for part in ("clients/typescript", "examples/app"):
        shutil.copytree(servers.ROOT / part, folder / part)
    (folder / "node_modules").symlink_to(servers.ROOT / ".deps/js/node_modules")
    return folder


def node(app, *arguments, **environment):
    return subprocess.run([NODE, *map(str, arguments)], capture_output=True, text=True, timeout=300,
                          cwd=app, env=environment)


def run(app, server, script, *arguments):
    """The JSON that a script prints."""
    done = node(app, app / script, *arguments, SUPABASE_URL=server.url, SUPABASE_ANON_KEY=ANON_KEY,
                SUPABASE_SERVICE_ROLE_KEY=SECRET_KEY)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def quarter(example_db):
    """The latest that both funds filed."""
    return example_db.psql(f"""SELECT max(period_end) FROM (SELECT period_end FROM fund_holdings
        WHERE fund_name = '{FUNDS[0]}' INTERSECT SELECT period_end FROM fund_holdings
        WHERE fund_name = '{FUNDS[1]}') both_filed""")


def rows(example_db, sql):
    return json.loads(example_db.psql(f"SELECT coalesce(json_agg(r), '[]') FROM ({sql}) r"))


def test_types(app):
    done = node(app, app / "node_modules/typescript/bin/tsc", "-p", "clients/typescript")
    assert done.returncode == 0, done.stdout


def test_the_application_before_and_after(app, server, example_db, quarter):
    before = run(app, server, "examples/app/before.ts", *FUNDS, quarter)
    after = run(app, server, "examples/app/after.ts", *FUNDS, quarter)
    held = rows(example_db, f"""SELECT ticker, cusip, market_value FROM fund_holdings
        WHERE fund_name = '{FUNDS[0]}' AND period_end = '{quarter}' AND put_call IS NULL
        ORDER BY market_value DESC, id LIMIT 3""")
    assert before["holdings"] == after["holdings"] == held
    assert before["filings"] == after["filings"] == rows(example_db, """
        SELECT form, filing_date, json_build_object('name', name) AS companies
        FROM company_filings f JOIN companies c ON c.id = f.company_id WHERE ticker = 'AAPL'
        ORDER BY filing_date DESC, f.id LIMIT 5""")
    assert after["quarters"] == rows(example_db, f"""
        SELECT period_end, count(DISTINCT cusip) AS positions FROM fund_holdings
        WHERE fund_name = '{FUNDS[0]}' GROUP BY period_end ORDER BY period_end""")
    for name in ("total_overlap_tickers", "total_overlap_value"):
        assert after["correlation"][name] == pytest.approx(before["overlap"][name])
    assert -1 <= after["correlation"]["correlation_score"] <= 1


CALLS = """
import { executeAthenaQuery, getInvestorCorrelation } from "./clients/typescript/shoestring.ts";
const told = async (call) => {
  try {
    return { given: await call() };
  } catch (error) {
    return { name: error.name, status: error.status, code: error.code, message: error.message };
  }
};
const sql = "SELECT ? AS a, ? AS b, ? AS c, ? AS d";
console.log(JSON.stringify({
  values: await told(() => executeAthenaQuery(sql, ["' OR 1=1 --", 1.5, true, null])),
  writes: await told(() => executeAthenaQuery("DROP TABLE companies")),
  anonymous: await told(() => executeAthenaQuery("SELECT 1", [], { key: process.env.SUPABASE_ANON_KEY })),
  no_fund: await told(() => getInvestorCorrelation("Scion Asset Managment", "nobody at all")),
  proxy: await told(() => executeAthenaQuery("SELECT 1", [], {
    fetch: async () => new Response("<html>", { status: 502 }) })),
  aborted: await told(() => executeAthenaQuery("SELECT 1", [], { signal: AbortSignal.abort() })),
}));
"""


def test_what_the_client_makes_of_values_and_refusals(app, server):
    (app / "calls.mts").write_text(CALLS)
    told = run(app, server, "calls.mts")
    assert told["values"]["given"] == [{"a": "' OR 1=1 --", "b": 1.5, "c": True, "d": None}]
    assert (told["writes"]["name"], told["writes"]["status"]) == ("ShoestringError", 400)
    assert told["anonymous"]["status"] in (401, 403) and told["anonymous"]["code"] == "42501"
    assert told["no_fund"]["status"] == 404 and "Scion" in told["no_fund"]["message"]
    assert (told["proxy"]["status"], told["proxy"]["message"]) == (502, "<html>")
    assert told["aborted"]["name"] == "AbortError"
