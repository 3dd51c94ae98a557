"""infra/terraform: what it refuses and plans, by `terraform test`; and what it makes, by an
apply to moto in AWS' place, which is then looked at by AWS' own client."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tomllib

import boto3
import pytest

from conftest import ROOT
from trino_server import REGION

MODULE = ROOT / "infra/terraform"
# Where a machine may keep Terraform's providers, in the layout of Terraform's mirrors.
MIRRORS = ("/opt", "/usr/share/terraform", "/usr/local/share/terraform", "~/.terraform.d")
SERVICES = ("athena", "cloudwatch", "glue", "iam", "s3", "sns", "sts")
BUCKET = "example-lake"


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


# --- applied to moto


@pytest.fixture(scope="module")
def applied(terraform, initialize, moto, tmp_path_factory):
    """The outputs of an apply of the module, without its API, as moto has no policies of
    CloudFront; destroyed after the tests."""
    root = initialize().parent / "applied"
    root.mkdir()
    # moto runs no statement: the database that Athena would make is made here.
    client(moto, "glue").create_database(DatabaseInput={"Name": "shoestring"})
    endpoints = "\n".join(f'    {name} = "{moto.endpoint}"' for name in SERVICES)
    (root / "main.tf").write_text(f"""
provider "aws" {{
  region                      = "{REGION}"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  s3_use_path_style           = true
  endpoints {{
{endpoints}
  }}
}}
module "shoestring" {{
  source           = "../terraform"
  bucket_name      = "{BUCKET}"
  lake_prefix      = "company"
  force_destroy    = true
  budget_usd       = null # moto does not know who is told of budgets
  alert_emails     = ["ada@example.com"]
  trusted_arns     = ["arn:aws:iam::123456789012:user/ada"]
  tables = {{
    t = {{ columns = [{{ name = "i", type = "bigint" }}], years = "2013,2030" }}
  }}
  tags = {{ project = "shoestring" }} # moto knows no workgroup without
}}
output "all" {{
  value = module.shoestring
  sensitive = true
}}
""")
    initialize("../applied")
    terraform(root, "apply", "-auto-approve", "-no-color", "-input=false")
    yield json.loads(terraform(root, "output", "-json"))["all"]["value"]
    empty(client(moto, "s3"), BUCKET)
    terraform(root, "destroy", "-auto-approve", "-no-color", "-input=false")
    assert client(moto, "s3").list_buckets()["Buckets"] == []
    assert client(moto, "athena").list_work_groups()["WorkGroups"][0]["Name"] == "primary"


def empty(s3, bucket):
    """While it keeps versions: moto cannot delete the marks of what was deleted from a bucket
    that keeps them no more, and Terraform would ask it for an hour."""
    kept = s3.list_object_versions(Bucket=bucket)
    for each in kept.get("Versions", []) + kept.get("DeleteMarkers", []):
        s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])


def client(moto, service):
    return boto3.client(service, endpoint_url=moto.endpoint, region_name=REGION,
                        aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture
def aws(moto):
    """aws(service): AWS' own client."""
    return lambda service: client(moto, service)


def test_outputs_are_settings_of_shoestring(applied):
    settings = tomllib.loads(applied["shoestring_toml"])
    assert settings == {"lake": applied["lake"], "athena": applied["athena"]}
    assert applied["lake"] == f"s3://{BUCKET}/company"
    assert applied["athena"] == {
        "database": "shoestring", "workgroup": "shoestring", "region": REGION,
        "output": f"s3://{BUCKET}-results/athena/"}


