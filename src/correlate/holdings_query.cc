#include "correlate/holdings_query.h"

#include <arrow/api.h>

#include "base/error.h"
#include "engine/value_text.h"

namespace shoestring {

namespace {

using ExpressionKind = SqlExpression::Kind;

constexpr const char* kAlias = "h";
constexpr const char* kPublic = "public";  ///< Its tables have no schema in the lake.
constexpr int kMoneyPrecision = 38;
constexpr int kThousand = 1000;

/// The answer's columns, by the names that the query gives them.
constexpr const char* kFund = "fund";
constexpr const char* kQuarter = "quarter";
constexpr const char* kCusip = "cusip";
constexpr const char* kTicker = "ticker";
constexpr const char* kPutCall = "put_call";
constexpr const char* kFiling = "filing";
constexpr const char* kFiled = "filed";
constexpr const char* kValue = "value";

SqlExpression Column(const std::string& name) { return SqlColumn(kAlias, name); }

SqlSource Table(const std::string& name) {
  SqlSource source;
  const size_t dot = name.find('.');
  if (dot == name.npos) {
    source.schema = kPublic;
    source.table = name;
  } else {
    source.schema = name.substr(0, dot);
    source.table = name.substr(dot + 1);
  }
  source.lake_name = source.schema == kPublic ? source.table : name;
  source.alias = kAlias;
  return source;
}

SqlExpression IsOneOf(SqlExpression column, const std::vector<std::string>& texts) {
  SqlExpression in = SqlCall(ExpressionKind::kInRows, {std::move(column)});
  in.width = 1;
  for (const std::string& text : texts) in.arguments.push_back(SqlValue(text, {}));
  return in;
}

SqlExpression Date(const std::string& day) {
  return SqlValue(day, {.kind = SqlType::Kind::kDate});
}

/// The rows of these funds, or of all.
SqlQuery Rows(const CorrelationSettings& settings, const std::vector<std::string>& funds,
              std::vector<SqlItem> items) {
  SqlQuery query;
  query.items = std::move(items);
  query.from = Table(settings.table);
  if (!funds.empty()) query.where.push_back(IsOneOf(Column(settings.fund), funds));
  return query;
}

void GroupByItems(SqlQuery* query) {
  for (size_t i = 0; i < query->items.size(); ++i) query->group_by.push_back(i);
}

SqlExpression AsMoney(SqlExpression value) {
  return SqlCast(std::move(value),
                 {SqlType::Kind::kDecimal, kMoneyPrecision, kMoneyScale});
}

/// A column of the answer as texts; empty ones for NULL, and where there is no column.
class Texts {
 public:
  Texts(const arrow::RecordBatch& batch, const char* name)
      : column_(batch.GetColumnByName(name)) {
    if (column_ && column_->type_id() == arrow::Type::STRING) {
      texts_ = static_cast<const arrow::StringArray*>(column_.get());
    }
  }

  /// Good until the next call.
  std::string_view At(int64_t row) {
    if (texts_) return texts_->IsNull(row) ? std::string_view() : texts_->GetView(row);
    text_.clear();
    if (column_) AppendText(*column_, row, &text_);
    return text_;
  }

 private:
  std::shared_ptr<arrow::Array> column_;
  const arrow::StringArray* texts_ = nullptr;  ///< When it is one.
  std::string text_;                           ///< Else.
};

/// The quarters of a column of dates, or of what else begins with one as a text.
class Quarters {
 public:
  explicit Quarters(const arrow::RecordBatch& batch)
      : column_(batch.GetColumnByName(kQuarter)), texts_(batch, kQuarter) {}

  std::optional<Quarter> At(int64_t row) {
    if (column_->type_id() != arrow::Type::DATE32) return ParseQuarter(texts_.At(row));
    if (column_->IsNull(row)) return std::nullopt;
    const auto& days = static_cast<const arrow::Date32Array&>(*column_);
    return QuarterOf(std::chrono::sys_days(std::chrono::days(days.Value(row))));
  }

