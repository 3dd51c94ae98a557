#pragma once

#include <string>
#include <utility>
#include <vector>

#include "correlate/similarity.h"

namespace shoestring {

/// Two funds, and how they are to be compared.
struct PairRequest {
  std::string fund_a;
  std::string fund_b;
  QuarterChoice quarter;
  Method method = Method::kPearson;
  bool options = false;  ///< Puts and calls count as positions, each of its own.
};

struct Comparison {
  Scores scores;
  Overlap overlap;
};

/// How alike two funds are, in one quarter or in several together.
struct PairReport {
  PairReport() = default;
  PairReport(PairReport&&) = default;
  PairReport& operator=(PairReport&&) = default;

  PairRequest request;
  std::vector<Quarter> quarters;
  Comparison whole;
  Overlap options;  ///< Of puts and calls that are set apart.
  /// Each quarter by itself, when all were asked for.
  std::vector<std::pair<Quarter, Comparison>> by_quarter;

  Portfolios portfolios;
  Portfolio a;
  Portfolio b;
  std::vector<CommonPosition> common;  ///< Of a and b, most common weight first.
  double weight_a = 0;                 ///< The part of each that is common.
  double weight_b = 0;
};

/// Pure: compares what both funds hold in these quarters; other holdings are left out.
PairReport ComparePair(std::vector<Holding> holdings, PairRequest request,
                       std::vector<Quarter> quarters);

/// One JSON object, two spaces deep, a common position a line. Scores that are not
/// defined are null; money has all its digits.
std::string PairJson(const PairReport& report);

}  // namespace shoestring
