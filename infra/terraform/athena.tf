resource "aws_athena_database" "main" {
  name          = var.database
  bucket        = aws_s3_bucket.results.id
  comment       = "The lake in ${aws_s3_bucket.data_lake.bucket}"
  force_destroy = true # Of declarations, which `shoestring ddl --apply` makes again.

  expected_bucket_owner = local.account
}

resource "aws_athena_workgroup" "main" {
  name          = var.name
  description   = "Queries of the lake in ${aws_s3_bucket.data_lake.bucket}"
  force_destroy = true
  tags          = var.tags

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.scan_limit_bytes

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }
    result_configuration {
      output_location       = "s3://${aws_s3_bucket.results.bucket}/athena/"
      expected_bucket_owner = local.account
      encryption_configuration {
        encryption_option = "SSE_S3"
      }
    }
  }
}

locals {
  # The folders that a table is partitioned by, and their values: no partition has to be
  # declared, and Athena lists no folder to find them.
  partition_keys = {
    month = ["year", "month"]
    year  = ["year"]
    none  = []
  }
  projections = { for name, table in var.tables : name => {
    keys     = local.partition_keys[table.partition_by]
    location = "s3://${aws_s3_bucket.data_lake.bucket}/${local.root}data/${name}"
    parameters = merge(
      { classification = "parquet", EXTERNAL = "TRUE" },
      table.partition_by == "none" ? {} : {
        "projection.enabled"    = "true"
        "projection.year.type"  = "integer"
        "projection.year.range" = table.years
        "storage.location.template" = join("/", concat(
          ["s3://${aws_s3_bucket.data_lake.bucket}/${local.root}data/${name}"],
        [for key in local.partition_keys[table.partition_by] : "${key}=$${${key}}"]))
      },
      table.partition_by == "month" ? {
        "projection.month.type"  = "integer"
        "projection.month.range" = "0,12"
    } : {})
  } }
}

resource "aws_glue_catalog_table" "main" {
  for_each = var.tables

  name          = each.key
  database_name = aws_athena_database.main.name
  table_type    = "EXTERNAL_TABLE"
  parameters    = local.projections[each.key].parameters

  dynamic "partition_keys" {
    for_each = local.projections[each.key].keys
    content {
      name = partition_keys.value
      type = "int"
    }
  }

  storage_descriptor {
    location      = "${local.projections[each.key].location}/"
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    }
    dynamic "columns" {
      for_each = each.value.columns
      content {
        name = columns.value.name
        type = columns.value.type
      }
    }
  }
}
