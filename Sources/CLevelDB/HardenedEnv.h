// The file layer under every database of Tollgate. It differs from LevelDB's own in four ways, each of which closes
// a way in which LevelDB 1.23 loses acknowledged writes, and in a fifth that makes syncs fast:
//   1. The first failed append, flush or sync of a file is remembered and returned for every later one. When the
//      file is a log, the whole environment refuses log writes from then on: the log's framing is broken.
//   2. A log file is synced before it is closed; LevelDB rotates logs without doing so.
//   3. The directory is synced when a log file was created in it.
//   4. ... and when a file in it was renamed (CURRENT).
//   5. A log is written over zeros (LogEnd.h).
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "Faults.h"
#include "leveldb/env.h"
#include "leveldb/status.h"

namespace tollgate {

class HardenedEnv final : public leveldb::EnvWrapper {
 public:
  explicit HardenedEnv(Faults *faults);

  leveldb::Status NewWritableFile(const std::string &name, leveldb::WritableFile **result) override;
  leveldb::Status NewSequentialFile(const std::string &name, leveldb::SequentialFile **result) override;
  leveldb::Status NewRandomAccessFile(const std::string &name, leveldb::RandomAccessFile **result) override;
  leveldb::Status NewAppendableFile(const std::string &name, leveldb::WritableFile **result) override;
  leveldb::Status RenameFile(const std::string &from, const std::string &to) override;
  leveldb::Status RemoveFile(const std::string &name) override;
  leveldb::Status LockFile(const std::string &name, leveldb::FileLock **lock) override;

  bool hardened() const { return faults_ == nullptr || faults_->hardened(); }
  Faults *faults() const { return faults_; }
  bool lock_refused() const { return lock_refused_.load(); }

  /// The first error of any log file, or OK.
  leveldb::Status log_error();
  void set_log_error(const leveldb::Status &error);

 private:
  leveldb::Status wrap(const std::string &name, leveldb::WritableFile *base, leveldb::WritableFile **result);
  /// Counts a call for the fault injection, if there is any; the error it is to fail with.
  leveldb::Status faulted(int kind, const std::string &name);
  leveldb::Status sync_directory_of(const std::string &name);

  Faults *const faults_;
  std::atomic<bool> lock_refused_{false};
  std::atomic<bool> log_failed_{false};
  std::mutex mutex_;
  leveldb::Status log_error_;
};

}  // namespace tollgate
