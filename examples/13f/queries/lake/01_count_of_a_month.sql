-- One partition.
SELECT count(*) AS row_count FROM fund_holdings WHERE year = 2024 AND month = 2;
