"""`shoestring migrate`: flags, what it refuses and how, what is left when it fails."""

import contextlib
import hashlib
import json
import os
import pathlib
import resource
import signal
import subprocess
import time

import pyarrow.parquet as pq
import pytest

import servers
from test_exact import (assert_same, by_duckdb, by_pyarrow, check_layout,
                        current_metadata, in_postgres)
from test_readers import iceberg, strays


# --- around a migration

@pytest.fixture
def lake(tmp_path):
    return tmp_path / "lake"


@pytest.fixture
def migrate(shoestring, lake):
    """migrate(database or URL, flags…): runs it on the test's lake, or on --s3-bucket."""

    def run(source, *flags, **options):
        url = source if isinstance(source, str) else source.url
        where = () if "--s3-bucket" in flags else ("--lake", lake)
        return shoestring("migrate", "--source", url, *where, *flags, **options)

    return run


@pytest.fixture
def start(binary, lake):
    """start(database, flags…): a migration that runs meanwhile; ended with the test."""
    running = []

    def run(database, *flags):
        process = subprocess.Popen(
            [binary, "migrate", "--source", database.url, "--lake", lake, *flags],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        running.append((process, database))
        return process

    yield run
    for process, database in running:
        process.kill()
        process.communicate()
        with contextlib.suppress(servers.ServerError):  # the server may have ended
            database.psql("SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity "
                          "WHERE datname = current_database() AND query LIKE 'COPY%'")


def wait_for(what, seconds=60):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


def at_work(lake):
    """True while a run has announced itself."""
    return any(json.loads(path.read_text())["state"] == "running"
               for path in lake.glob("runs/*/run.json"))


def copying(database):
    """True while a migration reads from the database."""
    return database.psql("SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND "
                         f"datname = '{database.name}' AND query LIKE 'COPY%'") != ""


def state(lake):
    """What a reader can see: every file of data/ and catalog/ with its content; of
    lake.json the tables, as its sequence grows when a dead run is fenced, too."""
    found = {str(path.relative_to(lake)): hashlib.sha256(path.read_bytes()).hexdigest()
             for top in ("data", "catalog") for path in (lake / top).rglob("*")
             if path.is_file()}
    state = lake / "catalog/lake.json"
    if state.exists():
        found["catalog/lake.json"] = json.loads(state.read_text())["tables"]
    return found


def sequence(lake):
    return json.loads((lake / "catalog/lake.json").read_text())["sequence"]


def tables(lake):
    return sorted(path.name for path in (lake / "data").iterdir())


def files(lake):
    """data/'s files without the names of the runs that wrote them."""
    return sorted(str(path.parent.relative_to(lake / "data"))
                  for path in (lake / "data").rglob("*.parquet"))


SOURCE = """
CREATE TABLE t (id int PRIMARY KEY, filed date NOT NULL, moment timestamptz,
                "group" text);
INSERT INTO t SELECT i, date '2023-12-01' + i, timestamptz '2023-12-31 12:00+00' +
                     i * interval '1 hour', chr(97 + i % 26)
              FROM generate_series(1, 90) i;
CREATE TABLE u (k text PRIMARY KEY, n numeric(6,2));
INSERT INTO u VALUES ('a', 1.5), ('b', NULL);
CREATE VIEW v AS SELECT id, filed FROM t;
CREATE MATERIALIZED VIEW m AS SELECT count(*) AS rows FROM t;
CREATE SCHEMA other; CREATE TABLE other.t AS SELECT 7 AS seven;
"""
SLOW = """CREATE VIEW slow AS SELECT i, pg_sleep(0.01)::text AS nap
          FROM generate_series(1, 100000) i;"""


@pytest.fixture(scope="module")
def source(pg15):
    """Not to be written to."""
    database = pg15.create_database("migrate_source")
    database.psql(SOURCE + SLOW)
    yield database
    pg15.drop_database("migrate_source")


# --- flags

@pytest.mark.parametrize("flags, expected", [
    ("", ["t", "u"]),
    ("--table u", ["u"]),
    ("--table u --table v --table t --table u", ["t", "u", "v"]),
    ("--table m", ["m"]),
    ("--exclude t", ["u"]),
    ("--views --exclude slow", ["m", "t", "u", "v"]),
    ("--schema other", ["other.t"]),
])
def test_tables_are_chosen_and_views_only_when_asked_for(source, migrate, lake, flags, expected):
    migrate(source, *flags.split())
    assert tables(lake) == expected
    assert strays(lake) == []


@pytest.mark.parametrize("by, expected", [
    ("none", ["t"]),
    ("filed:year", ["t/year=2023", "t/year=2024"]),
    *((by, ["t/year=2023/month=12", "t/year=2024/month=1", "t/year=2024/month=2"])
      for by in ("filed", "filed:month")),
    ("moment:day", ["t/year=2023/month=12/day=31", *(f"t/year=2024/month=1/day={day}"
                                                     for day in (1, 2, 3, 4))]),
])
def test_partition_by(source, migrate, lake, by, expected):
    migrate(source, "--table", "t", "--partition-by", by)
    assert files(lake) == expected
    check_layout(lake, "t")


@pytest.mark.parametrize("compression, codec", [
    (None, "SNAPPY"), ("snappy", "SNAPPY"), ("zstd", "ZSTD"), ("zstd:19", "ZSTD"),
    ("none", "UNCOMPRESSED")])
def test_compression(source, migrate, lake, compression, codec):
    flags = ["--compression", compression] if compression else []
    migrate(source, "--table", "t", *flags)
    [path] = (lake / "data/t").rglob("*.parquet")
    group = pq.ParquetFile(path).metadata.row_group(0)
    assert {group.column(i).compression for i in range(group.num_columns)} == {codec}


def test_sort_by(source, migrate, lake):
    migrate(source, "--table", "t", "--sort-by", "group,filed")
    rows = by_pyarrow(lake, "t").select(["group", "filed"]).to_pylist()
    assert rows == sorted(rows, key=lambda row: (row["group"], row["filed"]))
    check_layout(lake, "t")


def test_an_index_without_an_order_is_not_sorted_by(pg15, make_database, migrate, lake):
    database = make_database(pg15)
    database.psql("""
        CREATE TABLE t (id int PRIMARY KEY, words tsvector, k int, h text);
        CREATE TABLE u (id int PRIMARY KEY, doc jsonb);
        INSERT INTO u SELECT i, '{}' FROM generate_series(1, 9) i;
        CREATE INDEX ON t USING gin (words); CREATE INDEX ON t USING gist (words);
        CREATE INDEX ON u USING gin (doc); CREATE INDEX ON t USING hash (h);
        CREATE INDEX ON t (k)""")
    migrate(database)
    assert current_metadata(lake, "t")[0]["properties"]["shoestring.sort-columns"] == "h"
    assert current_metadata(lake, "u")[0]["properties"]["shoestring.sort-columns"] == "id"


def test_where_and_limit(source, migrate, lake, tmp_path):
    where = "id % 2 = 0 OR \"group\" = 'b'"
    migrate(source, "--table", "t", "--where", where + " -- not those of c")
    assert_same(by_pyarrow(lake, "t"), in_postgres(source, "t", tmp_path, where))
    migrate(source, "--limit", "5")
    assert [by_pyarrow(lake, table).num_rows for table in ("t", "u")] == [5, 2]


@pytest.mark.parametrize("flags, code, words", [
    ("--s3-bucket B", 2, "the name of a bucket"),
    ("--s3-bucket bucket --s3-storage-class GLACIER", 8, "restored"),
    ("--s3-bucket bucket --s3-endpoint localhost:9", 2, "Not an endpoint"),
    ("--table t --partition-by nope", 2, "column nope; it has id, filed, moment, group"),
    ("--table t --partition-by group", 2, "t.group is no date or timestamp"),
    ("--partition-by nope", 2, "no table has a column nope"),
    ("--partition-by filed:week", 2, "year, month or day"),
    ("--table t --sort-by filed,nope", 2, "no column nope"),
    ("--compression lz4", 2, "snappy, zstd"),
    ("--compression zstd:99", 2, "zstd:1 to zstd:22"),
    ("--batch-size 0", 2, "--batch-size must be at least 1"),
    ("--limit 0", 2, "--limit must be at least 1"),
    ("--jobs -1", 2, "--jobs must be at least 1"),
    ("--memory 1MB", 2, "--memory must be at least"),
    ("--memory lots", 2, "lots"),
    ("--where id=1", 2, "--where needs exactly one --table"),
    ("--table t --where nope=1", 3, 'column "nope" does not exist'),
    ("--table t --where true)TO/**/STDOUT;SELECT(1", 2, "syntax error"),
    ("--table nope", 3, "No table nope in schema public; there are: m, slow, t, u, v"),
    ("--schema nope", 3, "Schema nope has no tables"),
    ("--exclude t --exclude u", 3, "no tables to migrate"),
    ("--exclude tt", 3, "there is no table tt"),
    ("--views --table t", 2, "--table excludes --views"),
    ("--tabel t", 2, "--tabel"),
])
def test_wrong_flags_are_explained(source, migrate, lake, flags, code, words):
    done = migrate(source, *flags.split(), code=code)
    assert words in done.stderr
    assert not lake.exists() or state(lake) == {}


def test_dry_run_prints_the_plan_and_makes_no_folder(source, migrate, lake):
    done = migrate(source, "--dry-run", "--table", "t", "--partition-by", "filed")
    for words in ("filed:month (as --partition-by says), about 3",
                  "sort        id (the primary key)", "with ZSTD", "Nothing was written",
                  "timestamp with time zone     -> timestamptz"):
        assert words in done.stdout
    assert not lake.exists()


def test_dry_run_as_json(source, migrate, lake):
    plan = json.loads(migrate(source, "--dry-run", "--json", "--sort-by", "group",
                              "--table", "t").stdout)
    [table] = plan["tables"]
    assert table["table"] == "t" and table["sort"] == ["group"]
    assert table["partition_by"] == "none" and table["problems"] == []
    assert {c["column"]: c["type"] for c in table["columns"]} == {
        "id": "int", "filed": "date", "moment": "timestamptz", "group": "string"}
    assert table["snappy_bytes"] > 0 and table["zstd_bytes"] > 0
    assert not lake.exists()


def test_dry_run_with_limit_names_what_it_would_stumble_on(pg15, make_database, migrate,
                                                           lake):
    database = make_database(pg15)
    database.psql("CREATE TABLE t (id int PRIMARY KEY, n numeric(5,2), d date);"
                  "INSERT INTO t VALUES (1, 1, 'infinity'), (2, 'NaN', '2024-01-01')")
    done = migrate(database, "--dry-run", "--limit", "10", code=9)
    assert "t.n, row with id = 2: the value is NaN" in done.stdout
    assert "t.d, row with id = 1: the value is infinite" in done.stdout
    done = migrate(database, "--dry-run", "--limit", "10", "--json", code=9)
    assert len(json.loads(done.stdout)["tables"][0]["problems"]) == 2
    assert not lake.exists()


def test_dry_run_of_far_dates_names_them(pg15, make_database, migrate):
    database = make_database(pg15)
    database.psql("CREATE TABLE t (id int PRIMARY KEY, d date);"
                  "INSERT INTO t VALUES (1, '5874897-12-31')")
    done = migrate(database, "--dry-run", "--partition-by", "d", code=9)
    assert "t.d, row with id = 1" in done.stdout


def test_dry_run_of_few_large_rows_keeps_within_memory_and_sees_them(
        pg15, make_database, migrate):
    database = make_database(pg15)
    database.psql("CREATE TABLE t (id int, x text); ALTER TABLE t ALTER x SET STORAGE "
                  "EXTERNAL; INSERT INTO t SELECT i, repeat(md5(i::text), 30000) "
                  "FROM generate_series(1, 300) i; CREATE VIEW w AS SELECT * FROM t")
    for table in ("t", "w"):
        done = migrate(database, "--dry-run", "--json", "--table", table,
                       preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA,
                                                             (400 << 20, 400 << 20)))
        [plan] = json.loads(done.stdout)["tables"]
        assert plan["snappy_bytes"] > 0, table
        assert table == "w" or 30 < plan["rows"] < 3000


