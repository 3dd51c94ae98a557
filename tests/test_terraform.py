"""infra/terraform: what it refuses and plans, by `terraform test` with a mocked provider."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import ROOT

MODULE = ROOT / "infra/terraform"
# Where a machine may keep Terraform's providers, in the layout of Terraform's mirrors.
MIRRORS = ("/opt", "/usr/share/terraform", "/usr/local/share/terraform", "~/.terraform.d")


def mirror():
    """A folder that has the AWS provider; None: Terraform fetches it."""
    for base in MIRRORS:
        for found in pathlib.Path(base).expanduser().glob("*/*/hashicorp/aws"):
            return found.parents[2]
    return None


@pytest.fixture(scope="module")
def terraform(tmp_path_factory):
    """terraform(folder, *arguments): runs it there; gives its output."""
    program = shutil.which("terraform") or shutil.which("tofu")
    if program is None:
        pytest.skip("Terraform is not installed: infra/terraform was not tested")
    data = tmp_path_factory.mktemp("terraform")
    environment = {**os.environ, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    if not os.path.exists(environment.get("TF_CLI_CONFIG_FILE", "")):
        environment.pop("TF_CLI_CONFIG_FILE", None)

    def run(folder, *arguments, code=0):
        own = {**environment, "TF_DATA_DIR": str(data / pathlib.Path(folder).name)}
        done = subprocess.run([program, f"-chdir={folder}", *map(str, arguments)],
                              capture_output=True, text=True, env=own, timeout=900)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def initialize(terraform, tmp_path_factory):
    """initialize(folder): a copy of a root that stands where the module is beside it."""
    copy = tmp_path_factory.mktemp("checkout") / "terraform"
    shutil.copytree(MODULE, copy, ignore=shutil.ignore_patterns(".terraform*"))
    folder = mirror()

    def run(relative=""):
        root = copy / relative
        terraform(root, "init", "-backend=false", "-input=false",
                  *([f"-plugin-dir={folder}"] if folder else []))
        return root

    return run


def test_it_is_formatted(terraform):
    terraform(MODULE, "fmt", "-check", "-recursive", "-diff")


@pytest.mark.parametrize("root", ["", "examples/complete"])
def test_it_is_valid(terraform, initialize, root):
    answer = json.loads(terraform(initialize(root), "validate", "-json"))
    assert answer["valid"] and answer["diagnostics"] == []


def test_what_it_plans_and_what_it_refuses(terraform, initialize):
    text = "".join(path.read_text() for path in MODULE.glob("tests/*.tftest.hcl"))
    assert len(re.findall(r"^ *(assert \{|expect_failures)", text, flags=re.M)) >= 40
    out = terraform(initialize(), "test", "-no-color")
    passed, failed = re.search(r"(\d+) passed, (\d+) failed\.", out).groups()
    assert int(passed) == len(re.findall(r"^run ", text, flags=re.M)) and failed == "0"


def test_every_validation_is_tried():
    """A condition in variables.tf without a run that it refuses would never be missed."""
    variables = re.split(r"^variable ", (MODULE / "variables.tf").read_text(), flags=re.M)[1:]
    refused = (MODULE / "tests/refused.tftest.hcl").read_text()
    for variable in variables:
        name = variable.split('"')[1]
        tried = refused.count(f"expect_failures = [var.{name}]")
        assert tried >= variable.count("validation {"), name
