# Every validation refuses what it must; `expect_failures` fails where it does not.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  bucket_name = "example-lake"
}

run "an_upper_case_bucket" {
  command = plan
  variables {
    bucket_name = "Lake"
  }
  expect_failures = [var.bucket_name]
}

run "a_bucket_with_dots" {
  command = plan
  variables {
    bucket_name = "lake.example.com"
  }
  expect_failures = [var.bucket_name]
}

run "a_bucket_that_ends_in_a_hyphen" {
  command = plan
  variables {
    bucket_name = "lake-"
  }
  expect_failures = [var.bucket_name]
}

run "a_bucket_too_long_for_its_results" {
  command = plan
  variables {
    bucket_name = "a23456789012345678901234567890123456789012345678901234567"
  }
  expect_failures = [var.bucket_name]
}

run "a_prefix_with_a_slash_before" {
  command = plan
  variables {
    lake_prefix = "/lake"
  }
  expect_failures = [var.lake_prefix]
}

run "a_prefix_with_a_slash_behind" {
  command = plan
  variables {
    lake_prefix = "lake/"
  }
  expect_failures = [var.lake_prefix]
}

run "a_name_with_a_space" {
  command = plan
  variables {
    name = "my lake"
  }
  expect_failures = [var.name]
}

run "a_database_with_a_hyphen" {
  command = plan
  variables {
    database = "my-lake"
  }
  expect_failures = [var.database]
}

run "a_database_that_begins_with_a_digit" {
  command = plan
  variables {
    database = "13f"
  }
  expect_failures = [var.database]
}

run "glacier" {
  command = plan
  variables {
    transitions = [{ days = 365, storage_class = "GLACIER" }]
  }
  expect_failures = [var.transitions]
}

run "deep_archive_after_another" {
  command = plan
  variables {
    transitions = [{ days = 90, storage_class = "STANDARD_IA" }, { days = 365, storage_class = "DEEP_ARCHIVE" }]
  }
  expect_failures = [var.transitions]
}

run "a_class_that_is_none" {
  command = plan
  variables {
    transitions = [{ days = 90, storage_class = "COLD" }]
  }
  expect_failures = [var.transitions]
}

run "infrequent_access_too_early" {
  command = plan
  variables {
    transitions = [{ days = 10, storage_class = "STANDARD_IA" }]
  }
  expect_failures = [var.transitions]
}

run "half_a_day" {
  command = plan
  variables {
    transitions = [{ days = 90.5, storage_class = "STANDARD_IA" }]
  }
  expect_failures = [var.transitions]
}

run "transitions_out_of_order" {
  command = plan
  variables {
    transitions = [{ days = 365, storage_class = "GLACIER_IR" }, { days = 90, storage_class = "STANDARD_IA" }]
  }
  expect_failures = [var.transitions]
}

run "no_day_for_old_versions" {
  command = plan
  variables {
    old_versions_days = 0
  }
  expect_failures = [var.old_versions_days]
}

run "old_versions_for_ever" {
  command = plan
  variables {
    old_versions_days = 100000
  }
  expect_failures = [var.old_versions_days]
}

run "no_day_for_uploads" {
  command = plan
  variables {
    unfinished_uploads_days = 0
  }
  expect_failures = [var.unfinished_uploads_days]
}

run "uploads_for_ever" {
  command = plan
  variables {
    unfinished_uploads_days = 365
  }
  expect_failures = [var.unfinished_uploads_days]
}

run "results_that_are_gone_at_once" {
  command = plan
  variables {
    results_days = 0
  }
  expect_failures = [var.results_days]
}

run "results_that_are_kept" {
  command = plan
  variables {
    results_days = 3650
  }
  expect_failures = [var.results_days]
}

run "a_limit_below_what_is_billed" {
  command = plan
  variables {
    scan_limit_bytes = 1048576
  }
  expect_failures = [var.scan_limit_bytes]
}

run "partitions_by_week" {
  command = plan
  variables {
    tables = { t = { columns = [{ name = "i", type = "bigint" }], partition_by = "week" } }
  }
  expect_failures = [var.tables]
}

run "years_without_an_end" {
  command = plan
  variables {
    tables = { t = { columns = [{ name = "i", type = "bigint" }], years = "2013," } }
  }
  expect_failures = [var.tables]
}

