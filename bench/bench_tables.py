#!/usr/bin/env python3
"""How much a table costs by itself: many small tables in one run, beside pg_dump.

    bench_tables.py --binary build/release/shoestring --source URL [--tables 500]

Makes a schema of that many tables of 1,000 rows, and measures in turn `pg_dump -Fd -j2`
of it and shoestring migrate, several times, of which the median counts. Each writes into a
folder of its own, and none is removed before the end: for minutes ext4 keeps new files away
from the places of those that were removed, and looks for others at length. So do removals of
others nearby, from which the folders are kept apart where chattr can. The last line:
tables_ratio is the wall time of migrate ÷ that of pg_dump.
"""

import json
import statistics
import subprocess

from benchmark import Failure, Measured, ask, main, options, say

SCHEMA = "bench_tables"
ROWS = 1000
MAKE = f"""
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS {SCHEMA} CASCADE;
CREATE SCHEMA {SCHEMA};
SELECT format('CREATE TABLE {SCHEMA}.t%s (id int PRIMARY KEY, name text NOT NULL, '
              'amount numeric(12,2), at timestamptz NOT NULL)', i)
  FROM generate_series(1, :tables) i \\gexec
SELECT format('INSERT INTO {SCHEMA}.t%s SELECT g, ''name '' || g, g * 1.5, '
              'timestamptz ''2024-01-01'' + g * interval ''1 hour'' '
              'FROM generate_series(1, {ROWS}) g', i)
  FROM generate_series(1, :tables) i \\gexec
ANALYZE;
CHECKPOINT;
"""


def check(run, tables):
    copied = json.loads(run.stdout)["tables"]
    if len(copied) != tables or any(table["rows"] != ROWS for table in copied):
        raise Failure(f"not {tables} tables of {ROWS} rows: {len(copied)}")


def bench(arguments, folder):
    ask(arguments.source, MAKE, tables=arguments.tables)
    # Each folder in it gets a group of blocks by its name, as those at the root do.
    subprocess.run(["chattr", "+T", str(folder)], stderr=subprocess.DEVNULL, check=False)
    dumps, migrations = [], []
    for run in range(arguments.runs):
        dumps.append(Measured([
            "pg_dump", "-Fd", "-j2", "-n", SCHEMA, "-f", str(folder / f"{folder.name}-dump{run}"),
            "-d", arguments.source]))
        migrations.append(Measured([
            arguments.binary, "migrate", "--source", arguments.source, "--lake",
            str(folder / f"{folder.name}-lake{run}"), "--schema", SCHEMA, "--json"]))
        check(migrations[-1], arguments.tables)
    dump = statistics.median(run.wall for run in dumps)
    wall = statistics.median(run.wall for run in migrations)
    say(f"pg_dump   -Fd -j2: {dump:.2f} s")
    say(f"migrate   {wall:.2f} s, "
        f"{statistics.median(run.cpu for run in migrations):.2f} s of CPU")
    say(f"tables={arguments.tables} tables_ratio={wall / dump:.2f}")


if __name__ == "__main__":
    parser = options(__doc__, table=False, runs=3)
    parser.add_argument("--tables", type=int, default=500)
    main(bench, parser)
