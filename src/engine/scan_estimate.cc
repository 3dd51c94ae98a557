#include "engine/scan_estimate.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <future>

#include "engine/scan_ranges.h"
#include "lake/file_checksums.h"
#include "lake/iceberg_manifest.h"

namespace shoestring {

namespace {

constexpr int64_t kFileEnd = 64 << 10;
// Footers asked of a bucket at one time.
constexpr size_t kSideBySide = 16;
// What the catalog of a bucket is asked of a table, beside its manifests.
constexpr int64_t kTableMetadata = 2;

/// What a scan needs of one file.
struct NeededParts {
  int64_t row_groups = 0;
  std::vector<ByteRange> parts;
  std::vector<ByteRange> pages;  ///< What our scan reads of them, on a folder.
};

// --- footers

std::string ReadPart(ObjectStore* store, const DataFile& file, int64_t from, int64_t to) {
  std::string bytes(static_cast<size_t>(to - from), '\0');
  store->ReadRange(file.key, from,
                   {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()},
                   /*etag=*/nullptr);
  return bytes;
}

FileEnd ReadEnd(ObjectStore* store, const DataFile& file) {
  return ReadFileEnd(file.key, file.bytes, kFileEnd, [&](int64_t from, int64_t to) {
    return ReadPart(store, file, from, to);
  });
}

std::string FooterOf(const FileEnd& end) {
  constexpr size_t kFooterEnd = 8;
  uint32_t length = 0;
  std::memcpy(&length, end.bytes.data() + end.bytes.size() - kFooterEnd, sizeof(length));
  return end.bytes.substr(end.bytes.size() - kFooterEnd - length);
}

bool HasLists(const PlannedScan& scan) {
  return std::ranges::any_of(scan.table->columns, [&](const LakeColumn& column) {
    return column.type.kind == LakeType::Kind::kList &&
           scan.fields.contains(column.field_id);
  });
}

std::string PartOfFile(const DataFile& file, const FileEnd& end, const ByteRange& range,
                       ObjectStore* store) {
  if (range.begin < 0 || range.end < range.begin || range.end > file.bytes) {
    throw Fail(ErrorKind::kCorrupt, "No such page index: {}", file.key);
  }
  if (range.begin < end.begin) return ReadPart(store, file, range.begin, range.end);
  return end.bytes.substr(static_cast<size_t>(range.begin - end.begin),
                          static_cast<size_t>(range.end - range.begin));
}

/// On a folder our scan reads pages, and their index where it is not in the end.
std::vector<ByteRange> PagesByEnd(const PlannedScan& scan, const DataFile& file,
                                  const FileEnd& end, const std::string& footer,
                                  ObjectStore* store) {
  std::vector<ByteRange> index;
  auto pages = PageRanges(footer, *scan.table, scan.fields, scan.keeps,
                          [&](const ByteRange& range) {
                            if (range.begin < file.bytes - kPageRules.file_end)
                              index.push_back(range);
                            return PartOfFile(file, end, range, store);
                          });
  pages.insert(pages.end(), index.begin(), index.end());
  return pages;
}

NeededParts PartsByEnd(const PlannedScan& scan, const DataFile& file, const FileEnd& end,
                       ObjectStore* store) {
  NeededParts needed;
  const std::string footer = FooterOf(end);
  needed.parts =
      ColumnRanges(footer, *scan.table, scan.fields, [&](const DataFile& group) {
        const bool keeps = scan.keeps(group);
        needed.row_groups += keeps ? 1 : 0;
        return keeps;
      });
  const bool whole = IsRemote(*store) || HasLists(scan);
  needed.pages = whole ? needed.parts : PagesByEnd(scan, file, end, footer, store);
  return needed;
}

using Files = std::vector<const DataFile*>;

/// In the order of the files.
std::vector<NeededParts> PartsByEnds(const PlannedScan& scan, const Files& files,
                                     ObjectStore* store) {
  std::vector<NeededParts> needed;
  for (size_t at = 0; at < files.size(); at += kSideBySide) {
    std::vector<std::future<FileEnd>> ends;
    for (size_t i = at; i < std::min(files.size(), at + kSideBySide); ++i) {
      ends.push_back(
          std::async(IsRemote(*store) ? std::launch::async : std::launch::deferred,
                     [store, file = files[i]] { return ReadEnd(store, *file); }));
    }
    for (auto& end : ends) {
      needed.push_back(PartsByEnd(scan, *files[needed.size()], end.get(), store));
    }
  }
  return needed;
}

/// As many as may be looked into, from all over the table.
Files Sample(const Files& files) {
  if (files.size() <= kMostFooters) return files;
  Files sample;
  for (size_t i = 0; i < kMostFooters; ++i) {
    sample.push_back(files[i * files.size() / kMostFooters]);
  }
  return sample;
}

int64_t BytesOf(const Files& files) {
  int64_t bytes = 0;
  for (const DataFile* file : files) bytes += file->bytes;
  return bytes;
}

int64_t BytesOf(const std::vector<ByteRange>& parts) {
  int64_t bytes = 0;
  for (const ByteRange& part : parts) bytes += part.end - part.begin;
  return bytes;
}

// --- by Trino

/// The parts that begin in one split of a file.
std::vector<ByteRange> PartsOfSplit(const std::vector<ByteRange>& parts, int64_t begin,
                                    int64_t end) {
  std::vector<ByteRange> of_split;
  for (const ByteRange& part : parts) {
    if (part.begin >= begin && part.begin < end) of_split.push_back(part);
  }
  return of_split;
}

/// It makes a split of each offset that the manifest has, and each reads for itself, so
/// that several of a small file read it as often. What a split reads that has no row
/// group left is not in its figures.
Reads TrinoReads(const DataFile& file, const std::vector<ByteRange>& parts) {
  Reads reads;
  const auto& splits = file.split_offsets;
  for (size_t i = 0; i < std::max<size_t>(1, splits.size()); ++i) {
    const auto of_split =
        PartsOfSplit(parts, i == 0 ? 0 : splits[i],
                     i + 1 < splits.size() ? splits[i + 1] : file.bytes);
    Reads of = ReadsOf(kTrinoRules, file.bytes, of_split);
    if (of_split.empty()) of.bytes = 0;
    reads += of;
  }
  return reads;
}

// --- adding up

/// What some files of a scan come to.
struct Sum {
  int64_t row_groups = 0;
  int64_t column_bytes = 0;
  Reads folder;
  Reads bucket;
  Reads trino;

