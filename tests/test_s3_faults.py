"""A bad network, before the bucket and before the source: each run completes, or fails with
a right message; there is never a wrong row, and never a visible half."""

import json
import os
import random
import subprocess

import pytest

import servers
from fault_proxy import FAULTS, FaultProxy
from lakes import BucketLake, FolderLake
from s3_servers import Toxiproxy

RUNS = int(os.environ.get("SHOESTRING_FAULT_RUNS", 2))
SEED = int(os.environ.get("SHOESTRING_SEED", 1))
SHARE = 0.05
# What may end a run that the network failed: conflict, unavailable, timeout. A conflict is
# a commit whose answer was lost and that found its own work done by somebody else.
TRY_AGAIN = (4, 6, 7)
SOURCE = """
CREATE TABLE t (id int PRIMARY KEY, filed date NOT NULL, version int NOT NULL, note text);
INSERT INTO t SELECT i, date '2024-01-01' + i % 300, 1, repeat(md5(i::text), 4)
              FROM generate_series(1, 100000) i;
CREATE TABLE u (id int PRIMARY KEY, version int NOT NULL);
INSERT INTO u SELECT i, 1 FROM generate_series(1, 1000) i;
"""
FIGURES = "count(*) AS rows, sum(id) AS ids, min(version) AS least, max(version) AS most"
MIGRATE = ("--partition-by", "filed:month", "--memory", "64MB")


@pytest.fixture
def source(pg15, make_database):
    database = make_database(pg15)
    database.psql(SOURCE)
    return database


def run(binary, lake, *arguments):
    done = subprocess.run([binary, arguments[0], *lake.flags, *arguments[1:]],
                          env=lake.environment, capture_output=True, text=True,
                          timeout=300)
    if isinstance(lake, BucketLake):
        assert lake.server.secret_key not in done.stdout + done.stderr
    return done


def version_of(lake):
    """The version that is visible in all tables, all rows of it; None before the first."""
    if not lake.state():
        return None
    [version] = {version for table, rows in (("t", 100_000), ("u", 1000))
                 for version in _versions(lake.iceberg(table), rows)}
    return version


def _versions(static, rows):
    read = static.scan(selected_fields=("id", "version")).to_arrow()
    assert read.num_rows == rows
    assert sum(read["id"].to_pylist()) == rows * (rows + 1) // 2
    return set(read["version"].to_pylist())


@pytest.mark.parametrize("fault", [*FAULTS, "all"])
def test_a_bad_network_before_the_bucket(s3, source, binary, fault):
    lake = BucketLake(s3.make_bucket())
    faults = ({each: SHARE / len(FAULTS) for each in FAULTS} if fault == "all"
              else {fault: SHARE})
    expected = None
    for number in range(RUNS):
        source.psql(f"UPDATE t SET version = {number}; UPDATE u SET version = {number}")
        with FaultProxy(s3.port, faults=faults, seed=f"{SEED} {fault} {number}") as proxy:
            shaky = lake.through(proxy)
            done = run(binary, shaky, "migrate", "--source", source.url, *MIGRATE)
            seen = version_of(lake)
            if done.returncode == 0:
                assert seen == number
            else:
                assert done.returncode in TRY_AGAIN, done.stderr
                assert "S3" in done.stderr or "127.0.0.1" in done.stderr
                assert seen in (expected, number)
            expected = seen
            if expected is not None:
                check_answers(binary, shaky, expected)
    assert run(binary, lake, "migrate", "--source", source.url, *MIGRATE).returncode == 0
    assert version_of(lake) == number and lake.strays() == []
    assert run(binary, lake, "verify", "--source", source.url).returncode == 0


def check_answers(binary, lake, version):
    """verify and query are right, or say that the network failed."""
    done = run(binary, lake, "query", "--format", "json", f"SELECT {FIGURES} FROM t")
    if done.returncode == 0:
        assert json.loads(done.stdout) == [{"rows": 100_000, "ids": 5_000_050_000,
                                            "least": version, "most": version}]
    else:
        assert done.returncode in TRY_AGAIN, done.stderr
    done = run(binary, lake, "verify", "--json")
    assert done.returncode in (0, *TRY_AGAIN), done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["folder", "seaweedfs", "versitygw"])
def test_a_source_that_drops_the_connection(pg15, source, binary, request, tmp_path, kind):
    lake = (FolderLake(tmp_path / "lake") if kind == "folder" else
            BucketLake(request.getfixturevalue(kind).make_bucket()))
    r = random.Random(f"{SEED} {kind}")
    migrate = ("migrate", "--source", source.url, *MIGRATE)
    assert run(binary, lake, *migrate).returncode == 0
    source.psql("UPDATE t SET version = 2; UPDATE u SET version = 2")
    failed = 0
    with Toxiproxy(pg15.port) as proxy:
        url = servers.Database(pg15, source.name).url.replace(f":{pg15.port}/",
                                                              f":{proxy.port}/")
        for _ in range(2 * RUNS):
            size = r.randrange(2_000, 9_000_000)
            toxic = (("limit_data", {"bytes": size}) if r.random() < 0.6 else
                     ("reset_peer", {"timeout": r.randrange(10, 500)}))
            with proxy.toxic(toxic[0], **toxic[1]):
                done = run(binary, lake, "migrate", "--source", url, *MIGRATE)
            assert done.returncode in (0, 6), done.stderr
            failed += done.returncode == 6
            assert version_of(lake) == (1 if done.returncode else 2), toxic
            assert lake.strays(may_wait=done.returncode != 0) == [], toxic
            if done.returncode == 0:
                break
    assert failed, "no connection was dropped"
    assert run(binary, lake, *migrate).returncode == 0
    assert version_of(lake) == 2 and lake.strays() == []
