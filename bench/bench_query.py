#!/usr/bin/env python3
"""How fast the lake answers beside the Postgres that it came from, and how much it reads.

    bench_query.py --binary build/release/shoestring --source URL --table T

T is a table of generate.sh: indexed on (fund_id, filing_date), vacuumed, in memory. The
question is what two average funds held in common, of all quarters and of one, as one scan
that both sides are asked in the same words; the same as a join of two scans is measured
beside it. Each is asked for about half a second by one process, warm and in turns, the time
of a process that asks once being taken off; the result cache is off. Bytes are those of a
new process, beside a lake whose one table is neither partitioned nor sorted by what is
asked for.
Answers that differ end with status 1. README.md explains the last line.
"""

import csv
import decimal
import io
import json
import os
import statistics
import subprocess

from benchmark import MB, Failure, Measured, Source, ask, folder_size, main, options, say

QUARTER = "filing_date >= DATE '2022-04-01' AND filing_date < DATE '2022-07-01'"
ALWAYS = "TRUE"

ONE_SCAN = """
SELECT count(*) AS positions, count(DISTINCT ticker) AS tickers, sum(a) AS a, sum(b) AS b
  FROM (SELECT period_end, ticker, sum(CASE WHEN fund_id = {a} THEN market_value END) AS a,
               sum(CASE WHEN fund_id = {b} THEN market_value END) AS b
          FROM {table} WHERE fund_id IN ({a}, {b}) AND ticker IS NOT NULL AND {when}
         GROUP BY period_end, ticker) AS held
 WHERE a IS NOT NULL AND b IS NOT NULL"""

TWO_SCANS = """
SELECT count(*) AS positions, count(DISTINCT a.ticker) AS tickers, sum(a.value) AS a,
       sum(b.value) AS b
  FROM (SELECT period_end, ticker, sum(market_value) AS value FROM {table}
         WHERE fund_id = {a} AND ticker IS NOT NULL AND {when} GROUP BY period_end, ticker) a
  JOIN (SELECT period_end, ticker, sum(market_value) AS value FROM {table}
         WHERE fund_id = {b} AND ticker IS NOT NULL AND {when} GROUP BY period_end, ticker) b
    ON a.period_end = b.period_end AND a.ticker = b.ticker"""


