locals {
  lake = "s3://${aws_s3_bucket.data_lake.bucket}${var.lake_prefix == "" ? "" : "/${var.lake_prefix}"}"
}

output "lake" {
  description = "SHOESTRING_LAKE, --lake"
  value       = local.lake
}

output "athena" {
  description = "[athena] of shoestring.toml"
  value = {
    database  = aws_athena_database.main.name
    workgroup = aws_athena_workgroup.main.name
    output    = aws_athena_workgroup.main.configuration[0].result_configuration[0].output_location
    region    = local.region
  }
}

output "shoestring_toml" {
  description = "The settings as a file: terraform output -raw shoestring_toml > shoestring.toml"
  value       = <<-TOML
    lake = "${local.lake}"

    [athena]
    database = "${aws_athena_database.main.name}"
    workgroup = "${aws_athena_workgroup.main.name}"
    output = "${aws_athena_workgroup.main.configuration[0].result_configuration[0].output_location}"
    region = "${local.region}"
  TOML
}

output "roles" {
  description = "Roles to take for each task, as role_arn of a profile in ~/.aws/config"
  value = {
    migrate  = aws_iam_role.migrate.arn
    maintain = aws_iam_role.maintain.arn
  }
}

output "api_url" {
  description = "Where supabase-js finds the API; null without one"
  value       = one([for distribution in aws_cloudfront_distribution.api : "https://${distribution.domain_name}"])
}

output "before_destroy" {
  description = "What `terraform destroy` needs"
  value = var.force_destroy ? "terraform destroy deletes ${local.lake} with all that is in it, old versions too" : join(" ", [
    "${local.lake} is kept: destroy stops at a bucket that is not empty.",
  "To delete the lake with all old versions: terraform apply -var force_destroy=true, then terraform destroy."])
}
