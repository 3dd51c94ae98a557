# Without an API: what stands, and what a careful person would look for.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-central-1:123456789012:topic" }
  }
}

variables {
  bucket_name = "example-lake"
}

run "storage" {
  assert {
    condition     = aws_s3_bucket.data_lake.bucket == "example-lake" && !aws_s3_bucket.data_lake.force_destroy
    error_message = "the lake's bucket must have its name, and not be destroyed with what it holds"
  }
  assert {
    condition     = aws_s3_bucket.results.bucket == "example-lake-results" && aws_s3_bucket.results.force_destroy
    error_message = "the results' bucket may go"
  }
  assert {
    condition     = keys(aws_s3_bucket_public_access_block.all) == ["lake", "results"]
    error_message = "both buckets need a public access block"
  }
  assert {
    condition = alltrue([for block in values(aws_s3_bucket_public_access_block.all) :
    block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets])
    error_message = "all that is public must be blocked"
  }
  assert {
    condition = alltrue([for controls in values(aws_s3_bucket_ownership_controls.all) :
    controls.rule[0].object_ownership == "BucketOwnerEnforced"])
    error_message = "ACLs must be off"
  }
  assert {
    condition = alltrue([for encryption in values(aws_s3_bucket_server_side_encryption_configuration.all) :
    one(one(encryption.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"])
    error_message = "both buckets must be encrypted, without a key that costs"
  }
  assert {
    condition     = keys(aws_s3_bucket_policy.tls_only) == ["lake", "results"]
    error_message = "both buckets must refuse plain http"
  }
  assert {
    condition     = aws_s3_bucket_versioning.data_lake.versioning_configuration[0].status == "Enabled"
    error_message = "the lake must keep old versions"
  }
}

run "lifecycle" {
  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.data_lake.rule : rule.id] == ["cheaper-classes", "hygiene"]
    error_message = "the lake has two rules"
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.data_lake.rule[0].filter[0].prefix == "data/"
    error_message = "only data files go to cheaper classes"
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.data_lake.transition_default_minimum_object_size == "all_storage_classes_128K"
    error_message = "objects of under 128 KB stay where they are"
  }
  assert {
    condition     = one(aws_s3_bucket_lifecycle_configuration.data_lake.rule[0].transition).storage_class == "INTELLIGENT_TIERING"
    error_message = "the cheapest for cold data is the default"
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.data_lake.rule[1].abort_incomplete_multipart_upload[0].days_after_initiation == 7
    error_message = "unfinished uploads must end"
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.data_lake.rule[1].noncurrent_version_expiration[0].noncurrent_days == 30
    error_message = "old versions must end"
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.results.rule[0].expiration[0].days == 7
    error_message = "results must end"
  }
}

run "two_transitions_below_a_prefix" {
  variables {
    lake_prefix = "company/lake"
    transitions = [{ days = 90, storage_class = "STANDARD_IA" }, { days = 365, storage_class = "GLACIER_IR" }]
  }
  assert {
    condition = toset([for t in aws_s3_bucket_lifecycle_configuration.data_lake.rule[0].transition :
    "${t.days} ${t.storage_class}"]) == toset(["90 STANDARD_IA", "365 GLACIER_IR"])
    error_message = "both transitions must be there"
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.data_lake.rule[0].filter[0].prefix == "company/lake/data/"
    error_message = "the rule must follow the lake"
  }
  assert {
    condition     = output.lake == "s3://example-lake/company/lake"
    error_message = "the lake's address must have its prefix"
  }
}

run "no_transition" {
  variables {
    transitions = []
  }
  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.data_lake.rule : rule.id] == ["hygiene"]
    error_message = "without transitions only hygiene is left"
  }
}

