#!/usr/bin/env python3
"""What the catalog of a table of 10,000 files costs: to read it in a new process from a
folder, and to commit one file beside it to a bucket.

    bench_catalog.py --binary build/release/shoestring --source URL

It makes two small tables in the source, one of which has 10,000 days, and drops them again.
README.md explains the last line.
"""

import collections
import os
import pathlib
import statistics
import sys

from benchmark import MB, Measured, ask, main, options, say

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
TABLES = """
DROP TABLE IF EXISTS bench_days, bench_one;
CREATE TABLE bench_days AS SELECT i, date '1998-01-01' + i AS filed
                           FROM generate_series(0, :files - 1) i;
CREATE TABLE bench_one AS SELECT 1 AS one;
"""


def migrate(arguments, *flags):
    return Measured([arguments.binary, "migrate", "--source", arguments.source, *flags])


def measure_reading(arguments, lake):
    """Seconds of a process that reads all of the catalog of the table, and what of them
    goes with its size: one that reads that of a table of one file takes the rest."""
    flags = ("--lake", str(lake))
    migrate(arguments, *flags, "--table", "bench_days", "--partition-by", "filed:day")
    migrate(arguments, *flags, "--table", "bench_one")
    medians = {}
    for table in ("bench_days", "bench_one"):
        runs = [Measured([arguments.binary, "describe", *flags, table])
                for _ in range(arguments.runs)]
        medians[table] = statistics.median(run.wall for run in runs)
        say(f"describe  {table}: {medians[table] * 1000:.0f} ms, peak "
            f"{max(run.peak for run in runs) / MB:.0f} MB")
    return medians["bench_days"], medians["bench_days"] - medians["bench_one"]


def measure_commit(arguments):
    """Requests and bytes of a second migration of one file, beside the 10,000."""
    from fault_proxy import FaultProxy
    from s3_servers import VersityGW

    written = collections.Counter()

    def judge(request):
        place = request.path.strip("/").split("/")[2:3]
        if request.method == "PUT" and place == ["catalog"]:
            written["requests"] += 1
            written["bytes"] += int(request.headers.get("content-length", 0))

    with VersityGW() as server, FaultProxy(server.port, judge=judge) as proxy:
        os.environ.update(server.environment())
        lake = server.make_bucket().at("lake")
        flags = ("--lake", lake.url, "--s3-endpoint")
        migrate(arguments, *flags, server.endpoint, "--table", "bench_days",
                "--partition-by", "filed:day")
        migrate(arguments, *flags, server.endpoint, "--table", "bench_one")
        migrate(arguments, *flags, proxy.endpoint, "--table", "bench_one")
        say(f"migrate   one file: {proxy.requests.total()} requests ("
            + ", ".join(f"{count} {kind}" for kind, count in proxy.requests.items()) + ")")
        return written


def bench(arguments, folder):
    ask(arguments.source, TABLES, files=arguments.files)
    try:
        process, catalog = measure_reading(arguments, folder / "lake")
        written = measure_commit(arguments)
    finally:
        ask(arguments.source, "DROP TABLE IF EXISTS bench_days, bench_one")
    say(f"process_ms={process * 1000:.0f} catalog_ms={catalog * 1000:.0f} commit_requests={written['requests']} "
        f"commit_kb={written['bytes'] / 1000:.1f}")


if __name__ == "__main__":
    parser = options(__doc__, table=False, runs=9)
    parser.add_argument("--files", type=int, default=10_000)
    main(bench, parser)
