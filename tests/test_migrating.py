"""docs/migrating.md, from its first line to its last, on local servers.

Each block of `sh` is run, all of a page in one bash; the block of `text` after it has lines
that must have been shown, where … stands for anything.
"""

import dataclasses
import os
import re
import signal
import subprocess

import pytest

from conftest import ROOT
from servers import DEBIAN_15, free_port

PAGE = ROOT / "docs/migrating.md"
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
DONE = "-- done --"


@dataclasses.dataclass
class Step:
    commands: str
    shown: list


def read_steps():
    steps = []
    for kind, text in BLOCK.findall(PAGE.read_text()):
        if kind == "sh":
            steps.append(Step(text, []))
        else:
            assert not steps[-1].shown, "two answers to the same commands"
            steps[-1].shown = text.splitlines()
    return steps


def pattern(line):
    """What a line of the page stands for: … is anything, spaces are any number of them."""
    parts = [r"\s+".join(map(re.escape, part.split())) for part in line.split("…")]
    return re.compile(r"^\s*" + r".*?".join(parts) + r"\s*$", re.MULTILINE)


class Shell:
    """A bash that a user types into, which ends at the first command that fails."""

    def __init__(self, folder, environment):
        self._process = subprocess.Popen(
            ["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.STDOUT, cwd=folder, env=environment, start_new_session=True)
        self.run("set -euo pipefail; trap 'kill $(jobs -p) || true' EXIT")

    def run(self, commands):
        self._process.stdin.write(f"{commands}\nprintf '\\n%s\\n' '{DONE}'\n")
        self._process.stdin.flush()
        said = []
        for line in self._process.stdout:
            if line.strip() == DONE:
                return "".join(said)
            said.append(line)
        raise AssertionError(f"failed: {commands}\n{''.join(said)}")

    def close(self):
        """Ends it, and the server that the page starts."""
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.communicate(timeout=60)


@pytest.fixture
def shell(binary, seaweedfs, tmp_path):
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "shoestring").symlink_to(binary)
    shell = Shell(tmp_path, {
        "PATH": f"{programs}:{DEBIAN_15}:/usr/bin:/bin", "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": seaweedfs.endpoint, "LANG": "C.UTF-8",
        "SHOESTRING_CACHE": "off", **seaweedfs.environment()})
    yield shell
    shell.close()


def test_the_page_from_its_first_line_to_its_last(shell, seaweedfs, example_copy):
    places = {"postgresql://user:password@host:5432/db": example_copy.url,
              "s3://BUCKET": seaweedfs.make_bucket().url,
              "127.0.0.1:8080": f"127.0.0.1:{free_port()}"}

    def here(text):
        for place, own in places.items():
            text = text.replace(place, own)
        return text

    steps = read_steps()
    assert len(steps) >= 13
    for step in steps:
        said = shell.run(here(step.commands))
        for line in step.shown:
            assert pattern(here(line)).search(said), f"no line {line!r} in:\n{said}"


def test_every_step_has_a_way_back():
    steps = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    assert [int(step.split(".")[0]) for step in steps] == list(range(1, len(steps) + 1))
    assert all("**Back:**" in step and "```sh\n" in step for step in steps
               if not step.startswith("9."))
