"""Fixtures of the tests that drive the binary with real servers and real readers.

A server, a reader or the binary that cannot be had is a failure, never a skip.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / ".deps/python"))
sys.path.insert(0, str(ROOT / "tests"))

# Queries of tests are run, whatever was asked before, and are nobody's ledger.
os.environ |= {"SHOESTRING_CACHE": "off", "SHOESTRING_LEDGER": "off"}

import s3_servers  # noqa: E402
import servers  # noqa: E402
import trino_server  # noqa: E402

EXAMPLE = ROOT / "examples/13f"


@pytest.fixture(scope="session")
def pg15():
    with servers.Postgres(15) as server:
        yield server


@pytest.fixture(scope="session")
def pg17():
    with servers.Postgres(17) as server:
        yield server


@pytest.fixture(scope="session")
def pg18():
    with servers.Postgres(18) as server:
        yield server


@pytest.fixture(scope="session", params=servers.VERSIONS, ids="pg{}".format)
def postgres(request):
    """Every version in turn."""
    return request.getfixturevalue(f"pg{request.param}")


@pytest.fixture(scope="session")
def seaweedfs():
    with s3_servers.SeaweedFS() as server:
        yield server


@pytest.fixture(scope="session")
def versitygw():
    with s3_servers.VersityGW() as server:
        yield server


@pytest.fixture(scope="session", params=("seaweedfs", "versitygw"))
def s3(request):
    """Each S3 server in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def bucket(s3):
    """A new bucket on each S3 server in turn."""
    return s3.make_bucket()


@pytest.fixture
def make_database(request):
    """make_database(server): a new, empty database, dropped after the test."""

    def make(server, template="template0"):
        make.count += 1
        name = f"test_{os.getpid()}_{abs(hash(request.node.nodeid)) % 10**8}_{make.count}"
        database = server.create_database(name, template)
        request.addfinalizer(lambda: server.drop_database(name))
        return database

    make.count = 0
    return make


@pytest.fixture(scope="session")
def example_db():
    """The 13F example, loaded, on a Postgres 15 of its own; not to be written to."""
    with servers.Postgres(15, saved=_saved_example()) as server:
        yield servers.Database(server, "example")


@pytest.fixture
def example_copy(example_db, make_database):
    """A copy of the example for one test to change."""
    return make_database(example_db.server, template=example_db.name)


@pytest.fixture(scope="session")
def moto():
    """AWS' Glue and Athena's API."""
    with trino_server.Moto() as server:
        yield server


@pytest.fixture(scope="session")
def trino(moto, seaweedfs):
    """A Trino over moto's Glue, which reads lakes in folders and in SeaweedFS."""
    with trino_server.Trino(moto, seaweedfs) as server:
        yield server


@pytest.fixture(scope="session")
def binary():
    path = pathlib.Path(os.environ.get("SHOESTRING_BINARY", ROOT / "build/release/shoestring"))
    if not os.access(path, os.X_OK):
        pytest.fail(f"{path} is not there: run scripts/build")
    return path


@pytest.fixture(scope="session")
def shoestring(binary):
    """shoestring(*arguments): runs the binary; its end must be the one expected."""

    def run(*arguments, code=0, timeout=300, **options):
        done = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True,
                              timeout=timeout, **options)
        assert done.returncode == code, f"{done.returncode}, not {code}: {done.stderr}"
        return done

    return run


@pytest.fixture(scope="session")
def make_lake(pg15, shoestring, tmp_path_factory):
    """make_lake(name, sql): the lake of a database that the SQL makes; it is gone after."""

    def make(name, sql):
        database = pg15.create_database(name)
        database.psql(sql)
        lake = tmp_path_factory.mktemp(name) / "lake"
        shoestring("migrate", "--source", database.url, "--lake", lake)
        pg15.drop_database(name)
        return lake

    return make


@pytest.fixture(scope="session")
def example_lake(example_db, shoestring, tmp_path_factory):
    """The example's tables as a lake in a folder; not to be written to."""
    lake = tmp_path_factory.mktemp("example-lake")
    shoestring("migrate", "--source", example_db.url, "--lake", lake)
    return lake


def _saved_example():
    """The data of a server that holds the example, kept until the example changes."""
    content = hashlib.sha256()
    for path in sorted(EXAMPLE.glob("*.s*")) + sorted((EXAMPLE / "data").iterdir()):
        content.update(path.read_bytes())
    folder = ROOT / "build/test-postgres" / f"example-{content.hexdigest()[:16]}"
    if not folder.exists():
        for other in folder.parent.glob("example-*"):
            if other != folder:  # of an example that is no more
                shutil.rmtree(other, ignore_errors=True)
        with servers.Postgres(15, settings={"max_wal_size": "64MB"}) as server:
            database = server.create_database("example")
            done = subprocess.run([EXAMPLE / "load.sh", database.url], capture_output=True,
                                  text=True)
            if done.returncode:
                pytest.fail(f"the example could not be loaded: {done.stderr}")
            server.save(folder)
    return folder


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """In continuous integration a skipped test has failed."""
    report = (yield).get_result()
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
