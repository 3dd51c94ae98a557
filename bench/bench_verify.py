#!/usr/bin/env python3
"""How fast a lake is proven: every file of one big table read back, byte by byte and row
by row, and compared with what COPY once sent.

    bench_verify.py --binary build/release/shoestring --source URL --table T

It measures psql's COPY TO STDOUT (FORMAT binary) of the table on one connection, and
shoestring verify of the table's lake, each several times, of which the median counts. A
lake that is not proven ends with status 1. README.md explains the last line.
"""

import json

from benchmark import (
    MB, Failure, Measured, Source, folder_size, main, measure_copy, options, say, summary)


def proven(report, source):
    """Throws unless verify has proven all rows of the source."""
    if report["faults"]:
        raise Failure(f"faults: {report['faults'][:3]}")
    [table] = report["tables"]
    if table["rows"] != source.rows:
        raise Failure(f"rows proven: {table['rows']}, in the source: {source.rows}")


def bench(arguments, folder):
    lake = folder / "lake"
    source = Source(arguments.source, arguments.table)
    say(f"source    {source.sql_name}: {source.rows} rows, heap {source.heap / MB:.0f} MB")
    migration = Measured([arguments.binary, "migrate", "--source", source.url, "--lake",
                          str(lake), "--table", source.table, "--json"])
    report = json.loads(migration.stdout)
    say(f"migrate   {report['wall_ms'] / 1000:.2f} s, of which verifying "
        f"{report['verify_ms'] / 1000:.2f} s; {folder_size(lake / 'data', '*') / MB:.0f} MB")
    copy_wall = measure_copy(source, arguments.runs)
    runs = [Measured([arguments.binary, "verify", "--lake", str(lake), "--json",
                      *arguments.verify_option]) for _ in range(arguments.runs)]
    for run in runs:
        proven(json.loads(run.stdout), source)
    wall, cpu, peak = summary(runs)
    say(f"verify    {wall:.2f} s, {cpu:.2f} s of CPU, peak {peak / MB:.0f} MB")
    say(f"verify_ratio={wall / copy_wall:.2f} peak_mb={peak / MB:.0f}")


if __name__ == "__main__":
    parser = options(__doc__, runs=5)
    parser.add_argument("--verify-option", action="append", default=[],
                        help="passed on as it is: --verify-option=--jobs=2")
    main(bench, parser)
