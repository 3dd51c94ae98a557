"""shoestring ddl: tables declared through Glue (moto), read by the real Trino, which follow
the lake; and the statements it writes, run by Trino and DuckDB."""

import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import threading
import urllib.error
import urllib.request

import duckdb
import pytest

from lakes import BucketLake, FolderLake

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLES = ("companies", "company_filings", "fund_holdings", "fund_holdings_diff")


@pytest.fixture
def environment(moto):
    return {"AWS_ENDPOINT_URL_GLUE": moto.endpoint, "AWS_ENDPOINT_URL_ATHENA": moto.endpoint,
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture
def database(request):
    """A name that no other test declares into."""
    return f"ddl_{abs(hash(request.node.nodeid)) % 10**8}"


@pytest.fixture
def lake(example_lake, tmp_path):
    """A copy of the example's lake, which may be declared."""
    shutil.copytree(example_lake, tmp_path / "lake")
    return FolderLake(tmp_path / "lake")


@pytest.fixture
def ddl(binary, environment, tmp_path):
    """ddl(lake, *arguments, code=0): runs `shoestring ddl`."""

    def run(lake, *arguments, code=0, **more):
        done = subprocess.run([binary, "ddl", *lake.flags, *arguments], capture_output=True,
                              text=True, timeout=120, env=environment | more, cwd=tmp_path)
        assert done.returncode == code, f"{done.returncode}, not {code}: {done.stderr}"
        return done

    return run


def _root(lake, style):
    """Where Trino finds a folder: its Hive tables know their files by its own name for it."""
    return () if style == "iceberg" else ("--root", f"local://{lake.uri}")


def _counts(lake):
    return {table: entry["rows"] for table, entry in lake.state()["tables"].items()}


def _trino_counts(trino, schema, catalog):
    return {table: trino.query(f"SELECT count(*) FROM {table}", schema, catalog)[0][0]
            for table in TABLES}


def _properties(moto, database, table):
    return moto.glue("GetTable", DatabaseName=database, Name=table)["Table"]["Parameters"]


# ---- Trino reads what is applied through Glue ----


@pytest.mark.parametrize("style, catalog", [
    ("iceberg", "lake"), ("projection", "hive"), ("partitions", "hive")])
def test_trino_reads_what_is_applied(style, catalog, ddl, lake, database, trino):
    ddl(lake, "--database", database, "--style", style, *_root(lake, style), "--apply")
    assert _trino_counts(trino, database, catalog) == _counts(lake)
    sums = trino.query("SELECT sum(market_value), count(DISTINCT month), "
                       "CAST(max(created_at) AT TIME ZONE 'UTC' AS varchar) FROM fund_holdings "
                       "WHERE year = 2024", database, catalog)
    rows = [row for row in lake.rows("fund_holdings").to_pylist() if row["year"] == 2024]
    assert sums[0][:2] == [str(sum(row["market_value"] for row in rows)),
                           len({row["month"] for row in rows})]
    assert sums[0][2].startswith(f"{max(row['created_at'] for row in rows):%Y-%m-%d %H:%M:%S}")


def test_trino_reads_a_bucket_that_is_declared(ddl, shoestring, example_db, seaweedfs, database,
                                               moto, trino):
    lake = BucketLake(seaweedfs.make_bucket())
    shoestring("migrate", "--source", example_db.url, *lake.flags, env=lake.environment)
    glue = {"AWS_ENDPOINT_URL_GLUE": moto.endpoint} | seaweedfs.environment()
    for style, catalog in (("iceberg", "lake"), ("projection", "hive"), ("partitions", "hive")):
        ddl(lake, "--database", f"{database}_{style}", "--style", style, "--apply", **glue)
        assert _trino_counts(trino, f"{database}_{style}", catalog) == _counts(lake)


def test_statements_for_trino_are_trinos(ddl, lake, database, trino):
    for style in ("projection", "partitions"):
        schema = f"{database}_{style}"
        written = ddl(lake, "--database", schema, "--style", style, *_root(lake, style), "--for",
                      "trino").stdout
        for statement in written.split(";\n")[:-1]:
            trino.query(statement, schema, "files")
        assert _trino_counts(trino, schema, "files") == _counts(lake)


def test_statements_for_duckdb_are_duckdbs(ddl, lake):
    connection = duckdb.connect()
    connection.execute(ddl(lake, "--for", "duckdb", "--style", "projection").stdout)
    for table, rows in _counts(lake).items():
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (rows,)
    assert "iceberg_scan('" in ddl(lake, "--for", "duckdb").stdout


# ---- idempotent, with a diff ----


def test_applying_again_changes_nothing(ddl, lake, database):
    arguments = ("--database", database, "--style", "partitions")
    assert "differ" not in ddl(lake, *arguments, "--diff", code=4).stdout
    assert ddl(lake, *arguments, "--apply").stdout.count(": created") == 4
    assert ddl(lake, *arguments, "--apply").stdout.count(": as it should be") == 4
    ddl(lake, *arguments, "--diff")


def test_what_differs_is_shown_and_put_right(ddl, lake, database, moto, trino):
    arguments = ("--database", database, *_root(lake, "partitions"))
    ddl(lake, *arguments, "--style", "projection", "--apply")
    shown = ddl(lake, *arguments, "--style", "partitions", "--diff", code=4).stdout
    assert "- property projection.enabled: true" in shown
    assert "+ partition year=2024/month=2" in shown
    assert _properties(moto, database, "fund_holdings")["projection.enabled"] == "true"
    ddl(lake, *arguments, "--style", "partitions", "--apply")
    assert "projection.enabled" not in _properties(moto, database, "fund_holdings")
    assert _trino_counts(trino, database, "hive") == _counts(lake)


def test_another_lakes_table_is_left_alone(ddl, lake, database, moto):
    moto.glue("CreateDatabase", DatabaseInput={"Name": database})
    moto.glue("CreateTable", DatabaseName=database, TableInput={
        "Name": "companies", "Parameters": {"who": "somebody"},
        "StorageDescriptor": {"Columns": [], "Location": "s3://elsewhere/"}})
    refused = ddl(lake, "--database", database, "--table", "companies", "--apply", code=4)
    assert "--replace" in refused.stderr
    assert _properties(moto, database, "companies") == {"who": "somebody"}
    ddl(lake, "--database", database, "--table", "companies", "--apply", "--replace")
    assert _properties(moto, database, "companies")["who"] == "somebody"
    assert _properties(moto, database, "companies")["table_type"] == "ICEBERG"


def test_athena_is_told_the_same(ddl, lake, database, moto):
    moto.athena("CreateWorkGroup", Name=database, Configuration={})
    ddl(lake, "--database", database, "--style", "partitions", "--apply", "--via", "athena",
        SHOESTRING_ATHENA_WORKGROUP=database, SHOESTRING_ATHENA_OUTPUT="s3://results/")
    asked = [moto.athena("GetQueryExecution", QueryExecutionId=each)["QueryExecution"]["Query"]
             for each in moto.athena("ListQueryExecutions",
                                     WorkGroup=database)["QueryExecutionIds"]]
    assert asked[0] == f"CREATE DATABASE IF NOT EXISTS `{database}`"
    repaired = [sql for sql in asked if sql.startswith("MSCK")]
    assert f"MSCK REPAIR TABLE `{database}`.`fund_holdings`" in repaired
    assert not any("companies" in sql for sql in repaired)
    ddl(lake, "--database", database, "--apply", "--via", "athena", code=2)


# ---- once declared, a table follows ----


def test_a_declared_table_follows_every_commit(ddl, shoestring, example_copy, tmp_path, database,
                                               environment, moto, trino):
    lake = FolderLake(tmp_path / "followed")
    migrate = ("migrate", "--source", example_copy.url, *lake.flags)
    shoestring(*migrate)
    for style in ("iceberg", "partitions", "projection"):
        ddl(lake, "--database", f"{database}_{style}", "--style", style, *_root(lake, style),
            "--apply")
    example_copy.psql("DELETE FROM company_filings WHERE filing_date < '2015-01-01'")
    example_copy.psql("UPDATE fund_holdings_diff SET period_end = '2099-12-31' WHERE id = "
                      "(SELECT min(id) FROM fund_holdings_diff)")
    report = shoestring(*migrate, env=environment).stderr
    assert f"Glue: {database}_iceberg.companies: updated" in report
    entry = lake.state()["tables"]["companies"]
    assert _properties(moto, f"{database}_iceberg", "companies")["metadata_location"] == \
        f"file://{lake.uri}/{entry['metadata']}"
    for style, catalog in (("iceberg", "lake"), ("partitions", "hive"), ("projection", "hive")):
        assert _trino_counts(trino, f"{database}_{style}", catalog) == _counts(lake)
    shoestring("verify", *lake.flags)
    assert lake.strays() == ["catalog/declared.json"]


def test_a_glue_that_is_away_is_reported_and_caught_up(ddl, shoestring, example_copy, tmp_path,
                                                       database, environment, moto):
    lake = FolderLake(tmp_path / "followed")
    migrate = ("migrate", "--table", "companies", "--source", example_copy.url, *lake.flags)
    shoestring(*migrate)
    ddl(lake, "--database", database, "--apply")
    before = _properties(moto, database, "companies")["metadata_location"]
    away = shoestring(*migrate, env=environment | {"AWS_ENDPOINT_URL_GLUE": "http://127.0.0.1:9"})
    assert f"Glue: {database}.companies: Glue: GetTable failed" in away.stderr
    assert _properties(moto, database, "companies")["metadata_location"] == before
    shoestring(*migrate, env=environment)
    entry = lake.state()["tables"]["companies"]
    assert _properties(moto, database, "companies")["metadata_location"].endswith(
        entry["metadata"])


def test_what_another_writer_has_changed_is_not_overwritten(ddl, shoestring, example_copy, tmp_path,
                                                            database, environment, moto):
    lake = FolderLake(tmp_path / "followed")
    migrate = ("migrate", "--table", "companies", "--source", example_copy.url, *lake.flags)
    shoestring(*migrate)
    ddl(lake, "--database", database, "--apply")
    table = moto.glue("GetTable", DatabaseName=database, Name="companies")["Table"]
    theirs = f"file://{lake.uri}/catalog/companies/metadata/00001-x.metadata.json"
    moto.glue("UpdateTable", DatabaseName=database, TableInput={
        "Name": "companies", "StorageDescriptor": table["StorageDescriptor"],
        "Parameters": table["Parameters"] | {"metadata_location": theirs}})
    report = shoestring(*migrate, env=environment).stderr
    assert "somebody else has written to" in report
    assert _properties(moto, database, "companies")["metadata_location"] == theirs
    ddl(lake, "--database", database, "--apply", "--replace")
    assert _properties(moto, database, "companies")["metadata_location"] != theirs


class Busy(http.server.BaseHTTPRequestHandler):
    """moto's Glue, but that somebody else was first at the first update."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        self.server.asked.append((operation, json.loads(body)))
        status, answer = 200, b""
        if [name for name, _ in self.server.asked].count("UpdateTable") == 1 \
                and operation == "UpdateTable":
            status, answer = 400, b'{"__type": "ConcurrentModificationException"}'
        else:
            headers = {name: value for name, value in self.headers.items() if name != "Host"}
            try:
                with urllib.request.urlopen(urllib.request.Request(
                        self.server.moto.endpoint, body, headers), timeout=30) as reply:
                    answer = reply.read()
            except urllib.error.HTTPError as error:
                status, answer = error.code, error.read()
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def busy(moto):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Busy)
    server.moto, server.asked = moto, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_an_update_is_for_the_version_that_was_looked_at(ddl, lake, database, busy):
    flags = ("--database", database, "--table", "companies")
    ddl(lake, *flags, "--apply")
    ddl(lake, *flags, "--style", "partitions", "--apply",
        AWS_ENDPOINT_URL_GLUE=f"http://127.0.0.1:{busy.server_port}")
    updates = [body for operation, body in busy.asked if operation == "UpdateTable"]
    assert len(updates) == 2 and all("VersionId" in body for body in updates)
    first = [operation for operation, _ in busy.asked].index("UpdateTable")
    assert "GetTable" in [operation for operation, _ in busy.asked[first:]]


def test_what_was_dropped_is_not_made_again(ddl, shoestring, example_copy, tmp_path, database,
                                            environment, moto):
    lake = FolderLake(tmp_path / "followed")
    migrate = ("migrate", "--table", "companies", "--source", example_copy.url, *lake.flags)
    shoestring(*migrate)
    ddl(lake, "--database", database, "--apply")
    moto.glue("DeleteTable", DatabaseName=database, Name="companies")
    assert "it is not in Glue any more" in shoestring(*migrate, env=environment).stderr
    ddl(lake, "--database", database, "--forget")
    assert "Glue" not in shoestring(*migrate, env=environment).stderr
    ddl(lake, "--database", database, "--diff", code=4)


# ---- null and absurd dates ----


def test_a_stray_date_does_not_widen_the_projection(ddl, shoestring, example_copy, tmp_path,
                                                    database, moto, trino):
    lake = FolderLake(tmp_path / "strays")
    example_copy.psql("ALTER TABLE company_filings ALTER filing_date DROP NOT NULL")
    example_copy.psql("UPDATE company_filings SET filing_date = '9999-12-31' WHERE id = "
                      "(SELECT min(id) FROM company_filings)")
    example_copy.psql("UPDATE company_filings SET filing_date = NULL WHERE id = "
                      "(SELECT max(id) FROM company_filings)")
    shoestring("migrate", "--table", "company_filings", "--partition-by", "filing_date:month",
               "--source", example_copy.url, *lake.flags)
    seen = ddl(lake, "--database", database, "--style", "projection",
               *_root(lake, "projection"), "--apply")
    assert "2 rows are outside of the projected years" in seen.stderr
    assert "year=0/month=0, year=9999/month=12" in seen.stderr
    first, last = map(int, _properties(moto, database, "company_filings")[
        "projection.year.range"].split(","))
    assert last - first < 60
    rows = _counts(lake)["company_filings"]
    assert trino.query("SELECT count(*) FROM company_filings", database, "hive") == [[rows - 2]]
    for style, catalog in (("iceberg", "lake"), ("partitions", "hive")):
        ddl(lake, "--database", f"{database}_{style}", "--style", style, *_root(lake, style),
            "--apply")
        assert trino.query("SELECT count(*) FROM company_filings", f"{database}_{style}",
                           catalog) == [[rows]]


# ---- the guide's file ----


def test_the_file_of_the_example_is_current(ddl, example_lake, tmp_path):
    """But for the room ahead, which grows with the years. WRITE_DDL=1 writes it anew."""
    kept = ROOT / "infra/athena/ddl/create_tables.sql"
    written = ddl(FolderLake(example_lake), "--database", "example", "--style", "projection",
                  "--root", "s3://YOUR-BUCKET/lake", "--output", "new.sql")
    assert written.stdout == ""
    new = (tmp_path / "new.sql").read_text()
    if os.environ.get("WRITE_DDL"):
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(new)

    def timeless(text):
        return re.sub(r"(year.range' = '\d+),\d+'", r"\1,…'", text)

    assert timeless(new) == timeless(kept.read_text()), f"{kept} is not current"
    assert "MSCK" not in new


def test_names_are_wanted(ddl, lake):
    assert "--database" in ddl(lake, code=2).stderr
    ddl(lake, "--database", "x", "--table", "nowhere", code=3)
    ddl(lake, "--for", "duckdb", "--apply", code=2)


def test_printing_says_what_glue_would_be_told(ddl, lake, database):
    written = ddl(lake, "--database", database).stdout
    line = next(line for line in written.splitlines() if '"Name":"companies"' in line)
    told = json.loads(line.partition("--table-input '")[2].removesuffix("'"))
    assert told["Parameters"]["table_type"] == "ICEBERG"
