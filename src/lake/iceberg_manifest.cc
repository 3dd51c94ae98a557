#include "lake/iceberg_manifest.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "lake/avro.h"
#include "lake/iceberg_metadata.h"

namespace shoestring {

namespace {

using Kind = AvroSchema::Kind;

// Field ids of the Iceberg specification.
enum ManifestField {
  kStatus = 0,
  kDataFile = 2,
  kFilePath = 100,
  kFileFormat = 101,
  kPartition = 102,
  kRecordCount = 103,
  kFileSize = 104,
  kColumnSizes = 108,
  kValueCounts = 109,
  kNullValueCounts = 110,
  kLowerBounds = 125,
  kUpperBounds = 128,
  kSplitOffsets = 132,
  kContent = 134,
  kManifestPath = 500,
  kManifestLength = 501,
  kAddedFiles = 504,
  kExistingFiles = 505,
  kPartitions = 507,
  kLowerBound = 510,
  kUpperBound = 511,
  kAddedRows = 512,
  kManifestContent = 517,
};

constexpr int64_t kDeleted = 2;
constexpr int kSortOrder = 1;

std::string MapSchema(std::string_view name, int id, int key_id, std::string_view type) {
  return fmt::format(
      R"({{"name":"{0}","field-id":{1},"default":null,"type":["null",{{"type":"array",)"
      R"("logicalType":"map","items":{{"type":"record","name":"k{2}_v{3}","fields":[)"
      R"({{"name":"key","type":"int","field-id":{2}}},)"
      R"({{"name":"value","type":"{4}","field-id":{3}}}]}}}}]}})",
      name, id, key_id, key_id + 1, type);
}

std::string PartitionSchema(const TableMetadata& table) {
  std::string fields;
  int id = 1000;
  for (const auto& name : PartitionColumns(table.partitioning.granularity)) {
    fields += fmt::format(
        R"({}{{"name":"{}","field-id":{},"type":["null","int"],"default":null}})",
        fields.empty() ? "" : ",", name, id++);
  }
  return fields;
}

std::string ManifestSchema(const TableMetadata& table) {
  return fmt::format(
      R"({{"type":"record","name":"manifest_entry","fields":[)"
      R"({{"name":"status","field-id":0,"type":"int"}},)"
      R"({{"name":"snapshot_id","field-id":1,"type":["null","long"],"default":null}},)"
      R"({{"name":"sequence_number","field-id":3,"type":["null","long"],"default":null}},)"
      R"({{"name":"file_sequence_number","field-id":4,"type":["null","long"],)"
      R"("default":null}},)"
      R"({{"name":"data_file","field-id":2,"type":{{"type":"record","name":"r2","fields":[)"
      R"({{"name":"content","field-id":134,"type":"int"}},)"
      R"({{"name":"file_path","field-id":100,"type":"string"}},)"
      R"({{"name":"file_format","field-id":101,"type":"string"}},)"
      R"({{"name":"partition","field-id":102,"type":{{"type":"record","name":"r102",)"
      R"("fields":[{}]}}}},)"
      R"({{"name":"record_count","field-id":103,"type":"long"}},)"
      R"({{"name":"file_size_in_bytes","field-id":104,"type":"long"}},)"
      R"({},{},{},{},{},)"
      R"({{"name":"split_offsets","field-id":132,"type":["null",{{"type":"array",)"
      R"("element-id":133,"items":"long"}}],"default":null}},)"
      R"({{"name":"sort_order_id","field-id":140,"type":["null","int"],"default":null}})"
      R"(]}}}}]}})",
      PartitionSchema(table), MapSchema("column_sizes", kColumnSizes, 117, "long"),
      MapSchema("value_counts", kValueCounts, 119, "long"),
      MapSchema("null_value_counts", kNullValueCounts, 121, "long"),
      MapSchema("lower_bounds", kLowerBounds, 126, "bytes"),
      MapSchema("upper_bounds", kUpperBounds, 129, "bytes"));
}

constexpr std::string_view kManifestListSchema =
    R"({"type":"record","name":"manifest_file","fields":[)"
    R"({"name":"manifest_path","field-id":500,"type":"string"},)"
    R"({"name":"manifest_length","field-id":501,"type":"long"},)"
    R"({"name":"partition_spec_id","field-id":502,"type":"int"},)"
    R"({"name":"content","field-id":517,"type":"int"},)"
    R"({"name":"sequence_number","field-id":515,"type":"long"},)"
    R"({"name":"min_sequence_number","field-id":516,"type":"long"},)"
    R"({"name":"added_snapshot_id","field-id":503,"type":"long"},)"
    R"({"name":"added_files_count","field-id":504,"type":"int"},)"
    R"({"name":"existing_files_count","field-id":505,"type":"int"},)"
    R"({"name":"deleted_files_count","field-id":506,"type":"int"},)"
    R"({"name":"added_rows_count","field-id":512,"type":"long"},)"
    R"({"name":"existing_rows_count","field-id":513,"type":"long"},)"
    R"({"name":"deleted_rows_count","field-id":514,"type":"long"},)"
    R"({"name":"partitions","field-id":507,"type":["null",{"type":"array",)"
    R"("element-id":508,"items":{"type":"record","name":"r508","fields":[)"
    R"({"name":"contains_null","field-id":509,"type":"boolean"},)"
    R"({"name":"contains_nan","field-id":518,"type":["null","boolean"],"default":null},)"
    R"({"name":"lower_bound","field-id":510,"type":["null","bytes"],"default":null},)"
    R"({"name":"upper_bound","field-id":511,"type":["null","bytes"],"default":null}]}}],)"
    R"("default":null},)"
    R"({"name":"key_metadata","field-id":519,"type":["null","bytes"],"default":null}]})";

// Unions are written as ["null", type]: branch 0 is null, branch 1 the value.
void EncodeNull(AvroEncoder* out) { out->Long(0); }
void EncodePresent(AvroEncoder* out) { out->Long(1); }

/// A map of field id to a value of each column that has one.
template <typename Has, typename Encode>
void EncodeMap(const DataFile& file, const Has& has, const Encode& encode,
               AvroEncoder* out) {
  EncodePresent(out);
  out->OpenArray(static_cast<size_t>(std::ranges::count_if(
      file.columns, [&](const auto& column) { return has(column.second); })));
  for (const auto& [id, column] : file.columns) {
    if (!has(column)) continue;
    out->Long(id);
    encode(column);
  }
  out->CloseArray();
}

void EncodeStatistics(const DataFile& file, AvroEncoder* out) {
  const auto always = [](const ColumnStatistics&) { return true; };
  for (const auto member :
       {&ColumnStatistics::compressed_bytes, &ColumnStatistics::value_count,
        &ColumnStatistics::null_count}) {
    EncodeMap(
        file, always, [&](const auto& column) { out->Long(column.*member); }, out);
  }
  for (const auto member : {&ColumnStatistics::lower, &ColumnStatistics::upper}) {
    EncodeMap(
        file, [&](const auto& column) { return (column.*member).has_value(); },
        [&](const auto& column) { out->Text(*(column.*member)); }, out);
  }
}

void EncodeSplitOffsets(const DataFile& file, AvroEncoder* out) {
  if (file.split_offsets.empty()) return EncodeNull(out);
  EncodePresent(out);
  out->OpenArray(file.split_offsets.size());
  for (const int64_t offset : file.split_offsets) out->Long(offset);
  out->CloseArray();
}

void EncodeEntry(const DataFile& file, const TableMetadata& table, std::string_view root,
                 AvroEncoder* out) {
  out->Long(1);  // Added.
  EncodePresent(out);
  out->Long(table.snapshot_id);
  EncodeNull(out);  // The sequence numbers are those of the manifest list.
  EncodeNull(out);
  out->Long(0);  // Data, not deletes.
  out->Text(fmt::format("{}/{}", root, file.key));
  out->Text("PARQUET");
  for (const int32_t value : file.partition) {
    EncodePresent(out);
    out->Long(value);
  }
  out->Long(file.rows);
  out->Long(file.bytes);
  EncodeStatistics(file, out);
  EncodeSplitOffsets(file, out);
  EncodePresent(out);
  out->Long(table.sort.empty() ? 0 : kSortOrder);
}

/// An int as Iceberg writes a single value: four bytes, little-endian.
std::string EncodeBound(int32_t value) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) {
    bytes.push_back(static_cast<char>(static_cast<uint32_t>(value) >> shift));
  }
  return bytes;
}

