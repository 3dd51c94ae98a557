#include "lake/avro.h"

#include <xxhash.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/json.h"

namespace shoestring {

namespace {

using Kind = AvroSchema::Kind;

constexpr std::string_view kMagic("Obj\x01", 4);
constexpr size_t kSyncSize = 16;

std::optional<Kind> PrimitiveKind(std::string_view name) {
  static const std::map<std::string_view, Kind> kKinds = {
      {"null", Kind::kNull},   {"boolean", Kind::kBoolean}, {"int", Kind::kInt},
      {"long", Kind::kLong},   {"float", Kind::kFloat},     {"double", Kind::kDouble},
      {"bytes", Kind::kBytes}, {"string", Kind::kString},   {"fixed", Kind::kFixed},
      {"array", Kind::kArray}, {"map", Kind::kMap},         {"record", Kind::kRecord},
  };
  const auto found = kKinds.find(name);
  if (found == kKinds.end()) return std::nullopt;
  return found->second;
}

bool HasChildren(Kind kind) {
  return kind == Kind::kArray || kind == Kind::kMap || kind == Kind::kRecord ||
         kind == Kind::kUnion;
}

/// True when a value can take no bytes at all, so that its number is not bounded by the
/// size of the input.
bool MayBeEmpty(const AvroSchema& schema) {
  switch (schema.kind) {
    case Kind::kNull: return true;
    case Kind::kFixed: return schema.size == 0;
    case Kind::kRecord: return std::ranges::all_of(schema.children, MayBeEmpty);
    default: return false;
  }
}

AvroSchema ParseSchema(const JsonView& json);

AvroSchema ParseField(const JsonView& json) {
  AvroSchema field = ParseSchema(json["type"]);
  field.name = json["name"].Text();
  if (auto id = json.Find("field-id")) field.field_id = id->SmallInteger();
  return field;
}

AvroSchema ParseUnion(const JsonView& json) {
  AvroSchema schema{.kind = Kind::kUnion};
  for (const JsonView& branch : json.Items()) {
    schema.children.push_back(ParseSchema(branch));
  }
  if (schema.children.empty()) {
    throw Fail(ErrorKind::kCorrupt, "{} is a union without branches", json.path());
  }
  return schema;
}

AvroSchema ParseItems(const JsonView& json, Kind kind, std::string_view name) {
  AvroSchema schema{.kind = kind};
  schema.children.push_back(ParseSchema(json[name]));
  if (MayBeEmpty(schema.children[0])) {
    throw Fail(ErrorKind::kCorrupt, "{} has items without any bytes", json.path());
  }
  return schema;
}

AvroSchema ParseNamed(const JsonView& json, std::string_view name) {
  const auto kind = PrimitiveKind(name);
  if (!kind) throw Fail(ErrorKind::kCorrupt, "{}: unknown type: {}", json.path(), name);
  AvroSchema schema{.kind = *kind};
  switch (*kind) {
    case Kind::kFixed: schema.size = json["size"].SmallInteger(); break;
    case Kind::kArray: return ParseItems(json, *kind, "items");
    case Kind::kMap: return ParseItems(json, *kind, "values");
    case Kind::kRecord:
      for (const JsonView& field : json["fields"].Items()) {
        schema.children.push_back(ParseField(field));
      }
      break;
    default: break;
  }
  return schema;
}

AvroSchema ParseSchema(const JsonView& json) {
  if (json.value().is_array()) return ParseUnion(json);
  if (json.value().is_object()) {
    const JsonView type = json["type"];
    return type.value().is_string() ? ParseNamed(json, type.Text()) : ParseSchema(type);
  }
  const auto kind = PrimitiveKind(json.Text());
  if (!kind || HasChildren(*kind) || *kind == Kind::kFixed) {
    throw Fail(ErrorKind::kCorrupt, "{}: unknown type: {}", json.path(), json.Text());
  }
  return {.kind = *kind};
}

/// Sixteen bytes that hardly occur in the blocks, and are the same for the same content.
std::string SyncMarker(std::string_view header, const std::vector<AvroBlock>& blocks) {
  XXH64_hash_t seed = XXH3_64bits(header.data(), header.size());
  for (const AvroBlock& block : blocks) {
    seed = XXH3_64bits_withSeed(block.bytes.data(), block.bytes.size(), seed);
  }
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical,
                           XXH3_128bits_withSeed(header.data(), header.size(), seed));
  return {reinterpret_cast<const char*>(canonical.digest), kSyncSize};
}

}  // namespace

