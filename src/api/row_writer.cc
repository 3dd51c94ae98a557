#include "api/row_writer.h"

#include <arrow/api.h>

#include <functional>

#include "api/api_error.h"
#include "api/numeric_quotient.h"
#include "api/postgres_value.h"
#include "api/raw_json.h"
#include "engine/value_text.h"

namespace shoestring {

namespace {

constexpr size_t kPiece = 1 << 16;

/// A value on its way out of a path or through a cast.
struct TypedText {
  std::optional<std::string> text;
  PostgresType type;
};

bool IsPlain(const OutputField& field) {
  return field.field.path.empty() && !field.cast && !field.divisor;
}

TypedText Followed(const FetchedRows& rows, uint32_t row, const OutputField& field) {
  const arrow::Array& array = rows.column(row, field.column);
  std::string json;
  AppendPostgresJson(array, rows.row_in_batch(row), field.type, &json);
  std::optional<std::string_view> at = json;
  for (const JsonStep& step : field.field.path) {
    if (at) at = JsonAt(*at, step);
  }
  TypedText value;
  if (field.field.as_text) {
    if (at) value.text = JsonAsText(*at);
  } else {
    value.type = PlainType(PostgresType::Kind::kJsonb);
    if (at) value.text = std::string(*at);
  }
  return value;
}

TypedText Average(const FetchedRows& rows, uint32_t row, const OutputField& field) {
  TypedText value{
      PostgresText(rows.column(row, field.column), rows.row_in_batch(row), field.type),
      PlainType(PostgresType::Kind::kNumeric)};
  const auto count =
      PostgresText(rows.column(row, *field.divisor), rows.row_in_batch(row),
                   PlainType(PostgresType::Kind::kBigint));
  if (!value.text || !count) return value;
  const bool floating = field.type.kind == PostgresType::Kind::kReal ||
                        field.type.kind == PostgresType::Kind::kDouble;
  if (floating) {
    value.type = PlainType(PostgresType::Kind::kDouble);
    value.text = InexactQuotient(*value.text, *count);
  } else if (value.text->back() >= '0' && value.text->back() <= '9') {
    value.text = DividedNumeric(*value.text, *count);
  }
  return value;
}

TypedText Computed(const FetchedRows& rows, uint32_t row, const OutputField& field) {
  TypedText value;
  if (field.divisor) {
    value = Average(rows, row, field);
  } else if (!field.field.path.empty()) {
    value = Followed(rows, row, field);
  } else {
    value = {
        PostgresText(rows.column(row, field.column), rows.row_in_batch(row), field.type),
        field.type};
  }
  if (!field.cast) return value;
  if (value.text) value.text = CastText(*value.text, value.type, *field.cast);
  value.type = *field.cast;
  return value;
}

void AppendFieldJson(const FetchedRows& rows, uint32_t row, const OutputField& field,
                     std::string* to) {
  if (IsPlain(field)) {
    return AppendPostgresJson(rows.column(row, field.column), rows.row_in_batch(row),
                              field.type, to);
  }
  const TypedText value = Computed(rows, row, field);
  if (value.text) {
    AppendJsonOfText(*value.text, value.type, to);
  } else {
    to->append("null");
  }
}

/// Called with each member of a row's object: its name and its JSON.
using Members = std::function<void(const std::string& key, const std::string& json)>;

/// The same, where it is told how to write a field that is no JSON.
struct Visitor {
  Members json;
  std::function<void(const FetchedRows& rows, uint32_t row, const OutputField& field)>
      field;
};

void VisitRow(const FetchedRows& rows, uint32_t row, const Visitor& visitor);

void VisitEmbed(const FetchedRows& rows, uint32_t row, size_t embed,
                const Visitor& visitor);

void AppendObject(const FetchedRows& rows, uint32_t row, std::string* to) {
  bool first = true;
  const auto next = [&] {
    to->push_back(first ? '{' : ',');
    first = false;
  };
  const auto append = [&](const FetchedRows& of, uint32_t at, const OutputField& field) {
    next();
    to->append(field.json_key);
    AppendFieldJson(of, at, field, to);
  };
  // A visitor costs more than a field.
  for (const OutputField& field : rows.plan.fields) append(rows, row, field);
  for (size_t embed = 0; embed < rows.embeds.size(); ++embed) {
    VisitEmbed(rows, row, embed,
               {.json =
                    [&](const std::string& name, const std::string& value) {
                      next();
                      AppendJsonString(name, to);
                      to->append(":").append(value);
                    },
                .field = append});
  }
  to->append(first ? "{}" : "}");
}

std::string ObjectOf(const FetchedRows& rows, uint32_t row) {
  std::string json;
  AppendObject(rows, row, &json);
  return json;
}

/// The keys of a spread row, in the order that VisitRow has them.
void SpreadKeys(const FetchedRows& rows, std::vector<std::string>* keys) {
  for (const OutputField& field : rows.plan.fields) keys->push_back(field.key);
  for (size_t i = 0; i < rows.embeds.size(); ++i) {
    if (rows.embeds[i].node->spread) {
      SpreadKeys(rows.embeds[i], keys);
    } else {
      keys->push_back(rows.embeds[i].node->key());
    }
  }
}

/// A to-many spread: each of its fields becomes the array of what it is in each row.
void VisitSpreadArrays(const FetchedRows& rows, uint32_t row, size_t embed,
                       const Members& each) {
  const FetchedRows& children = rows.embeds[embed];
  std::vector<std::string> keys;
  SpreadKeys(children, &keys);
  std::vector<std::string> arrays(keys.size(), "[");
  for (const uint32_t child : rows.EmbedRows(row, embed)) {
    size_t key = 0;
    const auto next = [&] {
      std::string* array = &arrays[key++];
      if (array->size() > 1) array->push_back(',');
      return array;
    };
    VisitRow(children, child,
             {.json = [&](const std::string&,
                          const std::string& value) { next()->append(value); },
              .field =
                  [&](const FetchedRows& of, uint32_t at, const OutputField& field) {
                    AppendFieldJson(of, at, field, next());
                  }});
  }
  for (size_t i = 0; i < keys.size(); ++i) each(keys[i], arrays[i] + "]");
}

std::string EmbedJson(const FetchedRows& rows, uint32_t row, size_t embed) {
  const FetchedRows& children = rows.embeds[embed];
  const std::vector<uint32_t>& found = rows.EmbedRows(row, embed);
  if (children.node->relation->to_one()) {
    return found.empty() ? "null" : ObjectOf(children, found.front());
  }
  std::string json = "[";
  for (const uint32_t child : found) {
    if (json.size() > 1) json += ',';
    json += ObjectOf(children, child);
  }
  return json + "]";
}

/// count() over no rows is 0, any other aggregate null.
std::string EmptyAggregate(const FetchedRows& children) {
  std::string json = "{";
  for (size_t i = 0; i < children.plan.fields.size(); ++i) {
    if (i > 0) json += ',';
    AppendJsonString(children.plan.fields[i].key, &json);
    json += children.node->fields[i].aggregate == Aggregate::kCount ? ":0" : ":null";
  }
  return json + "}";
}

/// Aggregates of no rows, grouped by nothing, are one row all the same.
bool IsOneRowOfAggregates(const FetchedRows& children) {
  const auto& fields = children.node->fields;
  return !fields.empty() && children.node->embeds.empty() &&
         std::ranges::all_of(fields, [](const PlannedField& field) {
           return field.aggregate != Aggregate::kNone;
         });
}

void VisitNulls(const FetchedRows& rows, const Members& each) {
  std::vector<std::string> keys;
  SpreadKeys(rows, &keys);
  for (const std::string& key : keys) each(key, "null");
}

void VisitEmbed(const FetchedRows& rows, uint32_t row, size_t embed,
                const Visitor& visitor) {
  const FetchedRows& children = rows.embeds[embed];
  const std::vector<uint32_t>& found = rows.EmbedRows(row, embed);
  if (children.node->spread) {
    if (!children.node->relation->to_one()) {
      VisitSpreadArrays(rows, row, embed, visitor.json);
    } else if (found.empty()) {
      VisitNulls(children, visitor.json);
    } else {
      VisitRow(children, found.front(), visitor);
    }
    return;
  }
  if (found.empty() && IsOneRowOfAggregates(children)) {
    const std::string json = EmptyAggregate(children);
    return visitor.json(children.node->key(),
                        children.node->relation->to_one() ? json : "[" + json + "]");
  }
  visitor.json(children.node->key(), EmbedJson(rows, row, embed));
}

void VisitRow(const FetchedRows& rows, uint32_t row, const Visitor& visitor) {
  for (const OutputField& field : rows.plan.fields) visitor.field(rows, row, field);
  for (size_t embed = 0; embed < rows.embeds.size(); ++embed) {
    VisitEmbed(rows, row, embed, visitor);
  }
}

class JsonArray : public ApiBody {
 public:
  JsonArray(std::shared_ptr<const FetchedRows> rows, bool strip_nulls)
      : rows_(std::move(rows)), writer_(*rows_, strip_nulls) {}

