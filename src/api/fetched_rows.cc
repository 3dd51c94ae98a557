#include "api/fetched_rows.h"

#include <arrow/api.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <unordered_set>

#include "base/error.h"
#include "engine/value_text.h"

namespace shoestring {

namespace {

/// Keys that one query looks for at most.
constexpr size_t kKeysAQuery = 2000;

/// Between the parts of a key: no text has it.
constexpr char kSeparator = '\xff';

const std::vector<uint32_t> kNone;

/// Equal numbers have equal texts, whatever their scales.
void AppendKeyPart(const arrow::Array& array, int64_t row, std::string* to) {
  const size_t start = to->size();
  AppendText(array, row, to);
  const bool decimal = array.type_id() == arrow::Type::DECIMAL128;
  if (!decimal || to->find('.', start) == to->npos) return;
  while (to->back() == '0') to->pop_back();
  if (to->back() == '.') to->pop_back();
}

SqlExpression KeyValue(const arrow::Array& array, int64_t row, const SqlType& type) {
  std::string text;
  AppendText(array, row, &text);
  switch (type.kind) {
    case SqlType::Kind::kInteger:
    case SqlType::Kind::kBigint:
      return SqlValue(static_cast<int64_t>(std::stoll(text)), type);
    case SqlType::Kind::kReal:
    case SqlType::Kind::kDouble: return SqlValue(std::stod(text), type);
    case SqlType::Kind::kBoolean: return SqlValue(text == "true", type);
    default: return SqlValue(std::move(text), type);
  }
}

}  // namespace

void FetchedRows::ShowIn(const std::optional<TimeZone>& zone) {
  for (OutputField& field : plan.fields) {
    field.type = InZone(std::move(field.type), zone);
    if (field.cast) field.cast = InZone(*std::move(field.cast), zone);
  }
  for (FetchedRows& embed : embeds) embed.ShowIn(zone);
}

void FetchedRows::FindColumns(size_t first) {
  for (size_t batch = first; batch < batches.size(); ++batch) {
    auto& found = columns.emplace_back();
    // The batch keeps the array that it makes of a column.
    for (int i = 0; i < batches[batch]->num_columns(); ++i) {
      found.push_back(batches[batch]->column(i).get());
    }
  }
}

std::string FetchedRows::KeyOf(uint32_t row, const std::vector<size_t>& columns) const {
  std::string key;
  for (const size_t place : columns) {
    const arrow::Array& array = column(row, place);
    if (array.IsNull(row_in_batch(row))) return "";
    AppendKeyPart(array, row_in_batch(row), &key);
    key += kSeparator;
  }
  return key;
}

const std::vector<uint32_t>& FetchedRows::EmbedRows(uint32_t row, size_t embed) const {
  const FetchedRows& children = embeds[embed];
  const auto found = children.by_parent.find(KeyOf(row, plan.embed_keys[embed]));
  return found == children.by_parent.end() ? kNone : found->second;
}

QueryLimits RequestBudget::ForQuery() const {
  QueryLimits now = limits;
  if (deadline == std::chrono::steady_clock::time_point()) return now;
  now.time = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  if (now.time.count() > 0) return now;
  throw Fail(ErrorKind::kTimeout, "The request's time is over");
}

void RowFetcher::Run(const SqlQuery& query,
                     std::vector<std::shared_ptr<arrow::RecordBatch>>* to) {
  const auto result =
      engine_.Run(RenderQuery(query, dialect_), budget_.ForQuery(), budget_.cancel);
  while (auto batch = result->Next()) {
    budget_.bytes_left -= arrow::util::TotalBufferSize(*batch);
    if (budget_.bytes_left < 0) {
      throw Fail(ErrorKind::kLimit,
                 "The answer is too large: ask for fewer rows or columns");
    }
    to->push_back(std::move(batch));
  }
}

FetchedRows RowFetcher::Fetch(const ReadNode& node, std::optional<int64_t> limit,
                              int64_t offset, int64_t max_rows, bool shallow) {
  FetchedRows fetched;
  fetched.node = &node;
  fetched.plan = writer_.Root(node, limit, offset);
  Run(fetched.plan.query, &fetched.batches);
  fetched.FindColumns(0);
  for (uint32_t batch = 0; batch < fetched.batches.size(); ++batch) {
    for (int64_t row = 0; row < fetched.batches[batch]->num_rows(); ++row) {
      fetched.rows.emplace_back(batch, static_cast<uint32_t>(row));
    }
  }
  if (!shallow) FetchEmbeds(&fetched, max_rows);
  return fetched;
}

void RowFetcher::FetchEmbeds(FetchedRows* parents, int64_t max_rows) {
  for (size_t embed = 0; embed < parents->plan.embeds.size(); ++embed) {
    parents->embeds.push_back(FetchEmbed(*parents, embed, max_rows));
  }
}

FetchedRows RowFetcher::FetchEmbed(const FetchedRows& parents, size_t embed,
                                   int64_t max_rows) {
  FetchedRows fetched;
  fetched.node = parents.plan.embeds[embed];
  const std::vector<size_t>& columns = parents.plan.embed_keys[embed];
  const std::vector<SqlType> types = ReadQueryWriter::ChildKeyTypes(*fetched.node);
  std::optional<int64_t> limit = fetched.node->limit;
  if (max_rows > 0) limit = std::min(limit.value_or(max_rows), max_rows);

  std::unordered_set<std::string> seen;
  std::vector<SqlExpression> keys;
  const auto flush = [&] {
    if (keys.empty() && !fetched.plan.query.items.empty()) return;
    FetchFor(std::exchange(keys, {}), limit, &fetched);
  };
  for (uint32_t row = 0; row < parents.rows.size(); ++row) {
    const std::string key = parents.KeyOf(row, columns);
    if (key.empty() || !seen.insert(key).second) continue;
    for (size_t i = 0; i < columns.size(); ++i) {
      keys.push_back(
          KeyValue(parents.column(row, columns[i]), parents.row_in_batch(row), types[i]));
    }
    if (keys.size() >= kKeysAQuery) flush();
  }
  flush();
  FetchEmbeds(&fetched, max_rows);
  return fetched;
}

void RowFetcher::FetchFor(std::vector<SqlExpression> keys, std::optional<int64_t> limit,
                          FetchedRows* to) {
  const bool none = keys.empty();
  const bool in_query = to->node->limit || to->node->offset > 0;
  NodeQuery plan = writer_.Children(*to->node, std::move(keys),
                                    in_query ? limit : std::optional<int64_t>());
  const size_t first = to->batches.size();
  if (!none) Run(plan.query, &to->batches);
  to->FindColumns(first);
  to->plan = std::move(plan);
  for (size_t batch = first; batch < to->batches.size(); ++batch) {
    for (int64_t row = 0; row < to->batches[batch]->num_rows(); ++row) {
      const auto place = static_cast<uint32_t>(to->rows.size());
      to->rows.emplace_back(static_cast<uint32_t>(batch), static_cast<uint32_t>(row));
      auto& rows = to->by_parent[to->KeyOf(place, to->plan.parent_keys)];
      const bool full = limit && static_cast<int64_t>(rows.size()) >= *limit;
      if (full) {
        to->rows.pop_back();
      } else {
        rows.push_back(place);
      }
    }
  }
}

int64_t RowFetcher::Count(const ReadNode& node) {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  Run(writer_.Count(node), &batches);
  std::string text;
  AppendText(*batches.at(0)->column(0), 0, &text);
  return std::stoll(text);
}

}  // namespace shoestring
