#!/usr/bin/env python3
"""How much of a slow line to the source is used: the same migration through a proxy with
latency and a limited rate.

    bench_line.py --binary build/release/shoestring --source URL --table T

The last line: line_used is the time that the bytes of the COPY alone take on the line ÷
the wall time of migrate without its proof, which reads nothing from the source.
"""

import json
import shutil
from urllib.parse import urlsplit

from benchmark import MB, Measured, main, options, say
from slow_line import SlowLine


def through(url, port):
    """The URL by way of a port of this machine."""
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    netloc = f"{user}@127.0.0.1:{port}" if user else f"127.0.0.1:{port}"
    return parts._replace(netloc=netloc).geturl()


def bench(arguments, folder):
    parts = urlsplit(arguments.source)
    rate = arguments.megabytes * MB
    with SlowLine(parts.hostname, parts.port, arguments.latency / 1000, rate) as line:
        run = Measured([
            arguments.binary, "migrate", "--source",
            through(arguments.source, line.port), "--lake", str(folder / "lake"),
            "--table", arguments.table, "--limit" if arguments.limit else "--json",
            *([str(arguments.limit), "--json"] if arguments.limit else [])])
    report = json.loads(run.stdout)
    seconds = (report["wall_ms"] - report["verify_ms"]) / 1000
    least = report["copy_bytes"] / rate
    say(f"line      {arguments.latency} ms, {arguments.megabytes} MB/s: "
        f"{report['copy_bytes'] / MB:.0f} MB take {least:.2f} s")
    say(f"migrate   {seconds:.2f} s; of its workers' time {report['timings']}")
    if report["advice"]:
        say(f"advice    {report['advice']}")
    say(f"line_used={least / seconds:.2f}")
    shutil.rmtree(folder / "lake")


if __name__ == "__main__":
    parser = options(__doc__)
    parser.add_argument("--latency", type=float, default=20, help="ms (20)")
    parser.add_argument("--megabytes", type=float, default=20, help="a second (20)")
    parser.add_argument("--limit", type=int, help="rows; one connection then")
    main(bench, parser)
