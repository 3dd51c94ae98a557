"""What a query costs: told beforehand, limited, written down, and not paid for twice."""

import concurrent.futures
import json
import os
import re
import signal
import stat
import subprocess
import time

import pytest

from lakes import FolderLake

ONE_MONTH = ("SELECT sum(market_value) AS value FROM fund_holdings "
             "WHERE year = 2024 AND month = 2")


@pytest.fixture
def home(tmp_path):
    """The environment of a user with a home of their own, a ledger and a cache."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("SHOESTRING_", "XDG_"))}
    return {**kept, "HOME": str(tmp_path)}


@pytest.fixture
def ask(shoestring, example_lake, home):
    """ask(sql, *flags, code=0): `shoestring query` as that user."""
    return lambda sql, *flags, lake=example_lake, **options: shoestring(
        "query", "--lake", lake, "--format", "csv", *flags, sql, env=home, **options)


@pytest.fixture
def explain(shoestring, example_lake):
    def run(sql, lake=example_lake):
        return json.loads(shoestring("explain", "--lake", lake, "--format", "json",
                                     sql).stdout)

    return run


@pytest.fixture
def ledger(shoestring, home):
    def run(*flags):
        return json.loads(shoestring("ledger", "--format", "json", *flags, env=home).stdout)

    return run


def on(explained, engine):
    return next(price for price in explained["engines"] if price["engine"] == engine)


# ---- explain ----


def test_explain_tells_files_columns_and_dollars(explain, shoestring, example_lake):
    explained = explain(ONE_MONTH)
    [table] = explained["tables"]
    assert table["table"] == "fund_holdings" and table["columns"] == ["market_value"]
    assert table["files"] == 1 < table["of_files"]
    assert table["row_groups"] >= 1 and 0 < table["bytes"] < table["of_bytes"] / 50
    assert on(explained, "duckdb")["dollars"] == 0
    assert on(explained, "athena")["dollars"] >= 5 * 10 / 2**20
    text = shoestring("explain", "--lake", example_lake, ONE_MONTH).stdout
    assert re.search(r"fund_holdings +1 of \d+ +\d+ ", text)
    assert re.search(r"athena .* \$0\.000048", text)


def test_explain_is_near_to_what_is_read(explain, ask):
    for sql in (ONE_MONTH, "SELECT ticker, sum(shares) FROM fund_holdings GROUP BY ticker",
                "SELECT count(*) FROM company_filings WHERE filing_date >= DATE '2024-06-01'",
                "SELECT * FROM companies ORDER BY name LIMIT 5"):
        said = on(explain(sql), "duckdb")["bytes"]
        line = ask(sql, "--no-cache").stderr
        number, unit = re.search(r"files, ([\d.]+) (B|KB|MB) of", line).groups()
        read = float(number) * {"B": 1, "KB": 1e3, "MB": 1e6}[unit]
        assert read / 2 <= said <= read * 2 + 100e3, (sql, said, line)


@pytest.mark.parametrize("sql, code", [("SELEC 1", 2), ("SELECT * FROM nowhere", 3),
                                       ("DROP TABLE companies", 2)])
def test_explain_refuses_as_query_does(sql, code, shoestring, example_lake):
    shoestring("explain", "--lake", example_lake, sql, code=code)


# ---- limits ----


def test_too_much_is_refused_before_it_is_read(ask, ledger):
    refused = ask("SELECT * FROM fund_holdings", "--max-scan", "100KB", code=11)
    assert "would read" in refused.stderr and "--max-scan" in refused.stderr
    ask(ONE_MONTH, "--max-scan", "1MB")
    assert ledger()[0]["bytes"] < 1e6


def test_duckdb_on_a_folder_costs_nothing(ask):
    ask(ONE_MONTH, "--max-cost", "0.0000001")


def test_the_limit_of_dollars_needs_a_price(shoestring, example_db, example_lake, home):
    refused = shoestring("query", "--engine", "postgres", "--max-cost", "0.01", "SELECT 1",
                         env={**home, "DATABASE_URL": example_db.url}, code=8)
    assert "dollars" in refused.stderr


def test_trino_is_limited_by_the_same_estimate(shoestring, trino, moto, example_lake, home):
    moto.declare("price", FolderLake(example_lake))
    environment = {**home, **trino.environment("price"), "SHOESTRING_ENGINE": "trino"}
    run = lambda *flags, **options: shoestring(  # noqa: E731
        "query", "--lake", example_lake, *flags, env=environment, **options)
    refused = run("--max-scan", "100KB", "SELECT * FROM fund_holdings", code=11)
    assert "would read" in refused.stderr
    run("--max-cost", "0.01", ONE_MONTH)
    foreign = run("--max-cost", "0.01", "SELECT approx_percentile(id, 0.5) FROM companies",
                  code=8)
    assert "--max-scan" in foreign.stderr


# ---- the ledger ----


def test_every_query_is_written_down(ask, ledger):
    ask(ONE_MONTH)
    ask("SELECT count(*) FROM fund_holdings WHERE fund_name = 'Scion Asset Management'")
    ask("SELEC", code=2)
    [day] = ledger()
    assert day["queries"] == 2 and day["failed"] == 0 and day["dollars"] == 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", day["day"])
    [engine] = ledger("--by", "engine")
    assert engine["engine"] == "duckdb" and engine["bytes"] > 0
    statements = [row["statement"] for row in ledger("--by", "statement")]
    assert "SELECT count(*) FROM fund_holdings WHERE fund_name = ?" in statements
    assert ledger("--since", "1h")[0]["queries"] == 2


def test_the_ledger_is_the_users_own(ask, tmp_path):
    ask(ONE_MONTH)
    [path] = tmp_path.rglob("ledger.jsonl")
    assert path == tmp_path / ".local/state/shoestring/ledger.jsonl"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_ledger_can_be_off_or_elsewhere(ask, home, shoestring, tmp_path):
    ask(ONE_MONTH, "--no-ledger")
    home["SHOESTRING_LEDGER"] = "off"
    ask(ONE_MONTH)
    shoestring("ledger", env=home, code=3)
    assert not list(tmp_path.rglob("ledger.jsonl"))
    home["SHOESTRING_LEDGER"] = str(tmp_path / "mine.jsonl")
    ask(ONE_MONTH)
    assert (tmp_path / "mine.jsonl").read_text().count("\n") == 1
    home["SHOESTRING_LEDGER"] = str(tmp_path / "nowhere/mine.jsonl")
    assert "SHOESTRING_LEDGER=off" in ask(ONE_MONTH).stderr


def test_the_ledger_outlives_processes_that_are_killed(binary, example_lake, home, ledger):
    """Every line is one, although writers are killed all the time."""
    command = [binary, "query", "--lake", str(example_lake), "--no-cache", "SELECT count(*) "
               "FROM companies"]

    def run(kill_after):
        process = subprocess.Popen(command, env=home, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        if kill_after is not None:
            time.sleep(kill_after)
            process.send_signal(signal.SIGKILL)
        return process.wait() == 0

    delays = [None, 0.01, 0.02, 0.03, 0.05, None] * 4
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        finished = sum(pool.map(run, delays))
    assert finished >= delays.count(None)
    assert finished <= ledger()[0]["queries"] <= len(delays)


# ---- the cache ----


def cached(done):
    return "from the cache" in done.stderr


def test_the_same_question_is_answered_once(ask, ledger):
    first = ask(ONE_MONTH)
    again = ask(ONE_MONTH)
    assert not cached(first) and cached(again) and " old" in again.stderr
    assert again.stdout == first.stdout
    assert not cached(ask(ONE_MONTH, "--no-cache"))
    [day] = ledger()
    assert day["queries"] == 3 and day["from_cache"] == 1


def test_another_version_is_another_question(example_db, shoestring, tmp_path, ask):
    lake = tmp_path / "lake"
    migrate = ("migrate", "--source", example_db.url, "--lake", lake, "--table", "companies")
    sql = "SELECT count(*) AS n FROM companies"
    shoestring(*migrate, "--limit", "10")
    assert ask(sql, lake=lake).stdout == "n\n10\n"
    assert cached(ask(sql, lake=lake))
    shoestring(*migrate, "--limit", "20")
    moved = ask(sql, lake=lake)
    assert moved.stdout == "n\n20\n" and not cached(moved)


@pytest.mark.parametrize("sql", ["SELECT now(), id FROM companies", "SELECT 1",
                                 "SELECT id FROM companies ORDER BY random() LIMIT 1",
                                 "EXPLAIN ANALYZE SELECT count(*) FROM companies"])
def test_what_may_change_is_run_each_time(sql, ask):
    assert not cached(ask(sql)) and not cached(ask(sql))


def test_a_damaged_answer_is_never_given(ask, tmp_path):
    good = ask(ONE_MONTH).stdout
    [path] = (tmp_path / ".cache/shoestring/results").iterdir()
    content = path.read_bytes()
    for damaged in (content[:-1], content[:100], b"",
                    content[:200] + bytes([content[200] ^ 1]) + content[201:]):
        path.write_bytes(damaged)
        asked = ask(ONE_MONTH)
        assert asked.stdout == good and not cached(asked)
    assert cached(ask(ONE_MONTH))


def test_the_cache_is_the_users_own_and_bounded(ask, home, tmp_path):
    home["SHOESTRING_CACHE"] = "20KB"
    for month in range(1, 13):
        ask(f"SELECT * FROM fund_holdings WHERE year = 2024 AND month = {month} "
            "ORDER BY id LIMIT 20")
    folder = tmp_path / ".cache/shoestring/results"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = list(folder.iterdir())
    assert files and sum(file.stat().st_size for file in files) <= 20_000
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)


def test_the_cache_can_be_off(ask, home, tmp_path):
    home["SHOESTRING_CACHE"] = "off"
    ask(ONE_MONTH)
    assert not cached(ask(ONE_MONTH))
    assert not (tmp_path / ".cache").exists()
