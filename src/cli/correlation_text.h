#pragma once

#include <string>

#include "correlate/matrix.h"
#include "correlate/pair_report.h"

namespace shoestring {

/// What matters of two funds in a few lines, then the common positions as columns.
std::string PairTable(const PairReport& report);
/// A line for each common position, with a header.
std::string PairCsv(const PairReport& report);

/// A line for each pair of funds, the most alike first.
std::string MatrixTable(const Matrix& matrix);
/// The matrix itself: its first line and its first column are the funds.
std::string MatrixCsv(const Matrix& matrix);

}  // namespace shoestring
