# A lake with everything, to be copied: change the names, then
#
#   terraform init && terraform apply
#   terraform output -raw shoestring_toml > shoestring.toml

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80, < 7.0"
    }
  }
}

variable "bucket_name" {
  type = string
}

variable "region" {
  type    = string
  default = "us-east-1"
}

variable "alert_emails" {
  type    = list(string)
  default = []
}

variable "lambda_zip" {
  description = "build/package/lambda.zip of `scripts/package lambda`; null for no API"
  type        = string
  default     = null
}

variable "origin_secret" {
  description = "In TF_VAR_origin_secret, such as of: openssl rand -hex 32"
  type        = string
  default     = null
  sensitive   = true
}

variable "api_environment" {
  description = "Settings of the function, such as { SHOESTRING_SERVE_ANON_KEY = \"sb_publishable_...\" }"
  type        = map(string)
  default     = {}
  sensitive   = true
}

variable "force_destroy" {
  type    = bool
  default = false
}

provider "aws" {
  region = var.region
}

module "shoestring" {
  source = "../.."

  bucket_name   = var.bucket_name
  alert_emails  = var.alert_emails
  force_destroy = var.force_destroy
  budget_usd    = 5

  # Or, where it is known what nobody reads any more:
  # transitions = [{ days = 90, storage_class = "STANDARD_IA" }, { days = 365, storage_class = "GLACIER_IR" }]

  api = var.lambda_zip == null ? null : {
    package       = var.lambda_zip
    origin_secret = var.origin_secret
    environment   = var.api_environment
  }
}

output "lake" {
  value = module.shoestring.lake
}

output "athena" {
  value = module.shoestring.athena
}

output "shoestring_toml" {
  value = module.shoestring.shoestring_toml
}

output "roles" {
  value = module.shoestring.roles
}

output "api_url" {
  value = module.shoestring.api_url
}

output "before_destroy" {
  value = module.shoestring.before_destroy
}