  void Add(const PlannedScan& scan, const DataFile& file, const NeededParts& needed) {
    row_groups += needed.row_groups;
    column_bytes += BytesOf(needed.parts);
    const bool by_pages = BytesOf(needed.pages) < BytesOf(needed.parts);
    folder += by_pages ? ReadsOf(kPageRules, file.bytes, needed.pages)
                       : ReadsOf(kFolderRules, file.bytes, needed.parts);
    bucket += ReadsOf(kBucketRules, file.bytes, needed.parts);
    // Trino answers from the manifests what needs no column.
    if (scan.fields.empty()) return;
    trino += TrinoReads(file, needed.parts);
  }

  /// As if a part of the files had stood for all.
  void Scale(double all_to_part) {
    const auto scale = [&](int64_t* number) {
      *number = std::llround(static_cast<double>(*number) * all_to_part);
    };
    for (int64_t* number : {&row_groups, &column_bytes}) scale(number);
    for (Reads* reads : {&folder, &bucket, &trino}) {
      scale(&reads->bytes);
      scale(&reads->requests);
    }
  }

  void AddTo(TableEstimate* table, int repeated) const {
    table->row_groups += row_groups;
    table->column_bytes += column_bytes;
    table->folder += folder;
    table->bucket += bucket;
    for (int i = 0; i < repeated; ++i) table->trino += trino;
  }
};

TableEstimate& TableIn(ScanEstimate* estimate, const TableMetadata& table) {
  for (TableEstimate& known : estimate->tables) {
    if (known.table == table.name) return known;
  }
  TableEstimate& added = estimate->tables.emplace_back();
  added.table = table.name;
  added.lake_files = static_cast<int64_t>(table.files.size());
  for (const DataFile& file : table.files) {
    added.lake_bytes += file.bytes;
  }
  const size_t manifests =
      (table.files.size() + kFilesPerManifest - 1) / kFilesPerManifest;
  added.bucket.requests = kTableMetadata + static_cast<int64_t>(manifests);
  return added;
}

/// What the files of a scan come to, by those that are looked into.
Sum SumOf(const PlannedScan& scan, const Files& sample, ObjectStore* store) {
  Sum sum;
  const auto needed = PartsByEnds(scan, sample, store);
  for (size_t i = 0; i < sample.size(); ++i) sum.Add(scan, *sample[i], needed[i]);
  sum.Scale(static_cast<double>(BytesOf(scan.files)) /
            static_cast<double>(BytesOf(sample)));
  return sum;
}

void AddScan(const PlannedScan& scan, ObjectStore* store, ScanEstimate* estimate) {
  TableEstimate& table = TableIn(estimate, *scan.table);
  ++table.scans;
  table.files += static_cast<int64_t>(scan.files.size());
  for (const LakeColumn& column : scan.table->columns) {
    if (scan.fields.contains(column.field_id)) table.columns.insert(column.name);
  }
  if (scan.files.empty()) return;
  const Files sample = Sample(scan.files);
  SumOf(scan, sample, store).AddTo(&table, scan.repeated);
  estimate->footers_left_out += static_cast<int64_t>(scan.files.size() - sample.size());
}

}  // namespace

ScanEstimate EstimateScan(const StatementPlan& plan, ObjectStore* store) {
  ScanEstimate estimate;
  for (const auto& table : plan.tables) TableIn(&estimate, *table);
  for (const PlannedScan& scan : plan.scans) AddScan(scan, store, &estimate);
  std::ranges::sort(estimate.tables, {}, &TableEstimate::table);
  return estimate;
}

}  // namespace shoestring
