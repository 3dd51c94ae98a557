#include "engine/read_ahead.h"

#include <algorithm>
#include <system_error>

namespace shoestring {

namespace {

constexpr int64_t kLongestRead = 8 << 20;
// The end of a large file, roughly: what counts against the limit.
constexpr int64_t kEndBytes = 128 << 10;

}  // namespace

RequestThreads::~RequestThreads() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    tasks_.clear();
  }
  changed_.notify_all();
}

void RequestThreads::Post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    try {
      if (static_cast<int>(threads_.size()) < count_) {
        threads_.emplace_back([this] { Work(); });
      }
    } catch (const std::system_error&) {
      // Fewer will do; without any the scan reads for itself.
    }
  }
  changed_.notify_one();
}

void RequestThreads::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopped_ || !tasks_.empty(); });
    if (stopped_) return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // What it held goes before the lock is taken.
    lock.lock();
  }
}

std::vector<ByteRange> Coalesce(std::vector<ByteRange> ranges) {
  std::ranges::sort(ranges, {}, &ByteRange::begin);
  std::vector<ByteRange> merged;
  for (const ByteRange& range : ranges) {
    if (!merged.empty() && range.begin < merged.back().end + ReadCache::kLeastRead) {
      merged.back().end = std::max(merged.back().end, range.end);
    } else {
      merged.push_back(range);
    }
  }
  std::vector<ByteRange> pieces;
  for (const ByteRange& range : merged) {
    for (int64_t at = range.begin; at < range.end; at += kLongestRead) {
      pieces.push_back({at, std::min(range.end, at + kLongestRead)});
    }
  }
  return pieces;
}

ReadAhead::ReadAhead(ReadCache* cache, RequestThreads* threads, ScanPlan plan,
                     int64_t most_bytes)
    : cache_(cache), threads_(threads), plan_(std::move(plan)), most_bytes_(most_bytes) {
  for (size_t i = 0; i < plan_.files.size(); ++i) index_[plan_.files[i]->key] = i;
}

void ReadAhead::Start() {
  const std::lock_guard lock(mutex_);
  PostPieces();
}

void ReadAhead::Stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
}

void ReadAhead::Reached(const std::string& key, int64_t offset) {
  const auto found = index_.find(key);
  if (found == index_.end()) return;
  const std::lock_guard lock(mutex_);
  const bool in_end = offset >= plan_.files[found->second]->bytes - kEndBytes;
  const auto end = ahead_.upper_bound({found->second, in_end ? -1 : offset});
  next_file_ = std::max(next_file_, found->second + 1);
  if (end == ahead_.begin()) return;
  for (auto piece = ahead_.begin(); piece != end; ++piece) ahead_bytes_ -= piece->second;
  ahead_.erase(ahead_.begin(), end);
  window_ = std::min(kMostPieces, window_ * 2);
  PostPieces();
}

/// With mutex_ held, when there is one.
ReadAhead::Piece ReadAhead::NextPiece() const {
  if (!ranges_.empty()) return ranges_.front();
  const int64_t bytes = plan_.files[next_file_]->bytes;
  return {{next_file_, -1}, bytes <= ReadCache::kWholeFile ? bytes : kEndBytes};
}

/// With mutex_ held.
void ReadAhead::PostPieces() {
  while (!stopped_ && ahead_.size() < window_ &&
         (!ranges_.empty() || next_file_ < plan_.files.size())) {
    const Piece piece = NextPiece();
    if (!ahead_.empty() && ahead_bytes_ + piece.bytes > most_bytes_) return;
    if (ranges_.empty()) {
      ++next_file_;
    } else {
      ranges_.pop_front();
    }
    ahead_[piece.place] = piece.bytes;
    ahead_bytes_ += piece.bytes;
    threads_->Post([self = shared_from_this(), piece] { self->Load(piece); });
  }
}

void ReadAhead::Load(const Piece& piece) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
  }
  try {
    if (piece.place.offset < 0) {
      LoadFirst(piece.place.file);
    } else {
      cache_->Load(*plan_.files[piece.place.file], piece.place.offset,
                   piece.place.offset + piece.bytes, plan_.on_request);
    }
  } catch (const std::exception&) {
    Stop();
  }
}

void ReadAhead::LoadFirst(size_t index) {
  const DataFile& file = *plan_.files[index];
  if (file.bytes <= ReadCache::kWholeFile) {
    cache_->Load(file, 0, file.bytes, plan_.on_request);
    return;
  }
  const auto ranges = Coalesce(plan_.wanted(cache_->Footer(file, plan_.on_request)));
  const std::lock_guard lock(mutex_);
  for (const ByteRange& range : ranges) {
    ranges_.push_back({{index, range.begin}, range.end - range.begin});
  }
  std::ranges::sort(ranges_,
                    [](const Piece& a, const Piece& b) { return a.place < b.place; });
  PostPieces();
}

}  // namespace shoestring