run "a_table_without_columns" {
  command = plan
  variables {
    tables = { t = { columns = [] } }
  }
  expect_failures = [var.tables]
}

run "everybody_may_migrate" {
  command = plan
  variables {
    trusted_arns = ["*"]
  }
  expect_failures = [var.trusted_arns]
}

run "a_budget_of_nothing" {
  command = plan
  variables {
    budget_usd = 0
  }
  expect_failures = [var.budget_usd]
}

run "an_alarm_that_always_goes_off" {
  command = plan
  variables {
    daily_scan_alarm_bytes = 0
  }
  expect_failures = [var.daily_scan_alarm_bytes]
}

run "no_mail_address" {
  command = plan
  variables {
    alert_emails = ["ada"]
  }
  expect_failures = [var.alert_emails]
}

run "tags_of_aws" {
  command = plan
  variables {
    tags = { "aws:owner" = "me" }
  }
  expect_failures = [var.tags]
}

run "an_engine_that_is_none" {
  command = plan
  variables {
    api = { package = "tests/package.zip", origin_secret = "0123456789abcdef0123456789abcdef", engine = "mysql" }
  }
  expect_failures = [var.api]
}

run "too_little_memory" {
  command = plan
  variables {
    api = { package = "tests/package.zip", origin_secret = "0123456789abcdef0123456789abcdef", memory_mb = 64 }
  }
  expect_failures = [var.api]
}

run "too_much_memory" {
  command = plan
  variables {
    api = { package = "tests/package.zip", origin_secret = "0123456789abcdef0123456789abcdef", memory_mb = 20000 }
  }
  expect_failures = [var.api]
}

run "longer_than_the_gateway_waits" {
  command = plan
  variables {
    api = { package = "tests/package.zip", origin_secret = "0123456789abcdef0123456789abcdef", timeout_s = 60 }
  }
  expect_failures = [var.api]
}

run "no_time_at_all" {
  command = plan
  variables {
    api = { package = "tests/package.zip", origin_secret = "0123456789abcdef0123456789abcdef", timeout_s = 0 }
  }
  expect_failures = [var.api]
}

run "no_concurrency" {
  command = plan
  variables {
    api = { package = "tests/package.zip", origin_secret = "0123456789abcdef0123456789abcdef", concurrency = 0 }
  }
  expect_failures = [var.api]
}

run "more_concurrency_than_there_is" {
  command = plan
  variables {
    api = { package = "tests/package.zip", origin_secret = "0123456789abcdef0123456789abcdef", concurrency = 5000 }
  }
  expect_failures = [var.api]
}

run "no_requests" {
  command = plan
  variables {
    api = { package = "tests/package.zip", origin_secret = "0123456789abcdef0123456789abcdef", rate = 0 }
  }
  expect_failures = [var.api]
}

run "no_burst" {
  command = plan
  variables {
    api = { package = "tests/package.zip", origin_secret = "0123456789abcdef0123456789abcdef", burst = 0 }
  }
  expect_failures = [var.api]
}

run "a_variable_of_lambdas" {
  command = plan
  variables {
    api = { package = "tests/package.zip", origin_secret = "0123456789abcdef0123456789abcdef", environment = { AWS_REGION = "eu-west-1" } }
  }
  expect_failures = [var.api]
}

run "a_variable_that_is_no_name" {
  command = plan
  variables {
    api = { package = "tests/package.zip", origin_secret = "0123456789abcdef0123456789abcdef", environment = { "a-b" = "c" } }
  }
  expect_failures = [var.api]
}

run "logs_for_ten_days" {
  command = plan
  variables {
    api = { package = "tests/package.zip", origin_secret = "0123456789abcdef0123456789abcdef", log_days = 10 }
  }
  expect_failures = [var.api]
}

run "a_price_class_that_is_none" {
  command = plan
  variables {
    api = { package = "tests/package.zip", origin_secret = "0123456789abcdef0123456789abcdef", price_class = "Cheap" }
  }
  expect_failures = [var.api]
}

run "a_package_that_is_no_zip" {
  command = plan
  variables {
    api = { package = "lambda.tar.gz", origin_secret = "0123456789abcdef0123456789abcdef" }
  }
  expect_failures = [var.api]
}

run "a_secret_that_can_be_guessed" {
  command = plan
  variables {
    api = { package = "tests/package.zip", origin_secret = "secret" }
  }
  expect_failures = [var.api]
}
