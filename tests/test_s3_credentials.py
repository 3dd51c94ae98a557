"""Where credentials come from: each link of AWS' chain, before moto, which checks signatures,
keys and session tokens here, and is the STS, too. What gives credentials to a container or
an instance is played; they are temporary ones of moto's."""

import datetime
import http.server
import json
import threading
import urllib.request

import boto3
import pytest

from fault_proxy import FaultProxy
from s3_servers import REGION
from trino_server import Moto

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/lake"
HELD_TOKEN = "a-token-that-only-the-machine-has"
ALLOW = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "*", "Resource": "*"}]})
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]})


class Aws(Moto):
    """Moto with a user, roles and a lake in a bucket; from then on it checks who asks."""

    def fill(self, lake):
        open_to_all = self._clients("test", "test")
        iam = open_to_all("iam")
        iam.create_user(UserName="someone")
        iam.put_user_policy(UserName="someone", PolicyName="all", PolicyDocument=ALLOW)
        key = iam.create_access_key(UserName="someone")["AccessKey"]
        self.access_key, self.secret_key = key["AccessKeyId"], key["SecretAccessKey"]
        for role in ("lake", "lake-middle"):
            iam.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)
            iam.put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=ALLOW)
        s3 = open_to_all("s3")
        s3.create_bucket(Bucket="lake")
        for path in lake.rglob("*"):
            if path.is_file():
                s3.put_object(Bucket="lake", Key=str(path.relative_to(lake)),
                              Body=path.read_bytes())
        self.trust_first(0)

    def trust_first(self, requests):
        """So many are not checked, from now on."""
        urllib.request.urlopen(urllib.request.Request(
            f"{self.endpoint}/moto-api/reset-auth", str(requests).encode(),
            {"Content-Type": "text/plain"})).close()

    def temporary(self):
        """Credentials of the role, as a container or an instance hands them out."""
        given = self._clients(self.access_key, self.secret_key)("sts").assume_role(
            RoleArn=ROLE, RoleSessionName="machine")["Credentials"]
        return {"AccessKeyId": given["AccessKeyId"], "Token": given["SessionToken"],
                "SecretAccessKey": given["SecretAccessKey"]}

    def _clients(self, access_key, secret_key):
        return lambda service: boto3.client(
            service, endpoint_url=self.endpoint, region_name=REGION,
            aws_access_key_id=access_key, aws_secret_access_key=secret_key)