run "athena" {
  assert {
    condition     = aws_athena_database.main.name == "shoestring" && aws_athena_database.main.bucket == aws_s3_bucket.results.id
    error_message = "the database must have its name, and its answers their bucket"
  }
  assert {
    condition     = aws_athena_workgroup.main.configuration[0].enforce_workgroup_configuration
    error_message = "a client must not choose its own settings"
  }
  assert {
    condition     = aws_athena_workgroup.main.configuration[0].bytes_scanned_cutoff_per_query == 10737418240
    error_message = "a query must end at 10 GB"
  }
  assert {
    condition     = aws_athena_workgroup.main.configuration[0].engine_version[0].selected_engine_version == "Athena engine version 3"
    error_message = "engine 3 is what is tested"
  }
  assert {
    condition     = aws_athena_workgroup.main.configuration[0].result_configuration[0].expected_bucket_owner == "123456789012"
    error_message = "answers must not go to another account's bucket"
  }
  assert {
    condition = output.athena == {
      database  = "shoestring"
      workgroup = "shoestring"
      output    = "s3://example-lake-results/athena/"
      region    = "eu-central-1"
    }
    error_message = "outputs must be what [athena] takes"
  }
  assert {
    condition     = length(aws_glue_catalog_table.main) == 0
    error_message = "tables are declared by shoestring ddl, unless they are given"
  }
}

run "tables" {
  variables {
    tables = {
      holdings = { columns = [{ name = "id", type = "bigint" }, { name = "filed", type = "date" }], years = "2013,2030" }
      yearly   = { columns = [{ name = "id", type = "bigint" }], partition_by = "year" }
      small    = { columns = [{ name = "id", type = "bigint" }], partition_by = "none" }
    }
  }
  assert {
    condition     = [for key in aws_glue_catalog_table.main["holdings"].partition_keys : "${key.name} ${key.type}"] == ["year int", "month int"]
    error_message = "months are folders of years"
  }
  assert {
    condition     = endswith(aws_glue_catalog_table.main["holdings"].parameters["storage.location.template"], "/data/holdings/year=$${year}/month=$${month}")
    error_message = "the template must name the lake's folders"
  }
  assert {
    condition     = aws_glue_catalog_table.main["holdings"].parameters["projection.year.range"] == "2013,2030"
    error_message = "the years must be those given"
  }
  assert {
    condition     = [for key in aws_glue_catalog_table.main["yearly"].partition_keys : key.name] == ["year"]
    error_message = "a table by year has no months"
  }
  assert {
    condition     = !contains(keys(aws_glue_catalog_table.main["small"].parameters), "projection.enabled")
    error_message = "a table without partitions has nothing to project"
  }
  assert {
    condition     = aws_glue_catalog_table.main["small"].storage_descriptor[0].ser_de_info[0].serialization_library == "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    error_message = "the files are Parquet"
  }
}

run "money" {
  variables {
    alert_emails = ["ada@example.com"]
  }
  assert {
    condition     = aws_budgets_budget.main[0].limit_amount == "5" && aws_budgets_budget.main[0].time_unit == "MONTHLY"
    error_message = "the budget must be what was given, a month"
  }
  assert {
    condition     = toset([for n in aws_budgets_budget.main[0].notification : "${n.notification_type} ${n.threshold}"]) == toset(["FORECASTED 80", "ACTUAL 100"])
    error_message = "somebody must be told before and when it is spent"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.scanned.dimensions == tomap({ WorkGroup = "shoestring" })
    error_message = "the alarm must watch this workgroup"
  }
  assert {
    condition     = keys(aws_sns_topic_subscription.alerts) == ["ada@example.com"]
    error_message = "who is to be told must be subscribed"
  }
  assert {
    condition     = length(aws_budgets_budget_action.off) == 0 && length(aws_lambda_function.api) == 0 && output.api_url == null
    error_message = "without an API there is nothing to run or to turn off"
  }
}

run "what_destroy_needs" {
  assert {
    condition     = strcontains(output.before_destroy, "-var force_destroy=true")
    error_message = "destroy must say how"
  }
}

run "destroy_with_everything" {
  variables {
    force_destroy = true
  }
  assert {
    condition     = aws_s3_bucket.data_lake.force_destroy && strcontains(output.before_destroy, "old versions too")
    error_message = "destroy must say what goes"
  }
}

run "no_budget" {
  variables {
    budget_usd = null
  }
  assert {
    condition     = length(aws_budgets_budget.main) == 0
    error_message = "who wants no budget has none"
  }
}
