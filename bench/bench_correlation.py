#!/usr/bin/env python3
"""How fast two funds are compared over HTTP, beside Postgres asked by libpq, and all funds
by the command.

    bench_correlation.py --binary build/release/shoestring --source URL --table T

T is a table of generate.sh. One run measures, warm and in turns, over pairs of funds of
about the average size:
  file  /rpc/get_investor_correlation for one quarter, the server reading files;
  hot   the same of a server that holds the table in memory (serve --hot);
  both beside the same question to Postgres, one statement by libpq on a kept connection,
  with an index on (fund_name, period_end), vacuumed;
  all   `correlate --all` for that quarter, the whole process.
Nothing keeps results. Answers that differ end with status 1. README.md explains the last
line.
"""

import ctypes
import json
import pathlib
import statistics
import urllib.parse

from bench_api import Libpq, Server, beside
from benchmark import Failure, Measured, Source, ask, main, options, say

# generate.sh makes up three filings a quarter: all of their lines count.
CONFIG = """
[correlation]
table = "{table}"
filing = "none"
filed = "none"
"""

# One scan; weights as float8, as corr() takes them.
QUESTION = """
SELECT count(DISTINCT coalesce(ticker, cusip)) FILTER (WHERE a IS NOT NULL AND b IS NOT NULL),
       coalesce(sum(least(a, b)) FILTER (WHERE a IS NOT NULL AND b IS NOT NULL), 0),
       corr(coalesce(a, 0)::float8 / total_a, coalesce(b, 0)::float8 / total_b)
  FROM (SELECT *, sum(a) OVER ()::float8 AS total_a, sum(b) OVER ()::float8 AS total_b
          FROM (SELECT cusip, min(ticker) AS ticker,
                       sum(market_value) FILTER (WHERE fund_name = $1) AS a,
                       sum(market_value) FILTER (WHERE fund_name = $2) AS b
                  FROM {table}
                 WHERE fund_name IN ($1, $2) AND put_call IS NULL
                   AND period_end >= $3::date AND period_end < $3::date + interval '3 months'
                 GROUP BY cusip) held) weighed"""


class Postgres(Libpq):
    """Rows of texts in place of their number."""

    def row(self, sql, *values):
        texts = (ctypes.c_char_p * len(values))(*(str(value).encode() for value in values))
        result = ctypes.c_void_p(self.lib.PQexecParams(
            self.connection, sql.encode(), len(values), None, texts, None, None, 0))
        self.lib.PQgetvalue.restype = ctypes.c_char_p
        if self.lib.PQntuples(result) != 1:
            self.lib.PQresultErrorMessage.restype = ctypes.c_char_p
            raise Failure(f"Postgres: {self.lib.PQresultErrorMessage(result).decode()}")
        row = [self.lib.PQgetvalue(result, 0, column).decode()
               for column in range(self.lib.PQnfields(result))]
        self.lib.PQclear(result)
        return row


class Question:
    """What is asked for a pair of funds, of both."""

    def __init__(self, source, quarter, first_day):
        self._sql = QUESTION.format(table=source.sql_name)
        self._quarter, self._first_day = quarter, first_day

    def http(self, client, pair):
        arguments = urllib.parse.urlencode(
            {"fund_a": pair[0], "fund_b": pair[1], "quarter": self._quarter})
        return client.get(f"/rpc/get_investor_correlation?{arguments}")

    def libpq(self, postgres, pair):
        return postgres.row(self._sql, *pair, self._first_day)

    def compare(self, client, postgres, pair):
        ours = json.loads(self.http(client, pair))
        tickers, value, score = self.libpq(postgres, pair)
        same = (ours["total_overlap_tickers"] == int(tickers)
                and abs(ours["total_overlap_value"] - float(value)) < 0.005
                and abs(ours["correlation_score"] - float(score)) < 1e-9)
        if not same:
            raise Failure(f"answers differ: {pair}: {ours}, Postgres {tickers}, {value}, {score}")


