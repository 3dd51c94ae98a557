"""The life of a lake in a bucket, on two servers that share no code: what is written is
read by others, nothing is visible too early, and nothing is left behind."""

import contextlib
import json
import os
import pathlib
import re
import secrets
import signal
import subprocess
import threading

import boto3
import pytest

from fault_proxy import Answer, FaultProxy
from lakes import BucketLake
from s3_servers import REGION, SeaweedFS
from test_exact import EXAMPLE_TABLES, assert_same, in_postgres
from test_migrate import SLOW, SOURCE, copying, wait_for
from test_readers import FIGURES, duckdb_with

QUERIES = sorted((pathlib.Path(__file__).parent.parent / "examples/13f/queries")
                 .glob("*.sql"))


# --- around a lake

@pytest.fixture
def lake(bucket):
    return BucketLake(bucket)


@pytest.fixture(scope="session")
def on(shoestring):
    """on(lake, command, arguments…): runs a command on it; it must tell no secret."""

    def run(lake, command, *arguments, **options):
        options.setdefault("env", lake.environment)
        done = shoestring(command, *lake.flags, *arguments, **options)
        assert lake.server.secret_key not in done.stdout + done.stderr
        return done

    return run


@pytest.fixture(scope="module")
def example(s3, example_db, on):
    """The example's tables in a bucket; not to be written to."""
    lake = BucketLake(s3.make_bucket().at("13f"))
    on(lake, "migrate", "--source", example_db.url)
    return lake


@pytest.fixture
def source(pg15, make_database):
    database = make_database(pg15)
    database.psql(SOURCE + SLOW)
    return database


@contextlib.contextmanager
def started(binary, lake, database, *flags):
    """A migration that runs meanwhile; ended with the block."""
    process = subprocess.Popen(
        [binary, "migrate", "--source", database.url, *lake.flags, *flags],
        env=lake.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ended(process, code, lake):
    """Waits; returns what it said."""
    output, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    assert lake.server.secret_key not in output + errors
    return errors


# --- what is written, read by others

@pytest.mark.parametrize("table", EXAMPLE_TABLES)
def test_every_row_is_as_psql_prints_it(example, example_db, tmp_path, table):
    assert_same(example.rows(table), in_postgres(example_db, table, tmp_path))
    assert example.strays() == []


@pytest.fixture(scope="module")
def duckdb_s3(s3):
    with duckdb_with("httpfs", "avro", "iceberg") as connection:
        connection.execute(
            f"CREATE SECRET (TYPE s3, KEY_ID '{s3.access_key}', SECRET '{s3.secret_key}', "
            f"ENDPOINT '127.0.0.1:{s3.port}', USE_SSL false, URL_STYLE 'path', "
            f"REGION '{REGION}')")
        yield connection


@pytest.mark.parametrize("table", EXAMPLE_TABLES)
def test_readers_agree_with_postgres(example, example_db, duckdb_s3, table):
    figures = FIGURES[table].replace("min(change)", "min(CAST(change AS text))")
    expected = example_db.psql(f"SET TimeZone = 'UTC'; SELECT {figures} FROM {table}")
    metadata = example.state()["tables"][table]["metadata"]
    for relation in (
            duckdb_s3.sql(f"FROM iceberg_scan('{example.uri}/{metadata}')"),
            duckdb_s3.sql(f"FROM read_parquet('{example.uri}/data/{table}/**/*.parquet')"),
            duckdb_s3.from_arrow(example.iceberg(table).scan().to_arrow())):
        row = relation.aggregate(figures).project("CAST(COLUMNS(*) AS text)").fetchone()
        assert "|".join(row) == expected


@pytest.mark.parametrize("query", QUERIES, ids=lambda path: path.stem)
def test_queries_answer_as_on_a_folder(example, example_lake, on, shoestring, query):
    flags = ("--file", query, "--format", "json")
    expected = json.loads(shoestring("query", "--lake", example_lake, *flags).stdout)
    assert json.loads(on(example, "query", *flags).stdout) == expected


@pytest.mark.parametrize("command", [("tables",), ("describe", "fund_holdings")],
                         ids=" ".join)
def test_listings_are_as_on_a_folder(example, example_lake, on, shoestring, command):
    def alike(text):
        """Without what may differ from run to run: times, and sizes, for equal keys may
        come in any order."""
        return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]*\+00|[\d.]+ [KM]?B|[ -]+\n", "",
                      text)

    name, *arguments = command
    expected = shoestring(name, "--lake", example_lake, *arguments).stdout
    assert alike(on(example, name, *arguments).stdout) == alike(expected)


