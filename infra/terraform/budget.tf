# What watches the money. AWS adds up costs a few times a day, so a budget notices hours
# late: what stops a flood at once is api.rate, api.concurrency and scan_limit_bytes.

resource "aws_sns_topic" "alerts" {
  name = "${var.name}-alerts"
  tags = var.tags
}

data "aws_iam_policy_document" "alerts" {
  statement {
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alerts.arn]
    principals {
      type        = "Service"
      identifiers = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_sns_topic_policy" "alerts" {
  arn    = aws_sns_topic.alerts.arn
  policy = data.aws_iam_policy_document.alerts.json
}

resource "aws_sns_topic_subscription" "alerts" {
  for_each = toset(var.alert_emails)

  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_budgets_budget" "main" {
  count = var.budget_usd == null ? 0 : 1

  name         = var.name
  budget_type  = "COST"
  limit_amount = tostring(var.budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  notification {
    notification_type         = "FORECASTED"
    comparison_operator       = "GREATER_THAN"
    threshold                 = 80
    threshold_type            = "PERCENTAGE"
    subscriber_sns_topic_arns = [aws_sns_topic.alerts.arn]
  }
  notification {
    notification_type         = "ACTUAL"
    comparison_operator       = "GREATER_THAN"
    threshold                 = 100
    threshold_type            = "PERCENTAGE"
    subscriber_sns_topic_arns = [aws_sns_topic.alerts.arn]
  }
  depends_on = [aws_sns_topic_policy.alerts]
}

# ---- The switch: AWS Budgets attaches a policy to the role by which the HTTP API calls the
# function, and it calls it no more. `api.enabled = false` turns CloudFront off by hand.

locals {
  switch_count = var.api != null && var.budget_usd != null && var.budget_stops_api ? 1 : 0
}

data "aws_iam_policy_document" "off" {
  statement {
    sid       = "BudgetIsSpent"
    effect    = "Deny"
    actions   = ["lambda:InvokeFunction"]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "off" {
  count = local.switch_count

  name        = "${var.name}-off"
  description = "Turns the REST API off; detach it from ${var.name}-gateway to turn it on again"
  policy      = data.aws_iam_policy_document.off.json
  tags        = var.tags
}

data "aws_iam_policy_document" "by_budgets" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["budgets.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "switch" {
  count = local.switch_count

  statement {
    actions   = ["iam:AttachRolePolicy", "iam:DetachRolePolicy"]
    resources = [aws_iam_role.gateway[0].arn]

    condition {
      test     = "ArnEquals"
      variable = "iam:PolicyARN"
      values   = [aws_iam_policy.off[0].arn]
    }
  }
}

resource "aws_iam_role" "switch" {
  count = local.switch_count

  name               = "${var.name}-switch"
  description        = "Lets AWS Budgets turn the REST API off"
  assume_role_policy = data.aws_iam_policy_document.by_budgets.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "switch" {
  count = local.switch_count

  name   = "switch"
  role   = aws_iam_role.switch[0].id
  policy = data.aws_iam_policy_document.switch[0].json
}

resource "aws_budgets_budget_action" "off" {
  count = local.switch_count

  budget_name        = aws_budgets_budget.main[0].name
  action_type        = "APPLY_IAM_POLICY"
  approval_model     = "AUTOMATIC"
  notification_type  = "ACTUAL"
  execution_role_arn = aws_iam_role.switch[0].arn

  action_threshold {
    action_threshold_type  = "PERCENTAGE"
    action_threshold_value = 100
  }
  definition {
    iam_action_definition {
      policy_arn = aws_iam_policy.off[0].arn
      roles      = [aws_iam_role.gateway[0].name]
    }
  }
  subscriber {
    address           = aws_sns_topic.alerts.arn
    subscription_type = "SNS"
  }
  depends_on = [aws_iam_role_policy.switch]
}

# ---- Alarms, which know within minutes

resource "aws_cloudwatch_metric_alarm" "scanned" {
  alarm_name          = "${var.name}-scanned"
  alarm_description   = "Athena has read more in a day than it should: look at the workgroup's latest queries"
  namespace           = "AWS/Athena"
  metric_name         = "ProcessedBytes"
  dimensions          = { WorkGroup = aws_athena_workgroup.main.name }
  statistic           = "Sum"
  period              = 86400
  evaluation_periods  = 1
  threshold           = var.daily_scan_alarm_bytes
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "api" {
  for_each = var.api == null ? {} : { Errors = "fails", Throttles = "is asked more than it may run at once" }

  alarm_name          = "${var.name}-api-${lower(each.key)}"
  alarm_description   = "The function of the REST API ${each.value}: see its log group"
  namespace           = "AWS/Lambda"
  metric_name         = each.key
  dimensions          = { FunctionName = aws_lambda_function.api[0].function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 5
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  tags                = var.tags
}
