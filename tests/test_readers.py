"""What readers that know nothing of us see: PyIceberg, DuckDB's iceberg extension, and
pyarrow over the plain folder, against Postgres."""

import datetime
import importlib
import pathlib
import random

import duckdb
import pyarrow as pa
import pyarrow.dataset
import pytest
from pyiceberg.expressions import (And, EqualTo, GreaterThan, GreaterThanOrEqual, IsNaN,
                                   LessThan, LessThanOrEqual)
from pyiceberg.types import (DateType, DecimalType, DoubleType, IntegerType, ListType,
                             LongType, StringType, TimestamptzType)

from lakes import FolderLake
from test_exact import EXAMPLE_TABLES, assert_same, current_metadata, in_postgres


# --- the readers

def iceberg(lake, table):
    return FolderLake(lake).iceberg(table)


def duckdb_with(*extensions):
    """A DuckDB with its extensions from their packages: nothing is fetched."""
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    connection.execute("SET TimeZone = 'UTC'")
    for name in extensions:
        package = importlib.import_module(f"duckdb_extension_{name}")
        [extension] = pathlib.Path(package.__file__).parent.rglob("*.duckdb_extension")
        connection.execute(f"LOAD '{extension}'")
    return connection


@pytest.fixture(scope="session")
def duckdb_iceberg():
    with duckdb_with("avro", "iceberg") as connection:
        yield connection


def folder(lake, table):
    return pa.dataset.dataset(lake / "data" / table, partitioning="hive")


def strays(lake, may_wait=False):
    return FolderLake(lake).strays(may_wait)


def relations(lake, table, connection):
    """The table as each of the three readers gives it, as relations of DuckDB's."""
    path = current_metadata(lake, table)[1].resolve()
    yield connection.sql(f"FROM iceberg_scan('{path}')")
    yield connection.from_arrow(iceberg(lake, table).scan().to_arrow())
    yield connection.from_arrow(folder(lake, table).to_table())


# --- the example

# What Postgres and DuckDB both say in the same words.
FIGURES = {
    "companies": "count(*), sum(id), min(cik), max(name), count(ticker), min(created_at)",
    "company_filings": "count(*), sum(id), sum(size_bytes), min(filing_date), "
                       "max(filing_date), count(company_id), max(accession_number)",
    "fund_holdings": "count(*), sum(id), sum(shares), sum(market_value), "
                     "min(filing_date), max(filing_date), min(shares), "
                     "max(market_value), count(put_call), "
                     "cast(round(sum(weight)) AS int), max(created_at), max(cusip)",
    "fund_holdings_diff": "count(*), sum(id), sum(value_before), sum(value_after), "
                          "min(change), max(period_end), count(previous_period_end)",
}


@pytest.mark.parametrize("table", EXAMPLE_TABLES)
def test_counts_and_sums(example_db, example_lake, duckdb_iceberg, table):
    figures = FIGURES[table].replace("min(change)", "min(CAST(change AS text))")
    expected = example_db.psql(f"SET TimeZone = 'UTC'; SELECT {figures} FROM {table}")
    for relation in relations(example_lake, table, duckdb_iceberg):
        row = relation.aggregate(figures).project("CAST(COLUMNS(*) AS text)").fetchone()
        assert "|".join(row) == expected
    summary = iceberg(example_lake, table).current_snapshot().summary
    assert summary["total-records"] == expected.split("|")[0]


def day(text):
    return datetime.date.fromisoformat(text)


