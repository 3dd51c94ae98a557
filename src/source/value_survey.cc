#include "source/value_survey.h"

#include <algorithm>
#include <functional>
#include <string_view>

#include "base/error.h"

namespace shoestring {

namespace {

/// An SQL expression over a value.
using Expression = std::function<std::string(const std::string& value)>;

/// Aggregates over the values of a column, or over the elements of its arrays.
class Values {
 public:
  explicit Values(const SourceColumn& column)
      : column_(QuoteIdentifier(column.name)), is_array_(column.type.is_array) {}

  std::string Max(const Expression& of, const Expression& where) const {
    if (!is_array_) {
      return fmt::format("max({}) FILTER (WHERE {})", of(column_), where(column_));
    }
    return fmt::format(
        "max((SELECT max({}) FROM pg_catalog.unnest({}) AS e (v) WHERE {}))", of("e.v"),
        column_, where("e.v"));
  }

  std::string Any(const Expression& condition) const {
    if (!is_array_)
      return fmt::format("coalesce(bool_or({}), false)", condition(column_));
    return fmt::format(
        "coalesce(bool_or(pg_catalog.array_ndims({0}) > 1 OR "
        "pg_catalog.array_lower({0}, 1) <> 1 OR EXISTS (SELECT FROM "
        "pg_catalog.unnest({0}) AS e (v) WHERE {1})), false)",
        column_, condition("e.v"));
  }

 private:
  const std::string column_;
  const bool is_array_;
};

// NaN and the infinities have no scale.
std::string IsFinite(const std::string& value) {
  return fmt::format("pg_catalog.scale({}) IS NOT NULL", value);
}
std::string IsSpecial(const std::string& value) {
  return fmt::format("{0} IS NOT NULL AND pg_catalog.scale({0}) IS NULL", value);
}
std::string FitsAlone(const std::string& value) {
  return fmt::format(
      "pg_catalog.scale({0}) <= {1} AND "
      "pg_catalog.abs({0}) < pg_catalog.power(10::numeric, {1} - pg_catalog.scale({0}))",
      value, kMaxDecimalDigits);
}
std::string Scale(const std::string& value) {
  return fmt::format("pg_catalog.scale({})", value);
}
std::string Magnitude(const std::string& value) {
  return fmt::format("pg_catalog.abs({})", value);
}
std::string Nothing(const std::string&) { return "false"; }

/// What makes a value of the type impossible to hold.
Expression AnomalyOf(const SourceType& type) {
  const std::string_view name = type.is_array ? type.element_name : type.base_name;
  if (type.is_system && name == "numeric") return IsSpecial;
  const bool time =
      type.is_system && (name == "date" || name == "timestamp" || name == "timestamptz");
  if (!time) return Nothing;
  return [name = std::string(name)](const std::string& value) {
    return fmt::format("{0} < '0001-01-01 +00'::{1} OR {0} >= '10000-01-01 +00'::{1}",
                       value, name);
  };
}

int IntegerDigits(std::string_view magnitude) {
  const size_t digits = std::min(magnitude.find('.'), magnitude.size());
  return magnitude.substr(0, digits) == "0" ? 0 : static_cast<int>(digits);
}

struct NumericExtent {
  int scale = 0;
  int integer_digits = 0;
  bool fits() const { return scale + integer_digits <= kMaxDecimalDigits; }
};

NumericExtent ReadExtent(const Rows& rows, int column) {
  return {static_cast<int>(rows.IsNull(0, column) ? 0 : rows.Integer(0, column)),
          rows.IsNull(0, column + 1) ? 0 : IntegerDigits(rows.Text(0, column + 1))};
}

}  // namespace

ValueSurvey::ValueSurvey(std::string table, const std::vector<SourceColumn>& columns,
                         const std::vector<AnomalyPolicy>& policies, std::string from)
    : table_(std::move(table)), from_(std::move(from)), columns_(columns.size()) {
  for (size_t i = 0; i < columns.size(); ++i) Add(i, columns[i], policies[i]);
}

void ValueSurvey::Add(size_t index, const SourceColumn& column, AnomalyPolicy policy) {
  const Values values(column);
  const Question question{index, &column, policy, asked_.size()};
  if (IsUnconstrainedNumeric(column.type)) {
    numerics_.push_back(question);
    asked_.push_back(values.Max(Scale, IsFinite));
    asked_.push_back(values.Max(Magnitude, IsFinite));
    asked_.push_back(values.Any(IsSpecial));
    return;
  }
  if (IsMoney(column.type)) moneys_.push_back(index);
  const bool possible = column.type.is_array || AnomalyOf(column.type)("x") != "false";
  if (policy != AnomalyPolicy::kText || !possible) return;
  others_.push_back(question);
  asked_.push_back(values.Any(AnomalyOf(column.type)));
}

std::string ValueSurvey::Select(const std::vector<std::string>& expressions) const {
  return fmt::format("SELECT {} FROM {}", fmt::join(expressions, ", "), from_);
}

std::vector<ColumnSurvey> ValueSurvey::Columns(Connection* connection) const {
  std::vector<ColumnSurvey> results(columns_);
  if (!moneys_.empty()) {
    const int scale = static_cast<int>(
        connection->Execute("SELECT pg_catalog.scale(0::money::numeric)").Integer(0, 0));
    for (const size_t money : moneys_) results[money].scale = scale;
  }
  for (const Question& other : others_) {
    results[other.index].anomalies = answer_->Boolean(0, static_cast<int>(other.first));
  }
  for (const Question& numeric : numerics_) {
    ColumnSurvey& result = results[numeric.index];
    const int first = static_cast<int>(numeric.first);
    const NumericExtent extent = ReadExtent(*answer_, first);
    result.anomalies = answer_->Boolean(0, first + 2) || !extent.fits();
    result.scale = extent.fits() ? extent.scale : ScaleOfTheRest(connection, numeric);
  }
  return results;
}

// Of the values that a decimal can hold; the others are anomalies.
int ValueSurvey::ScaleOfTheRest(Connection* connection, const Question& numeric) const {
  if (numeric.policy == AnomalyPolicy::kText) return 0;
  const Values values(*numeric.column);
  const Rows answer = connection->Execute(
      Select({values.Max(Scale, FitsAlone), values.Max(Magnitude, FitsAlone)}));
  const NumericExtent extent = ReadExtent(answer, 0);
  if (extent.fits()) return extent.scale;
  throw Fail(ErrorKind::kUnsupported,
             "Column {0}.{1} has no precision, and its values need {2} digits before "
             "the point and {3} after it, more than the {4} of a decimal. Way out: "
             "--anomaly {0}.{1}=text",
             table_, numeric.column->name, extent.integer_digits, extent.scale,
             kMaxDecimalDigits);
}

void ValueSurvey::AskAll(Connection* connection, std::vector<ValueSurvey>* surveys) {
  std::vector<Command> scans;
  std::vector<ValueSurvey*> asking;
  for (ValueSurvey& survey : *surveys) {
    if (survey.asked_.empty()) continue;
    scans.push_back({survey.Select(survey.asked_), {}, "Table " + survey.table_});
    asking.push_back(&survey);
  }
  std::vector<Rows> answers = connection->ExecuteAll(scans);
  for (size_t i = 0; i < asking.size(); ++i) asking[i]->answer_ = std::move(answers[i]);
}

}  // namespace shoestring
