#include "lake/external_sort.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/sort/pdqsort/pdqsort.hpp>
#include <cerrno>
#include <utility>

#include "base/error.h"

namespace shoestring {

namespace {

constexpr size_t kPrefixBytes = sizeof(unsigned __int128);
constexpr size_t kRecordHeaderBytes = 2 * sizeof(uint32_t);
constexpr size_t kBlockBytes = 64 << 10;
constexpr size_t kChunkBytes = 1 << 20;
constexpr size_t kSliceBytes = 512 << 10;
// Where a value that is not in its block begins, and how long it is.
constexpr size_t kWideReferenceBytes = 2 * sizeof(uint32_t);
constexpr uint32_t kWide = 1U << 31;
// Runs up to here wait as they are: to compress one takes longer than it is kept.
constexpr size_t kPlainBytes = 256 << 10;
// How many records ahead memory is asked for.
constexpr size_t kPrefetch = 8;

struct Record {
  std::string_view key;
  Bytes value;  ///< A reference when wide.
  bool wide = false;
  size_t size = 0;  ///< With its header.
};

uint32_t LoadLength(const char* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

void AppendLength(std::string* to, size_t length) {
  const auto value = static_cast<uint32_t>(length);
  to->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

// Records: key length, value length, key, value. Of a wide one the key's length has the
// top bit set, and the value is a reference. Written and read by this file alone.
Record ParseRecord(const char* from) {
  const uint32_t first = LoadLength(from);
  const size_t key = first & ~kWide;
  const size_t value = LoadLength(from + sizeof(uint32_t));
  const char* body = from + kRecordHeaderBytes;
  return {{body, key},
          {reinterpret_cast<const uint8_t*>(body + key), value},
          (first & kWide) != 0,
          kRecordHeaderBytes + key + value};
}

unsigned __int128 Prefix(std::string_view key) {
  uint8_t padded[kPrefixBytes] = {};
  std::memcpy(padded, key.data(), std::min(key.size(), kPrefixBytes));
  return static_cast<unsigned __int128>(LoadBigEndian<uint64_t>(padded)) << 64 |
         LoadBigEndian<uint64_t>(padded + sizeof(uint64_t));
}

// Of keys with the same prefix: nothing when what stands behind it must tell.
std::optional<bool> ShorterIsLess(size_t a, size_t b) {
  if (a > kPrefixBytes || b > kPrefixBytes) return std::nullopt;
  return a < b;
}

arrow::util::Codec* Codec() {
  static const auto kCodec =
      arrow::util::Codec::Create(arrow::Compression::LZ4).ValueOrDie();
  return kCodec.get();
}

[[noreturn]] void ThrowSpill(const std::string& directory, int error) {
  throw Fail(
      error == ENOSPC || error == EDQUOT ? ErrorKind::kLimit : ErrorKind::kUnavailable,
      "Cannot write sorted rows to a temporary file in {}: {}. Way out: set TMPDIR "
      "to a folder with room, or give more --memory",
      directory, std::strerror(error));
}

// Packs records into compressed blocks, blocks into chunks.
class RunWriter {
 public:
  RunWriter(size_t partition_bytes, bool compressed, SpillStore* store)
      : partition_bytes_(partition_bytes), compressed_(compressed), store_(store) {}

  /// `bytes` are those of the record.
  void Add(const Record& record, const char* bytes) {
    const std::string_view partition = record.key.substr(0, partition_bytes_);
    if (run_.segments.empty() || run_.segments.back().partition != partition) {
      FinishBlock();
      run_.segments.push_back({std::string(partition), 0, 0, {}});
    }
    SortedSegment& segment = run_.segments.back();
    ++segment.rows;
    segment.raw_bytes += static_cast<int64_t>(record.size);
    if (record.size > kBlockBytes) {
      AddWide(record);
      return;
    }
    if (block_.size() + record.size > kBlockBytes) FinishBlock();
    block_.append(bytes, record.size);
  }

  SortedRun Finish() && {
    FinishBlock();
    FinishChunk();
    return std::move(run_);
  }

 private:
  // The value apart from its key, so that a merge of many runs holds one at a time.
  void AddWide(const Record& record) {
    SortedSegment& segment = run_.segments.back();
    const size_t first = segment.wide_values.size();
    for (size_t at = 0; at < record.value.size(); at += kSliceBytes) {
      segment.wide_values.push_back(Store(
          record.value.subspan(at, std::min(kSliceBytes, record.value.size() - at))));
    }
    if (block_.size() + record.key.size() > kBlockBytes) FinishBlock();
    AppendLength(&block_, record.key.size() | kWide);
    AppendLength(&block_, kWideReferenceBytes);
    block_.append(record.key);
    AppendLength(&block_, first);
    AppendLength(&block_, record.value.size());
  }

  void FinishBlock() {
    if (block_.empty()) return;
    run_.segments.back().blocks.push_back(Store(AsBytes(block_)));
    block_.clear();
  }

  SortedSegment::Block Store(Bytes bytes) {
    const auto raw = static_cast<int64_t>(bytes.size());
    const uint8_t* from = bytes.data();
    const int64_t bound = Codec()->MaxCompressedLen(raw, from);
    if (used_ + static_cast<size_t>(bound) > kChunkBytes) FinishChunk();
    uint8_t* to = chunk_.get() + used_;
    int64_t stored = raw;
    if (compressed_) {
      const auto size = Codec()->Compress(raw, from, bound, to);
      if (!size.ok()) throw Fail(ErrorKind::kInternal, "{}", size.status().ToString());
      stored = std::min(raw, *size);
    }
    if (stored == raw) std::ranges::copy(bytes, to);
    const size_t at = std::exchange(used_, used_ + static_cast<size_t>(stored));
    return {static_cast<uint32_t>(run_.chunks.size()), static_cast<uint32_t>(at),
            static_cast<uint32_t>(stored), static_cast<uint32_t>(raw)};
  }

  void FinishChunk() {
    if (used_ == 0) return;
    run_.chunks.push_back(store_->Put({chunk_.get(), used_}));
    used_ = 0;
  }

  const size_t partition_bytes_;
  const bool compressed_;
  SpillStore* const store_;
  std::string block_;
  const std::unique_ptr<uint8_t[]> chunk_ =
      std::make_unique_for_overwrite<uint8_t[]>(kChunkBytes);
  size_t used_ = 0;  ///< Of the chunk.
  SortedRun run_;
};

}  // namespace

SpillStore::SpillStore(int64_t memory_limit, std::string directory)
    : memory_limit_(memory_limit), directory_(std::move(directory)) {}

SpillStore::~SpillStore() {
  if (file_ >= 0) close(file_);
}

SpillStore::Chunk SpillStore::Put(Bytes bytes) {
  const auto size = static_cast<int64_t>(bytes.size());
  if (memory_used_.fetch_add(size) + size <= memory_limit_) {
    return {std::make_shared<const std::string>(AsText(bytes)), 0};
  }
  memory_used_ -= size;
  const int file = FileDescriptor();
  const int64_t offset = spilled_bytes_.fetch_add(size);
  for (int64_t done = 0; done < size;) {
    const ssize_t wrote = pwrite(file, bytes.data() + done,
                                 static_cast<size_t>(size - done), offset + done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) ThrowSpill(directory_, wrote < 0 ? errno : ENOSPC);
    done += wrote;
  }
  return {nullptr, offset};
}

int SpillStore::FileDescriptor() {
  const std::lock_guard lock(mutex_);
  if (file_ >= 0) return file_;
  file_ = open(directory_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file_ < 0) {
    // Not every file system has O_TMPFILE.
    std::string name = directory_ + "/shoestring-XXXXXX";
    file_ = mkostemp(name.data(), O_CLOEXEC);
    if (file_ < 0) ThrowSpill(directory_, errno);
    unlink(name.c_str());
  }
  return file_;
}

Bytes SpillStore::Read(const Chunk& chunk, int64_t offset, size_t size,
                       std::vector<uint8_t>* room) const {
  if (chunk.memory) {
    return AsBytes(*chunk.memory).subspan(static_cast<size_t>(offset), size);
  }
  room->resize(size);
  for (size_t done = 0; done < size;) {
    const ssize_t got = pread(file_, room->data() + done, size - done,
                              chunk.offset + offset + static_cast<int64_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) ThrowSpill(directory_, got < 0 ? errno : EIO);
    done += static_cast<size_t>(got);
  }
  return *room;
}

void SpillStore::Release(const Chunk& chunk) {
  if (chunk.memory) memory_used_ -= static_cast<int64_t>(chunk.memory->size());
}

SortBuffer::SortBuffer(int64_t capacity_bytes, size_t partition_bytes, SpillStore* store)
    : capacity_(static_cast<size_t>(capacity_bytes)),
      partition_bytes_(partition_bytes),
      store_(store) {}

uint8_t* SortBuffer::Begin(std::string_view key, size_t most_bytes) {
  const size_t size = kRecordHeaderBytes + key.size() + most_bytes;
  const size_t used = used_ + entries_.size() * sizeof(Entry);
  if (!entries_.empty() && used + size + sizeof(Entry) > capacity_) return nullptr;
  if (used_ + size > room_) {
    // For the first record. Not touched: pages are taken as rows come.
    room_ = std::max(size, capacity_);
    records_ = std::make_unique_for_overwrite<char[]>(room_);
  }
  entries_.push_back({Prefix(key), used_, static_cast<uint32_t>(key.size())});
  char* body = records_.get() + used_ + kRecordHeaderBytes;
  std::memcpy(body, key.data(), key.size());
  return reinterpret_cast<uint8_t*>(body + key.size());
}

void SortBuffer::End(const uint8_t* value_end) {
  char* record = records_.get() + used_;
  const size_t size =
      static_cast<size_t>(reinterpret_cast<const char*>(value_end) - record);
  const uint32_t key = entries_.back().key_bytes;
  const uint32_t header[] = {key, static_cast<uint32_t>(size - kRecordHeaderBytes - key)};
  std::memcpy(record, header, kRecordHeaderBytes);
  used_ += size;
}

std::string_view SortBuffer::KeyOf(const Entry& entry) const {
  return {records_.get() + entry.offset + kRecordHeaderBytes, entry.key_bytes};
}

void SortBuffer::Prefetch(const Entry& entry) const {
  constexpr size_t kLineBytes = 64;
  constexpr size_t kLines = 3;
  const char* record = records_.get() + entry.offset;
  for (size_t i = 0; i < kLines; ++i) __builtin_prefetch(record + i * kLineBytes);
}

// By their prefixes first, which needs no branches; what stands behind tells few apart.
void SortBuffer::Sort() {
  boost::sort::pdqsort_branchless(
      entries_.begin(), entries_.end(),
      [](const Entry& a, const Entry& b) { return a.prefix < b.prefix; });
  const auto less = [this](const Entry& a, const Entry& b) {
    const auto shorter = ShorterIsLess(a.key_bytes, b.key_bytes);
    return shorter ? *shorter : KeyOf(a) < KeyOf(b);
  };
  for (auto begin = entries_.begin(); begin != entries_.end();) {
    const auto end = std::find_if(begin + 1, entries_.end(), [&](const Entry& entry) {
      return entry.prefix != begin->prefix;
    });
    if (end - begin > 1) std::sort(begin, end, less);
    begin = end;
  }
}

SortedRun SortBuffer::Flush() {
  Sort();
  RunWriter writer(partition_bytes_, used_ > kPlainBytes, store_);
  for (size_t i = 0; i < entries_.size(); ++i) {
    // In the order of their keys, records are all over the buffer.
    if (i + kPrefetch < entries_.size()) Prefetch(entries_[i + kPrefetch]);
    const char* record = records_.get() + entries_[i].offset;
    writer.Add(ParseRecord(record), record);
  }
  entries_.clear();
  used_ = 0;
  if (room_ > capacity_) {
    records_.reset();
    room_ = 0;
  }
  return std::move(writer).Finish();
}

/// The records of one segment, one block in memory at a time.
class MergeReader::Cursor {
 public:
  /// `room` is for what comes from the file, of one cursor at a time.
  Cursor(Source source, const SpillStore* store, std::vector<uint8_t>* room)
      : source_(source), store_(store), room_(*room) {}

  bool Advance() {
    at_ += record_.size;
    if (at_ >= block_.size() && !LoadBlock()) return false;
    record_ = ParseRecord(block_.data() + at_);
    prefix_ = Prefix(record_.key);
    return true;
  }

  bool operator<(const Cursor& other) const {
    if (prefix_ != other.prefix_) return prefix_ < other.prefix_;
    const auto less = ShorterIsLess(record_.key.size(), other.record_.key.size());
    if (less) return *less;
    return record_.key < other.record_.key;
  }

  bool wide() const { return record_.wide; }
  /// Of a record that is not wide.
  Bytes value() const { return record_.value; }

  /// Of a wide one.
  void LoadWide(std::vector<uint8_t>* value) {
    const char* reference = AsText(record_.value).data();
    size_t slice = LoadLength(reference);
    value->resize(LoadLength(reference + sizeof(uint32_t)));
    for (size_t at = 0; at < value->size(); ++slice) {
      const auto& block = source_.segment->wide_values[slice];
      Load(block, value->data() + at);
      at += block.raw_bytes;
    }
  }

 private:
  bool LoadBlock() {
    if (next_block_ == source_.segment->blocks.size()) return false;
    const auto& block = source_.segment->blocks[next_block_++];
    block_.resize(block.raw_bytes);
    Load(block, reinterpret_cast<uint8_t*>(block_.data()));
    at_ = 0;
    return true;
  }

  void Load(const SortedSegment::Block& block, uint8_t* to) {
    const Bytes stored = store_->Read(source_.run->chunks[block.chunk], block.offset,
                                      block.stored_bytes, &room_);
    if (block.stored_bytes == block.raw_bytes) {
      std::ranges::copy(stored, to);
      return;
    }
    const auto raw =
        Codec()->Decompress(block.stored_bytes, stored.data(), block.raw_bytes, to);
    if (!raw.ok() || *raw != block.raw_bytes) {
      throw Fail(ErrorKind::kInternal, "A sorted block cannot be read back");
    }
  }

  Source source_;
  const SpillStore* store_;
  std::vector<uint8_t>& room_;
  size_t next_block_ = 0;
  size_t at_ = 0;
  std::string block_;
  Record record_;
  unsigned __int128 prefix_ = 0;
};

MergeReader::MergeReader(std::vector<Source> sources, const SpillStore* store) {
  for (const Source& source : sources) {
    auto cursor = std::make_unique<Cursor>(source, store, &room_);
    if (cursor->Advance()) heap_.push_back(std::move(cursor));
  }
  for (size_t i = heap_.size() / 2; i-- > 0;) SiftDown(i);
}

MergeReader::~MergeReader() = default;

void MergeReader::SiftDown(size_t at) {
  for (;;) {
    size_t least = at;
    for (size_t child = 2 * at + 1; child <= 2 * at + 2; ++child) {
      if (child < heap_.size() && *heap_[child] < *heap_[least]) least = child;
    }
    if (least == at) return;
    std::swap(heap_[at], heap_[least]);
    at = least;
  }
}

std::optional<Bytes> MergeReader::Next() {
  if (started_) {
    if (!heap_.front()->Advance()) {
      std::swap(heap_.front(), heap_.back());
      heap_.pop_back();
    }
    SiftDown(0);
  }
  started_ = !heap_.empty();
  if (!started_) return std::nullopt;
  Cursor& first = *heap_.front();
  if (!first.wide()) return first.value();
  Release();
  first.LoadWide(&wide_value_);
  return wide_value_;
}

void MergeReader::Release() {
  wide_value_.clear();
  wide_value_.shrink_to_fit();
}

void SortedRuns::Add(SortedRun run) {
  auto owned = std::make_unique<SortedRun>(std::move(run));
  const std::lock_guard lock(mutex_);
  runs_.push_back(std::move(owned));
}

std::map<std::string, SortedRuns::Partition> SortedRuns::Partitions() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, Partition> partitions;
  for (const auto& run : runs_) {
    for (const auto& segment : run->segments) {
      Partition& partition = partitions[segment.partition];
      partition.rows += segment.rows;
      partition.raw_bytes += segment.raw_bytes;
      partition.sources.push_back({run.get(), &segment});
    }
  }
  return partitions;
}

void SortedRuns::Clear(SpillStore* store) {
  const std::lock_guard lock(mutex_);
  for (const auto& run : runs_) {
    for (const auto& chunk : run->chunks) store->Release(chunk);
  }
  runs_.clear();
}

}  // namespace shoestring
