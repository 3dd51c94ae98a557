#include "lake/table_metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <random>

namespace shoestring {

namespace {

uint64_t RandomBits() {
  thread_local std::random_device device;
  return (static_cast<uint64_t>(device()) << 32) | device();
}

}  // namespace

std::string ToString(const LakeType& type) {
  using Kind = LakeType::Kind;
  switch (type.kind) {
    case Kind::kBoolean: return "boolean";
    case Kind::kInt: return "int";
    case Kind::kLong: return "long";
    case Kind::kFloat: return "float";
    case Kind::kDouble: return "double";
    case Kind::kDecimal:
      return fmt::format("decimal({}, {})", type.precision, type.scale);
    case Kind::kDate: return "date";
    case Kind::kTimestamp: return "timestamp";
    case Kind::kTimestampTz: return "timestamptz";
    case Kind::kString: return "string";
    case Kind::kBinary: return "binary";
    case Kind::kList: return fmt::format("list<{}>", ToString(type.element.at(0)));
  }
  return "string";
}

std::vector<std::string> PartitionColumns(Granularity granularity) {
  std::vector<std::string> columns;
  if (granularity >= Granularity::kYear) columns.emplace_back("year");
  if (granularity >= Granularity::kMonth) columns.emplace_back("month");
  if (granularity >= Granularity::kDay) columns.emplace_back("day");
  return columns;
}

std::string ToString(Granularity granularity) {
  const auto columns = PartitionColumns(granularity);
  return columns.empty() ? "none" : columns.back();
}

std::optional<Granularity> ParseGranularity(std::string_view text) {
  for (const Granularity granularity :
       {Granularity::kNone, Granularity::kYear, Granularity::kMonth, Granularity::kDay}) {
    if (text == ToString(granularity)) return granularity;
  }
  return std::nullopt;
}

std::string PartitionPath(const PartitionValues& values) {
  const auto names = PartitionColumns(Granularity::kDay);
  std::string path;
  for (size_t i = 0; i < values.size() && i < names.size(); ++i) {
    path += fmt::format("{}{}={}", i == 0 ? "" : "/", names[i], values[i]);
  }
  return path;
}

int64_t RowsOf(const TableMetadata& table) {
  int64_t rows = 0;
  for (const DataFile& file : table.files) rows += file.rows;
  return rows;
}

std::string NewTableUuid() {
  const uint64_t high = (RandomBits() & ~0xf000ULL) | 0x4000;
  const uint64_t low = (RandomBits() >> 2) | (1ULL << 63);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32,
                     (high >> 16) & 0xffff, high & 0xffff, low >> 48,
                     low & 0xffffffffffff);
}

int64_t NewSnapshotId() {
  const auto id =
      RandomBits() & static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  return static_cast<int64_t>(id | 1);
}

bool IsObjectKey(std::string_view key) {
  if (key.find('\0') != std::string_view::npos) return false;
  while (true) {
    const size_t slash = key.find('/');
    const std::string_view part = key.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    key.remove_prefix(slash + 1);
  }
}

bool IsFolderName(std::string_view name) {
  static constexpr std::string_view kOdd = "/\\%=?#*.";
  if (name.empty() || name[0] == '_') return false;
  return std::none_of(name.begin(), name.end(), [](unsigned char c) {
    return c < 0x20 || c == 0x7F ||
           kOdd.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

}  // namespace shoestring
