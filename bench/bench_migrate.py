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

import importlib.util
import json
import pathlib
import statistics
import sys

from benchmark import (
    MB, Failure, Source, copy_once, folder_size, main, options, repeat, say, say_copy, summary)

PEER_VERSION = "1.5.5"

# --- shoestring --------------------------------------------------------------------


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
        self.spill = max(json.loads(run.stdout)["spill_bytes"]
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


def main_or_worker():
    if sys.argv[1:2] == ["--duckdb-worker"]:
        return duckdb_worker(json.loads(sys.argv[2]))
    parser = options(__doc__, runs=3)
    parser.add_argument("--partition-column", default="filing_date")
    parser.add_argument("--migrate-option", action="append", default=[],
                        help="passed on as it is: --migrate-option=--jobs=2")
    parser.add_argument("--skip-duckdb", action="store_true")
    main(bench, parser)


if __name__ == "__main__":
    main_or_worker()
