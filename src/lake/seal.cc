#include "lake/seal.h"

#include <boost/json/serialize.hpp>

#include "base/error.h"
#include "base/json.h"

namespace shoestring {

namespace {

constexpr int64_t kSealVersion = 1;

std::string Quote(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

/// ,"name": [items, a line each].
template <typename Item, typename Format>
void AppendList(std::string_view name, const std::vector<Item>& items,
                const Format& format, std::string* to) {
  *to += fmt::format(",\n  \"{}\": [", name);
  std::string_view separator = "\n    ";
  for (const Item& item : items) {
    *to += separator;
    *to += format(item);
    separator = ",\n    ";
  }
  *to += items.empty() ? "]" : "\n  ]";
}

std::string FormatRows(const RowSum& rows) {
  return fmt::format(R"("rows":{},"sum":"{}")", rows.rows, ToHex(rows.sum));
}

std::string FormatObject(const std::string& key, int64_t bytes,
                         const std::string& checksum) {
  return fmt::format(R"("key":{},"bytes":{},"xxh3":"{}")", Quote(key), bytes, checksum);
}

int64_t ParseCount(const JsonView& json) {
  const int64_t count = json.Integer();
  if (count < 0) throw Fail(ErrorKind::kCorrupt, "{} is negative", json.path());
  return count;
}

Uint128 ParseSum(const JsonView& json) {
  const auto value = ParseHex(json.Text());
  if (!value) throw Fail(ErrorKind::kCorrupt, "{} is no checksum", json.path());
  return *value;
}

RowSum ParseRows(const JsonView& json) {
  return {ParseCount(json["rows"]), ParseSum(json["sum"])};
}

std::string ParseKey(const JsonView& json) {
  if (!IsObjectKey(json.Text())) {
    throw Fail(ErrorKind::kCorrupt, "{} is not a key: {}", json.path(), json.Text());
  }
  return std::string(json.Text());
}

template <typename Parse>
auto ParseList(const JsonView& json, const Parse& parse) {
  std::vector<decltype(parse(json))> items;
  for (const JsonView& item : json.Items()) items.push_back(parse(item));
  return items;
}

}  // namespace

std::string FormatSeal(const Seal& seal) {
  std::string text =
      fmt::format("{{\n  \"version\": {},\n  \"table\": {},\n  \"run\": {}", kSealVersion,
                  Quote(seal.table), Quote(seal.run));
  AppendList(
      "columns", seal.columns,
      [](const SealedColumn& column) {
        return fmt::format(R"({{"name":{},"form":{}}})", Quote(column.name),
                           Quote(column.form));
      },
      &text);
  AppendList(
      "metadata", seal.metadata,
      [](const SealedObject& object) {
        return fmt::format("{{{}}}",
                           FormatObject(object.key, object.bytes, object.checksum));
      },
      &text);
  AppendList(
      "partitions", seal.partitions,
      [](const SealedPartition& partition) {
        return fmt::format(R"({{"path":{},{}}})", Quote(partition.path),
                           FormatRows(partition.rows));
      },
      &text);
  AppendList(
      "files", seal.files,
      [](const SealedFile& file) {
        return fmt::format("{{{},{}}}", FormatObject(file.key, file.bytes, file.checksum),
                           FormatRows(file.rows));
      },
      &text);
  return text + "\n}\n";
}

Seal ParseSeal(std::string_view text, std::string_view what) {
  const boost::json::value value = ParseJson(text, what);
  const JsonView document(value, std::string(what));
  if (const int64_t version = document["version"].Integer(); version != kSealVersion) {
    throw Fail(ErrorKind::kCorrupt,
               "{} is of version {}, this program knows {}: use a newer one", what,
               version, kSealVersion);
  }
  return {.table = std::string(document["table"].Text()),
          .run = std::string(document["run"].Text()),
          .columns = ParseList(document["columns"],
                               [](const JsonView& json) {
                                 return SealedColumn{std::string(json["name"].Text()),
                                                     std::string(json["form"].Text())};
                               }),
          .metadata = ParseList(document["metadata"],
                                [](const JsonView& json) {
                                  return SealedObject{ParseKey(json["key"]),
                                                      ParseCount(json["bytes"]),
                                                      ToHex(ParseSum(json["xxh3"]))};
                                }),
          .partitions = ParseList(
              document["partitions"],
              [](const JsonView& json) {
                return SealedPartition{std::string(json["path"].Text()), ParseRows(json)};
              }),
          .files = ParseList(document["files"], [](const JsonView& json) {
            return SealedFile{ParseKey(json["key"]), ParseCount(json["bytes"]),
                              ToHex(ParseSum(json["xxh3"])), ParseRows(json)};
          })};
}

std::string PartitionOfKey(std::string_view key, std::string_view table) {
  constexpr std::string_view kData = "data/";
  if (!key.starts_with(kData)) return "";
  const size_t begin = kData.size() + table.size() + 1;
  const size_t end = key.rfind('/');
  if (end == std::string_view::npos || end <= begin) return "";
  return std::string(key.substr(begin, end - begin));
}

}  // namespace shoestring
