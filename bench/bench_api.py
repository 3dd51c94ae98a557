#!/usr/bin/env python3
"""How fast the REST API answers from a lake, beside Postgres asked by libpq.

    bench_api.py --binary build/release/shoestring --source URL --table T

One run measures, in turn, after as many runs that only warm up:
  page   1000 rows of one fund, ordered by id: an HTTP request on a kept connection, and the
         same by PQexecParams with an index on fund_id; medians over funds;
  point  one row by its primary key, the same way;
  load   --clients at once, half pages and half points: the 99th percentile;
  memory resident memory of the server before and after --requests further ones.
Nothing keeps results: each request is a query. A wrong answer ends with status 1.
"""

import concurrent.futures
import ctypes
import ctypes.util
import json
import pathlib
import re
import socket
import statistics
import subprocess
import threading
import time

from benchmark import MB, Failure, Measured, Source, ask, main, options, say

KEY = "sb_publishable_benchmark"
PAGE = 1000


class Libpq:
    """One connection; values come as text, as an application asks for them."""

    def __init__(self, url):
        self.lib = ctypes.CDLL(ctypes.util.find_library("pq") or "libpq.so.5")
        for name in ("PQconnectdb", "PQexecParams"):
            getattr(self.lib, name).restype = ctypes.c_void_p
        self.connection = ctypes.c_void_p(self.lib.PQconnectdb(url.encode()))

    def rows(self, sql, *values):
        texts = (ctypes.c_char_p * len(values))(*(str(value).encode() for value in values))
        result = ctypes.c_void_p(self.lib.PQexecParams(
            self.connection, sql.encode(), len(values), None, texts, None, None, 0))
        count = self.lib.PQntuples(result)
        self.lib.PQclear(result)
        return count


