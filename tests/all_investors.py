"""Every pair of every investor of a file of 13F lines, by `correlate --all` and by numpy.

scripts/investors gives the file, which is not part of this repository, in
SHOESTRING_INVESTORS: CSV with investor, quarter, cusip, option_type and value.
"""

import csv
import decimal
import gzip
import itertools
import json
import os
import re

import pytest

from test_correlate import METHODS, QUARTERS, restored, scores, weights

COLUMNS = {"table": "lines", "fund": "investor", "quarter": "quarter_end", "cusip": "cusip",
           "ticker": "none", "value": "dollars", "put_call": "option_type", "filing": "none",
           "filed": "none"}


@pytest.fixture(scope="module")
def lines():
    """(investor, quarter, cusip, option, dollars), all lines of a quarter added up."""
    with gzip.open(os.environ["SHOESTRING_INVESTORS"], "rt", newline="") as file:
        return [(line["investor"], line["quarter"], line["cusip"], line["option_type"],
                 decimal.Decimal(line["value"]))
                for line in csv.DictReader(file)
                if re.fullmatch(r"\d{4}-Q[1-4]", line["quarter"]) and len(line["cusip"]) > 5
                and line["value"]]


@pytest.fixture(scope="module")
def lake(lines, make_lake, tmp_path_factory):
    rows = tmp_path_factory.mktemp("investors") / "lines.csv"
    with rows.open("w", newline="") as file:
        csv.writer(file).writerows(
            (investor, f"{quarter[:4]}-{int(quarter[-1]) * 3:02}-28", *rest)
            for investor, quarter, *rest in lines)
    return make_lake("investors", "CREATE TABLE lines (investor text, quarter_end date,"
                     " cusip text, option_type text, dollars numeric(28, 8));"
                     f"\\copy lines FROM '{rows}' (FORMAT csv)")


@pytest.mark.parametrize("quarter", QUARTERS)
def test_every_pair_is_as_numpy_has_it(quarter, lines, lake, shoestring):
    funds = {}
    for investor, of, cusip, option, dollars in lines:
        if of == quarter and option not in ("PUT", "CALL"):
            held = funds.setdefault(investor, {})
            held[restored(cusip)] = held.get(restored(cusip), 0) + dollars
    weighted = {fund: weights({cusip: (dollars, {""}) for cusip, dollars in held.items()})
                for fund, held in funds.items()}
    settings = {f"SHOESTRING_CORRELATION_{key.upper()}": name for key, name in COLUMNS.items()}
    for method in METHODS:
        done = shoestring("correlate", "--all", "--quarter", quarter, "--method", method,
                          "--format", "json", "--lake", lake, env={**os.environ, **settings})
        found = json.loads(done.stdout)
        place = {fund: i for i, fund in enumerate(found["funds"])}
        assert place.keys() == funds.keys()
        for a, b in itertools.combinations(sorted(funds), 2):
            ours, theirs = found["scores"][place[a]][place[b]], scores(weighted[a], weighted[b])
            assert (ours is None) == (theirs[method] is None), (a, b, method)
            assert ours is None or abs(ours - theirs[method]) <= 1e-12, (a, b, method)
    print(f"{quarter}: {len(funds)} investors, {len(funds) * (len(funds) - 1) // 2} pairs")
