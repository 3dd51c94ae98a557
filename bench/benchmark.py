"""What the benchmarks share: measured processes, the table in Postgres that is moved, and
what makes one of them a program."""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

MB = 1e6

packages = os.environ.get("SHOESTRING_PYTHON_PACKAGES")
if packages:
    sys.path.insert(0, packages)


class Failure(Exception):
    pass


def say(text):
    print(text, flush=True)


# --- Programs ----------------------------------------------------------------------


def options(text, table=True, runs=None):
    """A parser of what they all take; `runs` is a default."""
    parser = argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, help="the shoestring to measure")
    parser.add_argument("--source", required=True, help="postgres:// URL")
    if table:
        parser.add_argument("--table", required=True)
    parser.add_argument("--workdir", help="where files are written and removed again; "
                                          "without it, the folder for temporary files")
    if runs:
        parser.add_argument("--runs", type=int, default=runs,
                            help=f"of each measurement; the median counts (default: {runs})")
    return parser


def main(bench, parser):
    """bench(arguments, folder), the folder being empty; its failures are said in a line."""
    arguments = parser.parse_args()
    # Queries are measured, not looked up.
    os.environ.update(SHOESTRING_CACHE="off", SHOESTRING_LEDGER="off")
    name = pathlib.Path(sys.argv[0]).stem
    try:
        if shutil.which(arguments.binary) is None:
            raise Failure(f"no such program: {arguments.binary}")
        with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=arguments.workdir) as folder:
            bench(arguments, pathlib.Path(folder))
    except (Failure, subprocess.SubprocessError) as failure:
        sys.exit(f"{name}: {failure}")


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


def folder_size(folder, pattern):
    return sum(path.stat().st_size for path in folder.rglob(pattern) if path.is_file())


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