@pytest.mark.parametrize("row_filter, where", [
    (EqualTo("year", 2024), "extract(year FROM filing_date) = 2024"),
    (And(EqualTo("year", 2024), EqualTo("month", 5)),
     "filing_date >= '2024-05-01' AND filing_date < '2024-06-01'"),
    (And(GreaterThanOrEqual("filing_date", "2024-05-01"),
         LessThan("filing_date", "2024-06-01")),
     "filing_date >= '2024-05-01' AND filing_date < '2024-06-01'"),
    (EqualTo("filing_date", "2024-05-15"), "filing_date = '2024-05-15'"),
    (GreaterThan("filing_date", "2025-06-30"), "filing_date > '2025-06-30'"),
    (LessThan("filing_date", "1990-01-01"), "filing_date < '1990-01-01'"),
], ids=str)
@pytest.mark.parametrize("table", ["fund_holdings", "company_filings"])
def test_filters_read_only_the_months_they_need(example_db, example_lake, table,
                                                row_filter, where):
    rows, months = map(int, example_db.psql(
        "SELECT count(*), count(DISTINCT date_trunc('month', filing_date)) "
        f"FROM {table} WHERE {where}").split("|"))
    scan = iceberg(example_lake, table).scan(row_filter=row_filter)
    assert len(list(scan.plan_files())) == months
    assert scan.to_arrow().num_rows == rows


def test_schema_with_types_comments_partitions_and_order(example_lake):
    table = iceberg(example_lake, "fund_holdings")
    fields = {field.name: field for field in table.schema().fields}
    names = list(fields)
    assert names[:2] == ["id", "fund_id"] and names[-2:] == ["year", "month"]
    assert [fields[name].field_type for name in (
        "id", "fund_id", "ticker", "shares", "market_value", "weight", "filing_date",
        "created_at", "year", "month")] == [
            LongType(), IntegerType(), StringType(), DecimalType(20, 4),
            DecimalType(18, 2), DoubleType(), DateType(), TimestamptzType(),
            IntegerType(), IntegerType()]
    assert {name for name, field in fields.items() if field.required} == {"id",
                                                                          "filing_date"}
    assert fields["market_value"].doc == "US dollars" and fields["shares"].doc is None
    assert [(field.name, str(field.transform)) for field in table.spec().fields] == [
        ("year", "identity"), ("month", "identity")]
    assert [fields["fund_id"].field_id, fields["filing_date"].field_id] == [
        field.source_id for field in table.sort_order().fields]


# --- small tables with difficult contents

@pytest.mark.parametrize("by", ["none", "day:month"])
def test_empty_table(pg15, make_database, shoestring, tmp_path, duckdb_iceberg, by):
    database = make_database(pg15)
    database.psql("CREATE TABLE t (id int, day date, tags text[]);"
                  "COMMENT ON TABLE t IS 'nothing yet'")
    shoestring("migrate", "--source", database.url, "--lake", tmp_path,
               "--partition-by", by)
    for relation in relations(tmp_path, "t", duckdb_iceberg):
        assert relation.columns[:3] == ["id", "day", "tags"]
        assert relation.aggregate("count(*)").fetchone() == (0,)
    table = iceberg(tmp_path, "t")
    assert isinstance(table.schema().find_type("tags"), ListType)
    assert table.properties["comment"] == "nothing yet"
    assert strays(tmp_path) == []


def test_null_dates_have_a_partition_of_their_own(pg15, make_database, shoestring,
                                                  tmp_path, duckdb_iceberg):
    database = make_database(pg15)
    database.psql("""CREATE TABLE t (id int, day date);
        INSERT INTO t VALUES (1, '2024-01-31'), (2, NULL), (3, '0001-01-01'),
                             (4, '9999-12-31'), (5, NULL)""")
    shoestring("migrate", "--source", database.url, "--lake", tmp_path, "--partition-by",
               "day:month")
    for relation in relations(tmp_path, "t", duckdb_iceberg):
        rows = relation.order("id").project("id, day, year, month").fetchall()
        assert rows == [(1, day("2024-01-31"), 2024, 1), (2, None, 0, 0),
                        (3, day("0001-01-01"), 1, 1), (4, day("9999-12-31"), 9999, 12),
                        (5, None, 0, 0)]
        assert relation.filter("day IS NULL").aggregate("count(*)").fetchone() == (2,)


