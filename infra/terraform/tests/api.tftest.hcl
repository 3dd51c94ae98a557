# With the API: one way in, bounded at each step, and off when the budget is spent.

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
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/role" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/policy" }
  }
  mock_resource "aws_lambda_function" {
    defaults = {
      arn        = "arn:aws:lambda:eu-central-1:123456789012:function:api"
      invoke_arn = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:123456789012:function:api/invocations"
    }
  }
  mock_resource "aws_apigatewayv2_api" {
    defaults = { api_endpoint = "https://abc.execute-api.eu-central-1.amazonaws.com" }
  }
  mock_resource "aws_cloudfront_distribution" {
    defaults = { domain_name = "d1.cloudfront.net" }
  }
}

variables {
  bucket_name = "example-lake"
  api = {
    package       = "tests/package.zip"
    origin_secret = "0123456789abcdef0123456789abcdef"
    environment   = { SHOESTRING_SERVE_ANON_KEY = "sb_publishable_example", SHOESTRING_LAKE = "s3://another" }
  }
}

run "function" {
  assert {
    condition     = aws_lambda_function.api[0].runtime == "provided.al2023" && aws_lambda_function.api[0].handler == "bootstrap"
    error_message = "the binary is its own runtime"
  }
  assert {
    condition     = aws_lambda_function.api[0].architectures == tolist(["x86_64"])
    error_message = "the package is built for x86_64"
  }
  assert {
    condition     = aws_lambda_function.api[0].s3_bucket == aws_s3_bucket.data_lake.id && aws_lambda_function.api[0].s3_key == aws_s3_object.package[0].key
    error_message = "the package is too large for anything but S3"
  }
  assert {
    condition     = startswith(aws_s3_object.package[0].key, "packages/")
    error_message = "the package must not lie among the lake's data"
  }
  assert {
    condition     = aws_lambda_function.api[0].reserved_concurrent_executions == -1
    error_message = "a new account has ten executions in all, and reserves none"
  }
  assert {
    condition     = aws_lambda_function.api[0].timeout <= 29 && aws_lambda_function.api[0].memory_size == 1769
    error_message = "the function must end before the gateway gives up, and have one core"
  }
  assert {
    condition     = aws_lambda_function.api[0].environment[0].variables["SHOESTRING_LAKE"] == "s3://example-lake"
    error_message = "the lake is this one, whatever else is set"
  }
  assert {
    condition     = aws_lambda_function.api[0].environment[0].variables["SHOESTRING_SERVE_ANON_KEY"] == "sb_publishable_example"
    error_message = "settings must reach the function"
  }
  assert {
    condition     = aws_cloudwatch_log_group.api[0].retention_in_days == 14
    error_message = "logs must end"
  }
}

run "way_in" {
  assert {
    condition     = aws_apigatewayv2_stage.main[0].default_route_settings[0].throttling_rate_limit == 20
    error_message = "requests must be limited"
  }
  assert {
    condition     = aws_apigatewayv2_integration.main[0].payload_format_version == "2.0" && aws_apigatewayv2_integration.main[0].integration_type == "AWS_PROXY"
    error_message = "events must be of format 2.0"
  }
  assert {
    condition     = aws_apigatewayv2_integration.main[0].credentials_arn == aws_iam_role.gateway[0].arn
    error_message = "the function must be called by a role that can be turned off"
  }
  assert {
    condition     = one(aws_cloudfront_distribution.api[0].origin).domain_name == "abc.execute-api.eu-central-1.amazonaws.com"
    error_message = "CloudFront must ask the HTTP API"
  }
  assert {
    condition     = one(one(aws_cloudfront_distribution.api[0].origin).custom_header).name == "x-origin-secret"
    error_message = "the function must be able to tell CloudFront from others"
  }
  assert {
    condition     = aws_cloudfront_distribution.api[0].default_cache_behavior[0].viewer_protocol_policy == "redirect-to-https"
    error_message = "tokens must not travel in the open"
  }
  assert {
    condition     = aws_cloudfront_cache_policy.api[0].min_ttl == 0 && aws_cloudfront_cache_policy.api[0].default_ttl == 0
    error_message = "the API says how long an answer holds"
  }
  assert {
    condition = alltrue([for header in ["Accept", "Accept-Profile", "Authorization", "Prefer", "Range", "apikey"] :
    contains(aws_cloudfront_cache_policy.api[0].parameters_in_cache_key_and_forwarded_to_origin[0].headers_config[0].headers[0].items, header)])
    error_message = "an answer for one role or format must never be given to another"
  }
  assert {
    condition     = aws_cloudfront_cache_policy.api[0].parameters_in_cache_key_and_forwarded_to_origin[0].query_strings_config[0].query_string_behavior == "all"
    error_message = "the whole query is the question"
  }
  assert {
    condition     = output.api_url == "https://d1.cloudfront.net"
    error_message = "clients ask CloudFront"
  }
}

run "switch" {
  assert {
    condition     = aws_budgets_budget_action.off[0].approval_model == "AUTOMATIC" && aws_budgets_budget_action.off[0].action_type == "APPLY_IAM_POLICY"
    error_message = "nobody may have to be awake"
  }
  assert {
    condition     = aws_budgets_budget_action.off[0].action_threshold[0].action_threshold_value == 100
    error_message = "off when it is spent"
  }
  assert {
    condition     = one(aws_budgets_budget_action.off[0].definition[0].iam_action_definition[0].roles) == aws_iam_role.gateway[0].name
    error_message = "the role that calls the function is turned off"
  }
  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.api) == ["Errors", "Throttles"]
    error_message = "somebody must be told when the API fails"
  }
}

run "no_switch" {
  variables {
    budget_stops_api = false
  }
  assert {
    condition     = length(aws_budgets_budget_action.off) == 0 && length(aws_iam_role.switch) == 0
    error_message = "who wants no switch has none"
  }
}

run "off_by_hand" {
  variables {
    api = {
      package       = "tests/package.zip"
      origin_secret = "0123456789abcdef0123456789abcdef"
      enabled       = false
      engine        = "athena"
      concurrency   = 5
    }
  }
  assert {
    condition     = !aws_cloudfront_distribution.api[0].enabled
    error_message = "off is off"
  }
  assert {
    condition     = aws_lambda_function.api[0].reserved_concurrent_executions == 5
    error_message = "a limit that is given must be kept"
  }
  assert {
    condition     = aws_lambda_function.api[0].environment[0].variables["SHOESTRING_ENGINE"] == "athena"
    error_message = "the engine must be the one that was chosen"
  }
}