  std::optional<std::string> Next() override {
    if (ended_) return std::nullopt;
    std::string piece;
    piece.reserve(kPiece + kPiece / 8);
    if (next_ == 0) piece += '[';
    while (next_ < rows_->rows.size() && piece.size() < kPiece) {
      if (next_ > 0) piece += ",\n ";
      writer_.AppendJson(next_++, &piece);
    }
    if (next_ == rows_->rows.size()) {
      ended_ = true;
      piece += "]";
    }
    return piece;
  }

 private:
  const std::shared_ptr<const FetchedRows> rows_;
  const RowWriter writer_;
  uint32_t next_ = 0;
  bool ended_ = false;
};

class CsvLines : public ApiBody {
 public:
  explicit CsvLines(std::shared_ptr<const FetchedRows> rows)
      : rows_(std::move(rows)), writer_(*rows_) {}

  std::optional<std::string> Next() override {
    if (ended_) return std::nullopt;
    std::string piece;
    if (next_ == 0) piece = (rows_->rows.empty() ? "" : writer_.CsvHeader()) + "\n";
    while (next_ < rows_->rows.size() && piece.size() < kPiece) {
      if (next_ > 0) piece += '\n';
      writer_.AppendCsv(next_++, &piece);
    }
    ended_ = next_ == rows_->rows.size();
    return piece;
  }