class Services(http.server.BaseHTTPRequestHandler):
    """A container's credentials and an instance's metadata, as AWS documents them."""

    def log_message(self, *_):
        pass

    def do_PUT(self):
        self._note()
        if self.headers["x-aws-ec2-metadata-token-ttl-seconds"]:
            return self._answer(200, HELD_TOKEN)
        return self._answer(400, "")

    def do_GET(self):
        self._note()
        if self.path == "/container":
            known = self.headers["authorization"] == HELD_TOKEN
            return self._answer(200 if known else 403, json.dumps(self.server.given()))
        if self.headers["x-aws-ec2-metadata-token"] != HELD_TOKEN:
            return self._answer(401, "")
        if self.path == "/latest/meta-data/iam/security-credentials/":
            return self._answer(200, "lake role")
        if self.path == "/latest/meta-data/iam/security-credentials/lake%20role":
            return self._answer(200, json.dumps({"Code": "Success", **self.server.given()}))
        return self._answer(404, "")

    def _note(self):
        self.server.asked.append((self.command, self.path))

    def _answer(self, status, body):
        self.send_response(status)
        self.send_header("content-length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())


@pytest.fixture(scope="module")
def aws(pg15, shoestring, tmp_path_factory):
    database = pg15.create_database("s3_credentials")
    database.psql("CREATE TABLE t AS SELECT 1 AS id")
    lake = tmp_path_factory.mktemp("credentials") / "lake"
    shoestring("migrate", "--source", database.url, "--lake", lake)
    pg15.drop_database("s3_credentials")
    with Aws() as moto:
        moto.fill(lake)
        yield moto


@pytest.fixture
def services(aws):
    """What gives credentials to a container or an instance."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Services)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.url = f"http://127.0.0.1:{server.server_port}"
    server.asked, server.lasts = [], datetime.timedelta(hours=1)
    temporary = aws.temporary()

    def given():
        ends = datetime.datetime.now(datetime.timezone.utc) + server.lasts
        return {**temporary, "Expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}

    server.given = given
    yield server
    server.shutdown()


@pytest.fixture
def ask(aws, services, shoestring, tmp_path):
    """ask({variable: value}, config=…, base=…, code=0): lists the lake's tables with these
    and no other credentials. Returns what was said, the session tokens that the requests to
    the bucket carried, and the requests to STS."""

    def run(variables, config="", base="", code=0):
        (tmp_path / "config").write_text(config)
        (tmp_path / "credentials").write_text(base)
        tokens, to_sts = set(), []

        with (FaultProxy(aws.port, judge=lambda request: tokens.add(
                request.headers.get("x-amz-security-token"))) as bucket,
              FaultProxy(aws.port, judge=to_sts.append) as sts):
            done = shoestring("tables", "--lake", "s3://lake", code=code, env={
                "AWS_REGION": REGION, "HOME": str(tmp_path), "PATH": "/usr/bin:/bin",
                "AWS_CONFIG_FILE": str(tmp_path / "config"),
                "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
                "AWS_ENDPOINT_URL_S3": bucket.endpoint, "AWS_ENDPOINT_URL_STS": sts.endpoint,
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": services.url, **variables})
        said = done.stdout + done.stderr
        given = services.given()
        for secret in {aws.secret_key, HELD_TOKEN, given["Token"], given["SecretAccessKey"],
                       *tokens} - {None}:
            assert secret not in said
        return done.stderr, tokens, to_sts

    return run


@pytest.fixture
def base(aws):
    """A profile with the user's keys."""
    return (f"[base]\naws_access_key_id = {aws.access_key}\n"
            f"aws_secret_access_key = {aws.secret_key}\n")


def temporary(tokens):
    return len(tokens) == 1 and tokens != {None}


# --- keys

def test_the_keys_of_a_profile(ask, base, services):
    _, tokens, to_sts = ask({"AWS_PROFILE": "base"}, base=base)
    assert tokens == {None} and to_sts == [] and services.asked == []


def test_the_environment_comes_before_the_profile(ask, aws):
    ask({"AWS_ACCESS_KEY_ID": aws.access_key, "AWS_SECRET_ACCESS_KEY": aws.secret_key},
        base="[default]\naws_access_key_id = A\naws_secret_access_key = B\n")


def test_a_session_token_of_the_environment(ask, services):
    given = services.given()
    _, tokens, _ = ask({"AWS_ACCESS_KEY_ID": given["AccessKeyId"],
                        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
                        "AWS_SESSION_TOKEN": given["Token"]})
    assert tokens == {given["Token"]}


def test_a_session_token_of_other_keys_is_refused(ask, services):
    given = services.given()
    said, *_ = ask({"AWS_ACCESS_KEY_ID": given["AccessKeyId"],
                    "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
                    "AWS_SESSION_TOKEN": "not/this/one"}, code=5)
    assert "AWS_SESSION_TOKEN" in said


def test_a_credential_process(ask, services, tmp_path):
    given = {"Version": 1, **services.given()}
    given["SessionToken"] = given.pop("Token")
    (tmp_path / "given.json").write_text(json.dumps(given))
    config = f"[default]\ncredential_process = cat {tmp_path}/given.json\n"
    assert ask({}, config)[1] == {given["SessionToken"]}


def test_a_credential_process_that_fails(ask):
    said, *_ = ask({}, "[default]\ncredential_process = false\n", code=5)
    assert "credential_process" in said and "by hand" in said


# --- roles

def test_a_role_by_way_of_another_profile(ask, base):
    config = (f"[profile lake]\nrole_arn = {ROLE}\nsource_profile = base\n"
              "external_id = ours\nduration_seconds = 900\nrole_session_name = tester\n")
    _, tokens, to_sts = ask({"AWS_PROFILE": "lake"}, config, base)
    assert temporary(tokens) and len(to_sts) == 1


@pytest.mark.parametrize("place", ["EcsContainer", "Ec2InstanceMetadata"])
def test_a_role_by_way_of_the_place(ask, services, place):
    variables = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{services.url}/container",
                 "AWS_CONTAINER_AUTHORIZATION_TOKEN": HELD_TOKEN}
    config = f"[default]\nrole_arn = {ROLE}\ncredential_source = {place}\n"
    _, tokens, to_sts = ask(variables if place == "EcsContainer" else {}, config)
    assert temporary(tokens) and tokens != {services.given()["Token"]}
    assert to_sts[0].headers["x-amz-security-token"] == services.given()["Token"]


def test_a_role_with_nothing_to_assume_it_by(ask):
    said, *_ = ask({}, f"[default]\nrole_arn = {ROLE}\ncredential_source = Environment\n",
                   code=5)
    assert "credential_source" in said