def test_verify(example, example_db, on):
    assert json.loads(on(example, "verify", "--json").stdout)["faults"] == []
    on(example, "verify", "--source", example_db.url)


def test_damage_is_found_and_no_query_answers_from_it(source, lake, on):
    on(lake, "migrate", "--source", source.url, "--table", "t")
    [key] = lake.keys("data/t/")
    content = bytearray(lake.read(key))
    content[len(content) // 3] ^= 1
    lake.bucket.write(key, bytes(content))
    assert key in on(lake, "verify", code=10).stdout
    on(lake, "query", "SELECT * FROM t", code=10)


# --- where a lake may stand, and what its tables may be named

@pytest.mark.parametrize("prefix", ["", "lake", "a/b", "with space", "ünï 日本", "a%20b",
                                    "a+b&c=d", "q'u\"ote", "x*[y]{z}", "year=2024", "~"])
def test_a_lake_at_any_prefix(source, s3, on, prefix):
    lake = BucketLake(s3.make_bucket().at(prefix))
    for _ in range(2):
        on(lake, "migrate", "--source", source.url, "--table", "t",
           "--partition-by", "filed")
    assert lake.rows("t").num_rows == 90
    assert lake.strays() == []
    assert "90" in on(lake, "query", "SELECT count(*) FROM t").stdout
    on(lake, "verify")


def test_lakes_in_one_bucket_do_not_touch_each_other(source, bucket, on):
    lakes = [BucketLake(bucket.at(prefix)) for prefix in ("a", "a/b", "ab")]
    for lake in lakes:
        on(lake, "migrate", "--source", source.url, "--table", "u")
    before = [lake.content() for lake in lakes]
    on(lakes[0], "migrate", "--source", source.url, "--table", "t")
    assert [lake.content() for lake in lakes[1:]] == before[1:]
    assert sorted(lakes[0].state()["tables"]) == ["t", "u"]


def test_the_guides_flag(source, lake, shoestring):
    flags = ("--s3-bucket", lake.bucket.name, "--s3-endpoint", lake.server.endpoint)
    shoestring("migrate", "--source", source.url, "--table", "t", *flags,
               env=lake.environment)
    assert lake.rows("t").num_rows == 90


NAMES = ["with space", "ünï 日本", "a+b", "a&b", "q'u", 'q"u', "x[y]{z}", "!", "~tilde",
         "semi;colon", "a:b@c", "$(x)", "`x`", "<x>", "a|b", "x" * 63]


def test_tables_of_any_name(pg15, make_database, lake, on):
    database = make_database(pg15)
    for number, name in enumerate(NAMES):
        quoted = name.replace('"', '""')
        database.psql(f'CREATE TABLE "{quoted}" AS SELECT {number} AS n')
    on(lake, "migrate", "--source", database.url)
    assert sorted(lake.state()["tables"]) == sorted(NAMES)
    for number, name in enumerate(NAMES):
        quoted = name.replace('"', '""')
        assert lake.rows(name)["n"].to_pylist() == [number]
        answer = on(lake, "query", "--format", "json", f'SELECT n FROM "{quoted}"').stdout
        assert json.loads(answer) == [{"n": number}]
    assert lake.strays() == []
    on(lake, "verify")


# --- run after run, run beside run

@pytest.mark.parametrize("flags, expected", [
    (["--s3-encryption", "AES256"], {"ServerSideEncryption": "AES256"}),
    (["--s3-encryption", "aws:kms", "--s3-kms-key", "arn:aws:kms:us-east-1:1:key/lake"],
     {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "arn:aws:kms:us-east-1:1:key/lake"})])
def test_encryption_is_asked_for_with_every_object(moto, source, shoestring, flags, expected):
    """Moto keeps with an object what was asked for."""
    client = boto3.client("s3", endpoint_url=moto.endpoint, region_name=REGION,
                          aws_access_key_id="test", aws_secret_access_key="test")
    bucket = f"encrypted-{secrets.token_hex(4)}"
    client.create_bucket(Bucket=bucket)
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
                   "AWS_REGION": REGION, "AWS_ENDPOINT_URL_S3": moto.endpoint}
    lake = ["--lake", f"s3://{bucket}"]
    shoestring("migrate", "--source", source.url, *lake, *flags,
               "--s3-storage-class", "STANDARD_IA", env=environment)
    keys = [entry["Key"] for entry in client.list_objects_v2(Bucket=bucket)["Contents"]]
    heads = {key: client.head_object(Bucket=bucket, Key=key) for key in keys}
    for key, head in heads.items():
        assert {name: head.get(name) for name in expected} == expected, key
        assert head.get("StorageClass", "STANDARD") == (
            "STANDARD_IA" if key.startswith("data/") else "STANDARD"), key
    assert any(key.startswith("data/") for key in keys)
    shoestring("verify", *lake, "--source", source.url, env=environment)