def test_report_as_json(source, migrate, lake):
    report = json.loads(migrate(source, "--json", "--partition-by", "filed").stdout)
    assert report["source"].endswith("/migrate_source") and report["cleared_runs"] == []
    seen = {table["table"]: table for table in report["tables"]}
    assert seen["t"]["rows"] == 90 and seen["t"]["files"] == 3
    assert seen["t"]["partitioned_by"] == "filed:month"
    assert seen["u"]["partitioned_by"] == ""
    assert seen["u"]["sorted_by"] == "k"
    size = sum(path.stat().st_size for path in (lake / "data").rglob("*.parquet"))
    assert sum(table["bytes"] for table in report["tables"]) == size
    assert report["peak_memory_bytes"] < 120e6, "as of this process, not of its parent"
    kept = json.loads((lake / "runs" / report["run"] / "report.json").read_text())
    assert kept == report


def test_timings_say_where_the_time_went(source, migrate):
    done = migrate(source, "--json", "--timings")
    timings = json.loads(done.stdout)["timings"]
    assert set(timings) == {"source_wait_ms", "decode_ms", "sort_ms", "encode_ms",
                            "store_ms"}
    assert min(timings.values()) >= 0
    assert "Time of all workers: waiting for the source" in done.stderr


def test_progress_is_plain_lines_on_stderr(source, migrate):
    done = migrate(source, "--table", "t")
    assert "\x1b" not in done.stderr and "\r" not in done.stderr
    assert done.stdout.splitlines()[1].split()[:2] == ["t", "90"]


