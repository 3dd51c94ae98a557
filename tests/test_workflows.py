"""The workflows that users get with the repository run the commands that there are."""

import os
import re

import pytest
import yaml

from conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.name)
def steps(request):
    """Every step of every job."""
    jobs = yaml.safe_load(request.param.read_text())["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def test_scripts_that_are_run_are_there(steps):
    commands = [step["run"].split()[0] for step in steps if "run" in step]
    scripts = [command for command in commands if command.startswith("scripts/")]
    assert scripts and all(os.access(ROOT / script, os.X_OK) for script in scripts)


def test_actions_have_a_version(steps):
    actions = [step["uses"] for step in steps if "uses" in step]
    assert actions and all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", action) for action in actions)


def test_all_is_tested():
    text = "".join(path.read_text() for path in WORKFLOWS)
    assert "run: scripts/test\n" in text and "continue-on-error" not in text
