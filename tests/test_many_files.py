"""A table of 10,000 files: by day over 28 years, with more metadata than data."""

import json
import os
import subprocess
import tempfile

import pytest

from lakes import BucketLake, FolderLake

DAYS = 10_000
ROWS = 3 * DAYS
MEMORY = 128_000_000
# What the program takes before any data, and its metadata of so many files.
BESIDES = 150_000_000


@pytest.fixture(scope="module")
def source(pg15):
    database = pg15.create_database("many_files")
    database.psql(f"""
        CREATE TABLE t (id int PRIMARY KEY, filed date NOT NULL, note text);
        INSERT INTO t SELECT i, date '1998-01-01' + i % {DAYS}, md5(i::text)
                      FROM generate_series(0, {ROWS - 1}) i ORDER BY hashint4(i)""")
    yield database
    pg15.drop_database("many_files")


@pytest.fixture(scope="module", params=("folder", "seaweedfs", "versitygw"))
def lake(request, tmp_path_factory):
    """A lake of each kind; the first test fills it."""
    if request.param == "folder":
        return FolderLake(tmp_path_factory.mktemp("many") / "lake")
    return BucketLake(request.getfixturevalue(request.param).make_bucket().at("lake"))


@pytest.fixture(scope="module")
def run(binary, lake):
    """run(command, arguments…): its stdout; it must keep within the budget."""

    def on(command, *arguments):
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen(
                [binary, command, *lake.flags, *arguments], env=lake.environment,
                stdout=output, stderr=errors)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            errors.seek(0)
            assert process.returncode == 0, errors.read()
            print(f"{command}: {usage.ru_maxrss / 1000:.0f} MB")
            assert usage.ru_maxrss * 1024 < MEMORY + BESIDES, command
            return output.read()

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