AvroSchema ParseAvroSchema(std::string_view json, std::string_view what) {
  const boost::json::value value = ParseJson(json, what);
  return ParseSchema(JsonView(value, std::string(what)));
}

void AvroEncoder::Long(int64_t value) {
  auto rest = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
  for (; rest >= 0x80; rest >>= 7) out_.push_back(static_cast<char>(rest | 0x80));
  out_.push_back(static_cast<char>(rest));
}

void AvroEncoder::Text(std::string_view value) {
  Long(static_cast<int64_t>(value.size()));
  out_.append(value);
}

void AvroEncoder::OpenArray(size_t count) {
  if (count > 0) Long(static_cast<int64_t>(count));
}

std::string EncodeAvroFile(std::string_view schema,
                           const std::map<std::string, std::string>& metadata,
                           const std::vector<AvroBlock>& blocks) {
  auto entries = metadata;
  entries["avro.schema"] = schema;
  entries["avro.codec"] = "null";
  AvroEncoder header;
  header.OpenArray(entries.size());
  for (const auto& [key, value] : entries) {
    header.Text(key);
    header.Text(value);
  }
  header.CloseArray();

  std::string file(kMagic);
  file += std::move(header).Take();
  const std::string sync = SyncMarker(file, blocks);
  file += sync;
  for (const AvroBlock& block : blocks) {
    AvroEncoder frame;
    frame.Long(block.records);
    frame.Long(static_cast<int64_t>(block.bytes.size()));
    file += std::move(frame).Take();
    file += block.bytes;
    file += sync;
  }
  return file;
}

void AvroDecoder::Corrupt(std::string_view problem) const {
  throw Fail(ErrorKind::kCorrupt, "{}: {} at byte {}", what_, problem, position());
}

int64_t AvroDecoder::Long() {
  uint64_t value = 0;
  for (int shift = 0; next_ != end_; shift += 7) {
    const uint8_t byte = *next_++;
    if (shift == 63 && byte > 1) Corrupt("integer too long");
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
    }
  }
  Corrupt("unexpected end");
}

std::string_view AvroDecoder::Fixed(size_t size) {
  if (size > static_cast<size_t>(end_ - next_)) Corrupt("unexpected end");
  const auto* start = reinterpret_cast<const char*>(next_);
  next_ += size;
  return {start, size};
}

std::string_view AvroDecoder::Text() {
  const int64_t size = Long();
  if (size < 0) Corrupt("negative length");
  return Fixed(static_cast<size_t>(size));
}

int64_t AvroDecoder::ItemCount() {
  int64_t count = Long();
  if (count < 0) {
    // A negative count is followed by the block's size, for readers that skip it whole.
    if (count == std::numeric_limits<int64_t>::min() || Long() < 0) Corrupt("bad count");
    count = -count;
  }
  if (count > end_ - next_) Corrupt("more items than bytes");
  return count;
}

const AvroSchema& AvroDecoder::Resolve(const AvroSchema& schema) {
  if (schema.kind != Kind::kUnion) return schema;
  const int64_t branch = Long();
  if (branch < 0 || branch >= static_cast<int64_t>(schema.children.size())) {
    Corrupt("no such branch of a union");
  }
  return schema.children[static_cast<size_t>(branch)];
}

void AvroDecoder::Require(const AvroSchema& schema, Kind kind) const {
  if (schema.kind != kind) Corrupt("a field has not the type that Iceberg gives it");
}

