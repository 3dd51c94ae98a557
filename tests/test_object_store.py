"""The contract of an object store, as lake_test has it for a folder, on real servers."""

import os
import pathlib
import re
import subprocess


def test_the_contract_holds_in_a_bucket(bucket, binary):
    environment = bucket.server.environment() | {
        "SHOESTRING_TEST_LAKE": bucket.at("contract").url,
        "AWS_ENDPOINT_URL_S3": bucket.server.endpoint}
    done = subprocess.run(
        [pathlib.Path(binary).parent / "lake_test",
         "--gtest_filter=*ObjectStoreTest.*/Given"],
        env=os.environ | environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-4000:]
    assert int(re.search(r"PASSED  \] (\d+) tests", done.stdout)[1]) == 15
    assert bucket.uploads() == []
