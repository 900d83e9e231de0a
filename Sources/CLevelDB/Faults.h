// Deterministic faults for tests: the n-th call fails, or the power goes.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "CLevelDB.h"
#include "leveldb/status.h"

namespace tollgate {

struct Fault {
  int error = 0;  // errno, 0 = none
  bool short_write = false;
};

class Faults {
 public:
  explicit Faults(bool hardened) : hardened_(hardened) {}

  /// False shows what LevelDB does without the hardened environment.
  bool hardened() const { return hardened_; }
  bool powerless();

  void reset();
  void arm(int kind, uint64_t nth, uint64_t count, Fault fault);
  void delay(int kind, uint64_t microseconds);
  /// Counts a call and tells whether it fails. Ends the process when that is what was asked for, unless a short write
  /// is to come first.
  Fault next(int kind);
  uint64_t calls(int kind);
  uint64_t fired();

  void created(const std::string &name);
  void appended(const std::string &name, uint64_t bytes);
  void synced(const std::string &name);
  void directory_synced(const std::string &directory);
  void renamed(const std::string &from, const std::string &to);
  void removed(const std::string &name);
  void cut_power();
  void restore_power(uint64_t seed);

  [[noreturn]] static void kill_process();
  static leveldb::Status status(const std::string &context, int error);

 private:
  struct Plan {
    uint64_t calls = 0;
    uint64_t nth = 0;
    uint64_t count = 0;
    Fault fault;
    uint64_t delay = 0;  // microseconds
  };
  struct File {
    uint64_t written = 0;
    uint64_t synced = 0;
    bool listed = false;  // its directory entry is durable
  };

  const bool hardened_;
  std::mutex mutex_;
  Plan plans_[CLEVELDB_FAULT_KINDS];
  uint64_t fired_ = 0;
  bool powerless_ = false;
  std::map<std::string, File> files_;
};

}  // namespace tollgate