std::optional<int64_t> AvroDecoder::OptionalLong(const AvroSchema& schema) {
  const AvroSchema& type = Resolve(schema);
  if (type.kind == Kind::kNull) return std::nullopt;
  if (type.kind != Kind::kInt) Require(type, Kind::kLong);
  return Long();
}

std::optional<std::string_view> AvroDecoder::OptionalText(const AvroSchema& schema) {
  const AvroSchema& type = Resolve(schema);
  if (type.kind == Kind::kNull) return std::nullopt;
  if (type.kind != Kind::kString) Require(type, Kind::kBytes);
  return Text();
}

int64_t AvroDecoder::Long(const AvroSchema& schema) {
  const auto value = OptionalLong(schema);
  if (!value) Corrupt("a required value is null");
  return *value;
}

std::string_view AvroDecoder::Text(const AvroSchema& schema) {
  const auto value = OptionalText(schema);
  if (!value) Corrupt("a required value is null");
  return *value;
}

void AvroDecoder::Skip(const AvroSchema& schema) {
  const AvroSchema& type = Resolve(schema);
  switch (type.kind) {
    case Kind::kNull: break;
    case Kind::kBoolean: Fixed(1); break;
    case Kind::kInt:
    case Kind::kLong: Long(); break;
    case Kind::kFloat: Fixed(4); break;
    case Kind::kDouble: Fixed(8); break;
    case Kind::kBytes:
    case Kind::kString: Text(); break;
    case Kind::kFixed: Fixed(static_cast<size_t>(type.size)); break;
    case Kind::kUnion: Skip(type); break;
    case Kind::kRecord:
      for (const AvroSchema& field : type.children) Skip(field);
      break;
    case Kind::kArray:
    case Kind::kMap:
      while (int64_t count = ItemCount()) {
        for (; count > 0; --count) {
          if (type.kind == Kind::kMap) Text();
          Skip(type.children[0]);
        }
      }
      break;
  }
}

AvroFile::AvroFile(Bytes bytes, std::string_view what) : bytes_(bytes), what_(what) {
  AvroDecoder header(bytes, what);
  if (header.Fixed(std::min(bytes.size(), kMagic.size())) != kMagic) {
    throw Fail(ErrorKind::kCorrupt, "{}: not an Avro file", what);
  }
  const AvroSchema text{.kind = Kind::kString};
  const AvroSchema map{.kind = Kind::kArray, .children = {text}};
  header.ForEachItem(map, [&](const AvroSchema&) {
    std::string key(header.Text());
    metadata_[std::move(key)] = header.Text();
  });
  sync_ = header.Fixed(kSyncSize);
  blocks_ = header.position();

  const auto codec = metadata_.find("avro.codec");
  if (codec != metadata_.end() && codec->second != "null") {
    throw Fail(ErrorKind::kCorrupt,
               "{}: compressed with a codec that is not read here: {}", what,
               codec->second);
  }
  const auto schema = metadata_.find("avro.schema");
  if (schema == metadata_.end()) {
    throw Fail(ErrorKind::kCorrupt, "{}: no avro.schema", what);
  }
  schema_ = ParseAvroSchema(schema->second, fmt::format("{}: avro.schema", what));
}

void AvroFile::ForEachRecord(const std::function<void(AvroDecoder&)>& read) const {
  AvroDecoder frames(bytes_.subspan(blocks_), what_, blocks_);
  while (!frames.AtEnd()) {
    const int64_t records = frames.Long();
    const std::string_view content = frames.Text();
    const size_t start = frames.position() - content.size();
    if (records < 0 || records > static_cast<int64_t>(content.size())) {
      frames.Corrupt("more records than bytes");
    }
    AvroDecoder block(AsBytes(content), what_, start);
    for (int64_t i = 0; i < records; ++i) read(block);
    if (!block.AtEnd()) block.Corrupt("bytes after the last record of a block");
    if (frames.Fixed(kSyncSize) != sync_) frames.Corrupt("sync marker expected");
  }
}

}  // namespace shoestring