 private:
  const std::shared_ptr<const FetchedRows> rows_;
  const RowWriter writer_;
  uint32_t next_ = 0;
  bool ended_ = false;
};

}  // namespace

void RowWriter::AppendJson(uint32_t row, std::string* to) const {
  if (strip_nulls_) {
    to->append(WithoutNulls(ObjectOf(rows_, row)));
  } else {
    AppendObject(rows_, row, to);
  }
}

void RowWriter::AppendCsv(uint32_t row, std::string* to) const {
  bool first = true;
  const auto comma = [&] {
    if (!first) to->push_back(',');
    first = false;
  };
  VisitRow(rows_, row,
           {.json =
                [&](const std::string&, const std::string& json) {
                  comma();
                  if (json != "null") AppendCsvText(json, to);
                },
            .field =
                [&](const FetchedRows& rows, uint32_t at, const OutputField& field) {
                  comma();
                  if (IsPlain(field)) {
                    AppendPostgresCsv(rows.column(at, field.column),
                                      rows.row_in_batch(at), field.type, to);
                    return;
                  }
                  const TypedText value = Computed(rows, at, field);
                  if (value.text) AppendCsvText(*value.text, to);
                }});
}

std::string RowWriter::CsvHeader() const {
  std::string header;
  std::vector<std::string> keys;
  SpreadKeys(rows_, &keys);
  for (size_t i = 0; i < keys.size(); ++i) header += (i > 0 ? "," : "") + keys[i];
  return header;
}

std::unique_ptr<ApiBody> JsonArrayBody(std::shared_ptr<const FetchedRows> rows,
                                       bool strip_nulls) {
  return std::make_unique<JsonArray>(std::move(rows), strip_nulls);
}

std::unique_ptr<ApiBody> CsvBody(std::shared_ptr<const FetchedRows> rows) {
  return std::make_unique<CsvLines>(std::move(rows));
}

}  // namespace shoestring
