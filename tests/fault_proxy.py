"""An HTTP proxy before an S3 server that counts requests, adds latency, and answers some of
them as a server or a network on a bad day does.

It runs in a thread of its own; requests are forwarded byte for byte, so their signatures
stay good.
"""

import asyncio
import collections
import contextlib
import dataclasses
import random
import socket
import struct
import threading
import urllib.parse

CHUNK = 1 << 18
FAULTS = ("503", "500", "reset", "lost", "cut", "silence")


@dataclasses.dataclass
class Request:
    """The head of a request."""

    method: str
    path: str       # without the query, percent-encoded
    query: dict     # of parameters, each once
    headers: dict   # names in lower case
    raw: bytes      # the head as it came

    @property
    def kind(self):
        """The operation of S3's that it asks for."""
        key = self.path.strip("/").partition("/")[2]
        for parameter, kinds in _BY_PARAMETER.items():
            if parameter in self.query and self.method in kinds:
                return kinds[self.method]
        if not self.path.strip("/"):
            return "ListBuckets"
        if not key:
            return {"GET": "ListObjects", "HEAD": "HeadBucket", "PUT": "CreateBucket",
                    "DELETE": "DeleteBucket"}.get(self.method, self.method)
        if self.method == "PUT" and "x-amz-copy-source" in self.headers:
            return "CopyObject"
        return {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject",
                "DELETE": "DeleteObject"}.get(self.method, self.method)


_BY_PARAMETER = {
    "partNumber": {"PUT": "UploadPart"},
    "uploadId": {"POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload",
                 "GET": "ListParts"},
    "uploads": {"POST": "CreateMultipartUpload", "GET": "ListMultipartUploads"},
    "delete": {"POST": "DeleteObjects"},
}


@dataclasses.dataclass
class Answer:
    """What the proxy says in the server's place; an Answer is a fault, too."""

    status: int
    code: str
    message: str = "As the test wants it"

    def head_and_body(self):
        body = (f"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{self.code}</Code>"
                f"<Message>{self.message}</Message><RequestId>test</RequestId></Error>")
        return (f"HTTP/1.1 {self.status} {self.code}\r\nContent-Type: application/xml\r\n"
                f"Content-Length: {len(body)}\r\nx-amz-request-id: test\r\n\r\n").encode(), \
            body.encode()


ANSWERS = {"503": Answer(503, "SlowDown", "Please reduce your request rate."),
           "500": Answer(500, "InternalError", "We encountered an internal error.")}