# --- kinds of tables

def test_partitions_at_every_level_and_a_foreign_leaf(postgres, make_database, migrate,
                                                      lake, tmp_path):
    database = make_database(postgres)
    database.psql(f"""
        CREATE TABLE p (id int, gone text, day date NOT NULL, kind text)
          PARTITION BY RANGE (day);
        CREATE TABLE p_2023 PARTITION OF p
          FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
        CREATE TABLE p_2024 PARTITION OF p
          FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')
          PARTITION BY LIST (kind);
        ALTER TABLE p DROP COLUMN gone;
        CREATE TABLE p_a (kind text, day date NOT NULL, id int);  -- another order
        ALTER TABLE p_2024 ATTACH PARTITION p_a FOR VALUES IN ('a');
        CREATE TABLE p_rest PARTITION OF p_2024 DEFAULT;
        INSERT INTO p SELECT i, date '2023-01-01' + i, chr(97 + i % 3)
                      FROM generate_series(0, 700) i;""")
    migrate(database, "--partition-by", "day")
    assert tables(lake) == ["p"]
    assert_same(by_pyarrow(lake, "p"), in_postgres(database, "p", tmp_path))
    check_layout(lake, "p")
    database.psql(f"""
        CREATE EXTENSION postgres_fdw;
        CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (
          host '127.0.0.1', port '{postgres.port}', dbname '{database.name}');
        CREATE USER MAPPING FOR CURRENT_USER SERVER loop OPTIONS (user '{postgres.user}');
        CREATE TABLE far (id int, day date NOT NULL, kind text);
        INSERT INTO far SELECT i, date '2022-01-01' + i, 'far'
                        FROM generate_series(0, 9) i;
        CREATE FOREIGN TABLE p_2022 PARTITION OF p
          FOR VALUES FROM ('2022-01-01') TO ('2023-01-01') SERVER loop
          OPTIONS (table_name 'far');
        CREATE FOREIGN TABLE alone (id int, day date) SERVER loop
          OPTIONS (table_name 'far');""")
    migrate(database, "--partition-by", "day")
    assert tables(lake) == ["alone", "far", "p"]
    for table, rows in (("alone", 10), ("p", 711)):
        assert_same(by_pyarrow(lake, table), in_postgres(database, table, tmp_path))
        assert iceberg(lake, table).scan().count() == rows


def test_inheritance_views_generated_and_dropped_columns(postgres, make_database, migrate,
                                                         lake, tmp_path):
    database = make_database(postgres)
    virtual = ", w int GENERATED ALWAYS AS (a + 1) VIRTUAL"
    virtual = virtual if postgres.version >= 18 else ""
    database.psql(f"""
        CREATE TABLE parent (a int, gone int, s int GENERATED ALWAYS AS (a * 2) STORED
                             {virtual}, z text);
        ALTER TABLE parent DROP COLUMN gone;
        CREATE TABLE child (more text) INHERITS (parent);
        CREATE TABLE second (b int) INHERITS (parent);
        CREATE TABLE grandchild () INHERITS (child, second);
        INSERT INTO parent (a, z) VALUES (1, 'p');
        INSERT INTO child (a, z, more) VALUES (2, 'c', 'm');
        INSERT INTO grandchild (a, z, more, b) VALUES (3, 'g', 'm', 4);
        CREATE VIEW seen AS SELECT * FROM parent WHERE a > 1;
        CREATE MATERIALIZED VIEW stored AS SELECT * FROM parent;""")
    names = ["child", "grandchild", "parent", "second", "seen", "stored"]
    migrate(database, *(flag for name in names for flag in ("--table", name)))
    assert tables(lake) == names
    for name in names:
        assert_same(by_pyarrow(lake, name), in_postgres(database, name, tmp_path))


@pytest.mark.parametrize("version, sql", [
    (15, """CREATE TABLE t (id int, day date NOT NULL); CREATE TABLE c () INHERITS (t);
            ALTER TABLE c ALTER day DROP NOT NULL; INSERT INTO c VALUES (1, NULL)"""),
    (15, """CREATE EXTENSION postgres_fdw;
            CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw
              OPTIONS (host '127.0.0.1', port '%(port)s', dbname '%(name)s');
            CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (user 'postgres');
            CREATE TABLE far (id int, day date); INSERT INTO far VALUES (1, NULL);
            CREATE FOREIGN TABLE t (id int, day date NOT NULL) SERVER s
              OPTIONS (table_name 'far')"""),
    (18, """CREATE TABLE t (id int, day date); INSERT INTO t VALUES (1, NULL);
            ALTER TABLE t ADD CONSTRAINT c NOT NULL day NOT VALID"""),
], ids=["an heir without it", "a foreign table's word", "not validated"])
@pytest.mark.parametrize("by", ["none", "day"])
def test_not_null_that_postgres_does_not_enforce(request, make_database, migrate, lake,
                                                 tmp_path, version, sql, by):
    server = request.getfixturevalue(f"pg{version}")
    database = make_database(server)
    database.psql(sql % {"port": server.port, "name": database.name})
    migrate(database, "--table", "t", "--partition-by", by)
    assert_same(by_pyarrow(lake, "t"), in_postgres(database, "t", tmp_path))


