#!/usr/bin/env python3
"""Whether budget and speed hold for other shapes of table than bench_migrate's.

    bench_shapes.py --binary build/release/shoestring --source URL [--rows 2000000]

Makes and migrates, in turn, tables with the same kinds of columns:
  plain       14 columns, 150 months, so many rows;
  long        ten times the rows;
  partitions  2,000 of them, days;
  wide        300 columns, 13 years, a twentieth of the rows.
Each line says the highest resident memory and the time per byte of COPY, beside that of
one connection's COPY of the same table. The last line: the largest peak, and the largest
time per byte ÷ that of the plain table, each ÷ its own COPY's.
"""

import json
import shutil

from benchmark import MB, Failure, Measured, Source, ask, main, options, say

# Of one row number i: ids, texts that repeat and do not, decimals, doubles, dates.
COLUMNS = [
    "i AS id", "hashint4(i) % 500 AS fund_id",
    "'Fund number ' || hashint4(i) % 500 AS fund_name", "i / 100 AS filing_id",
    "'Company ' || hashint4(i + 1) % 9000 AS company_name",
    "'T' || hashint4(i + 1) % 9000 AS ticker", "md5(i::text) AS reference",
    "(hashint4(i + 2) / 100.0)::numeric(20,4) AS shares",
    "(hashint4(i + 3) / 100.0)::numeric(18,2) AS market_value",
    "hashint4(i + 4) / 2147483648.0::float8 AS weight", "i % 2 = 0 AS listed",
    "timestamptz '2024-01-01' + i * interval '1 second' AS created_at",
    "CASE WHEN i % 10 = 0 THEN 'PUT' END AS put_call",
]
SHAPES = {
    "plain": dict(rows=1, days=4500, by="month", copies=1),
    "long": dict(rows=10, days=4500, by="month", copies=1),
    "partitions": dict(rows=1, days=2000, by="day", copies=1),
    "wide": dict(rows=0.05, days=4500, by="year", copies=23),
}


def columns_of(shape):
    day = f"date '2010-01-01' + abs(hashint4(i + 5)) % {shape['days']} AS traded_on"
    copies = [f"{value} AS {name}_{n}" for n in range(1, shape["copies"])
              for value, name in (column.split(" AS ") for column in COLUMNS)]
    return ", ".join([day, *COLUMNS, *copies])


def make(url, name, shape, rows):
    table = f"bench_{name}"
    ask(url, f"DROP TABLE IF EXISTS {table};\n"
             f"CREATE UNLOGGED TABLE {table} AS SELECT {columns_of(shape)}"
             f" FROM generate_series(1, {int(rows * shape['rows'])}) i;\n"
             f"ALTER TABLE {table} ALTER traded_on SET NOT NULL;\nVACUUM (ANALYZE) {table};")
    return Source(url, table)


class Shape:
    def __init__(self, arguments, name, lake):
        shape = SHAPES[name]
        source = make(arguments.source, name, shape, arguments.rows)
        copy = ["psql", "-X", "-q", "-d", source.url,
                "-c", f"COPY {source.copy_from} TO STDOUT (FORMAT binary)"]
        # In turn, so that what the machine does meanwhile is done to both.
        before = Measured(copy, open("/dev/null", "wb"))
        run = Measured([arguments.binary, "migrate", "--source", source.url, "--lake",
                        str(lake), "--table", source.table, "--partition-by",
                        f"traded_on:{shape['by']}", "--sort-by", "fund_id", "--json"])
        after = Measured(copy, open("/dev/null", "wb"))
        report = json.loads(run.stdout)
        if report["tables"][0]["rows"] != source.rows:
            raise Failure(f"{name}: rows are missing")
        copied = report["copy_bytes"]
        self.peak = run.peak
        self.ratio = run.wall / ((before.wall + after.wall) / 2)
        say(f"{name:11}{source.rows} rows, {copied / MB:.0f} MB, "
            f"{report['tables'][0]['partitions']} partitions: {run.wall:.2f} s, "
            f"{1000 * run.wall / (copied / MB):.1f} ms a MB, {self.ratio:.2f} × COPY, "
            f"{run.cpu:.2f} s of CPU, peak {run.peak / MB:.0f} MB, "
            f"spill {report['spill_bytes'] / MB:.0f} MB")
        ask(arguments.source, f"DROP TABLE {source.sql_name}")
        shutil.rmtree(lake)


def bench(arguments, folder):
    shapes = [Shape(arguments, name, folder / name) for name in arguments.shape or SHAPES]
    say(f"peak_mb={max(shape.peak for shape in shapes) / MB:.0f} "
        f"peak_ratio={max(s.peak for s in shapes) / shapes[0].peak:.2f} "
        f"time_ratio={max(s.ratio for s in shapes) / shapes[0].ratio:.2f}")


if __name__ == "__main__":
    parser = options(__doc__, table=False)
    parser.add_argument("--rows", type=int, default=2_000_000, help="of the plain table")
    parser.add_argument("--shape", action="append", choices=list(SHAPES), default=[])
    main(bench, parser)
