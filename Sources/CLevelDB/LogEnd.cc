#include "LogEnd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>

#include "leveldb/slice.h"

using leveldb::Slice;
using leveldb::Status;

namespace tollgate {
namespace {

constexpr uint64_t kLargestLog = 1 << 30;
constexpr uint64_t kMostSummed = 1 << 30;
constexpr uint64_t kPage = 4096;
constexpr uint64_t kSector = 512;

// The format: log_format.md of LevelDB. Blocks of 32 KiB; a record has a masked CRC-32C of type and content, the
// content's length, the type, the content, and crosses no block.
constexpr uint64_t kBlock = 32 << 10;
constexpr uint64_t kHeader = 7;
enum : unsigned char { kZeros = 0, kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

uint32_t crc32c(const unsigned char *bytes, uint64_t count) {
  static const std::array<uint32_t, 256> table = [] {
    std::array<uint32_t, 256> table{};
    for (uint32_t index = 0; index < 256; ++index) {
      uint32_t value = index;
      for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0x82F63B78 : 0);
      table[index] = value;
    }
    return table;
  }();
  uint32_t state = 0xFFFFFFFF;
  for (uint64_t index = 0; index < count; ++index) state = table[(state ^ bytes[index]) & 0xFF] ^ state >> 8;
  return ~state;
}

struct Record {
  unsigned char type;
  uint64_t length;  // with its header
};

/// The record that begins at `offset`, as its header tells; length 0 when there is none.
Record record_at(const unsigned char *log, uint64_t size, uint64_t offset) {
  const uint64_t end = std::min(size, offset - offset % kBlock + kBlock);
  if (offset + kHeader > end) return {kZeros, 0};
  const unsigned char *header = log + offset;
  const uint64_t length = kHeader + (header[4] | static_cast<uint64_t>(header[5]) << 8);
  if (header[6] < kFull || header[6] > kLast || offset + length > end) return {kZeros, 0};
  return {header[6], length};
}

bool is_whole(const unsigned char *header, uint64_t length) {
  const uint32_t stored = header[0] | header[1] << 8 | header[2] << 16 | static_cast<uint32_t>(header[3]) << 24;
  const uint32_t sum = crc32c(header + 6, length - 6);
  return stored == (sum >> 15 | sum << 17) + 0xA282EAD8;
}

/// Where the next record begins: no header fits into the last bytes of a block.
uint64_t place_after(uint64_t offset) {
  const uint64_t left = kBlock - offset % kBlock;
  return left < kHeader ? offset + left : offset;
}

bool are_whole(const unsigned char *log, uint64_t size, uint64_t start, uint64_t end) {
  for (uint64_t place = start; place < end;) {
    const Record record = record_at(log, size, place);
    if (record.length == 0 || !is_whole(log + place, record.length)) return false;
    place = place_after(place + record.length);
  }
  return true;
}

/// Whether a part of the bytes that lies within one sector has none but zeros.
bool has_blank_sector(const unsigned char *log, uint64_t start, uint64_t end) {
  while (start < end) {
    const uint64_t stop = std::min(end, start / kSector * kSector + kSector);
    if (std::all_of(log + start, log + stop, [](unsigned char byte) { return byte == 0; })) return true;
    start = stop;
  }
  return false;
}

/// Whether nothing, or a batch that was being written, begins at `offset`, behind which no other batch begins. Its sectors
/// reach the disk in any order, and a write may have come to any byte; what else is wrong with it is damage.
bool is_unfinished(const unsigned char *log, uint64_t size, uint64_t offset) {
  uint64_t stop = size;  // behind the last byte that is not zero
  while (stop > offset && log[stop - 1] == 0) --stop;
  while (offset < stop) {
    const Record record = record_at(log, size, offset);
    if (record.length == 0) return stop <= offset + kHeader || has_blank_sector(log, offset, stop);
    const uint64_t end = offset + record.length;
    if (!is_whole(log + offset, record.length)) return log[end - 1] == 0 || has_blank_sector(log, offset, end);
    offset = place_after(end);
  }
  return true;
}

/// A log that is read up to a given length.
class BoundedFile final : public leveldb::SequentialFile {
 public:
  BoundedFile(leveldb::SequentialFile *base, uint64_t left) : base_(base), left_(left) {}

  Status Read(size_t count, Slice *result, char *scratch) override {
    const Status status = base_->Read(static_cast<size_t>(std::min<uint64_t>(count, left_)), result, scratch);
    if (status.ok()) left_ -= std::min<uint64_t>(result->size(), left_);
    return status;
  }