def test_schemas_side_by_side(pg15, make_database, migrate, lake, shoestring):
    """One run, one snapshot; public's names are plain, the others' have their schema."""
    database = make_database(pg15)
    database.psql("""
        CREATE SCHEMA sales; CREATE SCHEMA "Odd One";
        CREATE TABLE orders AS SELECT 1 AS id; CREATE TABLE plain AS SELECT 2 AS id;
        CREATE TABLE sales.orders AS SELECT 3 AS id; CREATE VIEW sales.v AS SELECT 4 AS id;
        CREATE TABLE "Odd One".orders AS SELECT 5 AS id""")
    migrate(database, "--schema", "public", "--schema", "sales", "--schema", "Odd One",
            "--exclude", "plain")
    assert tables(lake) == ["Odd One.orders", "orders", "sales.orders"]
    assert sequence(lake) == 1
    migrate(database, "--table", "sales.v", "--table", "orders")
    assert tables(lake) == ["Odd One.orders", "orders", "sales.orders", "sales.v"]
    done = shoestring("query", "--lake", lake, "--format", "csv", "--quiet", """SELECT
        (SELECT id FROM orders), (SELECT id FROM public.orders),
        (SELECT id FROM sales.orders), (SELECT id FROM "sales.v"),
        (SELECT id FROM "Odd One".orders)""")
    assert done.stdout.splitlines()[1] == "1,1,3,4,5"
    done = migrate(database, "--schema", "public", "--schema", "sales", "--table", "orders",
                   code=2)
    assert "--table public.orders" in done.stderr
    done = migrate(database, "--schema", "public", "--schema", "none", code=3)
    assert "Schema none has no tables" in done.stderr
    database.psql('CREATE SCHEMA "SALES"; CREATE TABLE "SALES".orders (id int)')
    done = migrate(database, "--schema", "sales", "--schema", "SALES", code=8)
    assert "sales.orders" in done.stderr and "lower-cased" in done.stderr


# --- what is refused

BAD = [
    ("numeric(6,2)", "'NaN'", "NaN"),
    ("date", "'infinity'", "infinite"),
    ("date", "'-infinity'", "infinite"),
    ("date", "'0044-03-15 BC'", "outside"),
    ("date", "'10000-01-01'", "outside"),
    ("timestamp", "'infinity'", "infinite"),
    ("timestamp", "'0001-12-31 23:59:59 BC'", "outside"),
    ("timestamptz", "'-infinity'", "infinite"),
    ("timestamptz", "'9999-12-31 23:00-02'", "outside"),
    ("int[]", "'{{1,2},{3,4}}'", "several dimensions"),
    ("int[]", "'[0:1]={1,2}'", "index 1"),
    ("date[]", "'{2024-01-01,infinity}'", "infinite"),
    ("numeric(5,2)[]", "'{1,NaN}'", "NaN"),
]


def test_values_that_cannot_be_kept_are_named_and_the_lake_stays(pg15, make_database,
                                                                 migrate, lake):
    database = make_database(pg15)
    database.psql("CREATE TABLE before AS SELECT 1 AS one")
    migrate(database)
    before = state(lake)
    for kind, value, words in BAD:
        database.psql(f"""DROP TABLE IF EXISTS bad;
            CREATE TABLE bad (id int, part text, v {kind}, PRIMARY KEY (id, part));
            INSERT INTO bad VALUES (6, 'fine', NULL), (7, 'it''s', {value})""")
        done = migrate(database, code=9)
        assert "bad.v" in done.stderr and words in done.stderr, f"{kind} {value}"
        assert "id = 7" in done.stderr and "it's" in done.stderr
        assert "Way out" in done.stderr and "--where" in done.stderr
        migrate(database, "--table", "bad", "--partition-by",
                "v" if kind in ("date", "timestamp", "timestamptz") else "none", code=9)
        assert state(lake) == before and strays(lake, may_wait=True) == []


@pytest.fixture(scope="module")
def no_encoding(pg15):
    pg15.psql("CREATE DATABASE no_encoding TEMPLATE template0 ENCODING 'SQL_ASCII' "
              "LC_COLLATE 'C' LC_CTYPE 'C'")
    yield servers.Database(pg15, "no_encoding")
    pg15.drop_database("no_encoding")


def execute(*statements):
    """SQL that runs statements of which parts could not be written down in UTF-8."""
    return "DO $$ BEGIN %s END $$" % "".join(
        "EXECUTE E'%s';" % sql.replace("'", "''") for sql in statements)


def test_what_is_not_utf8_becomes_null_if_wanted(no_encoding, migrate, lake):
    no_encoding.psql("DROP SCHEMA public CASCADE; CREATE SCHEMA public;" + execute(
        "CREATE TABLE t (id int, word text, words text[])",
        r"INSERT INTO t VALUES (1, 'caf\xe9', '{a,caf\xe9}'), (2, 'fine', '{b}')"))
    done = migrate(no_encoding, "--anomaly", "null")
    assert "t.word: 1 value" in done.stdout and "t.words: 1 value" in done.stdout
    rows = sorted(by_pyarrow(lake, "t").to_pylist(), key=lambda row: row["id"])
    assert [row["word"] for row in rows] == [None, "fine"]
    assert [row["words"] for row in rows] == [["a", None], ["b"]]
    for policy in ("clamp", "text"):
        done = migrate(no_encoding, "--anomaly", policy, code=9)
        assert "t.word" in done.stderr and "with null;" in done.stderr


@pytest.mark.parametrize("sql, code, words", [
    (execute("CREATE TABLE t (id int PRIMARY KEY, word text)",
             r"INSERT INTO t VALUES (1, 'fine'), (7, 'caf\xe9')"),
     9, "t.word, row with id = 7"),
    (execute("CREATE TABLE t (id int PRIMARY KEY, words text[])",
             r"INSERT INTO t VALUES (7, '{fine, \xe9 is a long word to look at}')"),
     9, "t.words, row with id = 7"),
    (execute(r'CREATE TABLE t ("caf\xe9" int)'), 8, "t"),
    (execute(r'CREATE TABLE "caf\xe9" (a int)'), 8, "name"),
    (execute(r"""CREATE TYPE "caf\xe9" AS ENUM ('a')""", r'CREATE TABLE t (a "caf\xe9")'),
     8, "type"),
    (execute("CREATE TABLE t (a int)", r"COMMENT ON COLUMN t.a IS 'caf\xe9'"), 8, "t"),
    (execute("CREATE TABLE t (a int)", r"COMMENT ON TABLE t IS 'caf\xe9'"), 8, "t"),
], ids=["value", "element", "column", "table", "type", "comment of a column",
        "comment of a table"])
