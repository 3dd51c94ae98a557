-- Written by `shoestring ddl --for athena --style projection`.
CREATE DATABASE IF NOT EXISTS `example`;

CREATE EXTERNAL TABLE IF NOT EXISTS `example`.`companies` (
  `id` bigint,
  `cik` string,
  `name` string,
  `ticker` string,
  `exchange` string,
  `sic` string,
  `sector` string,
  `state` string,
  `created_at` timestamp
)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/lake/data/companies/'
TBLPROPERTIES (
  'classification' = 'parquet',
  'shoestring.lake' = 's3://YOUR-BUCKET/lake'
);

CREATE EXTERNAL TABLE IF NOT EXISTS `example`.`company_filings` (
  `id` bigint,
  `company_id` bigint,
  `accession_number` string,
  `form` string,
  `filing_date` date,
  `period_end` date,
  `size_bytes` bigint,
  `accepted_at` timestamp
)
PARTITIONED BY (`year` int, `month` int)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/lake/data/company_filings/'
TBLPROPERTIES (
  'classification' = 'parquet',
  'projection.enabled' = 'true',
  'projection.month.range' = '1,12',
  'projection.month.type' = 'integer',
  'projection.year.range' = '2013,2031',
  'projection.year.type' = 'integer',
  'shoestring.lake' = 's3://YOUR-BUCKET/lake',
  'storage.location.template' = 's3://YOUR-BUCKET/lake/data/company_filings/year=${year}/month=${month}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS `example`.`fund_holdings` (
  `id` bigint,
  `fund_id` int,
  `fund_name` string,
  `filing_id` bigint COMMENT 'company_filings.id of the 13F filing',
  `company_id` bigint,
  `ticker` string,
  `cusip` string,
  `company_name` string,
  `put_call` string COMMENT 'Put or Call; null for the security itself',
  `shares` decimal(20,4),
  `market_value` decimal(18,2) COMMENT 'US dollars',
  `weight` double COMMENT 'share of the filing\'s whole value, 0 to 1',
  `filing_date` date,
  `period_end` date,
  `created_at` timestamp
)
PARTITIONED BY (`year` int, `month` int)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/lake/data/fund_holdings/'
TBLPROPERTIES (
  'classification' = 'parquet',
  'projection.enabled' = 'true',
  'projection.month.range' = '1,12',
  'projection.month.type' = 'integer',
  'projection.year.range' = '2013,2031',
  'projection.year.type' = 'integer',
  'shoestring.lake' = 's3://YOUR-BUCKET/lake',
  'storage.location.template' = 's3://YOUR-BUCKET/lake/data/fund_holdings/year=${year}/month=${month}/'
);

CREATE EXTERNAL TABLE IF NOT EXISTS `example`.`fund_holdings_diff` (
  `id` bigint,
  `fund_id` int,
  `fund_name` string,
  `cusip` string,
  `ticker` string,
  `period_end` date,
  `previous_period_end` date COMMENT 'the quarter this fund filed before; null for its first one',
  `change` string,
  `shares_before` decimal(20,4),
  `shares_after` decimal(20,4),
  `value_before` decimal(18,2),
  `value_after` decimal(18,2)
)
PARTITIONED BY (`year` int, `month` int)
STORED AS PARQUET
LOCATION 's3://YOUR-BUCKET/lake/data/fund_holdings_diff/'
TBLPROPERTIES (
  'classification' = 'parquet',
  'projection.enabled' = 'true',
  'projection.month.range' = '1,12',
  'projection.month.type' = 'integer',
  'projection.year.range' = '2013,2031',
  'projection.year.type' = 'integer',
  'shoestring.lake' = 's3://YOUR-BUCKET/lake',
  'storage.location.template' = 's3://YOUR-BUCKET/lake/data/fund_holdings_diff/year=${year}/month=${month}/'
);
