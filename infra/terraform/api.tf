# The way in: CloudFront, which answers what it has seen, before an HTTP API, which lets
# through only so much, before the function.
#
# The HTTP API calls the function by a role of its own. So no one else may call it, and to
# turn the API off is to take that right away: budget.tf.

resource "aws_apigatewayv2_api" "main" {
  count = local.api_count

  name          = var.name
  description   = "Shoestring's REST API"
  protocol_type = "HTTP"
  tags          = var.tags
}

data "aws_iam_policy_document" "by_gateway" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["apigateway.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "gateway" {
  count = local.api_count

  statement {
    actions   = ["lambda:InvokeFunction"]
    resources = [aws_lambda_function.api[0].arn]
  }
}

resource "aws_iam_role" "gateway" {
  count = local.api_count

  name               = "${var.name}-gateway"
  description        = "Calls the function of the REST API, until the budget is spent"
  assume_role_policy = data.aws_iam_policy_document.by_gateway.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "gateway" {
  count = local.api_count

  name   = "call"
  role   = aws_iam_role.gateway[0].id
  policy = data.aws_iam_policy_document.gateway[0].json
}

resource "aws_apigatewayv2_integration" "main" {
  count = local.api_count

  api_id                 = aws_apigatewayv2_api.main[0].id
  integration_type       = "AWS_PROXY"
  integration_method     = "POST"
  integration_uri        = aws_lambda_function.api[0].invoke_arn
  credentials_arn        = aws_iam_role.gateway[0].arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 30000
}

resource "aws_apigatewayv2_route" "main" {
  count = local.api_count

  api_id    = aws_apigatewayv2_api.main[0].id
  route_key = "$default"
  target    = "integrations/${aws_apigatewayv2_integration.main[0].id}"
}

resource "aws_apigatewayv2_stage" "main" {
  count = local.api_count

  api_id      = aws_apigatewayv2_api.main[0].id
  name        = "$default"
  auto_deploy = true
  tags        = var.tags

  default_route_settings {
    throttling_rate_limit  = var.api.rate
    throttling_burst_limit = var.api.burst
  }
}

# All that an answer depends on, and nothing else, is part of what it is found by again.
# What goes in is also what comes through: a policy of no time (max_ttl 0) would take none.
resource "aws_cloudfront_cache_policy" "api" {
  count = local.api_count

  name        = "${var.name}-api"
  comment     = "Query, format, schema and role of a request; the API says for how long"
  min_ttl     = 0
  default_ttl = 0
  max_ttl     = 86400

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = true
    enable_accept_encoding_gzip   = true

    query_strings_config {
      query_string_behavior = "all"
    }
    headers_config {
      header_behavior = "whitelist"
      headers {
        items = ["Accept", "Accept-Profile", "Authorization", "Origin", "Prefer", "Range",
        "Range-Unit", "apikey"]
      }
    }
    cookies_config {
      cookie_behavior = "none"
    }
  }
}

resource "aws_cloudfront_origin_request_policy" "api" {
  count = local.api_count

  name    = "${var.name}-api"
  comment = "Everything but Host, which must be the HTTP API's own"

  query_strings_config {
    query_string_behavior = "all"
  }
  headers_config {
    header_behavior = "allExcept"
    headers {
      items = ["Host"]
    }
  }
  cookies_config {
    cookie_behavior = "none"
  }
}

resource "aws_cloudfront_distribution" "api" {
  count = local.api_count

  comment         = "Shoestring's REST API: ${var.name}"
  enabled         = var.api.enabled
  is_ipv6_enabled = true
  http_version    = "http2and3"
  price_class     = var.api.price_class
  tags            = var.tags

  origin {
    origin_id   = "api"
    domain_name = trimprefix(aws_apigatewayv2_api.main[0].api_endpoint, "https://")

    # The function refuses what came without it, past CloudFront.
    custom_header {
      name  = "x-origin-secret"
      value = var.api.origin_secret
    }
    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
      origin_read_timeout    = 30
    }
  }

  default_cache_behavior {
    target_origin_id         = "api"
    viewer_protocol_policy   = "redirect-to-https"
    allowed_methods          = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
    cached_methods           = ["GET", "HEAD", "OPTIONS"]
    compress                 = true
    cache_policy_id          = aws_cloudfront_cache_policy.api[0].id
    origin_request_policy_id = aws_cloudfront_origin_request_policy.api[0].id
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }
  viewer_certificate {
    cloudfront_default_certificate = true
  }
}
