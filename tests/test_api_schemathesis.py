"""Requests that Schemathesis makes from the OpenAPI page: none is an error of the server's."""

import json
import subprocess
import sys

from api_server import ANON, ApiServer

TABLES = """
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE makers (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO makers VALUES (1, 'one'), (2, 'two');
CREATE TABLE things (id bigint PRIMARY KEY, maker int REFERENCES makers, word text, flag boolean,
  tags text[], doc jsonb, amount numeric(10, 2), at timestamptz, day date, raw bytea, ratio float8,
  code uuid, mood mood, span interval, period daterange);
INSERT INTO things SELECT i, 1 + i % 2, 'word ' || i, i % 2 = 0, ARRAY['a', i::text],
  jsonb_build_object('i', i), i, '2024-01-01'::timestamptz + i * interval '1 h', '2024-01-01',
  '\\x00ff', i / 3.0, gen_random_uuid(), 'good', '1 day', daterange('2024-01-01', '2024-02-01')
  FROM generate_series(1, 50) i;
"""


def test_no_request_from_the_page_fails_the_server(binary, pg15, make_database, shoestring,
                                                   tmp_path):
    database = make_database(pg15)
    database.psql(TABLES)
    shoestring("migrate", "--source", database.url, "--lake", tmp_path / "lake")
    with ApiServer(binary, tmp_path / "server", tmp_path / "lake") as server:
        page = server.ask("/", ANON)
        assert page.status == 200
        description = tmp_path / "openapi.json"
        description.write_text(json.dumps(page.json()))
        headers = [part for name, value in ANON.items() for part in ("-H", f"{name}: {value}")]
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "run", description, "--url", server.url,
             "--checks", "not_a_server_error", "--max-examples", "100", "--seed", "1",
             "--phases", "coverage,fuzzing", "--request-timeout", "60", "--no-color",
             "--suppress-health-check", "all", *headers],
            capture_output=True, text=True, timeout=1200, cwd=tmp_path)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        server.stop()
        lines = server.log()
    statuses = {line["status"] for line in lines}
    assert len(lines) > 300 and {200, 400} <= statuses
    assert not {status for status in statuses if status >= 500}
