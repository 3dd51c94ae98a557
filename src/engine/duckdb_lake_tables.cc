#include "engine/duckdb_lake_tables.h"

#include "base/error.h"

namespace shoestring {

using duckdb::LogicalType;

LogicalType DuckdbType(const LakeType& type) {
  using Kind = LakeType::Kind;
  switch (type.kind) {
    case Kind::kBoolean: return LogicalType::BOOLEAN;
    case Kind::kInt: return LogicalType::INTEGER;
    case Kind::kLong: return LogicalType::BIGINT;
    case Kind::kFloat: return LogicalType::FLOAT;
    case Kind::kDouble: return LogicalType::DOUBLE;
    case Kind::kDecimal:
      return LogicalType::DECIMAL(static_cast<uint8_t>(type.precision),
                                  static_cast<uint8_t>(type.scale));
    case Kind::kDate: return LogicalType::DATE;
    case Kind::kTimestamp: return LogicalType::TIMESTAMP;
    case Kind::kTimestampTz: return LogicalType::TIMESTAMP_TZ;
    case Kind::kString: return LogicalType::VARCHAR;
    case Kind::kBinary: return LogicalType::BLOB;
    case Kind::kList: return LogicalType::LIST(DuckdbType(type.element.at(0)));
  }
  throw Fail(ErrorKind::kInternal, "Lake type without a DuckDB type: {}", ToString(type));
}

LakeTable::LakeTable(TableMetadata of)
    : LakeTable(std::move(of), /*original=*/nullptr, /*memory=*/nullptr) {}

LakeTable::LakeTable(TableMetadata of, std::shared_ptr<const LakeTable> copied,
                     std::shared_ptr<ChunkCache> chunks)
    : metadata(std::move(of)), original(std::move(copied)), memory(std::move(chunks)) {
  for (const LakeColumn& column : metadata.columns) {
    names.push_back(column.name);
    types.push_back(DuckdbType(column.type));
  }
  for (const std::string& name : PartitionColumns(metadata.partitioning.granularity)) {
    names.push_back(name);
    types.push_back(LogicalType::INTEGER);
  }
  for (const DataFile& file : metadata.files) files[LakeFileSystem::PathOf(file)] = &file;
}

LakeTables::LakeTables(Catalog catalog, LakeState state, LakeFileSystem* files)
    : catalog_(catalog), state_(std::move(state)), files_(files) {}

std::shared_ptr<const LakeTable> LakeTables::Load(const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    const auto copy = copies_.find(name);
    if (copy != copies_.end()) return copy->second;
    const auto found = loaded_.find(name);
    if (found != loaded_.end()) return found->second;
  }
  return Keep(name, std::make_shared<const LakeTable>(catalog_.LoadTable(state_, name)));
}

std::shared_ptr<const LakeTable> LakeTables::Keep(
    const std::string& name, std::shared_ptr<const LakeTable> table) {
  for (const DataFile& file : table->metadata.files) {
    files_->Declare(std::shared_ptr<const DataFile>(table, &file));
  }
  const std::lock_guard lock(mutex_);
  return loaded_.emplace(name, std::move(table)).first->second;
}

bool LakeTables::HasSame(const std::string& name, const LakeTables& others) const {
  const auto entry = state_.tables.find(name);
  return entry != state_.tables.end() && entry->second == others.state_.tables.at(name);
}

void LakeTables::Adopt(LakeTables& others) {
  std::unique_lock lock(others.mutex_);
  const LakeTablesByName loaded = others.loaded_;
  LakeTablesByName copies = others.copies_;
  lock.unlock();
  for (const auto& [name, table] : loaded) {
    if (HasSame(name, others)) Keep(name, table);
  }
  std::erase_if(copies, [&](const auto& copy) { return !HasSame(copy.first, others); });
  UseCopies(copies);
}

void LakeTables::UseCopies(const LakeTablesByName& copies) {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, copy] : copies) copies_.insert_or_assign(name, copy);
}

LakeTablesByName LakeTables::copies() const {
  const std::lock_guard lock(mutex_);
  return copies_;
}

}  // namespace shoestring
