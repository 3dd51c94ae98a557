-- Filings by form and month.
SELECT form, CAST(extract(year FROM filing_date) AS integer) AS filing_year,
       CAST(extract(month FROM filing_date) AS integer) AS filing_month,
       count(*) AS filings, sum(size_bytes) AS bytes
  FROM company_filings
 WHERE form IN ('10-Q', '10-K', '8-K', '13F-HR')
 GROUP BY 1, 2, 3
 ORDER BY 2, 3, form;