class FaultProxy:
    """A context manager; `port` is where to connect.

    latency: seconds added before each request goes on.
    faults: {fault: probability} for each request, drawn from `seed`. Faults:
      "503", "500"  that answer, and the server is not asked;
      "reset"       the connection is reset, and the server is not asked;
      "lost"        the server does what it is asked, then the connection is reset;
      "cut"         half of the answer, then the end of the connection;
      "silence"     nothing for `silence` seconds, then all goes on.
    judge: judge(request) → one of these, an Answer, or None; asked before chance is.
    requests, injected: what went through, by kind, and what was done to it.
    """

    def __init__(self, upstream_port, *, latency=0.0, faults=None, silence=5.0, seed=1,
                 judge=None):
        self.latency = latency
        self.faults = faults or {}
        self.silence = silence
        self.judge = judge
        self.requests = collections.Counter()
        self.injected = collections.Counter()
        self.bytes_read = 0
        self._upstream_port = upstream_port
        self._random = random.Random(seed)

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_):
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def reset_counts(self):
        self.requests.clear()
        self.injected.clear()
        self.bytes_read = 0

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _stop(self):
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader, writer):
        """One connection of a client's, with one of our own to the server."""
        upstream = None
        try:
            _no_delay(writer)
            while request := await _read_request(reader):
                upstream = upstream or await self._connect()
                if not await self._pass(request, reader, writer, *upstream):
                    break
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # either side has left
        finally:
            for end in (writer, upstream[1] if upstream else None):
                if end:
                    with contextlib.suppress(OSError):
                        end.close()

    async def _connect(self):
        upstream = await asyncio.open_connection("127.0.0.1", self._upstream_port,
                                                 limit=CHUNK)
        _no_delay(upstream[1])
        return upstream

    def _fault_for(self, request):
        fault = self.judge(request) if self.judge else None
        if fault is None and self.faults:
            fault = self._random.choices(
                [*self.faults, None],
                [*self.faults.values(), 1 - sum(self.faults.values())])[0]
        if fault is not None:
            self.injected[fault if isinstance(fault, str) else fault.code] += 1
        return fault

    async def _pass(self, request, reader, writer, server_reader, server_writer):
        """One request and its answer; False when the connection has had its day."""
        self.requests[request.kind] += 1
        fault = self._fault_for(request)
        if self.latency:
            await asyncio.sleep(self.latency)
        if fault == "silence":
            await asyncio.sleep(self.silence)
        if fault == "reset":
            _reset(writer)
            return False
        answer = ANSWERS.get(fault, fault) if isinstance(fault, str) else fault
        if isinstance(answer, Answer):
            await self._answer(answer, request, reader, writer)
            return True
        if request.headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        server_writer.write(_without_expect(request.raw))
        await _copy_body(request.headers, reader, server_writer)
        return await self._pass_back(request, fault, server_reader, writer)

    async def _answer(self, answer, request, reader, writer):
        if request.headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await _copy_body(request.headers, reader, None)
        head, body = answer.head_and_body()
        writer.write(head + (body if request.method != "HEAD" else b""))
        await writer.drain()

    async def _pass_back(self, request, fault, server_reader, writer):
        head, status, headers = await _read_answer(server_reader)
        empty = request.method == "HEAD" or status in (204, 304)
        if fault == "lost":
            await _copy_body({} if empty else headers, server_reader, None)
            _reset(writer)
            return False
        if fault == "cut":
            await self._cut(head, {} if empty else headers, server_reader, writer)
            return False
        writer.write(head)
        if not empty:
            self.bytes_read += await _copy_body(headers, server_reader, writer)
        await writer.drain()
        return headers.get("connection", "").lower() != "close"

    async def _cut(self, head, headers, server_reader, writer):
        length = int(headers.get("content-length", 0))
        if length < 2:
            writer.write(head[:len(head) // 2])
        else:
            writer.write(head)
            await _copy(length // 2, server_reader, writer)
        await writer.drain()


async def _read_head(reader):
    """The lines up to an empty one, as bytes; b"" when the other side has ended."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return b""


def _headers(lines):
    pairs = (line.partition(":") for line in lines if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _read_request(reader):
    raw = await _read_head(reader)
    if not raw:
        return None
    first, *lines = raw.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    path, _, query = target.partition("?")
    return Request(method, path, dict(urllib.parse.parse_qsl(query, keep_blank_values=True)),
                   _headers(lines), raw)


async def _read_answer(reader):
    """The head of the final answer: (bytes, status, headers)."""
    while True:
        raw = await _read_head(reader)
        if not raw:
            raise EOFError
        first, *lines = raw.decode("latin-1").split("\r\n")
        status = int(first.split(" ")[1])
        if status >= 200:
            return raw, status, _headers(lines)


def _without_expect(head):
    """We have said `100 Continue` ourselves."""
    lines = head.split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.lower().startswith(b"expect:"))


async def _copy_body(headers, reader, writer):
    """Passes a body on, or drops it if there is no writer; returns its bytes."""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _copy_chunks(reader, writer)
    return await _copy(int(headers.get("content-length", 0)), reader, writer)


async def _copy_chunks(reader, writer):
    total = 0
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        if writer:
            writer.write(line)
        total += await _copy(size + 2 if size else 0, reader, writer)
        if not size:
            break
    while True:  # trailers, up to an empty line
        line = await reader.readuntil(b"\r\n")
        if writer:
            writer.write(line)
        if line == b"\r\n":
            return total


async def _copy(length, reader, writer):
    left = length
    while left:
        data = await reader.read(min(left, CHUNK))
        if not data:
            raise EOFError
        left -= len(data)
        if writer:
            writer.write(data)
            await writer.drain()
    return length


def _no_delay(writer):
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _reset(writer):
    """Ends a connection as a crash does: the other side sees `connection reset`."""
    writer.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
