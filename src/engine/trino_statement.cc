#include "engine/trino_statement.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"

namespace shoestring {

namespace {

constexpr std::array<std::string_view, 8> kReading = {
    "SELECT", "WITH", "VALUES", "TABLE", "SHOW", "DESCRIBE", "DESC", "("};

char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

/// Takes blanks and comments off the front.
void SkipBlanks(std::string_view* sql) {
  for (;;) {
    const size_t begin = std::min(sql->find_first_not_of(" \t\r\n"), sql->size());
    sql->remove_prefix(begin);
    if (sql->starts_with("--")) {
      sql->remove_prefix(std::min(sql->find('\n'), sql->size()));
    } else if (sql->starts_with("/*")) {
      const size_t end = sql->find("*/", 2);
      sql->remove_prefix(end == std::string_view::npos ? sql->size() : end + 2);
    } else {
      return;
    }
  }
}

/// The word at the front, in capitals, or the one character that is no letter.
std::string TakeWord(std::string_view* sql) {
  SkipBlanks(sql);
  std::string word;
  while (!sql->empty() && Upper(sql->front()) >= 'A' && Upper(sql->front()) <= 'Z') {
    word.push_back(Upper(sql->front()));
    sql->remove_prefix(1);
  }
  if (word.empty() && !sql->empty()) {
    word = sql->substr(0, 1);
    sql->remove_prefix(1);
  }
  return word;
}

/// The first word after EXPLAIN [ANALYZE] [VERBOSE] [(option, …)].
std::string TakeExplained(std::string_view* sql) {
  std::string word = TakeWord(sql);
  while (word == "ANALYZE" || word == "VERBOSE") word = TakeWord(sql);
  if (word != "(") return word;
  // Options have no parentheses; a query in parentheses begins with its own word.
  std::string_view inside = *sql;
  const std::string first = TakeWord(&inside);
  if (first != "TYPE" && first != "FORMAT") return word;
  sql->remove_prefix(std::min(sql->find(')'), sql->size() - 1) + 1);
  return TakeWord(sql);
}

std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted.push_back(c);
    quoted.push_back(c);
  }
  return quoted + "'";
}

std::string DoubleText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return fmt::format("{}", value);
}

}  // namespace

void CheckTrinoReads(std::string_view sql) {
  std::string word = TakeWord(&sql);
  if (word == "EXPLAIN") word = TakeExplained(&sql);
  if (word.empty()) throw Fail(ErrorKind::kInvalidArgument, "The statement is empty");
  if (std::ranges::find(kReading, word) != kReading.end()) return;
  throw Fail(ErrorKind::kInvalidArgument,
             "Only statements that read are allowed (SELECT, WITH, VALUES, TABLE, SHOW, "
             "DESCRIBE, and EXPLAIN of these), not: {}",
             word);
}

std::string TrinoLiteral(const Parameter& parameter) {
  struct Writer {
    std::string operator()(std::monostate) const { return "NULL"; }
    std::string operator()(bool value) const { return value ? "TRUE" : "FALSE"; }
    std::string operator()(int64_t value) const {
      return fmt::format("BIGINT '{}'", value);
    }
    std::string operator()(double value) const {
      return fmt::format("DOUBLE '{}'", DoubleText(value));
    }
    std::string operator()(const std::string& value) const { return Quoted(value); }
  };
  return std::visit(Writer(), parameter);
}

std::string TrinoStatementText(const Statement& statement) {
  if (statement.parameters.empty()) return statement.sql;
  std::string text = "EXECUTE IMMEDIATE " + Quoted(statement.sql) + " USING ";
  for (size_t i = 0; i < statement.parameters.size(); ++i) {
    text += (i == 0 ? "" : ", ") + TrinoLiteral(statement.parameters[i]);
  }
  return text;
}

}  // namespace shoestring