  Status Skip(uint64_t count) override {
    const uint64_t skipped = std::min(count, left_);
    left_ -= skipped;
    return base_->Skip(skipped);
  }

 private:
  const std::unique_ptr<leveldb::SequentialFile> base_;
  uint64_t left_;
};

struct Free {
  void operator()(unsigned char *bytes) const { free(bytes); }
};

/// The length of the log in the file; false when it cannot be read.
bool find_end(const std::string &name, uint64_t size, uint64_t *result) {
  const std::unique_ptr<unsigned char, Free> log(static_cast<unsigned char *>(malloc(size)));
  const int descriptor = log == nullptr ? -1 : ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  uint64_t filled = 0;
  while (filled < size) {
    const ssize_t count = ::read(descriptor, log.get() + filled, size - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    filled += static_cast<uint64_t>(count);
  }
  ::close(descriptor);
  if (filled < size) return false;
  *result = log_end(log.get(), size);
  return true;
}

}  // namespace

ZerosAhead::ZerosAhead(const std::string &name) : descriptor_(::open(name.c_str(), O_WRONLY | O_CLOEXEC)) {}

ZerosAhead::~ZerosAhead() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void ZerosAhead::prepare(uint64_t bytes) {
  if (descriptor_ < 0 || end_ + bytes <= size_) return;
  static const std::array<char, 64 << 10> zeros{};
  const uint64_t wanted = (end_ + bytes + kStep - 1) / kStep * kStep;
  uint64_t offset = size_;
  while (offset < wanted) {
    const size_t count = static_cast<size_t>(std::min<uint64_t>(zeros.size(), wanted - offset));
    const ssize_t written = ::pwrite(descriptor_, zeros.data(), count, static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      // The disk is full, perhaps: what room there is belongs to the log itself, which grows by itself from here.
      (void)!::ftruncate(descriptor_, static_cast<off_t>(size_));
      ::close(descriptor_);
      descriptor_ = -1;
      return;
    }
    offset += static_cast<uint64_t>(written);
  }
  size_ = wanted;
}

void ZerosAhead::cut() {
  if (descriptor_ < 0 || size_ == 0) return;
  // Zeros that stay are no harm.
  if (::ftruncate(descriptor_, static_cast<off_t>(end_)) == 0) size_ = 0;
}

uint64_t log_end(const unsigned char *log, uint64_t size) {
  uint64_t offset = 0;
  uint64_t start = 0;          // of the batch that is being looked at
  uint64_t last = 0, end = 0;  // of the last batch with an end
  for (;;) {
    const uint64_t place = place_after(offset);
    if (place >= size) return size;
    const Record record = record_at(log, size, place);
    if (record.length == 0) break;
    if (record.type == kFull || record.type == kFirst) start = place;
    offset = place + record.length;
    if (record.type == kFull || record.type == kLast) {
      last = start;
      end = offset;
    }
  }
  if (!are_whole(log, size, last, end)) end = last;
  // A batch begins after the one before it was synced. Where one does behind the end, something in between was stored.
  uint64_t summed = 0;
  for (offset = end + 1; offset + kHeader <= size; ++offset) {
    const Record record = record_at(log, size, offset);
    if (record.length == 0 || (record.type != kFull && record.type != kFirst)) continue;
    // What looks like so many records is made to, and no batch that was being written.
    summed += record.length;
    if (summed > kMostSummed || is_whole(log + offset, record.length)) return size;
  }
  return is_unfinished(log, size, place_after(end)) ? end : size;
}

Status open_log(leveldb::Env *env, const std::string &name, leveldb::SequentialFile **result) {
  leveldb::SequentialFile *base = nullptr;
  const Status status = env->NewSequentialFile(name, &base);
  if (!status.ok()) return status;
  std::unique_ptr<leveldb::SequentialFile> file(base);
  struct ::stat found;
  const bool is_known = ::stat(name.c_str(), &found) == 0 && found.st_size > 0;
  const uint64_t size = is_known ? static_cast<uint64_t>(found.st_size) : 0;
  uint64_t end = size;
  // An orderly close leaves any size; zeros ahead end with a page, also where only some of them reached the disk.
  if (size % kPage == 0 && size > 0 && size <= kLargestLog && !find_end(name, size, &end))
    return Status::IOError(name, "cannot be read to its end");
  if (end == size) {
    *result = file.release();
    return Status::OK();
  }
  auto *bounded = new (std::nothrow) BoundedFile(file.get(), end);
  if (bounded == nullptr) return Status::IOError(name, "out of memory");
  (void)file.release();
  *result = bounded;
  return Status::OK();
}

}  // namespace tollgate