void EncodeSummaries(const ManifestFile& manifest, AvroEncoder* out) {
  EncodePresent(out);
  out->OpenArray(manifest.lower.size());
  for (size_t i = 0; i < manifest.lower.size(); ++i) {
    out->Boolean(false);
    EncodePresent(out);
    out->Boolean(false);
    EncodePresent(out);
    out->Text(EncodeBound(manifest.lower[i]));
    EncodePresent(out);
    out->Text(EncodeBound(manifest.upper[i]));
  }
  out->CloseArray();
}

// --- reading

int32_t ToInt32(int64_t value, const AvroDecoder& in) {
  if (value < std::numeric_limits<int32_t>::min() ||
      value > std::numeric_limits<int32_t>::max()) {
    in.Corrupt("a 32-bit integer is out of range");
  }
  return static_cast<int32_t>(value);
}

int64_t DecodeCount(AvroDecoder& in, const AvroSchema& field) {
  const int64_t count = in.Long(field);
  if (count < 0) in.Corrupt("a count or size is negative");
  return count;
}

PartitionValues DecodePartition(AvroDecoder& in, const AvroSchema& field) {
  in.Require(field, Kind::kRecord);
  PartitionValues values;
  for (const AvroSchema& value : field.children) {
    values.push_back(ToInt32(in.OptionalLong(value).value_or(0), in));
  }
  return values;
}