HARD = """
CREATE TABLE hard (id int PRIMARY KEY, day date NOT NULL, t text, b bytea,
                   n numeric(38,10), f float8, moment timestamptz, u uuid,
                   small numeric(9,3));
INSERT INTO hard
SELECT i, date '2024-01-01' + i * 7,
       CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN repeat('z', 15 + i % 7) || chr(100 + i)
                  WHEN 2 THEN repeat('😀', i % 30) WHEN 3 THEN repeat(chr(1114111), i)
                  ELSE repeat(chr(126), i) || 'é' END,
       CASE i % 4 WHEN 0 THEN decode(repeat('ff', i), 'hex') WHEN 1 THEN ''
                  ELSE decode(md5(i::text) || repeat('00', i), 'hex') END,
       (-1) ^ i * 10::numeric ^ (i % 28) + i / 10000000000.0,
       (-1) ^ i * 10::float8 ^ (i * 3),
       timestamptz '2024-01-01 00:00+00' + i * interval '7 days 1 hour 1.000001 seconds',
       md5(i::text)::uuid, (-1) ^ i * i / 7.0
FROM generate_series(1, 99) i;
"""
HARD_COLUMNS = {"day": "date", "t": "text", "b": "blob", "n": "decimal(38,10)",
                "f": "double", "moment": "timestamptz", "u": "text",
                "small": "decimal(9,3)"}  # as DuckDB calls their types
PREDICATES = {">": GreaterThan, "=": EqualTo, "<=": LessThanOrEqual}


@pytest.mark.parametrize("by", ["day:month", "none"])
def test_bounds_lose_no_row(pg15, make_database, shoestring, tmp_path, duckdb_iceberg,
                            by):
    database = make_database(pg15)
    database.psql(HARD)
    shoestring("migrate", "--source", database.url, "--lake", tmp_path,
               "--partition-by", by)
    rows = folder(tmp_path, "hard").to_table()
    assert_same(rows, in_postgres(database, "hard", tmp_path))
    chosen = random.Random(5).sample(rows.to_pylist(), 4)
    table = iceberg(tmp_path, "hard")
    path = current_metadata(tmp_path, "hard")[1].resolve()
    questions = [(column, op, row) for column in HARD_COLUMNS for op in PREDICATES
                 for row in chosen if row[column] is not None]
    counts = database.psql(" UNION ALL ".join(
        f"(SELECT count(*) FROM hard WHERE {column} {op} "
        f"(SELECT {column} FROM hard WHERE id = {row['id']}))"
        for column, op, row in questions)).split()
    for (column, op, row), expected in zip(questions, map(int, counts), strict=True):
        value = row[column]
        [found] = duckdb_iceberg.execute(
            f"SELECT count(*) FROM iceberg_scan('{path}') "
            f"WHERE {column} {op} CAST(? AS {HARD_COLUMNS[column]})", [value]).fetchone()
        assert found == expected, f"DuckDB: {column} {op} {value!r}"
        if isinstance(value, datetime.date):
            value = value.isoformat()
        found = table.scan(row_filter=PREDICATES[op](column, value)).count()
        assert found == expected, f"PyIceberg: {column} {op} {value!r}"


def test_nan_is_found_as_postgres_finds_it(pg15, make_database, shoestring, tmp_path,
                                           duckdb_iceberg):
    database = make_database(pg15)
    database.psql("""
        CREATE TABLE t (id int, day date NOT NULL, f float8, g float4, all_nan float8);
        INSERT INTO t SELECT i, date '2024-01-01' + i, i, -i, 'NaN'
                      FROM generate_series(1, 600) i;
        UPDATE t SET f = 'NaN', g = 'NaN' WHERE id % 10 = 0""")
    shoestring("migrate", "--source", database.url, "--lake", tmp_path, "--partition-by",
               "day:month")
    assert iceberg(tmp_path, "t").scan(row_filter=IsNaN("f")).count() == 60
    path = current_metadata(tmp_path, "t")[1].resolve()
    questions = ("f > 1000", "f = 'NaN'", "f >= 500", "f < 100", "g > 0", "all_nan > 0")
    expected = {where: database.psql(f"SELECT count(*) FROM t WHERE {where}")
                for where in questions}
    for source in (f"iceberg_scan('{path}')",
                   f"read_parquet('{tmp_path}/data/t/**/*.parquet')"):
        assert expected == {
            where: str(duckdb_iceberg.sql(
                f"SELECT count(*) FROM {source} WHERE {where}").fetchone()[0])
            for where in questions}, source