class HttpClient:
    """One kept connection, as thin as Libpq: http.client takes three times as long."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.answer = self.socket.makefile("rb")

    def get(self, path):
        """The body; whatever is no 200 is a failure."""
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\napikey: {KEY}\r\n\r\n"
                            .encode())
        status, length = self._line(), None
        while line := self._line().rstrip():
            name, value = line.split(b":", 1)
            if name.lower() == b"content-length":
                length = int(value)
        body = b"".join(iter(self._chunk, b"")) if length is None else self.answer.read(length)
        if b" 200 " not in status:
            raise Failure(f"{status.decode().strip()}: {path}: {body[:300]}")
        return body

    def _line(self):
        line = self.answer.readline()
        if not line.endswith(b"\r\n"):
            raise Failure("the server ended the connection")
        return line

    def _chunk(self):
        piece = self.answer.read(int(self._line(), 16))
        self._line()
        return piece


class Server:
    def __init__(self, binary, lake, folder, *flags, config=""):
        (folder / "shoestring.toml").write_text(config)
        self.log = open(folder / "errors", "w+")
        self.process = subprocess.Popen(
            [binary, "serve", "--lake", str(lake), "--listen", "127.0.0.1:0", *flags],
            stdout=subprocess.DEVNULL, stderr=self.log, cwd=folder,
            env={"PATH": "/usr/bin:/bin", "SHOESTRING_SERVE_ANON_KEY": KEY})
        self.port = self._port()

    def _port(self):
        while self.process.poll() is None:
            self.log.seek(0)
            if found := re.search(r":(\d+)$", self.log.read(), re.MULTILINE):
                return int(found[1])
            time.sleep(0.05)
        raise Failure("the server did not start")

    def client(self):
        return HttpClient(self.port)

    def resident(self):
        pages = pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * 4096

    def stop(self):
        self.process.terminate()
        self.process.wait()


def get(client, path, rows):
    body = client.get(path)
    if not body.startswith(b"["):
        raise Failure(f"no rows: {path}: {body[:300]}")
    # Parsing would be measured with the rest otherwise.
    if rows == 1 and len(json.loads(body)) != 1:
        raise Failure(f"not one row: {path}")
    return body


def timed(call):
    begun = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - begun)


def beside(mine, theirs, keys, block=20):
    """Medians in ms of both, after a round that warms up. They take turns after so many
    questions: asked one by one, each would find the caches as the other has left them."""
    for key in keys:
        mine(key), theirs(key)
    ours, others = [], []
    for first in range(0, len(keys), block):
        for ask_one, times in ((mine, ours), (theirs, others)):
            times += [timed(lambda: ask_one(key)) for key in keys[first:first + block]]
    return statistics.median(ours), statistics.median(others)


def load(server, paths, clients, requests):
    """ms of each request, from so many clients at once."""
    own = threading.local()

    def one(index):
        if not hasattr(own, "client"):
            own.client = server.client()
        path, rows = paths[index % len(paths)]
        return timed(lambda: get(own.client, path, rows))

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        return sorted(pool.map(one, range(requests)))


def bench(arguments, folder):
    source = Source(arguments.source, arguments.table)
    name = source.name
    ask(source.url, f"CREATE INDEX IF NOT EXISTS {name}_fund ON {source.sql_name} (fund_id);"
                    f"ANALYZE {source.sql_name}")
    Measured([arguments.binary, "migrate", "--source", source.url, "--lake",
              str(folder / "lake"), "--table", source.table, "--sort-by", "fund_id"])
    funds = ask(source.url, f"SELECT fund_id FROM {source.sql_name} GROUP BY 1"
                            f" HAVING count(*) > {PAGE} ORDER BY md5(fund_id::text)"
                            f" LIMIT {arguments.runs}").split()
    ids = ask(source.url, f"SELECT id FROM {source.sql_name} ORDER BY md5(id::text)"
                          f" LIMIT {arguments.runs}").split()
    server, postgres = Server(arguments.binary, folder / "lake", folder), Libpq(source.url)
    try:
        measure(arguments, source, server, postgres, funds, ids)
    finally:
        server.stop()


def measure(arguments, source, server, postgres, funds, ids):
    client = server.client()
    page_path = lambda fund: f"/{source.lake_name}?fund_id=eq.{fund}&order=id&limit={PAGE}"
    point_path = lambda row: f"/{source.lake_name}?id=eq.{row}"
    [page, their_page] = beside(
        lambda fund: get(client, page_path(fund), PAGE),
        lambda fund: postgres.rows(f"SELECT * FROM {source.sql_name} WHERE fund_id = $1"
                                   f" ORDER BY id LIMIT {PAGE}", fund), funds)
    say(f"page      {page:.1f} ms, Postgres {their_page:.1f} ms")
    [point, their_point] = beside(
        lambda row: get(client, point_path(row), 1),
        lambda row: postgres.rows(f"SELECT * FROM {source.sql_name} WHERE id = $1", row), ids)
    say(f"point     {point:.1f} ms, Postgres {their_point:.2f} ms")
    paths = [pair for fund, row in zip(funds, ids)
             for pair in ((page_path(fund), PAGE), (point_path(row), 1))]
    times = load(server, paths, arguments.clients, arguments.burst)
    p99 = times[int(0.99 * (len(times) - 1))]
    say(f"load      {arguments.clients} clients, {len(times)} requests: median "
        f"{statistics.median(times):.1f} ms, p99 {p99:.1f} ms")
    before = server.resident()
    load(server, paths, arguments.clients, arguments.requests)
    say(f"memory    {before / MB:.0f} MB, after {arguments.requests} requests "
        f"{server.resident() / MB:.0f} MB")
    say(f"pg_page_ratio={page / their_page:.2f} point_ratio={point / their_point:.2f} "
        f"p99_ms={p99:.1f}")


if __name__ == "__main__":
    parser = options(__doc__)
    parser.add_argument("--runs", type=int, default=40, help="funds and rows (40)")
    parser.add_argument("--clients", type=int, default=16, help="at once (16)")
    parser.add_argument("--burst", type=int, default=2000, help="requests of the load (2000)")
    parser.add_argument("--requests", type=int, default=100_000, help="for memory (100000)")
    main(bench, parser)
