#!/usr/bin/env python3
"""What a bucket costs beside a folder, and beside DuckDB's own way of reading it: one big
table from Postgres to a local S3 server, and the guide's correlation query from there.

    bench_s3.py --binary build/release/shoestring --source URL --table T

It measures, each several times and in turns, so that a noisy moment meets all alike:
  migrate  to a folder, and to a bucket of VersityGW on this machine;
  query    the overlap of two funds in a new process, through a proxy that adds 30 ms to
           each request and counts them: shoestring query, and DuckDB with httpfs over
           read_parquet('s3://…/**', hive_partitioning=true).
Of times the medians count. Other rows than the source has, or two answers that differ, end
with status 1. README.md explains the last line.
"""

import json
import os
import pathlib
import shutil
import statistics
import sys
import time

from benchmark import MB, Failure, Measured, Source, ask, folder_size, main, options, say

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
QUERY = ROOT / "examples/13f/queries/07_overlap_of_two_funds.sql"
EXTENSION = "duckdb_extension_httpfs"


# --- migrating ---------------------------------------------------------------------


def migrate(arguments, lake_flags):
    """One migration, and its report."""
    run = Measured([arguments.binary, "migrate", "--source", arguments.source, *lake_flags,
                    "--table", arguments.table, "--json", *arguments.migrate_option])
    return run, json.loads(run.stdout)


def processor_seconds(process):
    """What a process that runs has used so far."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_migrations(arguments, source, server, folder):
    """The ratio of the medians; leaves the last lake in a bucket, which it returns."""
    walls, lake = {"folder": [], "bucket": []}, None
    for _ in range(arguments.runs):
        shutil.rmtree(folder, ignore_errors=True)
        run, _ = migrate(arguments, ("--lake", str(folder)))
        walls["folder"].append(run.wall)
        if lake:
            lake.remove()
        lake = server.make_bucket().at("lake")
        before = processor_seconds(server.process_id)
        run, report = migrate(arguments, ("--lake", lake.url, "--s3-endpoint",
                                          server.endpoint))
        walls["bucket"].append(run.wall)
        say(f"migrate   folder {walls['folder'][-1]:.2f} s; bucket {run.wall:.2f} s, "
            f"{run.cpu:.2f} s of CPU and {processor_seconds(server.process_id) - before:.2f}"
            f" s of the server's, peak {run.peak / MB:.0f} MB; "
            f"{folder_size(folder / 'data', '*.parquet') / MB:.0f} MB")
        [table] = report["tables"]
        if table["rows"] != source.rows:
            raise Failure(f"rows in the lake: {table['rows']}, not {source.rows}")
    return statistics.median(walls["bucket"]) / statistics.median(walls["folder"]), lake


# --- asking ------------------------------------------------------------------------


def peer(job):
    """DuckDB's answer and how long it took, without what Python and extensions take."""
    import duckdb

    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    package = __import__(EXTENSION)
    [extension] = pathlib.Path(package.__file__).parent.rglob("*.duckdb_extension")
    connection.execute(f"LOAD '{extension}'")
    connection.execute(
        f"CREATE SECRET (TYPE s3, KEY_ID '{os.environ['AWS_ACCESS_KEY_ID']}', SECRET "
        f"'{os.environ['AWS_SECRET_ACCESS_KEY']}', ENDPOINT '{job['endpoint']}', "
        "USE_SSL false, URL_STYLE 'path')")
    start = time.monotonic()
    rows = connection.sql(job["sql"]).fetchall()
    print(json.dumps({"seconds": time.monotonic() - start,
                      "rows": [[str(value) for value in row] for row in rows]}))


def ours(arguments, lake, proxy, sql):
    run = Measured([arguments.binary, "query", "--lake", lake.url, "--s3-endpoint",
                    proxy.endpoint, "--no-cache", "--format", "csv", sql])
    return run.wall, [line.split(",") for line in run.stdout.splitlines()[1:]]


def theirs(arguments, lake, proxy, sql):
    files = (f"read_parquet('{lake.url}/data/{arguments.table}/**', "
             "hive_partitioning = true)")
    job = {"endpoint": proxy.endpoint.removeprefix("http://"),
           "sql": sql.replace(arguments.table, files)}
    done = json.loads(Measured([sys.executable, __file__, "--peer", json.dumps(job)]).stdout)
    return done["seconds"], done["rows"]


def measure_query(arguments, lake, proxy):
    """Requests and seconds of ours ÷ those of DuckDB with httpfs."""
    sql = QUERY.read_text().replace("fund_holdings", arguments.table)
    walls, requests, answers = {}, {}, []
    for _ in range(arguments.runs):
        for name, ask in (("shoestring", ours), ("httpfs", theirs)):
            proxy.reset_counts()
            wall, rows = ask(arguments, lake, proxy, sql)
            walls.setdefault(name, []).append(wall)
            requests.setdefault(name, []).append(proxy.requests.total())
            answers.append(rows)
            say(f"query     {name}: {wall:.2f} s, {proxy.bytes_read / MB:.1f} MB, "
                f"{proxy.requests.total()} requests ("
                + ", ".join(f"{count} {kind}" for kind, count in proxy.requests.items())
                + ")")
    if any(answer != answers[0] for answer in answers):
        raise Failure(f"answers differ: {answers}")
    return [statistics.median(of["shoestring"]) / statistics.median(of["httpfs"])
            for of in (requests, walls)]


# --- the benchmark -----------------------------------------------------------------


def bench(arguments, folder):
    from fault_proxy import FaultProxy
    from s3_servers import SeaweedFS, VersityGW

    servers = {server.name: server for server in (VersityGW, SeaweedFS)}
    source = Source(arguments.source, arguments.table)
    say(f"source    {source.sql_name}: {source.rows} rows, heap {source.heap / MB:.0f} MB")
    with servers[arguments.server]() as server, \
            FaultProxy(server.port, latency=arguments.latency / 1000) as proxy:
        os.environ.update(server.environment())
        ratio, lake = measure_migrations(arguments, source, server, folder / "lake")
        request_ratio, time_ratio = measure_query(arguments, lake, proxy)
    say(f"s3_to_folder={ratio:.2f} request_ratio={request_ratio:.2f} "
        f"time_ratio={time_ratio:.2f}")


def main_or_peer():
    if sys.argv[1:2] == ["--peer"]:
        return peer(json.loads(sys.argv[2]))
    parser = options(__doc__, runs=3)
    parser.add_argument("--server", choices=("versitygw", "seaweedfs"), default="versitygw")
    parser.add_argument("--latency", type=float, default=30,
                        help="milliseconds added to each request of a query (default: 30)")
    parser.add_argument("--migrate-option", action="append", default=[],
                        help="passed on as it is: --migrate-option=--jobs=2")
    main(bench, parser)


if __name__ == "__main__":
    main_or_peer()