def test_what_is_not_utf8_is_named_and_never_reaches_the_lake(no_encoding, migrate, lake,
                                                              sql, code, words):
    no_encoding.psql("SET client_min_messages = error;"  # names in notices
                     "DROP SCHEMA public CASCADE; CREATE SCHEMA public;"
                     "CREATE TABLE fine (a int)")
    migrate(no_encoding)
    before = state(lake)
    no_encoding.psql(sql)
    done = migrate(no_encoding, code=code)
    assert words in done.stderr and "UTF-8" in done.stderr and "Way out" in done.stderr
    assert state(lake) == before


def test_another_encoding_is_converted(pg15, migrate, lake):
    pg15.psql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' "
              "LC_COLLATE 'C' LC_CTYPE 'C'")
    try:
        database = servers.Database(pg15, "latin")
        database.psql("""CREATE TABLE "tür" ("größe" text[], j jsonb);
                         INSERT INTO "tür" VALUES ('{é,ÿ}', '{"ü": "ß"}')""")
        migrate(database)
        assert by_duckdb(lake, "tür").to_pylist() == [
            {"größe": ["é", "ÿ"], "j": '{"ü": "ß"}'}]
    finally:
        pg15.drop_database("latin")


@pytest.mark.parametrize("sql, flags, words", [
    ('CREATE TABLE t ("Id" int, id int)', "", "two columns are called id"),
    ("CREATE TABLE t (d date, year int)", "--partition-by d", "year"),
    ("CREATE TABLE t (day date)", "--partition-by day:day", "day"),
    ('CREATE TABLE t (d date, "Month" int)', "--partition-by d", "Month"),
    ("CREATE TABLE t (a int); CREATE TABLE \"T\" (a int)", "", "called t"),
    ("CREATE TABLE t ()", "", "no columns"),
    ('CREATE TABLE "a/b" (a int)', "", "a/b"),
    ('CREATE TABLE ".a" (a int)', "", ".a"),
    ('CREATE TABLE "_a" (a int)', "", "_a"),
    ('CREATE SCHEMA "a/b"; CREATE TABLE "a/b".t (a int)', "--schema a/b", "a/b"),
    ('CREATE SCHEMA ".a"; CREATE TABLE ".a".t (a int)', "--schema .a", ".a"),
    ('CREATE SCHEMA "_a"; CREATE TABLE "_a".t (a int)', "--schema _a", "_a"),
    ('CREATE SCHEMA ".."; CREATE TABLE "..".t (a int)', "--schema ..", ".."),
])
def test_names_that_clash_are_refused_with_the_way_out(pg15, make_database, migrate, lake,
                                                       sql, flags, words):
    database = make_database(pg15)
    database.psql(sql)
    done = migrate(database, *flags.split(), code=8)
    assert words in done.stderr and "Way out" in done.stderr
    assert not lake.exists() or state(lake) == {}


def test_a_name_that_clashes_with_a_table_of_the_lake(pg15, make_database, migrate, lake):
    database = make_database(pg15)
    database.psql('CREATE TABLE t (a int); CREATE TABLE "T" (a int)')
    migrate(database, "--table", "t")
    before = state(lake)
    assert "Way out" in migrate(database, "--table", "T", code=8).stderr
    assert state(lake) == before


def test_names_and_columns_with_odd_letters(pg15, make_database, migrate, lake, tmp_path):
    database = make_database(pg15)
    columns = ["a b", "a.b", "a,b", 'a"b', "a'b", "a{b}", "a=b", "a%20", "a/b", "a\\b",
               "日本", "😀", "1", "select", "_x", ".y", "filename", "element", "x" * 63]
    database.psql('CREATE TABLE "sp ace\'s ""日本"":;" (%s)' % ", ".join(
        '"%s" int' % name.replace('"', '""') for name in columns))
    database.psql('INSERT INTO "sp ace\'s ""日本"":;" SELECT FROM generate_series(1, 3)')
    migrate(database)
    [name] = tables(lake)
    assert name == 'sp ace\'s "日本":;'
    assert by_pyarrow(lake, name).column_names == columns
    assert iceberg(lake, name).scan().to_arrow().column_names == columns


# --- the way to the source

@pytest.fixture(scope="module")
def guarded():
    """A server that asks for a password."""
    with servers.Postgres(15, auth="scram-sha-256") as server:
        server.psql(SLOW)
        yield server


def test_a_wrong_password_is_not_repeated(guarded, migrate):
    secret = "s3cr3t-Passw0rd"
    done = migrate(guarded.url(password=secret), code=5)
    assert "password authentication failed" in done.stderr
    assert secret not in done.stderr + done.stdout


@pytest.mark.parametrize("write", [
    "postgres://{user}:{password}@127.0.0.1:{port}/postgres",
    "postgres://{user}@127.0.0.1:{port}/postgres?password={password}",
    "host=127.0.0.1 port={port} user={user} password={password}",
    "host=127.0.0.1 port={port} user={user} dbname=postgres password = '{password}'"])
def test_a_password_on_the_command_line_is_hidden_from_others(guarded, binary, lake,
                                                              write):
    url = write.format(user=guarded.user, password=guarded.password, port=guarded.port)
    process = subprocess.Popen([binary, "migrate", "--source", url, "--lake", lake,
                                "--table", "slow"], stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: at_work(lake))
        command = pathlib.Path(f"/proc/{process.pid}/cmdline").read_text()
        assert "migrate" in command and guarded.password not in command
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert guarded.password not in errors and "DATABASE_URL" in errors
    for path in (lake / "runs").rglob("*.json"):
        assert guarded.password not in path.read_text()


@pytest.mark.parametrize("url, code, words", [
    ("postgres://nobody@127.0.0.1:1/db", 6, "Connection refused"),
    ("postgres://nobody@no.such.host.invalid/db", 6, "host name"),
    ("postgres://postgres@127.0.0.1:{port}/nope", 3, 'database "nope" does not exist'),
    ("postgres://nope@127.0.0.1:{port}/postgres", 3, 'role "nope" does not exist'),
    ("mysql://127.0.0.1/db", 2, "not a Postgres URL"),
])
def test_no_way_to_the_source(pg15, migrate, url, code, words):
    assert words in migrate(url.format(port=pg15.port), code=code).stderr


