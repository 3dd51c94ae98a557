# The function: the same binary, from lambda.zip, which is too large to be uploaded directly.

resource "aws_s3_object" "package" {
  count = local.api_count

  bucket      = aws_s3_bucket.data_lake.id
  key         = "packages/lambda-${filemd5(var.api.package)}.zip"
  source      = var.api.package
  source_hash = filemd5(var.api.package)
}

# Made here, not by Lambda at its first call, which would keep the logs for ever.
resource "aws_cloudwatch_log_group" "api" {
  count = local.api_count

  name              = "/aws/lambda/${var.name}-api"
  retention_in_days = var.api.log_days
  tags              = var.tags
}

data "aws_iam_policy_document" "by_lambda" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "api" {
  count = local.api_count

  source_policy_documents = [data.aws_iam_policy_document.read.json, data.aws_iam_policy_document.ask_athena.json]

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.api[0].arn}:*"]
  }
}

resource "aws_iam_role" "api" {
  count = local.api_count

  name               = "${var.name}-api"
  description        = "The REST API: reads the lake, writes nothing but Athena's answers"
  assume_role_policy = data.aws_iam_policy_document.by_lambda.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "api" {
  count = local.api_count

  name   = "lake"
  role   = aws_iam_role.api[0].id
  policy = data.aws_iam_policy_document.api[0].json
}

resource "aws_lambda_function" "api" {
  count = local.api_count

  function_name                  = "${var.name}-api"
  description                    = "Shoestring's REST API over ${aws_s3_bucket.data_lake.bucket}"
  role                           = aws_iam_role.api[0].arn
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = ["x86_64"]
  s3_bucket                      = aws_s3_bucket.data_lake.id
  s3_key                         = aws_s3_object.package[0].key
  source_code_hash               = filebase64sha256(var.api.package)
  memory_size                    = var.api.memory_mb
  timeout                        = var.api.timeout_s
  reserved_concurrent_executions = var.api.concurrency == null ? -1 : var.api.concurrency
  tags                           = var.tags

  environment {
    variables = merge(var.api.environment, {
      SHOESTRING_LAKE                = local.lake
      SHOESTRING_ENGINE              = var.api.engine
      SHOESTRING_ATHENA_DATABASE     = aws_athena_database.main.name
      SHOESTRING_ATHENA_WORKGROUP    = aws_athena_workgroup.main.name
      SHOESTRING_SERVE_ORIGIN_SECRET = var.api.origin_secret
    })
  }
  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.api[0].name
  }
  depends_on = [aws_iam_role_policy.api]
}
