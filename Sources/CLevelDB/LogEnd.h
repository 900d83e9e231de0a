// Zeros ahead of a log's end, and the end found again behind them.
//
// A sync of a file that has grown waits for the file system's journal as well; one that only overwrites does not, and
// takes half the time on ext4. So a log is written over zeros, which its orderly close cuts off. After a crash they are
// still there, and LevelDB, which tells a batch that was being written from a damaged one by the end of the file, could
// not tell any more.
#pragma once

#include <cstdint>
#include <string>

#include "leveldb/env.h"
#include "leveldb/status.h"

namespace tollgate {

/// Keeps zeros written ahead of what is appended to a log. Failures are no errors: the log then grows as any file.
class ZerosAhead {
 public:
  /// So many zeros are written at once.
  static constexpr uint64_t kStep = 512 << 10;

  /// Opens the log, which is empty, a second time.
  explicit ZerosAhead(const std::string &name);
  ~ZerosAhead();
  ZerosAhead(const ZerosAhead &) = delete;
  ZerosAhead &operator=(const ZerosAhead &) = delete;

  /// To be called before bytes are appended: writes zeros where they will be, and further on, if there are none. So the
  /// file's size is never that of its content, also not where it reaches the disk in part.
  void prepare(uint64_t bytes);
  void appended(uint64_t bytes) { end_ += bytes; }
  /// Cuts the file to what was appended.
  void cut();

 private:
  int descriptor_;
  uint64_t end_ = 0;   // of what was appended
  uint64_t size_ = 0;  // of the file
};

/// Opens a log for reading, up to its end: without zeros ahead, and without a batch that was never written whole.
leveldb::Status open_log(leveldb::Env *env, const std::string &name, leveldb::SequentialFile **result);

/// The length of a log's whole batches, where only zeros follow them, or a batch that shows that it was being written:
/// its tail, or a sector of it, still has the zeros of before. `size` where anything else follows, which is damage for
/// LevelDB to report.
uint64_t log_end(const unsigned char *log, uint64_t size);

}  // namespace tollgate
