"""`serve --hot`: tables that stand in memory give the answers that their files give, and
change with them."""

import json
import pathlib
import shutil
import time

import pytest

from api_server import SERVICE, ApiServer
from rest_generator import Generator

TABLES = pathlib.Path(__file__).with_name("rest_tables.sql")
REQUESTS = 150
HOT = ("--hot", "books", "--hot", "stock", "--hot", "kinds")


@pytest.fixture(scope="module")
def library_db(pg17):
    database = pg17.create_database("hot_library")
    database.psql(TABLES.read_text())
    yield database
    pg17.drop_database("hot_library")


@pytest.fixture(scope="module")
def migrate(library_db, shoestring):
    def run(lake):
        shoestring("migrate", "--source", library_db.url, "--lake", lake, "--anomaly", "text")

    return run


@pytest.fixture(scope="module")
def library_lake(migrate, tmp_path_factory):
    lake = tmp_path_factory.mktemp("hot-library")
    migrate(lake)
    return lake


@pytest.fixture
def lake(library_lake, tmp_path):
    """A copy for a test to change."""
    return shutil.copytree(library_lake, tmp_path / "lake")


def answer(server, url, headers):
    given = server.ask(url.replace(" ", "%20"), {**SERVICE, **headers})
    return given.status, given.headers.get("Content-Range"), given.text


def long_sum(server, table, column):
    """A query too long for one thread, so that another DuckDB begins it anew
    (docs/adr/0012)."""
    sql = f"SELECT sum({column} + n - n)::bigint AS sum FROM public.{table}, range(20000000) r(n)"
    return server.ask("/sql", SERVICE, "POST", json.dumps({"sql": sql}).encode()).json()[0]["sum"]


def wait_for(found, seconds=60):
    deadline = time.monotonic() + seconds
    while not (seen := found()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return seen


def test_answers_are_the_same_with_and_without(binary, library_lake, tmp_path):
    generator = Generator(9)
    requests = [(generator.url(), generator.headers()) for _ in range(REQUESTS)]
    with ApiServer(binary, tmp_path / "files", library_lake) as files, \
            ApiServer(binary, tmp_path / "hot", library_lake, *HOT) as hot:
        assert "Hot tables in memory: " in hot.errors()
        answers = [answer(files, *request) for request in requests]
        assert sum(status == 200 for status, _, _ in answers) > REQUESTS / 2
        assert answers == [answer(hot, *request) for request in requests]


def test_files_of_a_hot_table_are_not_read(binary, lake, tmp_path):
    with ApiServer(binary, tmp_path / "hot", lake, *HOT) as hot:
        before = hot.ask("/books?order=id", SERVICE)
        shutil.rmtree(lake / "data/books")
        assert hot.ask("/books?order=id", SERVICE).text == before.text != "[]"
        sql = json.dumps({"sql": "SELECT count(*) AS n FROM public.books WHERE pages > 0"})
        assert hot.ask("/sql", SERVICE, "POST", sql.encode()).json() == [{"n": 5}]
        assert long_sum(hot, "books", "id") == 20_000_000 * 21


def test_a_new_version_takes_the_place_of_the_old_one(binary, lake, library_db, migrate, tmp_path):
    with ApiServer(binary, tmp_path / "hot", lake, *HOT, "--refresh", "100ms") as hot:
        assert hot.ask("/stock?select=copies.sum()", SERVICE).json() == [{"sum": 21}]
        library_db.psql("UPDATE stock SET copies = copies + 100 WHERE book_id = 1")
        try:
            migrate(lake)
        finally:
            library_db.psql("UPDATE stock SET copies = copies - 100 WHERE book_id = 1")
        # At once from the files, and from memory when the copies stand.
        assert hot.ask("/stock?select=copies.sum()", SERVICE).json() == [{"sum": 221}]
        wait_for(lambda: hot.errors().count("Hot tables in memory: ") == 2)
        shutil.rmtree(lake / "data/stock")
        assert hot.ask("/stock?select=copies.sum()", SERVICE).json() == [{"sum": 221}]
        assert long_sum(hot, "stock", "copies") == 20_000_000 * 221


def test_a_version_that_does_not_fit_is_read_from_its_files(binary, lake, library_db, migrate,
                                                            tmp_path):
    with ApiServer(binary, tmp_path / "hot", lake, "--hot", "shops", "--hot-memory", "2MB",
                   "--refresh", "100ms") as hot:
        library_db.psql("INSERT INTO shops SELECT n, md5(n::text) || md5((-n)::text) "
                        "FROM generate_series(10, 200000) n")
        try:
            migrate(lake)
        finally:
            library_db.psql("DELETE FROM shops WHERE id >= 10")
        wait_for(lambda: hot.ask("/shops?select=count()", SERVICE).json() == [{"count": 199994}])
        wait_for(lambda: "read from their files" in hot.errors())
        assert "do not fit into --hot-memory" in hot.errors()
        assert hot.ask("/shops?select=count()", SERVICE).json() == [{"count": 199994}]


@pytest.mark.parametrize("flags, code, what", [
    (("--hot", "boks"), 3, "boks"),
    (("--hot", "books", "--hot-memory", "1KB"), 11, "do not fit into --hot-memory 1.0 KB"),
    (("--hot", "books", "--engine", "trino"), 2, "Only duckdb keeps tables in memory"),
])
def test_what_cannot_be_kept_is_refused_at_the_start(shoestring, library_lake, flags, code, what):
    refused = shoestring("serve", "--lake", library_lake, "--anonymous", "--listen", "127.0.0.1:0",
                         *flags, code=code)
    assert what in refused.stderr
