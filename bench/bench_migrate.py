#!/usr/bin/env python3
"""How fast, in how much memory and how small: one big table from Postgres into a lake.

    bench_migrate.py --binary build/release/shoestring --source URL --table T

One run measures, on the same machine and table:
  copy     psql's COPY TO STDOUT (FORMAT binary) on one connection;
  migrate  shoestring migrate by month, into a folder, with Snappy and with ZSTD;
  duckdb   DuckDB with its postgres extension doing the same work with Snappy;
each three times, of which the median counts.
Then it reads both lakes back: row counts, and every file sorted as a whole. Any failure
ends with a status other than 0. README.md explains the last line.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

PEER_VERSION = "1.5.5"
MB = 1e6

packages = os.environ.get("SHOESTRING_PYTHON_PACKAGES")
if packages:
    sys.path.insert(0, packages)


class Failure(Exception):
    pass


def say(text):
    print(text, flush=True)


# --- Running and measuring ---------------------------------------------------------


class Measured:
    """A finished process: wall seconds, peak resident bytes, CPU seconds, stdout."""

    def __init__(self, command, stdout=None):
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            start = time.monotonic()
            process = subprocess.Popen(command, stdout=stdout or output, stderr=errors,
                                       stdin=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            self.wall = time.monotonic() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            self.stdout = output.read().decode(errors="replace")
            errors.seek(0)
            self.stderr = errors.read().decode(errors="replace")
        self.peak = usage.ru_maxrss * 1024
        self.cpu = usage.ru_utime + usage.ru_stime
        if process.returncode != 0:
            last = "\n".join((self.stdout + self.stderr).splitlines()[-20:])
            raise Failure(f"exit code {process.returncode}: {command[0]}\n{last}")


def repeat(runs, folder, command):
    """Runs a command that fills a folder, each time into none."""
    done = []
    for _ in range(runs):
        shutil.rmtree(folder, ignore_errors=True)
        done.append(Measured(command))
    return done


def summary(runs):
    """Median wall and CPU seconds, highest peak."""
    return (statistics.median(run.wall for run in runs),
            statistics.median(run.cpu for run in runs), max(run.peak for run in runs))


def ask(source, sql, **variables):
    """One value from Postgres. Variables are quoted by psql."""
    command = ["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", source]
    for name, value in variables.items():
        command += ["-v", f"{name}={value}"]
    done = subprocess.run(command, input=sql, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"psql: {done.stderr.strip()}")
    return done.stdout.strip()


class Source:
    def __init__(self, url, table):
        self.url = url
        self.table = table
        # Quoted, as SQL wants it.
        self.sql_name = ask(url, "SELECT to_regclass(:'table')::text", table=table)
        if not self.sql_name:
            raise Failure(f"no such table: {table}")
        self.schema, self.name = ask(
            url, "SELECT relnamespace::regnamespace::text || ' ' || relname"
                 " FROM pg_class WHERE oid = :'table'::regclass", table=table
        ).split(" ", 1)
        self.lake_name = (self.name if self.schema == "public"
                          else f"{self.schema}.{self.name}")
        self.rows = int(ask(url, f"SELECT count(*) FROM {self.sql_name}"))
        # The tree is empty for a table that has no part in partitioning.
        self.heap = int(ask(
            url, "SELECT pg_relation_size(:'table'::regclass) + coalesce("
                 "(SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree(:'table')"
                 " WHERE relid <> :'table'::regclass), 0)", table=table))
        if self.heap == 0:
            raise Failure(f"table is empty: {table}")
        plain = ask(url, "SELECT relkind = 'r' FROM pg_class"
                         " WHERE oid = :'table'::regclass", table=table) == "t"
        self.copy_from = self.sql_name if plain else f"(SELECT * FROM {self.sql_name})"


def copy_once(source):
    """Wall seconds."""
    return Measured(["psql", "-X", "-q", "-d", source.url,
                     "-c", f"COPY {source.copy_from} TO STDOUT (FORMAT binary)"],
                    subprocess.DEVNULL).wall


def measure_copy(source, runs):
    walls = [copy_once(source) for _ in range(runs)]
    say_copy(walls)
    return statistics.median(walls)


def say_copy(walls):
    say("copy      one connection, binary, to /dev/null: "
        + ", ".join(f"{wall:.2f}" for wall in walls) + " s")


# --- shoestring --------------------------------------------------------------------


def find_field(value, name):
    """The first field of this name, outermost first; None when there is none."""
    level = [value]
    while level:
        for item in level:
            if isinstance(item, dict) and name in item:
                return item[name]
        level = [child for item in level
                 for child in (item.values() if isinstance(item, dict) else
                               item if isinstance(item, list) else [])]
    return None


def read_report(output):
    """The report of migrate --json: all of stdout, or its last line that is one."""
    for text in [output] + output.splitlines()[::-1]:
        try:
            report = json.loads(text)
        except ValueError:
            continue
        if find_field(report, "spill_bytes") is not None:
            return report
    raise Failure("no report with spill_bytes on stdout")


def folder_size(folder, pattern):
    return sum(path.stat().st_size for path in folder.rglob(pattern) if path.is_file())


class Migration:
    """Some runs with one codec, each after a COPY: median times, the highest peak and
    spill, the lake that the last one left."""

    def __init__(self, arguments, source, codec, lake):
        self.codec = codec
        self.lake = lake
        command = [
            arguments.binary, "migrate", "--source", source.url, "--lake", str(lake),
            "--table", source.table, "--partition-by",
            f"{arguments.partition_column}:month", "--compression", codec, "--json",
            *arguments.migrate_option]
        runs, copies = [], []
        for _ in range(arguments.runs):
            copies.append(copy_once(source))
            runs += repeat(1, lake, command)
        say_copy(copies)
        self.copy_wall = statistics.median(copies)
        self.wall, self.cpu, self.peak = summary(runs)
        self.spill = max(int(find_field(read_report(run.stdout), "spill_bytes"))
                         for run in runs)
        self.size = folder_size(lake / "data", "*.parquet")
        self.files = sum(1 for _ in (lake / "data").rglob("*.parquet"))

    def describe(self, heap):
        return (f"migrate   {self.codec}: {self.wall:.2f} s, {self.cpu:.2f} s of CPU, "
                f"peak {self.peak / MB:.0f} MB, spill {self.spill / MB:.0f} MB, "
                f"{self.files} files, {self.size / MB:.0f} MB; copy_ratio "
                f"{self.wall / self.copy_wall:.2f}, lake_to_heap {self.size / heap:.3f}")


# --- Reading the lake back -----------------------------------------------------------


def sort_columns(lake, table):
    state = json.loads((lake / "catalog" / "lake.json").read_text())
    entry = state["tables"].get(table)
    if entry is None:
        raise Failure(f"not in catalog/lake.json: {table}")
    metadata = json.loads((lake / entry["metadata"]).read_text())
    listed = metadata["properties"].get("shoestring.sort-columns", "")
    columns = [name.strip() for name in listed.split(",") if name.strip()]
    if not columns:
        raise Failure(f"no sort columns in {entry['metadata']}")
    return columns


def first_unsorted_row(table, columns):
    """The first row that sorts before its predecessor, ascending with nulls last."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if table.num_rows < 2:
        return None
    equal_so_far = pa.array([True] * (table.num_rows - 1))
    for name in columns:
        column = table.column(name).combine_chunks()
        before, after = column.slice(0, len(column) - 1), column.slice(1)
        null_before, null_after = pc.is_null(before), pc.is_null(after)
        falls = pc.or_(
            pc.and_not(null_before, null_after),
            pc.fill_null(pc.greater(before, after), False))
        violations = pc.and_(equal_so_far, falls)
        row = pc.index(violations, True).as_py()
        if row >= 0:
            return row + 1
        equal = pc.or_(pc.and_(null_before, null_after),
                       pc.fill_null(pc.equal(before, after), False))
        equal_so_far = pc.and_(equal_so_far, equal)
    return None


