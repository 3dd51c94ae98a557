"""The API's core without a server: requests in, answers out, on any engine."""

import json
import os
import subprocess
import urllib.parse

SAFE = "=&,.()*!:'\"<>{}[]|$@~/?;+-_^%"


class Answer:
    def __init__(self, line):
        self.status = line["status"]
        self.headers = {name.lower(): value for name, value in line["headers"]}
        self.body = line["body"]

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.headers.get('content-range')} {self.body}"


class RestClient:
    """A process that answers until it is closed; a context manager."""

    def __init__(self, program, engine, lake, queries=None, environment=None):
        self._process = subprocess.Popen(
            [program, engine, lake, *([queries] if queries else [])], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **(environment or {})})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait(60)

    def __call__(self, url, method="GET", headers=None, body="", access=None):
        path, _, query = url.partition("?")
        line = {"method": method, "path": urllib.parse.quote(path, safe="/%;"),
                "query": urllib.parse.quote(query, safe=SAFE), "body": body,
                "headers": {name.lower(): value for name, value in (headers or {}).items()}}
        if access is not None:
            line["access"] = access
        try:
            self._process.stdin.write(json.dumps(line) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise AssertionError(f"no answer to {url}: {self._process.stderr.read()}")
        return Answer(json.loads(answer))