/// Walks the maps of one file's columns. They come in the order of the ids, so that the
/// next one is mostly where the last one ended.
template <typename Decode>
void DecodeMap(AvroDecoder& in, const AvroSchema& field, DataFile* file,
               const Decode& decode) {
  auto next = file->columns.begin();
  in.ForEachItem(field, [&](const AvroSchema& pair) {
    if (pair.kind != Kind::kRecord || pair.children.size() != 2) {
      in.Corrupt("a map is no array of key and value");
    }
    const int id = ToInt32(in.Long(pair.children[0]), in);
    if (next == file->columns.end() || next->first != id) {
      next = file->columns.try_emplace(next, id);
    }
    decode(pair.children[1], &next->second);
    ++next;
  });
}

void DecodeCounts(AvroDecoder& in, const AvroSchema& field, DataFile* file,
                  int64_t ColumnStatistics::*member) {
  DecodeMap(in, field, file, [&](const AvroSchema& value, ColumnStatistics* column) {
    column->*member = DecodeCount(in, value);
  });
}

void DecodeBounds(AvroDecoder& in, const AvroSchema& field, DataFile* file,
                  std::optional<std::string> ColumnStatistics::*member) {
  DecodeMap(in, field, file, [&](const AvroSchema& value, ColumnStatistics* column) {
    column->*member = in.Text(value);
  });
}

void DecodeSplitOffsets(AvroDecoder& in, const AvroSchema& field, DataFile* file) {
  in.ForEachItem(field, [&](const AvroSchema& item) {
    file->split_offsets.push_back(DecodeCount(in, item));
  });
}