def read_back(folder, columns):
    """The number of rows below a folder, and (path, row) of each file's first one that
    is out of order."""
    import pyarrow.parquet as pq

    rows, unsorted = 0, []
    for path in sorted(folder.rglob("*.parquet")):
        # A file object, so that names in the path are not taken for columns.
        with open(path, "rb") as file:
            table = pq.read_table(file, columns=columns)
        rows += table.num_rows
        row = first_unsorted_row(table, columns)
        if row is not None:
            unsorted.append((path, row))
    return rows, unsorted


def check_lake(migration, source):
    """Counts all rows and proves that each file is sorted as a whole."""
    columns = sort_columns(migration.lake, source.lake_name)
    rows, unsorted = read_back(migration.lake / "data" / source.lake_name, columns)
    if unsorted:
        path, row = unsorted[0]
        raise Failure(f"not sorted by {', '.join(columns)}: {path}, row {row}")
    if rows != source.rows:
        raise Failure(f"rows in the lake: {rows}, in the source: {source.rows}")
    say(f"check     {migration.codec}: {rows} rows, {migration.files} files, "
        f"each sorted by {', '.join(columns)}")


def check_duckdb(folder, columns, source):
    """Counts all rows. Its partitioned COPY does not keep the order of every file."""
    rows, unsorted = read_back(folder, columns)
    if rows != source.rows:
        raise Failure(f"rows that DuckDB wrote: {rows}, in the source: {source.rows}")
    say(f"check     duckdb: {rows} rows, {len(unsorted)} files not sorted as a whole")


# --- DuckDB ------------------------------------------------------------------------


