#include "engine/athena_csv.h"

#include <algorithm>

#include "base/error.h"

namespace shoestring {

namespace {

[[noreturn]] void Malformed(std::string_view what) {
  throw Fail(ErrorKind::kCorrupt, "Athena's result file is not as Athena writes it: {}",
             what);
}

}  // namespace

void AthenaCsv::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    if (state_ == State::kInside) {
      const size_t end = std::min(bytes.find('"'), bytes.size());
      value_.append(bytes.substr(0, end));
      if (end < bytes.size()) state_ = State::kQuote;
      bytes.remove_prefix(std::min(end + 1, bytes.size()));
      continue;
    }
    const char c = bytes.front();
    bytes.remove_prefix(1);
    if (c != '"') {
      TakeOutside(c);
    } else {
      if (state_ == State::kQuote) value_.push_back('"');
      state_ = State::kInside;
    }
  }
}

/// What ends a value.
void AthenaCsv::TakeOutside(char c) {
  if (c != ',' && c != '\n') Malformed("a value without quotes");
  EndValue();
  if (c == '\n') EndRow();
}

void AthenaCsv::EndValue() {
  const bool is_null = state_ == State::kBefore;
  if (!in_header_) {
    rows_.Append(column_,
                 is_null ? std::nullopt : std::optional<std::string_view>(value_));
  }
  ++column_;
  value_.clear();
  state_ = State::kBefore;
}

void AthenaCsv::EndRow() {
  if (in_header_) {
    if (column_ != rows_.columns()) Malformed("another number of columns");
    in_header_ = false;
  } else {
    rows_.EndRow(column_);
  }
  column_ = 0;
}

void AthenaCsv::Finish() const {
  if (in_header_) Malformed("no header");
  if (state_ != State::kBefore || column_ != 0) Malformed("it ends within a row");
}

}  // namespace shoestring