def test_buckets_are_closed(applied, aws):
    s3 = aws("s3")
    for bucket in (BUCKET, f"{BUCKET}-results"):
        block = s3.get_public_access_block(Bucket=bucket)
        assert all(block["PublicAccessBlockConfiguration"].values())
        policy, = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
        assert (policy["Effect"], policy["Action"]) == ("Deny", "s3:*")
        assert policy["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
        assert rules["Rules"][0]["ApplyServerSideEncryptionByDefault"] == {
            "SSEAlgorithm": "AES256"}


def test_the_workgroup_is_the_one_that_queries_are_run_in(applied, aws):
    found = aws("athena").get_work_group(WorkGroup=applied["athena"]["workgroup"])
    settings = found["WorkGroup"]["Configuration"]
    assert settings["ResultConfiguration"]["OutputLocation"] == applied["athena"]["output"]
    assert settings["BytesScannedCutoffPerQuery"] == 10 << 30


def test_a_table_names_the_folders_of_the_lake(applied, aws):
    table = aws("glue").get_table(DatabaseName="shoestring", Name="t")["Table"]
    data = f"s3://{BUCKET}/company/data/t"
    assert table["StorageDescriptor"]["Location"] == f"{data}/"
    assert table["Parameters"]["storage.location.template"] == (
        data + "/year=${year}/month=${month}")


def allowed(aws, role):
    """{action: resources} of what a role may do; there is no statement but Allow."""
    iam, result = aws("iam"), {}
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        statements = policy["Statement"]
        for statement in [statements] if isinstance(statements, dict) else statements:
            assert statement["Effect"] == "Allow"
            actions, resources = (
                [value] if isinstance(value, str) else value
                for value in (statement["Action"], statement["Resource"]))
            for action in actions:
                result.setdefault(action, set()).update(resources)
    return result


LAKE = f"arn:aws:s3:::{BUCKET}/company"


@pytest.mark.parametrize("role, deletes", [
    ("migrate", {f"{LAKE}/runs/*"}),
    ("maintain", {f"{LAKE}/*"})])
def test_a_role_may_what_its_task_needs(applied, aws, role, deletes):
    rights = allowed(aws, f"shoestring-{role}")
    assert rights.get("s3:DeleteObject") == deletes
    results = f"arn:aws:s3:::{BUCKET}-results/athena/*"
    assert rights["s3:GetObject"] == {f"{LAKE}/*", results}
    assert rights["s3:PutObject"] == {f"{LAKE}/*", results}
    assert not any("*" in action or action.startswith("iam:") for action in rights)
    assert "s3:DeleteObjectVersion" not in rights and "s3:DeleteBucket" not in rights


def test_roles_are_taken_by_those_who_are_trusted(applied, aws):
    for role in ("migrate", "maintain"):
        policy = aws("iam").get_role(RoleName=f"shoestring-{role}")["Role"]
        principal = policy["AssumeRolePolicyDocument"]["Statement"]["Principal"] if isinstance(
            policy["AssumeRolePolicyDocument"]["Statement"], dict) else (
            policy["AssumeRolePolicyDocument"]["Statement"][0]["Principal"])
        assert principal == {"AWS": "arn:aws:iam::123456789012:user/ada"}
        assert applied["roles"][role] == policy["Arn"]


def test_shoestring_works_with_what_was_made(applied, moto, pg15, make_database, shoestring,
                                             tmp_path):
    # moto keeps the policy that denies plain http, and speaks nothing else.
    client(moto, "s3").delete_bucket_policy(Bucket=BUCKET)
    database = make_database(pg15)
    database.psql("CREATE TABLE numbers AS SELECT i FROM generate_series(1, 90) i")
    (tmp_path / "shoestring.toml").write_text(applied["shoestring_toml"])
    environment = {"AWS_ENDPOINT_URL": moto.endpoint, "AWS_ACCESS_KEY_ID": "test",
                   "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION,
                   "DATABASE_URL": database.url}
    shoestring("migrate", "--lake", applied["lake"], env=environment, cwd=tmp_path)
    answer = shoestring("query", "--format", "csv", "SELECT count(*), sum(i) FROM numbers",
                        env=environment, cwd=tmp_path)
    assert answer.stdout.splitlines()[1] == "90,4095"
    shoestring("ddl", "--lake", applied["lake"], "--apply", env=environment, cwd=tmp_path)
    table = client(moto, "glue").get_table(DatabaseName="shoestring", Name="numbers")["Table"]
    assert table["Parameters"]["metadata_location"].startswith(f"{applied['lake']}/catalog/")
