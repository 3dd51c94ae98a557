"""A TCP proxy that is a slow line: so much latency, so many bytes a second in all."""

import asyncio
import threading
import time

PIECE = 64 << 10


class SlowLine:
    """Forwards connections to `host`, `port` from 127.0.0.1, `self.port`, while it is a
    context. What comes back from there is late by `latency` seconds and shares
    `bytes_per_second`; what goes there is only late."""

    def __init__(self, host, port, latency, bytes_per_second):
        self.target = (host, port)
        self.latency = latency
        self.rate = bytes_per_second
        self.free_at = 0.0  # when the line has sent all that was given to it

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self.run, args=(ready,), daemon=True).start()
        ready.wait()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)

    def run(self, ready):
        server = self.loop.run_until_complete(
            asyncio.start_server(self.serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()

    async def serve(self, reader, writer):
        there, back = await asyncio.open_connection(*self.target)
        await asyncio.gather(self.forward(reader, back, limited=False),
                             self.forward(there, writer, limited=True),
                             return_exceptions=True)

    def due(self, size, limited):
        """When a piece arrives that is sent now."""
        now = time.monotonic()
        if not limited:
            return now + self.latency
        self.free_at = max(self.free_at, now) + size / self.rate
        return self.free_at + self.latency

    async def forward(self, reader, writer, limited):
        # What the line holds: as much as is on its way at that latency, and some.
        queue = asyncio.Queue(maxsize=32)

        async def deliver():
            while (item := await queue.get()) is not None:
                due, piece = item
                await asyncio.sleep(max(0, due - time.monotonic()))
                writer.write(piece)
                await writer.drain()
            writer.close()

        delivery = asyncio.ensure_future(deliver())
        while piece := await reader.read(PIECE):
            due = self.due(len(piece), limited)
            await queue.put((due, piece))
            if limited:
                await asyncio.sleep(max(0, due - self.latency - time.monotonic()))
        await queue.put(None)
        await delivery
