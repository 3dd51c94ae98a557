#!/usr/bin/env python3
"""Makes data/*.csv.gz of the 13F example from a folder of source files.

    extract.py SOURCE_FOLDER [OUTPUT_FOLDER]

SOURCE_FOLDER holds companies.csv.gz, company_filings.csv.gz, fund_holdings_13f.csv.gz
and company_tickers.json. Standard library only; the same input gives the same bytes.
What is taken, under which licence, and how quirks are handled: README.md.
"""

import ast
import collections
import csv
import datetime
import gzip
import io
import json
import math
import pathlib
import re
import statistics
import sys
import zlib

FUND_NAMES = {
    "ark_investment_management": "ARK Investment Management",
    "burry": "Scion Asset Management",
}

# Share classes that one issuer's name cannot tell apart.
TICKER_OF_CUSIP = {
    "02079K107": "GOOG",
    "02079K305": "GOOGL",
    "084670108": "BRK-A",
    "084670702": "BRK-B",
}

DOLLARS_PER_UNIT = (1000, 1, 0.001)


def read_csv(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def write_csv(path, header, rows):
    """Writes rows without a timestamp, so that a second run gives the same bytes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    count = 0
    for row in rows:
        writer.writerow(["" if value is None else value for value in row])
        count += 1
    packed = gzip.compress(text.getvalue().encode(), 9, mtime=0)
    path.write_bytes(packed)
    print(f"{path.name:26} {count:8} rows {len(packed):9} bytes")


def first_of(listed):
    """The first value of a Python-style list in text, None when there is none."""
    values = [value for value in ast.literal_eval(listed or "[]") if value]
    return values[0] if values else None


# --- companies and their filings -------------------------------------------------


def companies(source):
    rows = sorted(read_csv(source / "companies.csv.gz"), key=lambda row: row["cik"])
    for number, row in enumerate(rows, 1):
        sector = re.sub(r"^(\d+|Office of) ", "", row["ownerOrg"] or "")
        yield [
            number, row["cik"], row["name"], first_of(row["tickers"]),
            first_of(row["exchanges"]), row["sic"], sector,
            row["business_stateOrCountry"], row["start_date"] + "T00:00:00Z",
        ]


def dashed(accession):
    digits = accession.zfill(18)
    return f"{digits[:10]}-{digits[10:12]}-{digits[12:]}"


def company_filings(source, fund_filings):
    """A sample of the MIT data (all filings that name a company, a third of the others),
    and all filings behind the holdings, which that data has only in part."""
    ciks = {row["cik"] for row in read_csv(source / "companies.csv.gz")}
    period_ends = {filing["accession"]: filing["period_end"] for filing in fund_filings}
    rows = []
    for row in read_csv(source / "company_filings.csv.gz"):
        accession = dashed(row["accessionNumber"])
        if (accession[:10] not in ciks and accession not in period_ends
                and zlib.crc32(accession.encode()) % 3):
            continue
        accepted = row["acceptanceDateTime"].replace(".000000Z", "Z")
        rows.append([accession, row["submissionType"], row["filingDate"],
                     period_ends.pop(accession, None), int(float(row["size"])), accepted])
    dates = {filing["accession"]: filing["filing_date"] for filing in fund_filings}
    for accession, period_end in period_ends.items():
        rows.append([accession, "13F-HR", dates[accession], period_end, None, None])
    return sorted(rows)


# --- holdings ----------------------------------------------------------------------


def mend_cusips(filings):
    """Puts back leading zeros where that gives a CUSIP which other lines have in full.
    Most short ones lost a letter from their middle: they stay as they are."""
    lines = [line for filing in filings for line in filing["lines"]]
    complete = {line["cusip"] for line in lines if len(line["cusip"]) == 9}
    for line in lines:
        padded = line["cusip"].zfill(9)
        if padded in complete:
            line["cusip"] = padded


def quarter_end_before(date):
    first_of_quarter = datetime.date(date.year, (date.month - 1) // 3 * 3 + 1, 1)
    return first_of_quarter - datetime.timedelta(days=1)


def read_fund_filings(source):
    """The 13F-HR filings with their lines; other forms and unfiled lines are left out."""
    filings = {}
    for row in read_csv(source / "fund_holdings_13f.csv.gz"):
        if row["form"] != "13F-HR" or not row["accession"]:
            continue
        date = datetime.date.fromisoformat(row["filing_date"])
        filed_in = f"{date.year}-Q{(date.month - 1) // 3 + 1}"
        if row["quarter"] != filed_in:
            raise SystemExit(f"quarter is not the quarter of filing: {row}")
        filing = filings.setdefault(row["accession"], {
            "fund": row["investor"], "accession": row["accession"],
            "filing_date": row["filing_date"],
            "period_end": quarter_end_before(date).isoformat(), "lines": [],
        })
        if filing["fund"] != row["investor"]:
            raise SystemExit(f"one accession number, two funds: {row}")
        filing["lines"].append({
            "cusip": row["cusip"], "name": row["name"],
            "put_call": row["put_call"] or (row["option_type"] or "").title()
            .replace("Stock", ""),
            "shares": int(row["shares"]), "value": int(row["value"]),
        })
    ordered = sorted(filings.values(), key=lambda f: (f["fund"], f["period_end"]))
    for before, after in zip(ordered, ordered[1:]):
        if (before["fund"], before["period_end"]) == (after["fund"], after["period_end"]):
            raise SystemExit(f"two filings of one fund and quarter: {after['accession']}")
    return ordered


def prices(filing):
    """Value of one share by CUSIP, in the filing's own unit."""
    return {line["cusip"]: line["value"] / line["shares"]
            for line in filing["lines"] if not line["put_call"]}


def unit_by_price(filing):
    """Dollars per unit of value, judged by what a share usually costs."""
    median = statistics.median(prices(filing).values() or [1])
    return 1000 if median < 1 else 1 if median < 1000 else 0.001


def set_units(filings):
    """Finds each filing's unit: what other funds say a share of the same security cost
    at that quarter's end decides; where too few say so, the usual price of a share."""
    seen = collections.defaultdict(list)
    for filing in filings:
        filing["unit"] = unit_by_price(filing)
        for cusip, price in prices(filing).items():
            seen[filing["period_end"], cusip].append(price * filing["unit"])
    known = {key: statistics.median(found) for key, found in seen.items()
             if len(found) >= 3}
    for filing in filings:
        ratios = [price / known[filing["period_end"], cusip]
                  for cusip, price in prices(filing).items()
                  if (filing["period_end"], cusip) in known]
        if len(ratios) >= 2:
            median = statistics.median(ratios)
            filing["unit"] = min(DOLLARS_PER_UNIT,
                                 key=lambda unit: abs(math.log(median * unit)))


def dollars(line, unit):
    value = line["value"] * unit
    return f"{value:.2f}".rstrip("0").rstrip(".") if unit < 1 else int(value)


# --- tickers -----------------------------------------------------------------------

ABBREVIATIONS = {
    "AMER": "AMERICAN", "AMERN": "AMERICAN", "BANCORPORATION": "BANCORP", "BK": "BANK",
    "BRH": "BROTHERS", "CAP": "CAPITAL", "CHEM": "CHEMICAL", "CHEMS": "CHEMICALS",
    "COMMUNICATIONS": "COMM", "COMMUNICATION": "COMM", "COMMUNICATNS": "COMM",
    "CTR": "CENTER", "DEPT": "DEPARTMENT", "ELEC": "ELECTRIC", "ELECTRS": "ELECTRONICS",
    "ENTMT": "ENTERTAINMENT", "FINL": "FINANCIAL", "GEN": "GENERAL", "GRP": "GROUP",
    "HLDG": "HOLDING", "HLDGS": "HOLDINGS", "HLTH": "HEALTH", "INDS": "INDUSTRIES",
    "INS": "INSURANCE", "INSTRS": "INSTRUMENTS", "INTL": "INTERNATIONAL",
    "INVT": "INVESTMENT", "INVTS": "INVESTMENTS", "LABS": "LABORATORIES",
    "MACHS": "MACHINES", "MATLS": "MATERIALS", "MGMT": "MANAGEMENT", "MTG": "MORTGAGE",
    "MTRS": "MOTORS", "NATL": "NATIONAL", "PAC": "PACIFIC", "PETE": "PETROLEUM",
    "PHARMACEUTICALS": "PHARMA", "PHARMACEUTICAL": "PHARMA", "PPTYS": "PROPERTIES",
    "PRODS": "PRODUCTS", "RES": "RESOURCES", "RLTY": "REALTY", "RY": "RAILWAY",
    "SOLUTNS": "SOLUTIONS", "STL": "STEEL", "STS": "STATES", "SVC": "SERVICE",
    "SVCS": "SERVICES", "SYS": "SYSTEMS", "TECH": "TECHNOLOGY",
    "TECHNOLOGIES": "TECHNOLOGY", "THERAPEUTIC": "THERAPEUTICS", "TR": "TRUST",
    "TRANSN": "TRANSPORTATION", "UTD": "UNITED", "WKS": "WORKS", "WTR": "WATER",
}
LEGAL_FORMS = {
    "INC", "INCORPORATED", "CORP", "CORPORATION", "CO", "COMPANY", "COS", "LTD",
    "LIMITED", "PLC", "LP", "LLC", "NV", "SA", "AG", "SE", "AB", "ASA", "SPA", "BV",
    "THE", "NEW", "DEL", "DE", "ADR", "ADS", "COM", "CL", "CLASS", "SHS", "ORD",
    "COMMON", "STOCK", "AND", "SPONSORED",
}
GROUP_FORMS = {"GROUP", "HOLDING", "HOLDINGS"}
PLACES = {"CA", "FL", "IL", "IN", "MA", "MD", "MI", "MN", "NC", "NJ", "NY", "OH", "OR",
          "PA", "TX", "VA", "WA", "WI", "CAYMAN", "BERMUDA", "IRELAND", "ISRAEL"}


def name_key(name):
    """What is left of an issuer's name without spelling, legal form and share class."""
    name = re.sub(r"/[A-Z]{2,3}/?\s*$", "", name.upper())
    name = re.sub(r"\b(CL|CLASS|SER|SERIES) [A-Z]\b", "", name)
    words = re.sub(r"[^A-Z0-9 ]", "", re.sub(r"[-/,&+]", " ", name)).split()
    words = [ABBREVIATIONS.get(word, word) for word in words]
    words = [word for word in words if word not in LEGAL_FORMS]
    while len(words) > 1 and words[-1] in PLACES:
        words.pop()
    return tuple(sorted(words))


def loose(key):
    """The name key without the words by which a parent differs from its subsidiary."""
    return ("loose",) + tuple(word for word in key if word not in GROUP_FORMS)


def tickers_by_name(source):
    """(ticker, cik) by name; of an issuer's tickers the first, its largest listing."""
    found = {}
    table = json.loads((source / "company_tickers.json").read_text())
    for row in table.values():
        entry = (row["ticker"], f"{row['cik_str']:010}")
        key = name_key(row["title"])
        found.setdefault(key, entry)
        found.setdefault(loose(key), entry)
    return found


def is_equity(cusip):
    """CUSIPs number equity with two digits and debt with letters."""
    return len(cusip) != 9 or cusip[6:8].isdigit()


def securities(source, filings):
    """(ticker, cik) for each CUSIP whose issuer is in SEC's table of tickers."""
    by_name = tickers_by_name(source)
    names = collections.defaultdict(collections.Counter)
    for filing in filings:
        for line in filing["lines"]:
            names[line["cusip"]][line["name"]] += 1
    for cusip in sorted(names):
        if not is_equity(cusip):
            continue
        votes = collections.Counter()
        for name, count in names[cusip].items():
            key = name_key(name)
            entry = by_name.get(key) or by_name.get(loose(key))
            if entry:
                votes[entry] += count
        if votes:
            (ticker, cik), _ = min(votes.items(), key=lambda vote: (-vote[1], vote[0]))
            yield [cusip, TICKER_OF_CUSIP.get(cusip, ticker), cik]


# --- files -------------------------------------------------------------------------


def fund_name(slug):
    return FUND_NAMES.get(slug, slug.replace("_", " ").title() + " 13F Portfolio")


def holdings(filings):
    """Sorted by fund, security and quarter: likeness in a row packs best."""
    rows = []
    for filing in filings:
        for line in filing["lines"]:
            key = (filing["fund"], line["cusip"], line["put_call"], filing["period_end"])
            rows.append((key, [
                filing["number"], line["cusip"], line["name"], line["put_call"],
                line["shares"], dollars(line, filing["unit"])]))
    return [row for _, row in sorted(rows, key=lambda item: item[0])]


def main(source, output):
    filings = read_fund_filings(source)
    mend_cusips(filings)
    set_units(filings)
    slugs = sorted({filing["fund"] for filing in filings})
    for number, filing in enumerate(filings, 1):
        filing["number"] = number
    write_csv(output / "companies.csv.gz",
              ["id", "cik", "name", "ticker", "exchange", "sic", "sector", "state",
               "created_at"], companies(source))
    write_csv(output / "company_filings.csv.gz",
              ["accession_number", "form", "filing_date", "period_end", "size_bytes",
               "accepted_at"], company_filings(source, filings))
    write_csv(output / "funds.csv.gz", ["fund_id", "fund_name"],
              ([number, fund_name(slug)] for number, slug in enumerate(slugs, 1)))
    write_csv(output / "fund_filings.csv.gz", ["number", "fund_id", "accession_number"],
              ([filing["number"], slugs.index(filing["fund"]) + 1, filing["accession"]]
               for filing in filings))
    write_csv(output / "securities.csv.gz", ["cusip", "ticker", "cik"],
              securities(source, filings))
    write_csv(output / "fund_holdings.csv.gz",
              ["fund_filing", "cusip", "company_name", "put_call", "shares",
               "market_value"], holdings(filings))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    here = pathlib.Path(__file__).resolve().parent
    main(pathlib.Path(sys.argv[1]),
         pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else here / "data")
