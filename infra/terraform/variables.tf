variable "bucket_name" {
  description = "Name of the lake's bucket; no other in the world may have it. Results go to a second one, with `-results` behind it."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,53}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name must be 3 to 55 lower-case letters, digits and hyphens, with a letter or digit at both ends. Dots are left out: TLS certificates of S3 do not fit names with dots."
  }
}

variable "lake_prefix" {
  description = "Where the lake stands in the bucket, without slashes at its ends; \"\" is the bucket itself."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([A-Za-z0-9_.=-]+(/[A-Za-z0-9_.=-]+)*)?$", var.lake_prefix))
    error_message = "lake_prefix must be names with slashes between them, and none before or after."
  }
}

variable "name" {
  description = "What roles, workgroup, function and alarms are called by."
  type        = string
  default     = "shoestring"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.name))
    error_message = "name must be 2 to 31 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "database" {
  description = "Name of the Athena (Glue) database."
  type        = string
  default     = "shoestring"

  validation {
    condition     = can(regex("^[a-z_][a-z0-9_]{0,254}$", var.database))
    error_message = "database must be lower-case letters, digits and underscores, no digit first: Athena takes no other name without quotes."
  }
}

variable "transitions" {
  description = "To which storage class data files go, and how many days after they were written."
  type        = list(object({ days = number, storage_class = string }))
  default     = [{ days = 0, storage_class = "INTELLIGENT_TIERING" }]

  validation {
    condition     = alltrue([for t in var.transitions : !contains(["GLACIER", "DEEP_ARCHIVE"], t.storage_class)])
    error_message = "GLACIER and DEEP_ARCHIVE are refused: Athena skips what is there, and rows vanish from answers without a word. GLACIER_IR is as cheap within a twentieth of a cent, and can be read."
  }
  validation {
    condition     = alltrue([for t in var.transitions : contains(["INTELLIGENT_TIERING", "STANDARD_IA", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"], t.storage_class)])
    error_message = "storage_class must be INTELLIGENT_TIERING, STANDARD_IA, ONEZONE_IA or GLACIER_IR."
  }
  validation {
    condition     = alltrue([for t in var.transitions : t.days >= (contains(["STANDARD_IA", "ONEZONE_IA"], t.storage_class) ? 30 : 0) && floor(t.days) == t.days])
    error_message = "days must be whole, and at least 30 for STANDARD_IA and ONEZONE_IA: S3 takes none earlier."
  }
  validation {
    condition     = alltrue([for i in range(1, max(1, length(var.transitions))) : var.transitions[i].days >= var.transitions[i - 1].days + 30])
    error_message = "transitions must be in order, each at least 30 days after the one before."
  }
}

variable "old_versions_days" {
  description = "How long S3 keeps what was deleted or overwritten. It is paid for until then."
  type        = number
  default     = 30

  validation {
    condition     = var.old_versions_days >= 1 && var.old_versions_days <= 365
    error_message = "old_versions_days must be 1 to 365."
  }
}

variable "unfinished_uploads_days" {
  description = "When uploads that were never completed are given up. A migration that died can be gone on with until then."
  type        = number
  default     = 7

  validation {
    condition     = var.unfinished_uploads_days >= 1 && var.unfinished_uploads_days <= 30
    error_message = "unfinished_uploads_days must be 1 to 30."
  }
}

variable "results_days" {
  description = "How long Athena's answers are kept."
  type        = number
  default     = 7

  validation {
    condition     = var.results_days >= 1 && var.results_days <= 90
    error_message = "results_days must be 1 to 90."
  }
}

variable "scan_limit_bytes" {
  description = "A query of Athena's that reads more is cancelled. A GB costs half a cent."
  type        = number
  default     = 10737418240

  validation {
    condition     = var.scan_limit_bytes >= 10485760
    error_message = "scan_limit_bytes must be at least 10485760 (10 MB), what Athena bills for any query."
  }
}

variable "tables" {
  description = "Tables to declare as Hive tables over the lake's folders, by name. Without them `shoestring ddl --apply` declares all of the lake's, as Iceberg tables that follow its commits."
  type = map(object({
    columns      = list(object({ name = string, type = string }))
    partition_by = optional(string, "month")
    years        = optional(string, "1970,2100")
  }))
  default = {}

  validation {
    condition     = alltrue([for t in values(var.tables) : contains(["month", "year", "none"], t.partition_by)])
    error_message = "partition_by must be month, year or none."
  }
  validation {
    condition     = alltrue([for t in values(var.tables) : can(regex("^[0-9]{1,4},[0-9]{4}$", t.years))])
    error_message = "years must be the first and the last, such as 2013,2030; 0 first if the table has rows without a date."
  }
  validation {
    condition     = alltrue([for t in values(var.tables) : length(t.columns) > 0])
    error_message = "A table needs its columns: shoestring describe TABLE lists them."
  }
}

variable "trusted_arns" {
  description = "Who may take the roles to migrate and to maintain. Without any: whoever the account lets."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.trusted_arns : can(regex("^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:.+$", arn))])
    error_message = "trusted_arns must be ARNs of users, roles or accounts, never *."
  }
}

variable "api" {
  description = "The REST API: a Lambda function behind CloudFront. Without it there is none. See README.md for each setting."
  type = object({
    package       = string
    origin_secret = string
    enabled       = optional(bool, true)
    engine        = optional(string, "duckdb")
    memory_mb     = optional(number, 1769)
    timeout_s     = optional(number, 29)
    concurrency   = optional(number)
    rate          = optional(number, 20)
    burst         = optional(number, 40)
    environment   = optional(map(string), {})
    log_days      = optional(number, 14)
    price_class   = optional(string, "PriceClass_100")
  })
  default = null

  validation {
    condition     = try(var.api.package, null) == null || can(regex("\\.zip$", try(var.api.package, "")))
    error_message = "api.package must be the path of lambda.zip, as scripts/package makes it."
  }
  validation {
    condition     = var.api == null || length(try(var.api.origin_secret, "")) >= 32
    error_message = "api.origin_secret must have at least 32 characters, such as of: openssl rand -hex 32"
  }
  validation {
    condition     = contains(["duckdb", "athena"], try(var.api.engine, "duckdb"))
    error_message = "api.engine must be duckdb or athena."
  }
  validation {
    condition     = try(var.api.memory_mb, 128) >= 128 && try(var.api.memory_mb, 128) <= 10240
    error_message = "api.memory_mb must be 128 to 10240."
  }
  validation {
    condition     = try(var.api.timeout_s, 1) >= 1 && try(var.api.timeout_s, 1) <= 29
    error_message = "api.timeout_s must be 1 to 29: an HTTP API waits no longer than 30 s."
  }
  validation {
    condition     = try(var.api.concurrency, null) == null || try(var.api.concurrency >= 1 && var.api.concurrency <= 1000, false)
    error_message = "api.concurrency must be 1 to 1000, or left out. A new account has ten in all and reserves none; to turn the API off, use api.enabled."
  }
  validation {
    condition     = try(var.api.rate, 1) > 0 && try(var.api.burst, 1) >= 1
    error_message = "api.rate and api.burst must be positive."
  }
  validation {
    condition     = alltrue([for name in keys(try(var.api.environment, {})) : can(regex("^[A-Za-z][A-Za-z0-9_]*$", name)) && !startswith(name, "AWS_") && !startswith(name, "LAMBDA_")])
    error_message = "api.environment must not set AWS_* or LAMBDA_*, which belong to Lambda."
  }
  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365], try(var.api.log_days, 14))
    error_message = "api.log_days must be 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180 or 365."
  }
  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], try(var.api.price_class, "PriceClass_100"))
    error_message = "api.price_class must be PriceClass_100, PriceClass_200 or PriceClass_All."
  }
}

