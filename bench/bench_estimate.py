#!/usr/bin/env python3
"""How near `shoestring explain` comes to what a real Trino reads.

    bench_estimate.py --binary build/release/shoestring --source URL --table T

T is a table of generate.sh, which becomes two lakes, one file a month and one file a year,
that a Trino reads as Iceberg tables of a Glue on moto. Twenty queries are explained, then
run there; what was read is Trino's own physicalInputBytes. README.md explains the last
line.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys

from benchmark import MB, Failure, Measured, Source, main, options, say

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / ".deps/python")]

OVERLAP = """
SELECT count(*) AS positions, sum(a) AS a, sum(b) AS b
  FROM (SELECT period_end, ticker, sum(CASE WHEN fund_id = 17 THEN market_value END) AS a,
               sum(CASE WHEN fund_id = 230 THEN market_value END) AS b
          FROM {t} WHERE fund_id IN (17, 230) AND {when} GROUP BY period_end, ticker) AS held
 WHERE a IS NOT NULL AND b IS NOT NULL"""
TWO_SCANS = """
SELECT count(*) AS n FROM (SELECT DISTINCT ticker FROM {t} WHERE fund_id = 17) AS a
  JOIN (SELECT DISTINCT ticker FROM {t} WHERE fund_id = 230) AS b ON a.ticker = b.ticker"""
TWICE = """
WITH held AS (SELECT fund_id, sum(market_value) AS value FROM {t} WHERE year = 2023
               GROUP BY fund_id)
SELECT count(*) AS n FROM held AS a JOIN held AS b ON a.value = b.value"""
JOINED = """
SELECT c.sector, sum(h.market_value) AS value FROM {t} AS h JOIN companies AS c
    ON c.id = h.company_id WHERE h.year = 2021 GROUP BY c.sector"""
TOP = ("SELECT ticker, sum(shares) AS n FROM {t} WHERE year = 2022 GROUP BY ticker "
       "ORDER BY n DESC LIMIT 10")
QUARTER = "filing_date >= DATE '2022-04-01' AND filing_date < DATE '2022-07-01'"

MONTHLY = [
    "SELECT sum(market_value) AS n FROM {t}",
    "SELECT count(*) AS n FROM {t} WHERE year = 2023",
    "SELECT sum(market_value) AS n FROM {t} WHERE year = 2023 AND month = 5",
    "SELECT sum(weight) AS n FROM {t} WHERE filing_date >= DATE '2024-03-01'",
    TOP, JOINED, TWICE,
    "SELECT sum(market_value) AS n FROM {t} WHERE fund_id = 17",
    OVERLAP.replace("{when}", "ticker IS NOT NULL"),
    OVERLAP.replace("{when}", QUARTER),
]
YEARLY = [
    "SELECT sum(market_value) AS n FROM {t}",
    "SELECT fund_name, count(*) AS n FROM {t} GROUP BY fund_name",
    "SELECT max(shares) AS n, min(cusip) AS c FROM {t} WHERE year = 2024",
    TOP, TWO_SCANS,
    "SELECT sum(market_value) AS n FROM {t} WHERE fund_id = 17",
    "SELECT max(company_name) AS n FROM {t} WHERE fund_id BETWEEN 100 AND 200",
    "SELECT sum(shares) AS n FROM {t} WHERE fund_id = 17 AND year = 2020",
    OVERLAP.replace("{when}", "ticker IS NOT NULL"),
    "SELECT count(DISTINCT cusip) AS n, sum(weight) AS w, max(ticker) AS t FROM {t} "
    "WHERE filing_date >= DATE '2018-01-01'",
]


def explained(arguments, lake, sql):
    done = Measured([arguments.binary, "explain", "--lake", str(lake), "--format", "json", sql])
    return next(price["bytes"] for price in json.loads(done.stdout)["engines"]
                if price["engine"] == "trino")


def read_by_trino(arguments, trino, schema, sql, folder):
    """As the ledger has it from Trino."""
    path = folder / "ledger.jsonl"
    path.unlink(missing_ok=True)
    done = subprocess.run(
        [arguments.binary, "query", "--engine", "trino", "--quiet", sql], capture_output=True,
        text=True, stdin=subprocess.DEVNULL,
        env={**os.environ, **trino.environment(schema), "SHOESTRING_LEDGER": str(path)})
    if done.returncode:
        raise Failure(f"{sql}: {done.stderr}")
    [entry] = [json.loads(line) for line in path.read_text().splitlines()]
    return entry["bytes"]


def error_of(estimate, actual):
    return abs(estimate - actual) / actual if actual else float(estimate > 0)


def migrate(arguments, lake, *flags):
    for table, more in ((arguments.table, flags), ("companies", ())):
        Measured([arguments.binary, "migrate", "--source", arguments.source, "--table", table,
                  "--lake", str(lake), *more])
    return lake


def bench(arguments, folder):
    from lakes import FolderLake
    from trino_server import Moto, Trino

    source = Source(arguments.source, arguments.table)
    say(f"source    {source.sql_name}: {source.rows} rows")
    lakes = {"monthly": (migrate(arguments, folder / "monthly"), MONTHLY),
             "yearly": (migrate(arguments, folder / "yearly", "--partition-by",
                                "filing_date:year"), YEARLY)}
    errors, ratios = [], []
    with Moto() as moto, Trino(moto) as trino:
        for name, (lake, queries) in lakes.items():
            moto.declare(name, FolderLake(lake))
            for query in queries:
                sql = query.replace("{t}", arguments.table).strip()
                estimate = explained(arguments, lake, sql)
                actual = read_by_trino(arguments, trino, name, sql, folder)
                errors.append(error_of(estimate, actual))
                ratios.append(estimate / actual if actual else 1.0)
                say(f"estimate  {name}: {estimate / MB:.2f} MB, Trino {actual / MB:.2f} MB, "
                    f"{ratios[-1]:.2f}: {' '.join(sql.split())[:90]}")
    say(f"estimate_queries={len(errors)} estimate_median_error={statistics.median(errors):.2f} "
        f"estimate_least_ratio={min(ratios):.2f}")


if __name__ == "__main__":
    main(bench, options(__doc__))
