#!/usr/bin/env python3
"""How soon the Lambda function asks for its first event, and answers it: lambda.zip, freshly
unpacked, over the example in a local S3 server.

    bench_lambda.py --binary build/release/shoestring --source URL

It packages the binary, migrates the source's tables into a bucket of VersityGW, and starts
the function as Lambda does, in turns on all cores, on one, and on a third of one.
README.md explains the last line.
"""

import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
import tomllib

from benchmark import Failure, Measured, main, options, say

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
QUESTION = ("/rest/v1/fund_holdings?fund_name=eq.Scion%20Asset%20Management&limit=20"
            "&filing_date=gte.2024-05-01&filing_date=lt.2024-06-01&order=market_value.desc,id")
# Cores, and the function's memory that has as many.
SIZES = {1 / 3: 512, 1: 1769, 2: 3538}
PERIOD_S = 0.02  # over which a share of a core is kept, as on Lambda


def size_mb(path):
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


class Share:
    """Lets a process run for a share of the time, on one core; as a context manager."""

    def __init__(self, process, share):
        self._process, self._share = process, share
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._throttle)

    def __enter__(self):
        if self._share < 1:
            self._thread.start()

    def __exit__(self, *_):
        self._end.set()
        if self._share < 1:
            self._thread.join()
            self._process.send_signal(signal.SIGCONT)

    def _throttle(self):
        while not self._end.is_set():
            time.sleep(PERIOD_S * self._share)
            self._process.send_signal(signal.SIGSTOP)
            self._end.wait(PERIOD_S * (1 - self._share))
            self._process.send_signal(signal.SIGCONT)


def measure(root, cores, environment, folder):
    """Milliseconds to the first `next`, from there to the first answer, and of a later one."""
    from lambda_server import Function

    pin = ["taskset", "--cpu-list", "0"] if cores <= 1 else []
    function = Function([*pin, root / "bootstrap"], folder, environment)
    with function, Share(function.process, cores):
        init = function.wait_until_asked()
        times = []
        for _ in range(4):
            begun = time.monotonic()
            answer = function.ask(QUESTION)
            times.append(time.monotonic() - begun)
            if answer.status != 200 or not answer.json():
                raise Failure(f"not the answer: {answer.text[:200]}")
        return [1000 * part for part in (init, times[0], statistics.median(times[1:]))]


def unpack(zipped, folder):
    root = folder / "task"
    shutil.rmtree(root, ignore_errors=True)
    subprocess.run(["unzip", "-q", zipped, "-d", root], check=True)
    return root


def dollars(milliseconds, memory_mb, prices):
    """Of a million requests that take as long."""
    gigabyte_seconds = milliseconds / 1000 * memory_mb / 1024
    return prices["requests_per_million"] + 1e6 * gigabyte_seconds * prices["gb_second"]


def bench(arguments, folder):
    from s3_servers import VersityGW

    with (ROOT / "prices/aws-us-east-1.toml").open("rb") as file:
        prices = tomllib.load(file)["lambda"]
    zipped = arguments.zip or folder / "lambda.zip"
    if not arguments.zip:
        subprocess.run([ROOT / "scripts/package", "--built", "--out", folder, "lambda"],
                       check=True, stdout=subprocess.DEVNULL)
    with VersityGW() as server:
        environment = server.environment() | {"AWS_ENDPOINT_URL": server.endpoint}
        bucket = server.make_bucket()
        os.environ.update(environment)
        Measured([arguments.binary, "migrate", "--source", arguments.source,
                  "--lake", bucket.url])
        environment |= {"SHOESTRING_LAKE": bucket.url, "SHOESTRING_SERVE_ANONYMOUS": "true"}
        runs = {cores: [] for cores in SIZES}
        for _ in range(arguments.runs):
            for cores in SIZES:
                root = unpack(zipped, folder)
                memory = {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(SIZES[cores])}
                runs[cores].append(measure(root, cores, environment | memory,
                                           folder / "function"))
        medians = {cores: [statistics.median(part) for part in zip(*measured)]
                   for cores, measured in runs.items()}
    say("memory   cores  init ms  first ms  later ms   $ a million: cold    warm")
    for cores, (init, first, later) in medians.items():
        memory = SIZES[cores]
        say(f"{memory:4d} MB  {cores:6.2f} {init:8.0f} {first:9.0f} {later:9.1f}"
            f" {dollars(init + first, memory, prices):18.2f}"
            f" {dollars(later, memory, prices):7.2f}")
    init, first, _ = medians[2]
    say(f"init_ms={init:.0f} first_answer_ms={init + first:.0f} "
        f"init_ms_third={medians[1 / 3][0]:.0f} "
        f"package_mb={size_mb(folder / 'task'):.0f} zip_mb={size_mb(zipped):.0f}")


if __name__ == "__main__":
    parser = options(__doc__, table=False, runs=5)
    parser.add_argument("--zip", type=pathlib.Path,
                        help="a lambda.zip that is there; without it, one is made")
    main(bench, parser)
