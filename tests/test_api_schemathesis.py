"""Requests that Schemathesis makes from the OpenAPI page: none is an error of the server's."""

import json
import subprocess
import sys

from api_server import ANON, ApiServer


def test_no_request_from_the_page_fails_the_server(binary, example_lake, tmp_path):
    with ApiServer(binary, tmp_path / "server", example_lake) as server:
        page = server.ask("/", ANON)
        assert page.status == 200
        description = tmp_path / "openapi.json"
        description.write_text(json.dumps(page.json()))
        headers = [part for name, value in ANON.items() for part in ("-H", f"{name}: {value}")]
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "run", description, "--url", server.url,
             "--checks", "not_a_server_error", "--max-examples", "30", "--seed", "1",
             "--phases", "examples,coverage,fuzzing", "--request-timeout", "30", "--no-color",
             *headers],
            capture_output=True, text=True, timeout=900, cwd=tmp_path)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        statuses = {line["status"] for line in server_log(server)}
    assert 200 in statuses and not {status for status in statuses if status >= 500}


def server_log(server):
    server.stop()
    return server.log()