def postgres_extension():
    package = importlib.util.find_spec("duckdb_extension_postgres_scanner")
    if package is None:
        raise Failure("not installed: duckdb-extension-postgres-scanner")
    for folder in package.submodule_search_locations:
        for path in pathlib.Path(folder).rglob("postgres_scanner.duckdb_extension"):
            if f"v{PEER_VERSION}" in path.parts:
                return path
    raise Failure(f"no extension for DuckDB {PEER_VERSION} in its package")


def quoted(text, mark):
    return mark + text.replace(mark, mark * 2) + mark


def duckdb_worker(job):
    """Does in this process what migrate does: by year and month, each file sorted."""
    import duckdb

    if duckdb.__version__ != PEER_VERSION:
        raise Failure(f"DuckDB {PEER_VERSION} expected, found: {duckdb.__version__}")
    date = quoted(job["partition_column"], '"')
    order = ", ".join(quoted(name, '"') for name in job["sort"])
    table = f'{quoted(job["schema"], chr(34))}.{quoted(job["name"], chr(34))}'
    connection = duckdb.connect()
    connection.execute(f"LOAD {quoted(str(postgres_extension()), chr(39))}")
    connection.execute(
        f"ATTACH {quoted(job['source'], chr(39))} AS pg (TYPE postgres, READ_ONLY)")
    connection.execute(
        f"COPY (SELECT *, year({date}) AS year, month({date}) AS month FROM pg.{table}"
        f" ORDER BY year, month, {order}) TO {quoted(job['target'], chr(39))}"
        f" (FORMAT parquet, COMPRESSION snappy, PARTITION_BY (year, month))")


def measure_duckdb(source, arguments, sort, target):
    job = {"source": source.url, "schema": source.schema, "name": source.name,
           "partition_column": arguments.partition_column, "sort": sort,
           "target": str(target)}
    wall, cpu, peak = summary(repeat(
        arguments.runs, target,
        [sys.executable, __file__, "--duckdb-worker", json.dumps(job)]))
    size = folder_size(target, "*.parquet")
    files = sum(1 for _ in target.rglob("*.parquet"))
    say(f"duckdb    snappy: {wall:.2f} s, {cpu:.2f} s of CPU, "
        f"peak {peak / MB:.0f} MB, {files} files, {size / MB:.0f} MB")
    return wall, peak


# --- The benchmark -----------------------------------------------------------------


def bench(arguments, folder):
    source = Source(arguments.source, arguments.table)
    say(f"source    {source.sql_name}: {source.rows} rows, "
        f"heap {source.heap / MB:.0f} MB")
    # pyarrow is imported after the last measurement: a child's peak memory counts what
    # its parent held when it started it.
    migrations = {}
    for codec in ("snappy", "zstd"):
        migrations[codec] = Migration(arguments, source, codec, folder / codec)
        say(migrations[codec].describe(source.heap))
    snappy = migrations["snappy"]
    ratio = memory = "skipped"
    if not arguments.skip_duckdb:
        columns = sort_columns(snappy.lake, source.lake_name)
        wall, peak = measure_duckdb(source, arguments, columns, folder / "duckdb")
        ratio = f"{snappy.wall / wall:.2f}"
        memory = f"{snappy.peak / peak:.2f}"
    for migration in migrations.values():
        check_lake(migration, source)
    if not arguments.skip_duckdb:
        check_duckdb(folder / "duckdb", columns, source)
    say(f"copy_ratio={snappy.wall / snappy.copy_wall:.2f} peak_mb={snappy.peak / MB:.0f} "
        f"spill_mb={snappy.spill / MB:.0f} lake_to_heap={snappy.size / source.heap:.3f} "
        f"lake_to_heap_zstd={migrations['zstd'].size / source.heap:.3f} "
        f"duckdb_same_work_ratio={ratio} duckdb_memory_ratio={memory}")


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, help="the shoestring to measure")
    parser.add_argument("--source", required=True, help="postgres:// URL")
    parser.add_argument("--table", required=True)
    parser.add_argument("--partition-column", default="filing_date")
    parser.add_argument("--workdir", help="where the lakes are written and removed again;"
                                          " without it, the folder for temporary files")
    parser.add_argument("--migrate-option", action="append", default=[],
                        help="passed on as it is: --migrate-option=--jobs=2")
    parser.add_argument("--runs", type=int, default=3,
                        help="of each measurement; the median counts (default: 3)")
    parser.add_argument("--skip-duckdb", action="store_true")
    return parser.parse_args()


def main():
    if sys.argv[1:2] == ["--duckdb-worker"]:
        duckdb_worker(json.loads(sys.argv[2]))
        return
    arguments = parse_arguments()
    if shutil.which(arguments.binary) is None:
        raise Failure(f"no such program: {arguments.binary}")
    with tempfile.TemporaryDirectory(prefix="bench-migrate-",
                                     dir=arguments.workdir) as folder:
        bench(arguments, pathlib.Path(folder))


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        print(f"bench_migrate: {failure}", file=sys.stderr)
        sys.exit(1)
