#include "lake/file_checksums.h"

#include <algorithm>

#include "base/checksum.h"
#include "base/error.h"

namespace shoestring {

namespace {

constexpr int64_t kBlockChecksum = 8;
constexpr int64_t kCovered = 8;
constexpr int64_t kWhole = 16;
// The footer of a Parquet file ends with its length and "PAR1".
constexpr int64_t kFooterEnd = 8;
// What is read at once from the end of a file: of all but large ones more than footer and
// checksums, which grow with it.
constexpr int64_t kLeastEnd = 16 << 10;
constexpr int64_t kMostEnd = 64 << 10;
constexpr int64_t kFileToEnd = 64;
constexpr size_t kMostEdges = 64;

[[noreturn]] void ThrowChanged(std::string_view key, std::string_view what) {
  throw Fail(ErrorKind::kCorrupt,
             "{} is not as it was written: {}. Way out: shoestring verify names all that "
             "is damaged; restore it from a backup, or migrate the table again",
             key, what);
}

int64_t Blocks(int64_t bytes, int64_t block) { return (bytes + block - 1) / block; }

template <typename T>
T LoadLittleEndian(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}
static_assert(std::endian::native == std::endian::little);

template <typename T>
void AppendLittleEndian(std::string* to, T value) {
  to->append(reinterpret_cast<const char*>(&value), sizeof(T));
}

Uint128 ChecksumOfAll(std::string_view key, Bytes checksums, Bytes footer) {
  Checksum checksum;
  checksum.Append(AsBytes(key));
  checksum.Append(checksums);
  checksum.Append(footer);
  return checksum.Value();
}

/// Bytes of a block, by how many bytes of checksums there are; 0 when that fits none.
int64_t BlockOf(int64_t covered, int64_t checksums) {
  for (const int64_t block : FileChecksums::kBlocks) {
    if (Blocks(covered, block) * kBlockChecksum == checksums) return block;
  }
  return 0;
}

/// Where the footer of a file begins, by its last eight bytes.
int64_t FooterBegin(std::string_view key, int64_t size, Bytes end) {
  if (AsText(end.last(4)) != "PAR1") ThrowChanged(key, "it does not end as Parquet does");
  const int64_t begin =
      size - kFooterEnd - LoadLittleEndian<uint32_t>(end.last(kFooterEnd).data());
  if (begin < kCovered + kWhole) ThrowChanged(key, "its footer has no such length");
  return begin;
}

}  // namespace

void FileChecksumWriter::Append(Bytes bytes) {
  bytes_ += static_cast<int64_t>(bytes.size());
  while (!bytes.empty()) {
    const size_t room = static_cast<size_t>(block_bytes_) - block_.size();
    const Bytes part = bytes.first(std::min(room, bytes.size()));
    bytes = bytes.subspan(part.size());
    block_.append(AsText(part));
    if (part.size() < room) continue;
    AppendLittleEndian(&checksums_, ShortChecksumOf(AsBytes(block_)));
    block_.clear();
  }
}

std::string FileChecksumWriter::Finish(std::string_view key, Bytes footer) && {
  if (!block_.empty()) {
    AppendLittleEndian(&checksums_, ShortChecksumOf(AsBytes(block_)));
  }
  AppendLittleEndian(&checksums_, bytes_);
  const Uint128 whole = ChecksumOfAll(key, AsBytes(checksums_), footer);
  AppendLittleEndian(&checksums_, whole);
  return std::move(checksums_);
}

int64_t FileChecksums::Begin(std::string_view key, int64_t size, Bytes end) {
  if (size < kFooterEnd) ThrowChanged(key, "it is too short for Parquet");
  if (end.size() < kFooterEnd) return size - kFooterEnd;
  const int64_t footer = FooterBegin(key, size, end);
  const int64_t covered_at = footer - kWhole - kCovered;
  const int64_t at = covered_at - (size - static_cast<int64_t>(end.size()));
  if (at < 0) return covered_at;
  const auto covered = LoadLittleEndian<int64_t>(end.data() + at);
  if (covered < 0 || covered > covered_at ||
      BlockOf(covered, covered_at - covered) == 0) {
    ThrowChanged(key, "its checksums are not where they should be");
  }
  return covered;
}

FileChecksums::FileChecksums(std::string_view key, int64_t size, Bytes end)
    : covered_(size - static_cast<int64_t>(end.size())) {
  const auto footer = static_cast<size_t>(FooterBegin(key, size, end) - covered_);
  const Bytes checksums = end.first(footer - kWhole);
  block_ = BlockOf(covered_, static_cast<int64_t>(footer) - kWhole - kCovered);
  const auto whole = LoadLittleEndian<Uint128>(end.data() + footer - kWhole);
  if (ChecksumOfAll(key, checksums, end.subspan(footer)) != whole) {
    ThrowChanged(key, "its footer has another checksum, or is that of another file");
  }
  for (int64_t i = 0; i < Blocks(covered_, block_); ++i) {
    checksums_.push_back(
        LoadLittleEndian<uint64_t>(checksums.data() + kBlockChecksum * i));
  }
}

void FileChecksums::Check(std::string_view key, int64_t offset, Bytes bytes) const {
  for (int64_t block = offset / block_; !bytes.empty(); ++block) {
    const Bytes part = bytes.first(std::min(static_cast<size_t>(block_), bytes.size()));
    bytes = bytes.subspan(part.size());
    if (ShortChecksumOf(part) == checksums_[static_cast<size_t>(block)]) continue;
    ThrowChanged(
        key, fmt::format("its bytes from {} on have another checksum", block * block_));
  }
}

FileEnd ReadFileEnd(std::string_view key, int64_t size, int64_t guess,
                    const ReadBytes& read) {
  int64_t from = std::max<int64_t>(0, size - guess);
  std::string end = read(from, size);
  int64_t begin = FileChecksums::Begin(key, size, AsBytes(end));
  while (begin < from) {
    end.insert(0, read(begin, from));
    from = begin;
    begin = FileChecksums::Begin(key, size, AsBytes(end));
  }
  const Bytes all = AsBytes(end);
  auto checksums = std::make_shared<const FileChecksums>(
      key, size, all.subspan(static_cast<size_t>(begin - from)));
  // Whole blocks of data that came with it are as good.
  const int64_t block = checksums->block();
  const int64_t first = std::min(Blocks(from, block) * block, begin);
  checksums->Check(
      key, first,
      all.subspan(static_cast<size_t>(first - from), static_cast<size_t>(begin - first)));
  end.erase(0, static_cast<size_t>(first - from));
  return {.begin = first, .bytes = std::move(end), .checksums = std::move(checksums)};
}

CheckedReader::CheckedReader(ObjectStore* store, std::string key, int64_t size,
                             std::shared_ptr<const FileChecksums> known)
    : store_(store), key_(std::move(key)), size_(size), checksums_(std::move(known)) {}

std::shared_ptr<const FileChecksums> CheckedReader::checksums() const {
  const std::lock_guard lock(mutex_);
  return checksums_;
}

void CheckedReader::LoadEnd(const OnRequest& on_request) {
  const int64_t guess = std::clamp(size_ / kFileToEnd, kLeastEnd, kMostEnd);
  end_ = ReadFileEnd(key_, size_, guess, [&](int64_t begin, int64_t end) {
    std::string bytes(static_cast<size_t>(end - begin), '\0');
    store_->ReadRange(key_, begin,
                      {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()},
                      /*etag=*/nullptr);
    on_request(end - begin);
    return bytes;
  });
  checksums_ = end_.checksums;
}

/// Copies a block at the edge of an earlier read, if it is one.
bool CheckedReader::CopyEdge(int64_t begin, uint8_t* to) const {
  const std::lock_guard lock(mutex_);
  const auto found = edges_.find(begin);
  if (found == edges_.end()) return false;
  std::ranges::copy(found->second, to);
  return true;
}

void CheckedReader::KeepEdge(int64_t begin, std::span<const uint8_t> block) {
  const std::lock_guard lock(mutex_);
  if (edges_.size() >= kMostEdges) edges_.clear();
  edges_.try_emplace(begin, block.begin(), block.end());
}

void CheckedReader::ReadBlocks(int64_t offset, std::span<uint8_t> to,
                               const OnRequest& on_request) {
  const int64_t block = checksums_->block();
  const int64_t begin = offset / block * block;
  const int64_t wanted_end = offset + static_cast<int64_t>(to.size());
  const int64_t end = std::min(Blocks(wanted_end, block) * block, checksums_->covered());
  const int64_t last = (end - 1) / block * block;
  // Kept from read to read: to get so much memory anew takes longer than the checksums.
  thread_local std::vector<uint8_t> blocks;
  blocks.resize(static_cast<size_t>(end - begin));
  const auto part = [&](int64_t from, int64_t until) {
    return std::span(blocks).subspan(static_cast<size_t>(from - begin),
                                     static_cast<size_t>(until - from));
  };
  const int64_t from =
      CopyEdge(begin, blocks.data()) ? std::min(begin + block, end) : begin;
  const bool has_last = last >= from && CopyEdge(last, part(last, end).data());
  const int64_t until = has_last ? last : end;
  if (from < until) {
    store_->ReadRange(key_, from, part(from, until), /*etag=*/nullptr);
    on_request(until - from);
    checksums_->Check(key_, from, part(from, until));
  }
  KeepEdge(begin, part(begin, std::min(begin + block, end)));
  KeepEdge(last, part(last, end));
  std::copy_n(blocks.begin() + (offset - begin), to.size(), to.begin());
}

void CheckedReader::Read(int64_t offset, std::span<uint8_t> to,
                         const OnRequest& on_request) {
  const int64_t end = offset + static_cast<int64_t>(to.size());
  if (offset < 0 || end > size_) {
    ThrowChanged(key_, fmt::format("byte {} is asked for, of {}", end, size_));
  }
  {
    const std::lock_guard lock(mutex_);
    const bool needs_end = !checksums_ || end > checksums_->covered();
    if (needs_end && end_.bytes.empty()) LoadEnd(on_request);
  }
  // What end_ holds is taken from there, the rest from the store.
  const int64_t split = end_.bytes.empty() ? end : std::clamp(end_.begin, offset, end);
  const auto before = static_cast<size_t>(split - offset);
  if (before > 0) ReadBlocks(offset, to.first(before), on_request);
  if (split == end) return;
  std::copy_n(end_.bytes.begin() + (split - end_.begin), end - split,
              to.begin() + before);
}

}  // namespace shoestring