def test_a_role_without_the_privilege_and_one_that_sees_a_part(pg15, make_database,
                                                               migrate, lake):
    database = make_database(pg15)
    pg15.psql("DROP ROLE IF EXISTS a_reader; CREATE ROLE a_reader LOGIN")
    url = pg15.url(database.name, user="a_reader")
    database.psql("CREATE TABLE closed (a int); CREATE TABLE part (a int);"
                  "INSERT INTO part VALUES (1), (2); GRANT SELECT ON part TO a_reader")
    assert "closed" in migrate(url, code=5).stderr
    database.psql("ALTER TABLE part ENABLE ROW LEVEL SECURITY;"
                  "CREATE POLICY p ON part USING (a = 1)")
    done = migrate(url, "--table", "part", code=5)
    assert "row-level security" in done.stderr and "BYPASSRLS" in done.stderr
    assert state(lake) == {}
    pg15.psql("ALTER ROLE a_reader BYPASSRLS")
    migrate(url, "--table", "part")
    assert by_pyarrow(lake, "part").num_rows == 2


def test_a_role_with_the_privilege_on_the_partitioned_parent_only(pg15, make_database,
                                                                  migrate, lake):
    database = make_database(pg15)
    pg15.psql("DROP ROLE IF EXISTS a_parent; CREATE ROLE a_parent LOGIN")
    database.psql("""CREATE TABLE p (a int) PARTITION BY RANGE (a);
        CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
        INSERT INTO p VALUES (1); GRANT SELECT ON p TO a_parent""")
    migrate(pg15.url(database.name, user="a_parent"))
    assert by_pyarrow(lake, "p").num_rows == 1


def test_row_security_of_a_partitioned_parent_holds_for_its_leaves(pg15, make_database,
                                                                   migrate):
    database = make_database(pg15)
    pg15.psql("DROP ROLE IF EXISTS a_leaf; CREATE ROLE a_leaf LOGIN")
    database.psql("""CREATE TABLE p (a int) PARTITION BY RANGE (a);
        CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
        INSERT INTO p VALUES (1); GRANT SELECT ON p, p1 TO a_leaf;
        ALTER TABLE p ENABLE ROW LEVEL SECURITY""")
    done = migrate(pg15.url(database.name, user="a_leaf"), code=5)
    assert "row-level security" in done.stderr


def test_policies_become_a_draft_of_what_serve_shows(pg15, make_database, migrate):
    database = make_database(pg15)
    database.psql("""CREATE TABLE notes (id int PRIMARY KEY, owner text, shared boolean);
        INSERT INTO notes VALUES (1, 'a', true);
        ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON notes FOR SELECT
          USING (owner = current_setting('request.jwt.claims', true)::json ->> 'sub');
        CREATE POLICY shared ON notes USING (shared AND length(owner) > 0);
        CREATE TABLE plain (id int)""")
    plan = migrate(database, "--dry-run").stderr
    done = migrate(database).stderr
    for told in (plan, done):
        assert "[roles.anon]" in told and "[roles.authenticated]" in told
        assert 'notes = { rows = "owner=eq.{sub}" }' in told
        assert 'policy "shared" could not be translated' in told
    report = json.loads(migrate(database, "--json").stdout)
    [notes, plain] = sorted(report["tables"], key=lambda table: table["table"])
    assert notes["rows_draft"]["roles"]["anon"] == "owner=eq.{sub}"
    assert len(notes["rows_draft"]["not_translated"]) == 2
    assert plain["rows_draft"] is None


def test_a_view_with_the_rights_of_who_asks_is_secured_as_its_table(pg15, make_database,
                                                                     migrate):
    """One with its owner's rights is as open as Postgres makes it."""
    database = make_database(pg15)
    database.psql("""CREATE TABLE notes (id int); ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
        CREATE TABLE plain (id int);
        CREATE VIEW asked WITH (security_invoker) AS SELECT id FROM notes;
        CREATE VIEW through WITH (security_invoker=on) AS SELECT id FROM asked;
        CREATE VIEW harmless WITH (security_invoker) AS SELECT id FROM plain;
        CREATE VIEW owned AS SELECT id FROM asked""")
    views = ("asked", "through", "harmless", "owned")
    report = json.loads(migrate(database, "--json", *(
        word for view in views for word in ("--table", view))).stdout)
    secured = {table["table"] for table in report["tables"] if table["rows_draft"]}
    assert secured == {"asked", "through"}


# --- runs that end early

@pytest.fixture
def before(source, migrate, lake):
    """What stands in the lake before the run that the test is about."""
    migrate(source, "--table", "t", "--partition-by", "filed")
    return state(lake)


def test_a_backend_that_ends_in_mid_run(source, start, before, lake):
    process = start(source, "--table", "slow", "--table", "t")
    wait_for(lambda: copying(source))
    source.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE query LIKE 'COPY%' AND datname = current_database()")
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 6 and "Postgres" in errors
    assert state(lake) == before and strays(lake, may_wait=True) == []


def test_a_server_that_stops_in_mid_run(start, migrate, lake):
    with servers.Postgres(15) as server:
        database = server.create_database("d")
        database.psql(SOURCE + SLOW)
        migrate(database)
        before = state(lake)
        process = start(database, "--table", "slow")
        wait_for(lambda: copying(database))
        server.kill()
        _, errors = process.communicate(timeout=20)
        assert process.returncode == 6 and "Postgres" in errors
        assert state(lake) == before and strays(lake, may_wait=True) == []
        server.restart()
        migrate(database)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_leaves_the_lake_as_it_was(source, start, before, lake,
                                                        number):
    process = start(source, "--table", "slow", "--table", "t")
    wait_for(lambda: copying(source))
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert state(lake) == before and strays(lake, may_wait=True) == []
    wait_for(lambda: not copying(source))  # the server's work ends, too


def test_ctrl_c_while_it_waits_for_a_lock(pg15, make_database, start):
    database = make_database(pg15)
    database.psql("CREATE TABLE t (a int)")
    with locked(database, "t"):
        process = start(database)
        wait_for(lambda: waiting(database))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 130