def test_a_chain_of_roles(ask, base):
    config = (f"[profile lake]\nrole_arn = {ROLE}\nsource_profile = middle\n"
              f"[profile middle]\nrole_arn = {ROLE}-middle\nsource_profile = base\n")
    _, tokens, to_sts = ask({"AWS_PROFILE": "lake"}, config, base)
    assert temporary(tokens) and len(to_sts) == 2
    assert "x-amz-security-token" not in to_sts[0].headers
    assert "x-amz-security-token" in to_sts[1].headers


def test_profiles_that_name_each_other(ask):
    config = (f"[profile a]\nrole_arn = {ROLE}\nsource_profile = b\n"
              f"[profile b]\nrole_arn = {ROLE}\nsource_profile = a\n")
    assert "name each other" in ask({"AWS_PROFILE": "a"}, config, code=2)[0]


def test_a_role_that_is_refused(ask, base):
    """The keys are not this user's any more."""
    config = f"[profile lake]\nrole_arn = {ROLE}\nsource_profile = base\n"
    wrong = base.replace("= AKIA", "= AKIX")
    said, *_ = ask({"AWS_PROFILE": "lake"}, config, wrong, code=5)
    assert "trust policy" in said and "InvalidClientTokenId" in said and ROLE in said


def test_sts_that_does_not_answer(ask, base):
    config = f"[profile lake]\nrole_arn = {ROLE}\nsource_profile = base\n"
    said, *_ = ask({"AWS_PROFILE": "lake", "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"},
                   config, base, code=6)
    assert "STS" in said


@pytest.mark.parametrize("by", ["environment", "profile"])
def test_a_web_identity(ask, aws, tmp_path, by):
    aws.trust_first(1)  # moto knows no request to STS without a signature
    (tmp_path / "identity").write_text("header.claims.signature")
    variables = {"AWS_ROLE_ARN": ROLE, "AWS_ROLE_SESSION_NAME": "pod",
                 "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "identity")}
    config = (f"[default]\nrole_arn = {ROLE}\n"
              f"web_identity_token_file = {tmp_path}/identity\n")
    _, tokens, to_sts = ask(*((variables,) if by == "environment" else ({}, config)))
    assert temporary(tokens)
    assert "authorization" not in to_sts[0].headers


def test_a_web_identity_whose_file_is_not_there(ask, tmp_path):
    said, *_ = ask({"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": f"{tmp_path}/none"},
                   code=5)
    assert f"{tmp_path}/none" in said


# --- what gives credentials to a machine

@pytest.mark.parametrize("by", ["variable", "file"])
def test_a_container(ask, services, tmp_path, by):
    (tmp_path / "token").write_text(HELD_TOKEN)
    token = ({"AWS_CONTAINER_AUTHORIZATION_TOKEN": HELD_TOKEN} if by == "variable" else
             {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "token")})
    _, tokens, _ = ask({"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{services.url}/container",
                        **token})
    assert tokens == {services.given()["Token"]}


def test_a_container_that_refuses(ask, services):
    said, *_ = ask({"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{services.url}/container"}, code=6)
    assert "container" in said and "403" in said


def test_a_token_is_not_sent_to_another_machine_in_the_clear(ask):
    said, *_ = ask({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/container",
                    "AWS_CONTAINER_AUTHORIZATION_TOKEN": HELD_TOKEN}, code=5)
    assert "https" in said


def test_an_instance(ask, services):
    assert ask({})[1] == {services.given()["Token"]}
    assert [command for command, _ in services.asked] == ["PUT", "GET", "GET"]


def test_an_instance_that_is_not_to_be_asked(ask, services):
    said, *_ = ask({"AWS_EC2_METADATA_DISABLED": "true"}, code=5)
    assert services.asked == [] and "AWS_ACCESS_KEY_ID" in said


# --- time

def test_what_ends_soon_is_fetched_anew(ask, services):
    services.lasts = datetime.timedelta(minutes=4)
    ask({})
    assert len([path for _, path in services.asked if "lake%20role" in path]) > 1


def test_the_old_ones_serve_while_they_hold(ask, services):
    """The service fails after its first answer, whose credentials have minutes left."""
    services.lasts = datetime.timedelta(minutes=4)
    first = services.given()
    answers = iter([first])
    services.given = lambda: next(answers, {"Code": "Failed", "Token": first["Token"],
                                            "SecretAccessKey": "-" * 40})
    assert ask({})[1] == {first["Token"]}
