"""One corpus of SQL, one answer: every statement of tests/sql on DuckDB, on Trino and on
Postgres, through the binary and its one serializer."""

import concurrent.futures
import pathlib
import subprocess

import pytest

import sql_corpus
from lakes import BucketLake

ROOT = pathlib.Path(__file__).resolve().parent.parent
CASES = sql_corpus.load()
GUIDE = sorted((ROOT / "examples/13f/queries").glob("*.sql"))


@pytest.fixture(scope="module")
def ask(binary, shoestring, example_db, moto, trino, seaweedfs):
    """ask(engine, sql): the answer as JSON, or "error: " and its text. The lake is in S3."""
    lake = BucketLake(seaweedfs.make_bucket())
    database = example_db.server.create_database("corpus", template=example_db.name)
    database.psql((sql_corpus.FOLDER / "tables.sql").read_text())
    migrate = ["migrate", "--source", database.url, *lake.flags]
    shoestring(*migrate, "--exclude", "events", env=lake.environment)
    shoestring(*migrate, "--table", "events", "--partition-by", "day:month",
               env=lake.environment)
    moto.declare("corpus", lake)
    environments = {"duckdb": lake.environment, "trino": trino.environment("corpus"),
                    "postgres": {"DATABASE_URL": database.url}}
    flags = {"duckdb": lake.flags}

    def run(engine, sql):
        done = subprocess.run(
            [binary, "query", "--engine", engine, *flags.get(engine, ()), "--format", "json",
             "--quiet", sql], capture_output=True, text=True, timeout=120, env=environments[engine])
        return done.stdout if done.returncode == 0 else f"error: {done.stderr}"

    yield run
    example_db.server.drop_database("corpus")


@pytest.fixture(scope="module")
def answers(ask):
    """What each engine says to each case."""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        futures = {(case.file, case.name, engine): pool.submit(ask, engine, case.sql)
                   for case in CASES for engine in case.engines}
        return {key: future.result() for key, future in futures.items()}


@pytest.mark.parametrize("case", [case for case in CASES if not case.differs],
                         ids=lambda case: f"{case.file}-{case.name}")
def test_one_answer(case, answers):
    given = {engine: answers[case.file, case.name, engine] for engine in case.engines}
    assert not any(answer.startswith("error") for answer in given.values()), given
    assert len(set(given.values())) == 1, given
    for engine, expected in case.answers.items():
        assert given[engine].strip() == expected


@pytest.mark.parametrize("case", [case for case in CASES if case.differs],
                         ids=lambda case: case.name)
def test_a_listed_difference(case, answers):
    assert case.reason and set(case.answers) == set(case.engines)
    for engine, expected in case.answers.items():
        given = answers[case.file, case.name, engine]
        if expected == "error":
            assert given.startswith("error"), engine
        else:
            assert given.strip() == expected, engine
    assert len({answers[case.file, case.name, engine] for engine in case.engines}) > 1


@pytest.mark.parametrize("path", GUIDE, ids=lambda path: path.stem)
def test_the_guides_queries(path, ask):
    sql = path.read_text().rstrip().rstrip(";")
    given = {engine: ask(engine, sql) for engine in sql_corpus.ENGINES}
    assert not any(answer.startswith("error") for answer in given.values()), given
    assert len(set(given.values())) == 1, given


def test_the_page_of_differences_is_of_the_corpus(capsys):
    assert sql_corpus.PAGE.read_text() == sql_corpus.page()
    differing = sum(case.differs for case in CASES)
    with capsys.disabled():
        print(f"\ncorpus: {len(CASES) - differing + len(GUIDE)} statements with one answer, "
              f"{differing} listed differences")
