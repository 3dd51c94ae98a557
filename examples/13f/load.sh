#!/usr/bin/env bash
# Creates the 13F example in a Postgres database: schema, data, derived differences.
#
#   load.sh [--force] [URL]
#
# URL is a postgres:// URL or "key=value" string; without it, the PG* environment says
# where. Stops when the tables are there already; --force drops and loads them again.
# One transaction: a load that fails leaves the database as it was.
set -euo pipefail

usage() { sed -n '2,8s/^# \{0,1\}//p' "$0"; }

force=no
url=
for argument in "$@"; do
    case $argument in
        --force) force=yes ;;
        -h | --help) usage; exit 0 ;;
        -*) echo "load.sh: unknown option: $argument" >&2; usage >&2; exit 2 ;;
        *) url=$argument ;;
    esac
done

for tool in psql gzip; do
    command -v "$tool" > /dev/null || { echo "load.sh: not installed: $tool" >&2; exit 1; }
done

cd "$(dirname "${BASH_SOURCE[0]}")"
export PGOPTIONS="${PGOPTIONS:-} -c search_path=public -c client_min_messages=warning"
ask() { psql -X -q -P pager=off -v ON_ERROR_STOP=1 ${url:+-d "$url"} "$@"; }

present=$(ask -At -c "
    SELECT string_agg(relname, ', ' ORDER BY relname) FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relname IN
           ('companies', 'company_filings', 'fund_holdings', 'fund_holdings_diff')")
if [[ -n $present && $force == no ]]; then
    echo "load.sh: tables exist already: $present (--force drops and loads them again)" >&2
    exit 1
fi

drop=()
if [[ $force == yes ]]; then
    drop=(-c "DROP TABLE IF EXISTS companies, company_filings, fund_holdings,
                  fund_holdings_diff CASCADE"
          -c "DROP TYPE IF EXISTS change_type")
fi
ask -1 ${drop[@]+"${drop[@]}"} -f schema.sql -f load.sql -f derive_diff.sql
ask -c "VACUUM (ANALYZE) companies, company_filings, fund_holdings, fund_holdings_diff"
ask -c "
    SELECT 'companies' AS table, count(*) AS rows FROM companies
    UNION ALL SELECT 'company_filings', count(*) FROM company_filings
    UNION ALL SELECT 'fund_holdings', count(*) FROM fund_holdings
    UNION ALL SELECT 'fund_holdings_diff', count(*) FROM fund_holdings_diff
    ORDER BY 1"