class locked:
    """Holds an ACCESS EXCLUSIVE lock, as ALTER TABLE does."""

    def __init__(self, database, table):
        self.process = subprocess.Popen(
            ["psql", "-X", "-q", "-d", database.url, "-c", "BEGIN", "-c",
             f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE", "-c", "SELECT 1", "-c",
             "SELECT pg_sleep(60)"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.process.stdout.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def waiting(database):
    return database.psql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                         f"AND datname = '{database.name}'") != ""


AS_SOON_AS_IT_IS_READ = """DO $$ BEGIN
  WHILE NOT EXISTS (SELECT FROM pg_locks WHERE relation = '{}'::regclass AND granted
                    AND mode = 'AccessShareLock' AND pid <> pg_backend_pid()) LOOP
    PERFORM pg_sleep(0.001);
  END LOOP; END $$"""


@pytest.mark.parametrize("sql, read, change, names", [
    ("CREATE TABLE t AS SELECT i, md5(i::text) AS word FROM generate_series(1, 500000) i",
     "t", "ALTER TABLE t ADD COLUMN more int", ["t"]),
    ("CREATE MATERIALIZED VIEW t AS SELECT i, md5(i::text) AS word "
     "FROM generate_series(1, 500000) i", "t", "REFRESH MATERIALIZED VIEW t", ["t"]),
    ("CREATE TABLE x AS SELECT i FROM generate_series(1, 1000) i;" + "".join(
        f"CREATE VIEW v{i} AS SELECT i, pg_sleep(0.0001)::text AS nap FROM x;"
        for i in range(8)), "x", "ALTER TABLE x ADD COLUMN more int",
     [f"v{i}" for i in range(8)]),
    ("CREATE MATERIALIZED VIEW x AS SELECT i FROM generate_series(1, 1000) i;" + "".join(
        f"CREATE VIEW v{i} AS SELECT i, pg_sleep(0.0001)::text AS nap FROM x;"
        for i in range(8)), "x", "REFRESH MATERIALIZED VIEW x",
     [f"v{i}" for i in range(8)]),
    ("CREATE TABLE x AS SELECT i FROM generate_series(1, 1000) i;"
     "CREATE FUNCTION f() RETURNS TABLE (i int, nap text) LANGUAGE sql VOLATILE AS "
     "'SELECT i, pg_sleep(0.0001)::text FROM public.x';" + "".join(
         f"CREATE VIEW v{i} AS SELECT * FROM f();" for i in range(8)),
     "x", "ALTER TABLE x ADD COLUMN more int", [f"v{i}" for i in range(8)]),
], ids=["table", "materialized view", "views", "views of a materialized view",
        "views of a function"])
def test_a_change_that_waits_for_the_run_does_not_make_it_wait(
        pg15, make_database, start, lake, sql, read, change, names):
    """The run's other connections would queue behind it, and nobody would move again."""
    database = make_database(pg15)
    database.psql(sql)
    changing = subprocess.Popen(["psql", "-X", "-q", "-d", database.url, "-c",
                                 AS_SOON_AS_IT_IS_READ.format(read), "-c", change])
    process = start(database, "--jobs", "4",
                    *(flag for name in names for flag in ("--table", name)))
    try:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        rows = int(database.psql(f"SELECT count(*) FROM {read}"))
        assert {by_pyarrow(lake, name).num_rows for name in names} == {rows}
        assert changing.wait(timeout=60) == 0
    finally:
        process.kill()
        changing.kill()
        changing.wait()


def test_materialized_views_under_refreshes(pg15, make_database, start, lake):
    """What a REFRESH wrote after the run's snapshot is not visible in it, nor is the old."""
    database = make_database(pg15)
    database.psql("CREATE MATERIALIZED VIEW m AS SELECT i FROM generate_series(1, 1000) i;"
                  "CREATE VIEW below AS SELECT * FROM m; CREATE VIEW v AS SELECT * FROM below")
    refreshing = subprocess.Popen(
        ["psql", "-X", "-q", "-d", database.url, "-c",
         "DO $$ BEGIN LOOP REFRESH MATERIALIZED VIEW m; COMMIT; "
         "PERFORM pg_sleep(random() * 0.01); END LOOP; END $$"])
    try:
        for _ in range(10):
            process = start(database, "--table", "m", "--table", "v")
            _, errors = process.communicate(timeout=60)
            assert process.returncode == 0, errors
            assert [by_pyarrow(lake, name).num_rows for name in ("m", "v")] == [1000, 1000]
    finally:
        refreshing.kill()
        refreshing.wait()


# --- wide rows

@pytest.fixture(scope="module")
def wide(pg15):
    """Rows that do not compress: one of 64 MB, and 12 of 16 MB; and 1,600 columns."""
    database = pg15.create_database("wide")
    database.psql("""
        CREATE TABLE one AS SELECT 1 AS id, (SELECT string_agg(md5(i::text), '')
          FROM generate_series(1, 2000000) i) AS word;
        CREATE TABLE several AS SELECT n AS id, (SELECT string_agg(md5((i * n)::text), '')
          FROM generate_series(1, 500000) i) AS word FROM generate_series(1, 12) n;
        CREATE TABLE columns AS SELECT %s""" % ", ".join(
            f"{i} AS c{i}" for i in range(1600)))
    yield database
    pg15.drop_database("wide")


@pytest.mark.parametrize("table, widest", [("one", 64), ("several", 16)])
def test_a_wide_row_takes_five_times_its_width(wide, migrate, lake, table, widest):
    plan = json.loads(migrate(wide, "--table", table, "--memory", "800MB", "--dry-run",
                              "--json").stdout)
    assert plan["tables"][0]["widest_row_bytes"] // 1_000_000 == widest
    report = json.loads(migrate(wide, "--table", table, "--memory", "64MB",
                                "--json").stdout)
    program = 90_000_000  # what it takes before the first row
    assert report["peak_memory_bytes"] < program + 64_000_000 + 5 * widest * 1_000_000
    words = by_pyarrow(lake, table)["word"]
    md5 = dict(line.split("|") for line in wide.psql(
        f"SELECT md5(word), length(word) FROM {table}").splitlines())
    assert {hashlib.md5(word.as_py().encode()).hexdigest(): str(len(word.as_py()))
            for word in words} == md5


def test_1600_columns(wide, migrate, lake):
    migrate(wide, "--table", "columns")
    assert [c[0].as_py() for c in by_pyarrow(lake, "columns").columns] == list(range(1600))
    assert iceberg(lake, "columns").scan().count() == 1


# --- disks

@pytest.fixture
def small_disk(tmp_path):
    """small_disk(megabytes, options): a folder that is a disk of its own."""
    mounted = []

    def mount(size, options="rw"):
        if os.geteuid() != 0:
            pytest.skip("only root can mount a small disk")
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}m,{options}", "tmpfs",
                        folder], check=True)
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture(scope="module")
def bulky(pg15):
    """A table of 60 MB that do not compress."""
    database = pg15.create_database("bulky")
    database.psql("""CREATE TABLE bulky AS SELECT i, sha512(i::text::bytea) ||
                       sha512((-i)::text::bytea) AS noise
                     FROM generate_series(1, 400000) i;
                     CREATE TABLE small AS SELECT 1 AS one""")
    yield database
    pg15.drop_database("bulky")


