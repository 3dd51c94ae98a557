# Who may do what. No role deletes old versions: what any of them overwrites or deletes can
# be brought back for var.old_versions_days.

locals {
  lake_objects = "${aws_s3_bucket.data_lake.arn}/${local.root}*"
  run_objects  = "${aws_s3_bucket.data_lake.arn}/${local.root}runs/*"
  glue_objects = [for path in ["catalog", "database/${var.database}", "table/${var.database}/*"] :
  "arn:${local.partition}:glue:${local.region}:${local.account}:${path}"]
  trusted = length(var.trusted_arns) > 0 ? var.trusted_arns : ["arn:${local.partition}:iam::${local.account}:root"]
}

data "aws_iam_policy_document" "trusted" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = local.trusted
    }
  }
}

data "aws_iam_policy_document" "read" {
  statement {
    sid       = "ReadLake"
    actions   = ["s3:GetObject"]
    resources = [local.lake_objects]
  }
  statement {
    sid       = "ListLake"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.data_lake.arn]

    dynamic "condition" {
      for_each = var.lake_prefix == "" ? [] : [1]
      content {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = ["${var.lake_prefix}/*", var.lake_prefix]
      }
    }
  }
}

data "aws_iam_policy_document" "ask_athena" {
  statement {
    sid = "AskAthena"
    actions = ["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults",
    "athena:StopQueryExecution", "athena:GetWorkGroup"]
    resources = [aws_athena_workgroup.main.arn]
  }
  statement {
    sid       = "ReadCatalog"
    actions   = ["glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:GetPartition", "glue:GetPartitions"]
    resources = local.glue_objects
  }
  statement {
    sid       = "Results"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"]
    resources = ["${aws_s3_bucket.results.arn}/athena/*"]
  }
  statement {
    sid       = "FindResults"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
    resources = [aws_s3_bucket.results.arn]
  }
}

data "aws_iam_policy_document" "write" {
  source_policy_documents = [data.aws_iam_policy_document.read.json]

  statement {
    sid       = "WriteLake"
    actions   = ["s3:PutObject", "s3:AbortMultipartUpload"]
    resources = [local.lake_objects]
  }
  statement {
    sid       = "ListUploads"
    actions   = ["s3:ListBucketMultipartUploads"]
    resources = [aws_s3_bucket.data_lake.arn]
  }
  statement {
    sid = "Declare"
    actions = ["glue:CreateDatabase", "glue:CreateTable", "glue:UpdateTable",
    "glue:BatchCreatePartition", "glue:BatchDeletePartition"]
    resources = local.glue_objects
  }
}

data "aws_iam_policy_document" "migrate" {
  source_policy_documents = [data.aws_iam_policy_document.write.json, data.aws_iam_policy_document.ask_athena.json]

  statement {
    sid       = "ClearRuns"
    actions   = ["s3:DeleteObject"]
    resources = [local.run_objects]
  }
}

data "aws_iam_policy_document" "maintain" {
  source_policy_documents = [data.aws_iam_policy_document.write.json, data.aws_iam_policy_document.ask_athena.json]

  statement {
    sid       = "ClearLake"
    actions   = ["s3:DeleteObject"]
    resources = [local.lake_objects]
  }
  statement {
    sid       = "DropTables"
    actions   = ["glue:DeleteTable"]
    resources = local.glue_objects
  }
}

resource "aws_iam_role" "migrate" {
  name               = "${var.name}-migrate"
  description        = "shoestring migrate: adds to the lake, deletes nothing but notes of runs"
  assume_role_policy = data.aws_iam_policy_document.trusted.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "migrate" {
  name   = "lake"
  role   = aws_iam_role.migrate.id
  policy = data.aws_iam_policy_document.migrate.json
}

resource "aws_iam_role" "maintain" {
  name               = "${var.name}-maintain"
  description        = "shoestring migrate and upkeep of a lake that is there: deletes superseded files"
  assume_role_policy = data.aws_iam_policy_document.trusted.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "maintain" {
  name   = "lake"
  role   = aws_iam_role.maintain.id
  policy = data.aws_iam_policy_document.maintain.json
}
