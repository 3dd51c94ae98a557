"""What the threads of a migration share, with much of it at once: rows of which most are
spilled, hundreds of partitions, a hundred tables. `make test-tsan` runs it under TSan."""

import json

import pytest

ROWS = 400_000
DAYS = 300
TABLES = 100
SMALL_ROWS = 50
MAKE = f"""
CREATE SCHEMA small;
CREATE TABLE big (id bigint PRIMARY KEY, filed date NOT NULL, kind text, note text,
                  amount numeric(12,2));
INSERT INTO big SELECT i, date '2023-01-01' + i % {DAYS}, 'kind ' || i % 1000,
                       md5(i::text) || md5((-i)::text), i * 1.5
                FROM generate_series(1, {ROWS}) i;
SELECT format('CREATE TABLE small.t%s AS SELECT i, i::text AS name FROM '
              'generate_series(1, {SMALL_ROWS}) i', t)
FROM generate_series(1, {TABLES}) t \\gexec
"""


@pytest.fixture(scope="module")
def source(pg15):
    database = pg15.create_database("load")
    database.psql(MAKE)
    yield database
    pg15.drop_database("load")


@pytest.fixture(scope="module")
def migrate(shoestring, source, tmp_path_factory):
    lake = tmp_path_factory.mktemp("load") / "lake"

    def run(*flags):
        report = json.loads(shoestring("migrate", "--source", source.url, "--lake", lake,
                                       "--json", *flags).stdout)
        proof = json.loads(shoestring("verify", "--lake", lake, "--json").stdout)
        assert proof["faults"] == []
        return report

    return run


def test_many_partitions_with_the_least_memory(migrate):
    report = migrate("--table", "big", "--partition-by", "filed:day", "--memory", "64MB")
    assert report["spill_bytes"] > 0
    table, = report["tables"]
    assert (table["rows"], table["files"]) == (ROWS, DAYS)


def test_many_tables(migrate):
    report = migrate("--schema", "small")
    assert [table["rows"] for table in report["tables"]] == TABLES * [SMALL_ROWS]