variable "budget_usd" {
  description = "What the account may cost in a month; null for no budget. A message goes out at 80 % (forecast) and 100 % (spent), and then the API is turned off."
  type        = number
  default     = 5

  validation {
    condition     = var.budget_usd == null || try(var.budget_usd > 0, false)
    error_message = "budget_usd must be more than 0, or null for no budget."
  }
}

variable "budget_stops_api" {
  description = "Whether the API is turned off when the budget is spent."
  type        = bool
  default     = true
}

variable "daily_scan_alarm_bytes" {
  description = "An alarm goes off when Athena reads more in a day."
  type        = number
  default     = 107374182400

  validation {
    condition     = var.daily_scan_alarm_bytes >= 10485760
    error_message = "daily_scan_alarm_bytes must be at least 10485760 (10 MB)."
  }
}

variable "alert_emails" {
  description = "Who is told of budget and alarms. Each has to confirm a mail of AWS's first."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", address))])
    error_message = "alert_emails must be mail addresses."
  }
}

variable "force_destroy" {
  description = "Whether `terraform destroy` deletes the lake with everything in it. Without it, destroy stops at a bucket that is not empty."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Tags of everything that takes tags."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.tags) : !startswith(lower(name), "aws:")])
    error_message = "tags must not begin with aws:, which is AWS's own."
  }
}