class Sides:
    """Whom the questions are asked: lakes, and Postgres."""

    def __init__(self, arguments, folder):
        self._arguments = arguments
        self._folder = folder

    def lake(self, name, *flags):
        """Migrates the table into a lake of its own; returns its place."""
        lake = self._folder / name
        run = Measured([self._arguments.binary, "migrate", "--source", self._arguments.source,
                        "--table", self._arguments.table, "--lake", str(lake), *flags])
        files = list((lake / "data").rglob("*.parquet"))
        say(f"migrate   {name}: {run.wall:.1f} s, {len(files)} files, "
            f"{folder_size(lake / 'data', '*.parquet') / MB:.0f} MB")
        return lake

    def command(self, side, path):
        if side == "postgres":
            return ["psql", "-X", "-q", "-t", "-A", "-F,", "-v", "ON_ERROR_STOP=1", "-d",
                    self._arguments.source, "-f", str(path)]
        return [self._arguments.binary, "query", "--lake", str(side), "--format", "csv",
                "--quiet", "--no-cache", "--file", str(path)]

    def seconds(self, side, sql, times):
        path = self._folder / "asked.sql"
        path.write_text(";\n".join([sql] * times) + ";\n")
        return Measured(self.command(side, path)).wall

    def answer(self, side, sql):
        path = self._folder / "asked.sql"
        path.write_text(sql + ";\n")
        lines = list(csv.reader(io.StringIO(Measured(self.command(side, path)).stdout)))
        return [decimal.Decimal(value) for value in lines[-1]]

    def bytes_read(self, lake, sql):
        """By a new process, as its ledger says."""
        path = self._folder / "ledger.jsonl"
        path.unlink(missing_ok=True)
        done = subprocess.run(
            [self._arguments.binary, "query", "--lake", str(lake), "--no-cache", sql],
            env={**os.environ, "SHOESTRING_LEDGER": str(path)}, capture_output=True,
            text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise Failure(done.stderr)
        [entry] = [json.loads(line) for line in path.read_text().splitlines()]
        return entry["bytes"]


def measure(sides, lake, sql, arguments):
    """Milliseconds of one question, warm: of the lake, and of Postgres."""
    places = {"lake": lake, "postgres": "postgres"}
    times = {name: times_for(sides, side, sql, arguments) for name, side in places.items()}
    found = {name: [] for name in places}
    for _ in range(arguments.runs):
        for name, side in places.items():
            first = sides.seconds(side, sql, 1)
            all_of_them = sides.seconds(side, sql, 1 + times[name])
            found[name].append(1000 * (all_of_them - first) / times[name])
    return [statistics.median(found[name]) for name in ("lake", "postgres")]


def times_for(sides, side, sql, arguments):
    """How often a question is asked in the time that a measurement takes."""
    trial = 20
    each = (sides.seconds(side, sql, 1 + trial) - sides.seconds(side, sql, 1)) / trial
    return max(trial, round(arguments.seconds / max(each, 1e-4)))


def compare(sides, lake, name, sql, arguments):
    answers = [sides.answer(side, sql) for side in (lake, "postgres")]
    if answers[0] != answers[1]:
        raise Failure(f"{name}: answers differ: {answers}")
    ours, theirs = measure(sides, lake, sql, arguments)
    say(f"query     {name}: {ours:.1f} ms, Postgres {theirs:.1f} ms, ratio {ours / theirs:.2f}")
    return ours / theirs


def two_funds(arguments):
    """Two that have about as many rows as the average."""
    found = ask(arguments.source, f"""
        WITH funds AS (SELECT fund_id, count(*) AS rows FROM {arguments.table} GROUP BY 1)
        SELECT string_agg(fund_id::text, ',') FROM (
            SELECT fund_id FROM funds ORDER BY abs(rows - (SELECT avg(rows) FROM funds)), 1
             LIMIT 2) nearest""")
    return found.split(",")


def bench(arguments, folder):
    source = Source(arguments.source, arguments.table)
    say(f"source    {source.sql_name}: {source.rows} rows, heap {source.heap / MB:.0f} MB")
    sides = Sides(arguments, folder)
    monthly = sides.lake("monthly")
    yearly = sides.lake("yearly", "--partition-by", "filing_date:year")
    unsorted = sides.lake("unsorted", "--partition-by", "none", "--sort-by", "id")
    a, b = two_funds(arguments)
    say(f"funds     {a} and {b}")

    def sql(form, when):
        return form.format(table=arguments.table, a=a, b=b, when=when).strip()

    everything, quarter = sql(ONE_SCAN, ALWAYS), sql(ONE_SCAN, QUARTER)
    ratio_all = compare(sides, monthly, "monthly, all quarters", everything, arguments)
    ratio_yearly = compare(sides, yearly, "yearly, all quarters", everything, arguments)
    ratio_quarter = compare(sides, monthly, "monthly, one quarter", quarter, arguments)
    compare(sides, yearly, "yearly, one quarter", quarter, arguments)
    joined = sql(TWO_SCANS, ALWAYS)
    compare(sides, monthly, "monthly, all quarters, two scans", joined, arguments)
    compare(sides, yearly, "yearly, all quarters, two scans", joined, arguments)
    sorted_bytes, all_bytes = (sides.bytes_read(lake, everything)
                               for lake in (monthly, unsorted))
    say(f"bytes     monthly {sorted_bytes / MB:.1f} MB, yearly "
        f"{sides.bytes_read(yearly, everything) / MB:.1f} MB, unsorted {all_bytes / MB:.1f} MB")
    say(f"pg_ratio_all={ratio_all:.2f} pg_ratio_yearly={ratio_yearly:.2f} "
        f"pg_ratio_quarter={ratio_quarter:.2f} bytes_ratio={sorted_bytes / all_bytes:.2f}")


if __name__ == "__main__":
    parser = options(__doc__, runs=5)
    parser.add_argument("--seconds", type=float, default=0.5,
                        help="how long one process asks (default: 0.5)")
    main(bench, parser)
