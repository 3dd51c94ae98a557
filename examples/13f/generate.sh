#!/usr/bin/env bash
# Scales fund_holdings, loaded by load.sh, to as many rows as asked for, in a table of
# its own with the data's skew and the heap in random date order.
#
#   generate.sh [--rows N] [--seed N] [--table T] [--force] [URL]
#
# Defaults: 5700000 rows, seed 1, table fund_holdings_big. URL as in load.sh. Stops when
# the table is there already; --force drops it first.
set -euo pipefail

usage() { sed -n '2,8s/^# \{0,1\}//p' "$0"; }

rows=5700000
seed=1
table=fund_holdings_big
force=no
url=
while (($# > 0)); do
    case $1 in
        --rows | --seed | --table)
            (($# > 1)) || { echo "generate.sh: $1 needs a value" >&2; exit 2; }
            printf -v "${1#--}" %s "$2"
            shift ;;
        --force) force=yes ;;
        -h | --help) usage; exit 0 ;;
        -*) echo "generate.sh: unknown option: $1" >&2; usage >&2; exit 2 ;;
        *) url=$1 ;;
    esac
    shift
done
for number in "$rows" "$seed"; do
    [[ $number =~ ^[0-9]+$ ]] || { echo "generate.sh: not a number: $number" >&2; exit 2; }
done

cd "$(dirname "${BASH_SOURCE[0]}")"
export PGOPTIONS="${PGOPTIONS:-} -c search_path=public -c client_min_messages=warning"
ask() { psql -X -q -P pager=off -v ON_ERROR_STOP=1 -v table="$table" ${url:+-d "$url"} "$@"; }

present=$(ask -At <<< "SELECT to_regclass(quote_ident(:'table'))")
if [[ -n $present && $force == no ]]; then
    echo "generate.sh: table exists already: $table (--force drops it first)" >&2
    exit 1
fi
if [[ -z $(ask -At <<< "SELECT to_regclass('fund_holdings')") ]]; then
    echo "generate.sh: no table fund_holdings to draw from: run load.sh first" >&2
    exit 1
fi
if [[ -n $present ]]; then
    ask <<< 'DROP TABLE :"table"'
fi
ask -v rows="$rows" -v seed="$seed" -f generate.sql
ask <<< "SELECT :'table' AS table, count(*) AS rows,
                round(pg_relation_size(quote_ident(:'table')) / 1e6) AS heap_mb
           FROM :\"table\""