def fullest_quarter(source):
    """Its name, its first day, and how many funds filed for it."""
    return ask(source.url, f"""
        SELECT to_char(period_end, 'YYYY"-Q"Q') || ' ' || date_trunc('quarter', period_end)::date
               || ' ' || count(DISTINCT fund_name)
          FROM {source.sql_name} GROUP BY period_end
         ORDER BY count(DISTINCT fund_name) DESC, period_end DESC LIMIT 1""").split(" ")


def average_pairs(source, first_day, count):
    """Pairs of funds, of those nearest to the average number of lines in the quarter."""
    funds = ask(source.url, f"""
        WITH funds AS (SELECT fund_name, count(*) AS lines FROM {source.sql_name}
                        WHERE period_end >= '{first_day}'
                          AND period_end < date '{first_day}' + interval '3 months'
                        GROUP BY 1)
        SELECT fund_name FROM funds ORDER BY abs(lines - (SELECT avg(lines) FROM funds)), 1
         LIMIT {2 * count}""").splitlines()
    return list(zip(funds[::2], funds[1::2]))


def ratio(name, arguments, folder, source, question, pairs, *flags):
    config = CONFIG.format(table=source.lake_name)
    server = Server(arguments.binary, folder / "lake", folder, *flags, config=config)
    try:
        client, postgres = server.client(), Postgres(source.url)
        for pair in pairs:
            question.compare(client, postgres, pair)
        ours, theirs = beside(lambda pair: question.http(client, pair),
                              lambda pair: question.libpq(postgres, pair),
                              pairs * arguments.rounds)
    finally:
        server.stop()
    say(f"{name:<9} {ours:.2f} ms, Postgres {theirs:.2f} ms, ratio {ours / theirs:.2f}")
    return ours / theirs


def all_pairs(arguments, folder, quarter):
    command = [arguments.binary, "correlate", "--lake", str(folder / "lake"), "--all",
               "--quarter", quarter, "--format", "json", "--no-cache", "--quiet",
               "--output", str(folder / "matrix.json")]
    runs = [subprocess_in(folder, command) for _ in range(arguments.runs)]
    funds = len(json.loads((folder / "matrix.json").read_text())["funds"])
    seconds = statistics.median(runs)
    say(f"all       {funds} funds, {funds * (funds - 1) // 2} pairs: {seconds:.2f} s")
    return seconds


def subprocess_in(folder, command):
    """Wall seconds of a command, for which the folder's shoestring.toml holds."""
    return Measured(["env", "-C", str(folder), *command]).wall


def bench(arguments, folder):
    source = Source(arguments.source, arguments.table)
    arguments.binary = str(pathlib.Path(arguments.binary).resolve())
    ask(source.url, f"CREATE INDEX IF NOT EXISTS {source.name}_held"
                    f" ON {source.sql_name} (fund_name, period_end)")
    ask(source.url, f"VACUUM ANALYZE {source.sql_name}")
    Measured([arguments.binary, "migrate", "--source", source.url, "--lake",
              str(folder / "lake"), "--table", source.table,
              "--partition-by", arguments.partition_by, "--sort-by", "fund_name"])
    quarter, first_day, funds = fullest_quarter(source)
    say(f"quarter   {quarter}, {funds} funds")
    pairs = average_pairs(source, first_day, arguments.pairs)
    question = Question(source, quarter, first_day)
    asked = (arguments, folder, source, question, pairs)
    of_files = ratio("file", *asked)
    hot = ratio("hot", *asked, "--hot", source.lake_name)
    seconds = all_pairs(arguments, folder, quarter)
    say(f"file_ratio={of_files:.2f} hot_ratio={hot:.2f} all_pairs_s={seconds:.2f}")


if __name__ == "__main__":
    parser = options(__doc__)
    parser.add_argument("--partition-by", default="period_end",
                        help="as migrate takes it (period_end, which is asked for)")
    parser.add_argument("--pairs", type=int, default=20, help="pairs of funds (20)")
    parser.add_argument("--rounds", type=int, default=5, help="times each is asked (5)")
    parser.add_argument("--runs", type=int, default=5, help="of --all (5)")
    main(bench, parser)