void DecodeDataFileField(AvroDecoder& in, const AvroSchema& field, std::string_view root,
                         std::string_view what, DataFile* file) {
  switch (field.field_id) {
    case kContent:
      if (in.Long(field) != 0) in.Corrupt("delete files are not read here");
      break;
    case kFilePath: file->key = KeyBelow(root, in.Text(field), what); break;
    case kFileFormat:
      if (in.Text(field) != "PARQUET") in.Corrupt("a data file is not Parquet");
      break;
    case kPartition: file->partition = DecodePartition(in, field); break;
    case kRecordCount: file->rows = DecodeCount(in, field); break;
    case kFileSize: file->bytes = DecodeCount(in, field); break;
    case kColumnSizes:
      DecodeCounts(in, field, file, &ColumnStatistics::compressed_bytes);
      break;
    case kValueCounts:
      DecodeCounts(in, field, file, &ColumnStatistics::value_count);
      break;
    case kNullValueCounts:
      DecodeCounts(in, field, file, &ColumnStatistics::null_count);
      break;
    case kLowerBounds: DecodeBounds(in, field, file, &ColumnStatistics::lower); break;
    case kUpperBounds: DecodeBounds(in, field, file, &ColumnStatistics::upper); break;
    case kSplitOffsets: DecodeSplitOffsets(in, field, file); break;
    default: in.Skip(field);
  }
}

/// Requires that a record has all of these fields: without them it says nothing.
void RequireFields(const AvroSchema& record, std::initializer_list<int> ids,
                   std::string_view what) {
  for (const int id : ids) {
    const bool found = record.kind == Kind::kRecord &&
                       std::ranges::any_of(record.children, [&](const auto& field) {
                         return field.field_id == id;
                       });
    if (!found) {
      throw Fail(ErrorKind::kCorrupt, "{}: the Avro schema has no field {}", what, id);
    }
  }
}

void RequireManifestSchema(const AvroSchema& entry, std::string_view what) {
  RequireFields(entry, {kStatus, kDataFile}, what);
  for (const AvroSchema& field : entry.children) {
    if (field.field_id != kDataFile) continue;
    RequireFields(field, {kFilePath, kPartition, kRecordCount, kFileSize}, what);
  }
}

/// A bound of a partition column; 0 when there is none.
int32_t DecodeBound(AvroDecoder& in, const AvroSchema& field) {
  const auto bytes = in.OptionalText(field);
  if (!bytes) return 0;
  if (bytes->size() != 4) in.Corrupt("a bound is not of four bytes");
  uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<uint8_t>((*bytes)[i]);
  return static_cast<int32_t>(value);
}

void DecodeSummaries(AvroDecoder& in, const AvroSchema& field, ManifestFile* manifest) {
  in.ForEachItem(field, [&](const AvroSchema& summary) {
    in.Require(summary, Kind::kRecord);
    int32_t& lower = manifest->lower.emplace_back(0);
    int32_t& upper = manifest->upper.emplace_back(0);
    for (const AvroSchema& part : summary.children) {
      switch (part.field_id) {
        case kLowerBound: lower = DecodeBound(in, part); break;
        case kUpperBound: upper = DecodeBound(in, part); break;
        default: in.Skip(part);
      }
    }
  });
}

void DecodeManifestFileField(AvroDecoder& in, const AvroSchema& field,
                             std::string_view root, std::string_view what,
                             ManifestFile* manifest) {
  switch (field.field_id) {
    case kManifestPath: manifest->key = KeyBelow(root, in.Text(field), what); break;
    case kManifestLength: manifest->bytes = DecodeCount(in, field); break;
    case kManifestContent:
      if (in.Long(field) != 0) in.Corrupt("delete files are not read here");
      break;
    case kAddedFiles:
    case kExistingFiles: manifest->files += ToInt32(DecodeCount(in, field), in); break;
    case kAddedRows: manifest->rows = DecodeCount(in, field); break;
    case kPartitions: DecodeSummaries(in, field, manifest); break;
    default: in.Skip(field);
  }
}

}  // namespace

