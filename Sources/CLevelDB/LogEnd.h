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
  /// The size of a file with zeros ahead is a multiple of this.
  static constexpr uint64_t kStep = 512 << 10;

  /// Opens the log, which is empty, a second time.
  explicit ZerosAhead(const std::string &name);
  ~ZerosAhead();
  ZerosAhead(const ZerosAhead &) = delete;
  ZerosAhead &operator=(const ZerosAhead &) = delete;

  void appended(uint64_t bytes) { end_ += bytes; }
  /// Writes further zeros when few are left; to be called before a sync, which then stores them too.
  void extend();
  /// Cuts the file to what was appended.
  void cut();

 private:
  int descriptor_;
  uint64_t end_ = 0;
  uint64_t size_ = 0;
};

/// Opens a log for reading, up to its end: without zeros ahead, and without a batch that was never written whole.
leveldb::Status open_log(leveldb::Env *env, const std::string &name, leveldb::SequentialFile **result);

/// The length of a log's whole batches, where only an unfinished batch and zeros follow them; `size` where anything else
/// does, which is damage for LevelDB to report.
uint64_t log_end(const unsigned char *log, uint64_t size);

}  // namespace tollgate