def test_a_second_run_replaces_its_tables_and_leaves_the_others(source, lake, on):
    on(lake, "migrate", "--source", source.url, "--partition-by", "filed")
    first = lake.content()
    source.psql("UPDATE t SET filed = filed + 400")
    on(lake, "migrate", "--source", source.url, "--table", "t",
       "--partition-by", "filed:year")
    second = lake.content()
    assert lake.state()["sequence"] == 2
    assert not {key for key in first if "/t/" in key} & set(second), "they are gone"
    assert {key: content for key, content in first.items() if "/u/" in key}.items() \
        <= second.items()
    assert lake.rows("t").num_rows == lake.iceberg("t").scan().count() == 90
    assert lake.strays() == []


def test_two_runs_on_one_table_at_once(source, binary, lake, on):
    on(lake, "migrate", "--source", source.url, "--table", "t")
    with started(binary, lake, source, "--table", "slow", "--limit", "200") as first:
        wait_for(lambda: copying(source))
        done = on(lake, "migrate", "--source", source.url, "--table", "slow", code=4)
        assert "is at work on the same tables" in done.stderr
        ended(first, 0, lake)
    assert sorted(lake.state()["tables"]) == ["slow", "t"]
    assert lake.rows("slow").num_rows == 200
    assert lake.strays() == []


def test_two_runs_on_different_tables_at_once(source, binary, lake, on):
    with started(binary, lake, source, "--table", "slow", "--limit", "300") as first:
        wait_for(lambda: copying(source))
        on(lake, "migrate", "--source", source.url, "--table", "u")
        on(lake, "migrate", "--source", source.url, "--table", "t")
        assert first.poll() is None
        ended(first, 0, lake)
    assert sorted(lake.state()["tables"]) == ["slow", "t", "u"]
    assert lake.state()["sequence"] == 3
    assert lake.strays() == []


def test_many_runs_that_begin_at_once(source, binary, lake):
    """On the same tables: at least one is done, the others say why not."""
    with contextlib.ExitStack() as stack:
        runs = [stack.enter_context(started(binary, lake, source, "--exclude", "v"))
                for _ in range(6)]
        for run in runs:
            _, errors = run.communicate(timeout=60)
            assert run.returncode in (0, 4), errors
        codes = [run.returncode for run in runs]
    assert 0 in codes
    assert lake.state()["sequence"] == codes.count(0)
    assert lake.rows("t").num_rows == 90 and lake.strays() == []


