#include "cli/correlation_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/terminal_text.h"
#include "base/units.h"

namespace shoestring {

namespace {

using Line = std::vector<std::string>;
using Lines = std::vector<Line>;

std::string Rounded(double score) {
  return std::isfinite(score) ? fmt::format("{:.4f}", score) : "-";
}

std::string Exact(double score) {
  return std::isfinite(score) ? fmt::format("{}", score) : "";
}

std::string Whole(const Money& money) {
  return FormatCount(std::llround(MoneyNumber(money)));
}

/// As RFC 4180 has it.
std::string CsvCell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string Csv(const Lines& lines) {
  std::string csv;
  for (const Line& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) {
      if (i > 0) csv += ',';
      csv += CsvCell(line[i]);
    }
    csv += '\n';
  }
  return csv;
}

std::string Columns(Lines lines, size_t left_at_end) {
  for (Line& line : lines) {
    for (std::string& cell : line) cell = Printable(cell);
  }
  return AlignColumns(lines, left_at_end);
}

std::string QuartersOf(const PairReport& report) {
  std::string last = QuarterName(report.quarters.back());
  if (report.quarters.size() == 1) return last;
  return fmt::format("{} quarters, {} to {}", report.quarters.size(),
                     QuarterName(report.quarters.front()), last);
}

std::string Summary(const PairReport& report) {
  const auto& [scores, overlap] = report.whole;
  Lines lines = {
      {"", report.a.fund, report.b.fund},
      {"positions", FormatCount(static_cast<int64_t>(report.a.positions.size())),
       FormatCount(static_cast<int64_t>(report.b.positions.size()))},
      {"value", Whole(report.a.total), Whole(report.b.total)},
      {"of it in common", Whole(overlap.value_a), Whole(overlap.value_b)},
      {"as weight", Rounded(report.weight_a), Rounded(report.weight_b)},
      {"puts and calls, apart", Whole(report.a.options_total),
       Whole(report.b.options_total)},
  };
  const Lines common = {
      {"tickers in common", FormatCount(overlap.tickers)},
      {"smaller value of each", Whole(overlap.value)},
      {"pearson", Rounded(scores.pearson)},
      {"cosine", Rounded(scores.cosine)},
      {"jaccard", Rounded(scores.jaccard)},
      {"common weight", Rounded(scores.common_weight)},
  };
  return QuartersOf(report) + "\n\n" + Columns(lines, 0) + "\n" + Columns(common, 0);
}

Line PositionLine(const PairReport& report, const CommonPosition& position, bool csv) {
  const uint32_t place = position.a->security;
  const Security& security = report.portfolios.securities[place];
  const auto money = [&](const Money& of) { return csv ? MoneyText(of) : Whole(of); };
  const auto weight = [&](double of) { return csv ? Exact(of) : Rounded(of); };
  return {report.portfolios.labels[place],
          money(position.a->value),
          money(position.b->value),
          weight(position.a->weight),
          weight(position.b->weight),
          QuarterName(security.quarter),
          security.is_cusip ? security.id : "",
          std::string(KindName(security.kind))};
}

Lines PositionLines(const PairReport& report, bool csv) {
  Lines lines = {{"ticker", "value_a", "value_b", "weight_a", "weight_b", "quarter",
                  "cusip", "kind"}};
  for (const CommonPosition& position : report.common) {
    lines.push_back(PositionLine(report, position, csv));
  }
  return lines;
}

struct Pair {
  size_t a;
  size_t b;
  const Matrix::Cell* cell;
};

/// Scores that are not defined come last.
bool MoreAlike(const Pair& left, const Pair& right) {
  const auto rank = [](const Pair& pair) {
    return std::isfinite(pair.cell->score) ? pair.cell->score : -2;
  };
  return rank(left) > rank(right);
}

}  // namespace

std::string PairTable(const PairReport& report) {
  if (report.common.empty()) return Summary(report);
  return Summary(report) + "\n" + Columns(PositionLines(report, /*csv=*/false), 3);
}

std::string PairCsv(const PairReport& report) {
  return Csv(PositionLines(report, /*csv=*/true));
}

std::string MatrixTable(const Matrix& matrix) {
  std::vector<Pair> pairs;
  for (size_t a = 0; a < matrix.funds.size(); ++a) {
    for (size_t b = a + 1; b < matrix.funds.size(); ++b) {
      pairs.push_back({a, b, &matrix.At(a, b)});
    }
  }
  std::ranges::stable_sort(pairs, MoreAlike);
  Lines lines = {
      {"fund", std::string(MethodName(matrix.method)), "tickers", "value", "other fund"}};
  for (const auto& [a, b, cell] : pairs) {
    lines.push_back({matrix.funds[a], Rounded(cell->score), FormatCount(cell->tickers),
                     Whole(cell->value), matrix.funds[b]});
  }
  return Columns(std::move(lines), 1);
}

std::string MatrixCsv(const Matrix& matrix) {
  Lines lines = {{QuarterName(matrix.quarter)}};
  for (const std::string& fund : matrix.funds) lines.front().push_back(fund);
  for (size_t row = 0; row < matrix.funds.size(); ++row) {
    lines.push_back({matrix.funds[row]});
    for (size_t column = 0; column < matrix.funds.size(); ++column) {
      lines.back().push_back(Exact(matrix.At(row, column).score));
    }
  }
  return Csv(lines);
}

}  // namespace shoestring