std::string EncodeManifest(const TableMetadata& table, std::span<const DataFile> files,
                           std::string_view root) {
  const size_t partitions = PartitionColumns(table.partitioning.granularity).size();
  AvroEncoder entries;
  for (const DataFile& file : files) {
    if (file.partition.size() != partitions) {
      throw Fail(ErrorKind::kInternal,
                 "File without a value for each partition column: {}", file.key);
    }
    EncodeEntry(file, table, root, &entries);
  }
  AvroBlock block{.records = static_cast<int64_t>(files.size()),
                  .bytes = std::move(entries).Take()};
  return EncodeAvroFile(ManifestSchema(table),
                        {{"schema", FormatIcebergSchema(table)},
                         {"schema-id", "0"},
                         {"partition-spec", FormatPartitionFields(table)},
                         {"partition-spec-id", "0"},
                         {"format-version", "2"},
                         {"content", "data"}},
                        {std::move(block)});
}

ManifestFile DescribeManifest(std::string key, int64_t bytes,
                              std::span<const DataFile> files) {
  ManifestFile manifest{
      .key = std::move(key), .bytes = bytes, .files = static_cast<int64_t>(files.size())};
  if (!files.empty()) manifest.lower = manifest.upper = files[0].partition;
  for (const DataFile& file : files) {
    manifest.rows += file.rows;
    for (size_t i = 0; i < manifest.lower.size(); ++i) {
      manifest.lower[i] = std::min(manifest.lower[i], file.partition[i]);
      manifest.upper[i] = std::max(manifest.upper[i], file.partition[i]);
    }
  }
  return manifest;
}

std::string EncodeManifestList(const TableMetadata& table,
                               std::span<const ManifestFile> manifests,
                               std::string_view root) {
  AvroEncoder out;
  for (const ManifestFile& manifest : manifests) {
    out.Text(fmt::format("{}/{}", root, manifest.key));
    out.Long(manifest.bytes);
    out.Long(0);  // Partition spec.
    out.Long(0);  // Data, not deletes.
    out.Long(table.sequence_number);
    out.Long(table.sequence_number);
    out.Long(table.snapshot_id);
    for (const int64_t files : {manifest.files, int64_t{0}, int64_t{0}}) out.Long(files);
    for (const int64_t rows : {manifest.rows, int64_t{0}, int64_t{0}}) out.Long(rows);
    EncodeSummaries(manifest, &out);
    EncodeNull(&out);  // No key: nothing is encrypted.
  }
  std::vector<AvroBlock> blocks;
  if (!manifests.empty()) {
    blocks.push_back({.records = static_cast<int64_t>(manifests.size()),
                      .bytes = std::move(out).Take()});
  }
  return EncodeAvroFile(kManifestListSchema,
                        {{"snapshot-id", std::to_string(table.snapshot_id)},
                         {"parent-snapshot-id", "null"},
                         {"sequence-number", std::to_string(table.sequence_number)},
                         {"format-version", "2"}},
                        blocks);
}

std::vector<DataFile> DecodeManifest(Bytes bytes, std::string_view root,
                                     std::string_view what) {
  const AvroFile avro(bytes, what);
  RequireManifestSchema(avro.schema(), what);
  std::vector<DataFile> files;
  avro.ForEachRecord([&](AvroDecoder& in) {
    int64_t status = 0;
    DataFile file;
    for (const AvroSchema& field : avro.schema().children) {
      if (field.field_id == kStatus) {
        status = in.Long(field);
      } else if (field.field_id == kDataFile) {
        for (const AvroSchema& part : field.children) {
          DecodeDataFileField(in, part, root, what, &file);
        }
      } else {
        in.Skip(field);
      }
    }
    if (status != kDeleted) files.push_back(std::move(file));
  });
  return files;
}

std::vector<ManifestFile> DecodeManifestList(Bytes bytes, std::string_view root,
                                             std::string_view what) {
  const AvroFile avro(bytes, what);
  RequireFields(avro.schema(), {kManifestPath, kManifestLength}, what);
  std::vector<ManifestFile> manifests;
  avro.ForEachRecord([&](AvroDecoder& in) {
    ManifestFile manifest;
    for (const AvroSchema& field : avro.schema().children) {
      DecodeManifestFileField(in, field, root, what, &manifest);
    }
    manifests.push_back(std::move(manifest));
  });
  return manifests;
}

}  // namespace shoestring
