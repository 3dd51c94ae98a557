"""A table of 10,000 files: by day over 28 years, with more metadata than data."""

import json
import subprocess
import sys

import pytest

from lakes import BucketLake, FolderLake

DAYS = 10_000
ROWS = 3 * DAYS
MEMORY = 128_000_000
# What the program takes before any data, and its metadata of so many files.
BESIDES = 150_000_000
# A process counts what its parent held when it was started: so a small one starts it.
MEASURED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture(scope="module")
def source(pg15):
    database = pg15.create_database("many_files")
    database.psql(f"""
        CREATE TABLE t (id int PRIMARY KEY, filed date NOT NULL, note text);
        INSERT INTO t SELECT i, date '1998-01-01' + i % {DAYS}, md5(i::text)
                      FROM generate_series(0, {ROWS - 1}) i ORDER BY hashint4(i)""")
    yield database
    pg15.drop_database("many_files")


@pytest.fixture(scope="module", params=("folder", "versitygw"))
def lake(request, tmp_path_factory):
    """A lake of each kind; the first test fills it."""
    if request.param == "folder":
        return FolderLake(tmp_path_factory.mktemp("many") / "lake")
    return BucketLake(request.getfixturevalue(request.param).make_bucket().at("lake"))


@pytest.fixture(scope="module")
def run(binary, lake):
    """run(command, arguments…): its stdout; it must keep within the budget."""

    def on(command, *arguments):
        done = subprocess.run(
            [sys.executable, "-S", "-c", MEASURED, binary, command, *lake.flags,
             *arguments], env=lake.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        peak = int(done.stderr.splitlines()[-1]) * 1024
        print(f"{command}: {peak / 1e6:.0f} MB")
        assert peak < MEMORY + BESIDES, command
        return done.stdout

    return on


def figures(run, where="true"):
    return json.loads(run("query", "--format", "json", "--memory", str(MEMORY),
                          f"SELECT count(*) AS rows, sum(id) AS ids FROM t WHERE {where}"))


@pytest.fixture(scope="module")
def migrated(run, source):
    migrate = ("--source", source.url, "--partition-by", "filed:day", "--memory",
               str(MEMORY))
    run("migrate", *migrate)
    return migrate


def test_each_day_has_a_file(lake, migrated):
    assert len(lake.keys("data/")) == DAYS
    assert lake.strays() == []
    assert lake.iceberg("t").scan().count() == ROWS


def test_tables_and_verify(run, migrated):
    assert f"{ROWS:,}" in run("tables") or str(ROWS) in run("tables")
    report = json.loads(run("verify", "--json"))
    assert report["faults"] == [] and report["tables"][0]["rows"] == ROWS


def test_queries(run, migrated):
    assert figures(run) == [{"rows": ROWS, "ids": ROWS * (ROWS - 1) // 2}]
    ids = [i for i in range(ROWS) if i % DAYS == 1234]
    assert figures(run, "filed = date '1998-01-01' + 1234") == [
        {"rows": len(ids), "ids": sum(ids)}]


def test_a_second_version_takes_the_place_of_all(run, lake, source, migrated):
    before = set(lake.keys("data/"))
    source.psql("UPDATE t SET note = 'new' WHERE id % 1000 = 0")
    run("migrate", *migrated)
    after = set(lake.keys("data/"))
    assert len(after) == DAYS and not before & after
    assert lake.strays() == []
