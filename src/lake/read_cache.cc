#include "lake/read_cache.h"

#include <algorithm>
#include <cstring>

namespace shoestring {

namespace {

// What a footer takes for each column of each row group, and more than that; of files
// with bounds of 16 characters it is about 135 bytes.
constexpr int64_t kFooterOfChunk = 250;
constexpr int64_t kLeastEnd = 64 << 10;
// Row groups have so many rows at least, or bytes, but a file has hardly more than these,
// unless it is large.
constexpr int64_t kRowGroupRows = 8192;
constexpr int64_t kRowGroupBytes = 8 << 20;
constexpr int64_t kRowGroups = 20;
constexpr int64_t kFooterEnd = 8;

int64_t RoundUp(int64_t bytes, int64_t block) {
  return (bytes + block - 1) / block * block;
}

/// How much of the end of a large file holds its checksums and footer, most likely.
int64_t GuessEnd(const DataFile& file) {
  const int64_t row_groups =
      std::min(file.rows / kRowGroupRows, kRowGroups) + file.bytes / kRowGroupBytes + 1;
  const int64_t chunks = (row_groups + 1) * static_cast<int64_t>(file.columns.size() + 1);
  const int64_t checksums = file.bytes / FileChecksums::kBlocks[0] * 8;
  return RoundUp(std::max(kLeastEnd, checksums + chunks * kFooterOfChunk),
                 FileChecksums::kLargestBlock);
}

std::span<uint8_t> Writable(std::string* bytes) {
  return {reinterpret_cast<uint8_t*>(bytes->data()), bytes->size()};
}

/// What a call throws, if it does.
template <typename Call>
std::optional<Error> ErrorOf(const Call& call) {
  try {
    call();
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& error) {
    return Fail(ErrorKind::kInternal, "Cannot read the lake: {}", error.what());
  }
}

}  // namespace

bool IsRemote(const ObjectStore& store) { return store.Uri().starts_with("s3://"); }

ReadCache::ReadCache(ObjectStore* store, int64_t capacity)
    : store_(store), capacity_(std::max(capacity, kLeastCapacity)) {}

void ReadCache::SetCapacity(int64_t capacity) {
  const std::lock_guard lock(mutex_);
  capacity_ = std::max(capacity, kLeastCapacity);
  Evict();
}

int64_t ReadCache::held() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

void ReadCache::Read(const DataFile& file, int64_t offset, std::span<uint8_t> to,
                     const OnRequest& on_request) {
  const int64_t end = offset + static_cast<int64_t>(to.size());
  if (offset < 0 || end > file.bytes) {
    throw Fail(ErrorKind::kCorrupt, "Byte {} is asked for, of {}: {}", end, file.bytes,
               file.key);
  }
  Covered covered = Cover(file, offset, end, kLeastRead, on_request);
  LoadMissing(file, covered, on_request);
  Wait(covered.parts);
  for (const auto& part : covered.parts) {
    const int64_t from = std::max(offset, part->begin);
    const int64_t until = std::min(end, part->end);
    std::copy_n(part->bytes.begin() + (from - part->begin), until - from,
                to.begin() + (from - offset));
  }
}

void ReadCache::Load(const DataFile& file, int64_t begin, int64_t end,
                     const OnRequest& on_request) {
  Covered covered = Cover(file, begin, end, /*least=*/0, on_request);
  LoadMissing(file, covered, on_request);
}

std::string ReadCache::Footer(const DataFile& file, const OnRequest& on_request) {
  uint32_t size = 0;
  std::string end(static_cast<size_t>(std::min(kFooterEnd, file.bytes)), '\0');
  Read(file, file.bytes - static_cast<int64_t>(end.size()), Writable(&end), on_request);
  std::memcpy(&size, end.data(), sizeof(size));  // Read() has checked the end.
  std::string footer(static_cast<size_t>(size + kFooterEnd), '\0');
  Read(file, file.bytes - static_cast<int64_t>(footer.size()), Writable(&footer),
       on_request);
  return footer;
}

/// What a range consists of: parts that are here, or on their way, and new ones in the
/// gaps. A gap that is not followed by another part grows to `least` bytes.
ReadCache::Covered ReadCache::Cover(const DataFile& file, int64_t begin, int64_t end,
                                    int64_t least, const OnRequest& on_request) {
  Lock lock(mutex_);
  File& known = FileWithEnd(file, end, on_request, &lock);
  const int64_t block = known.checksums->block();
  Covered covered{.etag = known.etag, .checksums = known.checksums};
  auto next = known.parts.upper_bound(begin);
  if (next != known.parts.begin() && std::prev(next)->second->end > begin) --next;
  for (int64_t at = begin; at < end; at = covered.parts.back()->end) {
    if (next != known.parts.end() && next->first <= at) {
      covered.parts.push_back((next++)->second);
      continue;
    }
    const int64_t limit =
        next == known.parts.end() ? covered.checksums->covered() : next->first;
    const int64_t from = at / block * block;
    const int64_t until = std::min(limit, RoundUp(std::max(end, from + least), block));
    covered.parts.push_back(AddPart(&known, file.key, from, until));
    covered.missing.push_back(covered.parts.back());
  }
  for (const auto& part : covered.parts) {
    if (part->state != Part::State::kReady) continue;
    used_.splice(used_.begin(), used_, part->used);
  }
  return covered;
}

/// The file with its checksums, and with its end if the range reaches into that.
ReadCache::File& ReadCache::FileWithEnd(const DataFile& file, int64_t end,
                                        const OnRequest& on_request, Lock* lock) {
  while (true) {
    File& known = files_[file.key];
    if (known.checksums) {
      const int64_t covered = known.checksums->covered();
      const bool has_end =
          !known.parts.empty() && known.parts.rbegin()->second->end == file.bytes;
      if (end <= covered || has_end) return known;
    }
    if (known.loading_end) {
      changed_.wait(*lock);
    } else {
      LoadEnd(file, on_request, lock);
    }
  }
}

void ReadCache::LoadEnd(const DataFile& file, const OnRequest& on_request, Lock* lock) {
  File& known = files_[file.key];
  known.loading_end = true;  // Keeps `known` where it is, too.
  std::string etag = known.etag;
  lock->unlock();
  FileEnd end;
  const auto error = ErrorOf([&] {
    const int64_t guess = file.bytes <= kWholeFile ? file.bytes : GuessEnd(file);
    end = ReadFileEnd(file.key, file.bytes, guess, [&](int64_t from, int64_t until) {
      return Get(file, from, until, &etag, on_request);
    });
  });
  lock->lock();
  known.loading_end = false;
  changed_.notify_all();
  if (error) Refuse(file.key, *error);
  Pin(file.key, etag);
  known.checksums = end.checksums;
  AddEnd(file, &known, std::move(end));
}

/// Where no other part is yet.
void ReadCache::AddEnd(const DataFile& file, File* known, FileEnd end) {
  int64_t begin = end.begin;
  for (const auto& [other, part] : known->parts) begin = std::max(begin, part->end);
  if (begin >= file.bytes) return;
  const auto part = AddPart(known, file.key, begin, file.bytes);
  part->bytes = end.bytes.substr(static_cast<size_t>(begin - end.begin));
  MakeReady(part);
}

void ReadCache::LoadMissing(const DataFile& file, const Covered& covered,
                            const OnRequest& on_request) {
  std::optional<Error> error;
  for (const auto& part : covered.missing) {
    if (!error) {
      error = ErrorOf([&] { LoadPart(file, covered, part.get(), on_request); });
    }
    const std::lock_guard lock(mutex_);
    if (!error) error = ErrorOf([&] { Pin(file.key, covered.etag); });
    if (error) {
      part->state = Part::State::kFailed;
      part->error = error;
      Drop(part);
    } else {
      MakeReady(part);
    }
    changed_.notify_all();
  }
  if (!error) return;
  const std::lock_guard lock(mutex_);
  Refuse(file.key, *error);
}

void ReadCache::LoadPart(const DataFile& file, const Covered& covered, Part* part,
                         const OnRequest& on_request) {
  std::string etag = covered.etag;
  part->bytes = Get(file, part->begin, part->end, &etag, on_request);
  covered.checksums->Check(file.key, part->begin, AsBytes(part->bytes));
}

void ReadCache::Wait(const Parts& parts) {
  Lock lock(mutex_);
  for (const auto& part : parts) {
    changed_.wait(lock, [&] { return part->state != Part::State::kLoading; });
    if (part->state == Part::State::kFailed) throw Error(*part->error);
  }
}

std::string ReadCache::Get(const DataFile& file, int64_t begin, int64_t end,
                           std::string* etag, const OnRequest& on_request) {
  std::string bytes(static_cast<size_t>(end - begin), '\0');
  store_->ReadRange(file.key, begin, Writable(&bytes), etag);
  on_request(end - begin);
  return bytes;
}

/// All answers about a file must be of one version of it.
void ReadCache::Pin(const std::string& key, const std::string& etag) {
  File& known = files_[key];
  if (known.etag.empty()) known.etag = etag;
  if (known.etag == etag) return;
  Refuse(key,
         Fail(ErrorKind::kConflict, "The file was replaced while it was read: {}", key));
}

/// What is damaged or was replaced may be whole the next time.
void ReadCache::Refuse(const std::string& key, const Error& error) {
  const bool stale =
      error.kind() == ErrorKind::kCorrupt || error.kind() == ErrorKind::kConflict;
  if (stale) Forget(key);
  throw Error(error);
}

std::shared_ptr<ReadCache::Part> ReadCache::AddPart(File* file, const std::string& key,
                                                    int64_t begin, int64_t end) {
  auto part = std::make_shared<Part>();
  part->key = key;
  part->begin = begin;
  part->end = end;
  file->parts[begin] = part;
  return part;
}

void ReadCache::MakeReady(const std::shared_ptr<Part>& part) {
  part->state = Part::State::kReady;
  held_ += part->end - part->begin;
  used_.push_front(part);
  part->used = used_.begin();
  Evict();
}

/// Takes a part out; who holds it still has its bytes.
void ReadCache::Drop(const std::shared_ptr<Part>& part) {
  if (part->state == Part::State::kReady) {
    held_ -= part->end - part->begin;
    used_.erase(part->used);
  }
  const auto file = files_.find(part->key);
  std::erase_if(file->second.parts,
                [&](const auto& other) { return other.second == part; });
  DropIfEmpty(file);
}

void ReadCache::DropIfEmpty(std::map<std::string, File>::iterator file) {
  if (file->second.parts.empty() && !file->second.loading_end) files_.erase(file);
}

/// Whoever asks next reads the file anew.
void ReadCache::Forget(const std::string& key) {
  const auto file = files_.find(key);
  if (file == files_.end()) return;
  file->second.etag.clear();
  file->second.checksums = nullptr;
  std::erase_if(file->second.parts, [&](const auto& entry) {
    const Part& part = *entry.second;
    if (part.state != Part::State::kReady) return false;  // Its loader drops it.
    held_ -= part.end - part.begin;
    used_.erase(part.used);
    return true;
  });
  DropIfEmpty(file);
}

void ReadCache::Evict() {
  while (held_ > capacity_ && used_.size() > 1) {
    Drop(std::shared_ptr(used_.back()));
  }
}

}  // namespace shoestring