 private:
  std::shared_ptr<arrow::Array> column_;
  Texts texts_;
};

/// Empty `id`: there is nothing to know it by.
Security SecurityOf(std::string_view cusip, std::string_view ticker,
                    std::string_view put_call) {
  Security security;
  security.id = RestoreCusip(cusip);
  security.is_cusip = !security.id.empty();
  if (!security.is_cusip) security.id = ticker;
  security.kind = ParseKind(put_call);
  return security;
}

const arrow::Decimal128Array& Values(const arrow::RecordBatch& batch) {
  const auto column = batch.GetColumnByName(kValue);
  if (column && column->type()->Equals(arrow::decimal128(kMoneyPrecision, kMoneyScale))) {
    return static_cast<const arrow::Decimal128Array&>(*column);
  }
  throw Fail(ErrorKind::kInternal, "The engine gave sums that are no decimals: {}",
             batch.schema()->ToString());
}

}  // namespace

SqlQuery HoldingsQuery(const CorrelationSettings& settings,
                       const std::vector<std::string>& funds,
                       const std::optional<Quarter>& quarter) {
  std::vector<SqlItem> items = {{Column(settings.fund), kFund},
                                {Column(settings.quarter), kQuarter}};
  const auto add = [&](const std::string& column, const char* as) {
    if (!column.empty()) items.push_back({Column(column), as});
  };
  add(settings.cusip, kCusip);
  add(settings.ticker, kTicker);
  add(settings.put_call, kPutCall);
  add(settings.filing, kFiling);
  add(settings.filed, kFiled);
  SqlQuery query = Rows(settings, funds, std::move(items));
  SqlExpression value = Column(settings.value);
  if (funds.empty()) {
    GroupByItems(&query);
    value = SqlCall(ExpressionKind::kSum, {std::move(value)});
  }
  query.items.push_back({AsMoney(std::move(value)), kValue});
  if (quarter) {
    const auto compare = [&](ExpressionKind kind, const Quarter& with) {
      query.where.push_back(
          SqlCall(kind, {Column(settings.quarter), Date(FirstDay(with))}));
    };
    compare(ExpressionKind::kGreaterEqual, *quarter);
    compare(ExpressionKind::kLess, NextQuarter(*quarter));
  }
  return query;
}

void ReadHoldings(const CorrelationSettings& settings, const arrow::RecordBatch& batch,
                  std::vector<Holding>* to) {
  Texts funds(batch, kFund);
  Quarters quarters(batch);
  Texts cusips(batch, kCusip);
  Texts tickers(batch, kTicker);
  Texts put_calls(batch, kPutCall);
  Texts filings(batch, kFiling);
  Texts days(batch, kFiled);
  const arrow::Decimal128Array& values = Values(batch);
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    const auto quarter = quarters.At(row);
    const std::string_view ticker = tickers.At(row);
    Security security = SecurityOf(cusips.At(row), ticker, put_calls.At(row));
    if (!quarter || values.IsNull(row) || security.id.empty()) continue;
    security.quarter = *quarter;
    const std::string_view filed = days.At(row);
    Money value(values.GetValue(row));
    if (!filed.empty() && filed < settings.thousands_before) value *= kThousand;
    to->push_back({.fund = std::string(funds.At(row)),
                   .security = std::move(security),
                   .ticker = std::string(ticker),
                   .filing = std::string(filings.At(row)),
                   .filed = std::string(filed),
                   .value = value});
  }
}

SqlQuery FundQuartersQuery(const CorrelationSettings& settings,
                           const std::vector<std::string>& funds) {
  SqlQuery query =
      Rows(settings, funds,
           {{Column(settings.fund), kFund}, {Column(settings.quarter), kQuarter}});
  GroupByItems(&query);
  return query;
}

void ReadFundQuarters(const arrow::RecordBatch& batch, FundQuarters* to) {
  Texts funds(batch, kFund);
  Quarters quarters(batch);
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    const auto quarter = quarters.At(row);
    if (quarter) (*to)[std::string(funds.At(row))].insert(*quarter);
  }
}

}  // namespace shoestring