# --- nothing too early, nothing left behind

def test_nothing_is_visible_before_all_is_copied(source, s3, on):
    """Data files appear after the last of them is there; lake.json after all else."""
    kinds = []
    with FaultProxy(s3.port, judge=lambda request: kinds.append(
            (request.kind, request.path))) as proxy:
        lake = BucketLake(s3.make_bucket())
        on(lake.through(proxy), "migrate", "--source", source.url, "--partition-by",
           "filed")
    written = [index for index, (kind, path) in enumerate(kinds)
               if kind in ("UploadPart", "CreateMultipartUpload", "PutObject")
               and "/data/" in path]
    published = [index for index, (kind, path) in enumerate(kinds)
                 if kind in ("CompleteMultipartUpload", "CopyObject") and "/data/" in path]
    [committed] = [index for index, (kind, path) in enumerate(kinds)
                   if kind == "PutObject" and path.endswith("/catalog/lake.json")]
    assert len(published) == len(lake.keys("data/"))
    assert max(written, default=0) < min(published), kinds
    assert max(published) < committed
    assert all("/runs/" in path for kind, path in kinds[committed + 1:]
               if kind in ("PutObject", "UploadPart", "CompleteMultipartUpload"))


def test_a_reader_meanwhile_sees_the_old_version_or_the_new(source, lake, on):
    on(lake, "migrate", "--source", source.url, "--table", "t", "--partition-by", "filed")
    source.psql("UPDATE t SET id = id + 1000")
    seen, done = [], threading.Event()

    def watch():
        while not done.is_set():
            with contextlib.suppress(OSError):  # a version that has just been replaced
                seen.append(sum(lake.iceberg("t").scan().to_arrow()["id"].to_pylist()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    on(lake, "migrate", "--source", source.url, "--partition-by", "filed")
    done.set()
    watcher.join()
    assert seen and set(seen) <= {4095, 4095 + 90_000}


@pytest.mark.parametrize("signal_number, code", [(signal.SIGINT, 130),
                                                 (signal.SIGTERM, 130)])
def test_an_interrupted_run_leaves_what_it_finished(source, binary, lake, on, signal_number, code):
    on(lake, "migrate", "--source", source.url, "--table", "t")
    before = lake.content()
    with started(binary, lake, source, "--table", "t", "--table", "slow") as run:
        wait_for(lambda: copying(source))
        run.send_signal(signal_number)
        ended(run, code, lake)
    assert lake.content() == before and lake.strays(may_wait=True) == []


def test_uploads_that_a_lifecycle_rule_ended_are_copied_again(source, binary, lake, on):
    """Of two finished tables, one is still there when the run is gone on with."""
    flags = ("--table", "t", "--table", "u", "--table", "slow")
    with started(binary, lake, source, *flags) as process:
        wait_for(lambda: len(lake.noted()) == 2)
        process.kill()
        process.communicate()
    source.psql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()")
    client = lake.server.client()
    for upload in client.list_multipart_uploads(Bucket=lake.bucket.name)["Uploads"]:
        if "data/u/" in upload["Key"]:
            client.abort_multipart_upload(Bucket=lake.bucket.name, Key=upload["Key"],
                                          UploadId=upload["UploadId"])
    source.psql("DROP VIEW slow")
    source.psql("CREATE TABLE slow AS SELECT 1 AS i")
    report = json.loads(on(lake, "migrate", "--source", source.url, *flags, "--json").stdout)
    assert {table["table"]: (table["kept"], table["why"]) for table in report["resumed"]} == {
        "t": (True, "not changed since"), "u": (False, "some of its files are gone")}
    assert lake.rows("u").num_rows == 2 and lake.strays() == []


def test_a_failed_run_leaves_nothing(source, lake, on):
    """The last value of a large table cannot be kept: parts have been uploaded by then."""
    source.psql("""CREATE TABLE bulky AS SELECT i, numeric(6,2) '1.5' AS n,
                     sha512(i::text::bytea) || sha512((-i)::text::bytea) AS noise
                   FROM generate_series(1, 200000) i;
                   UPDATE bulky SET n = 'NaN' WHERE i = 200000""")
    on(lake, "migrate", "--source", source.url, "--table", "t")
    before = lake.content()
    done = on(lake, "migrate", "--source", source.url, "--table", "bulky", code=9)
    assert "bulky" in done.stderr and "NaN" in done.stderr
    assert lake.content() == before and lake.strays() == []


def test_a_commit_that_is_refused_leaves_nothing(source, s3, lake, on):
    on(lake, "migrate", "--source", source.url, "--table", "t")
    before = lake.content()

    def judge(request):
        if request.method == "PUT" and request.path.endswith("/catalog/lake.json"):
            return Answer(403, "AccessDenied", "Access Denied")
        return None

    with FaultProxy(s3.port, judge=judge) as proxy:
        done = on(lake.through(proxy), "migrate", "--source", source.url, code=5)
    assert "catalog/lake.json" in done.stderr
    assert lake.content() == before and lake.strays() == []


def test_what_others_have_put_into_the_bucket_stays(source, lake, on):
    mine = ("data/t/mine.parquet", "data/notes.txt", "readme.txt")
    for key in mine:
        lake.bucket.write(key, b"mine")
    upload = lake.server.client().create_multipart_upload(Bucket=lake.bucket.name,
                                                          Key="somebody/else")
    for _ in range(2):
        on(lake, "migrate", "--source", source.url)
    assert all(lake.read(key) == b"mine" for key in mine)
    assert lake.bucket.uploads() == ["somebody/else"]
    lake.server.client().abort_multipart_upload(
        Bucket=lake.bucket.name, Key="somebody/else", UploadId=upload["UploadId"])


# --- memory, and TLS

def test_memory_is_bounded_as_on_a_folder(pg15, make_database, lake, on, shoestring,
                                          tmp_path):
    database = make_database(pg15)
    database.psql("""CREATE TABLE bulky AS
                       SELECT i, date '2024-01-01' + i % 300 AS day,
                              sha512(i::text::bytea) || sha512((-i)::text::bytea) AS noise
                       FROM generate_series(1, 1000000) i""")
    flags = ("--source", database.url, "--partition-by", "day:month", "--memory", "64MB",
             "--json")
    peaks = [json.loads(done.stdout)["peak_memory_bytes"] for done in (
        shoestring("migrate", "--lake", tmp_path, *flags), on(lake, "migrate", *flags))]
    # 128 MB that do not compress; what the allocator keeps differs by half of that when the
    # machine is busy.
    assert peaks[1] < peaks[0] + 90e6, peaks
    assert lake.strays() == []


@pytest.fixture(scope="module")
def tls_server():
    with SeaweedFS(tls=True) as server:
        yield server


def test_tls_with_a_private_authority(tls_server, source, on):
    lake = BucketLake(tls_server.make_bucket())
    on(lake, "migrate", "--source", source.url, "--table", "t")
    assert "90" in on(lake, "query", "SELECT count(*) FROM t").stdout
    assert lake.keys("data/t/") != [] and lake.bucket.uploads() == []


def test_tls_without_it_is_refused(tls_server, source, on):
    lake = BucketLake(tls_server.make_bucket())
    environment = {name: value for name, value in lake.environment.items()
                   if name != "AWS_CA_BUNDLE"}
    done = on(lake, "migrate", "--source", source.url, "--table", "t", code=5,
              env=environment, timeout=10)
    assert "certificate" in done.stderr and "AWS_CA_BUNDLE" in done.stderr
    assert lake.keys() == []