def test_a_full_disk(bulky, shoestring, small_disk):
    lake = small_disk(20) / "lake"
    migrate = ("migrate", "--source", bulky.url, "--lake", lake)
    shoestring(*migrate, "--table", "small")
    before = state(lake)
    done = shoestring(*migrate, code=11)
    assert "No space left" in done.stderr or "full" in done.stderr
    assert state(lake) == before and strays(lake, may_wait=True) == []
    assert sum(p.stat().st_size for p in lake.rglob("*") if p.is_file()) < 100_000
    shoestring(*migrate, "--table", "bulky", "--limit", "1000")


def test_a_full_temporary_folder(bulky, migrate, small_disk, lake):
    folder = small_disk(4)
    done = migrate(bulky, "--memory", "64MB", code=11,
                   env={**os.environ, "TMPDIR": str(folder)})
    assert str(folder) in done.stderr and "TMPDIR" in done.stderr
    assert state(lake) == {} and strays_of_nothing(lake) == []
    assert list(folder.iterdir()) == []
    migrate(bulky, "--memory", "512MB", env={**os.environ, "TMPDIR": str(folder)})


def strays_of_nothing(lake):
    return [path for path in lake.rglob("*") if path.is_file() and path.name != "lock"]


def test_a_lake_that_cannot_be_written(source, shoestring, small_disk):
    folder = small_disk(1, "ro")
    done = shoestring("migrate", "--source", source.url, "--lake", folder, code=5)
    assert "Read-only" in done.stderr


@pytest.mark.parametrize("path", ["file", "file/below"])
def test_a_lake_that_is_a_file(source, shoestring, tmp_path, path):
    (tmp_path / "file").write_text("mine")
    lake = tmp_path / path
    done = shoestring("migrate", "--source", source.url, "--lake", lake, code=4)
    assert str(lake) in done.stderr
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("name", [
    "plain", "with space", "ünï 日本", "trailing/", "not/yet/there", "a%20b", "q'u\"ote",
    "x*[y]{z}", "year=2024", "a?b#c", "link"])
def test_a_lake_of_any_name(source, shoestring, tmp_path, name):
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    for _ in range(2):
        shoestring("migrate", "--source", source.url, "--lake", name, "--table", "t",
                   "--partition-by", "filed", cwd=tmp_path)
    lake = tmp_path / name
    assert by_pyarrow(lake.resolve(), "t").num_rows == 90
    assert iceberg(lake, "t").scan().count() == 90
    assert strays(lake) == []


# --- run after run, run beside run

def test_a_second_run_replaces_its_tables_in_one_step_and_leaves_the_others(
        pg15, make_database, migrate, lake, tmp_path):
    database = make_database(pg15)
    database.psql(SOURCE)
    migrate(database, "--partition-by", "filed")
    first, uuid = state(lake), iceberg(lake, "t").metadata.table_uuid
    assert sequence(lake) == 1
    database.psql("UPDATE t SET filed = filed + 400;"
                  "ALTER TABLE t ADD COLUMN more text[];"
                  "ALTER TABLE t DROP COLUMN moment")
    migrate(database, "--table", "t", "--partition-by", "filed:year")
    second = state(lake)
    assert sequence(lake) == 2
    assert not {path for path in first if "/t/" in path} & set(second), "they are gone"
    assert {path: content for path, content in first.items() if "/u/" in path}.items() \
        <= second.items()
    assert files(lake) == ["t/year=2025", "u"]
    assert_same(by_pyarrow(lake, "t"), in_postgres(database, "t", tmp_path))
    assert iceberg(lake, "t").metadata.table_uuid == uuid
    assert iceberg(lake, "u").scan().count() == 2
    assert strays(lake) == []


def test_two_runs_on_one_table_at_once(source, start, migrate, before, lake):
    for _ in range(3):
        first = start(source, "--table", "slow", "--limit", "100")
        wait_for(lambda: at_work(lake))
        done = migrate(source, "--table", "slow", "--table", "u", "--limit", "100",
                       code=4)
        assert "is at work on the same tables" in done.stderr
        first.communicate(timeout=20)
        assert first.returncode == 0
        assert tables(lake) == ["slow", "t"] and by_pyarrow(lake, "slow").num_rows == 100
        assert strays(lake) == []


def test_two_runs_on_different_tables_at_once(source, start, migrate, before, lake):
    first = start(source, "--table", "slow", "--limit", "200")
    wait_for(lambda: at_work(lake))
    migrate(source, "--table", "u")
    assert first.poll() is None
    migrate(source, "--table", "t")
    first.communicate(timeout=20)
    assert first.returncode == 0
    assert tables(lake) == ["slow", "t", "u"] and sequence(lake) == 4
    assert strays(lake) == []


def test_many_runs_that_begin_at_once(source, start, lake):
    """On the same tables: at least one is done, the others say why not."""
    runs = [start(source) for _ in range(6)]
    codes = []
    for run in runs:
        _, errors = run.communicate(timeout=30)
        codes.append(run.returncode)
        assert run.returncode in (0, 4), errors
    assert 0 in codes
    assert sequence(lake) == codes.count(0)
    assert by_pyarrow(lake, "t").num_rows == 90 and strays(lake) == []


def test_a_killed_run_that_nobody_has_waited_for_does_not_block_the_next(
        source, start, migrate, lake):
    """In a container there is often no init that would."""
    process = start(source, "--table", "slow")
    wait_for(lambda: copying(source))
    process.kill()
    wait_for(lambda: pathlib.Path(f"/proc/{process.pid}/stat").read_text()
             .rpartition(")")[2].split()[0] == "Z")
    migrate(source, "--table", "slow", "--limit", "3")
    assert strays(lake) == []


def test_what_others_have_put_into_the_folder_stays(source, migrate, lake):
    for path in ("data/t/mine.parquet", "data/notes.txt", "readme.txt"):
        (lake / path).parent.mkdir(parents=True, exist_ok=True)
        (lake / path).write_text("mine")
    migrate(source)
    migrate(source)
    for path in ("data/t/mine.parquet", "data/notes.txt", "readme.txt"):
        assert (lake / path).read_text() == "mine"
