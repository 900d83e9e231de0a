#include "CLevelDB.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <memory>
#include <new>
#include <string>

#include "Faults.h"
#include "HardenedEnv.h"
#include "leveldb/cache.h"
#include "leveldb/db.h"
#include "leveldb/filter_policy.h"
#include "leveldb/write_batch.h"

using leveldb::Slice;
using leveldb::Status;

// Members are destroyed from the last to the first: the database before everything it points to.
struct cleveldb {
  std::unique_ptr<tollgate::HardenedEnv> env;
  std::unique_ptr<leveldb::Cache> cache;
  std::unique_ptr<const leveldb::FilterPolicy> filter;
  std::unique_ptr<leveldb::DB> db;
};

struct cleveldb_batch {
  leveldb::WriteBatch batch;
};

struct cleveldb_iterator {
  std::unique_ptr<leveldb::Iterator> iterator;
  bool exhausted_memory = false;
};

struct cleveldb_snapshot {
  leveldb::DB *db;
  const leveldb::Snapshot *snapshot;
};

struct cleveldb_faults {
  tollgate::Faults faults;
};

namespace {

char *copy(const std::string &text) {
  char *result = static_cast<char *>(malloc(text.size() + 1));
  if (result != nullptr) memcpy(result, text.c_str(), text.size() + 1);
  return result;
}

// LevelDB keeps only strerror's text, so the number is found again through the same function.
int32_t system_error(const std::string &message) {
  static const int candidates[] = {ENOSPC, EDQUOT, EIO,   EACCES, EPERM,  EROFS, EMFILE,
                                   ENFILE, ENOMEM, EFBIG, EAGAIN, ENOENT, EINVAL};
  for (const int candidate : candidates) {
    const char *text = strerror(candidate);
    const size_t length = strlen(text);
    if (message.size() >= length && message.compare(message.size() - length, length, text) == 0) return candidate;
  }
  return 0;
}

int32_t code(const Status &status) {
  if (status.IsNotFound()) return CLEVELDB_NOT_FOUND;
  if (status.IsCorruption()) return CLEVELDB_CORRUPTION;
  if (status.IsNotSupportedError()) return CLEVELDB_NOT_SUPPORTED;
  if (status.IsInvalidArgument()) return CLEVELDB_INVALID_ARGUMENT;
  return CLEVELDB_IO_ERROR;
}

cleveldb_status done() { return {CLEVELDB_OK, 0, nullptr}; }

cleveldb_status out_of_memory() { return {CLEVELDB_OUT_OF_MEMORY, ENOMEM, nullptr}; }

cleveldb_status export_status(const Status &status) {
  if (status.ok()) return done();
  const std::string message = status.ToString();
  return {code(status), system_error(message), copy(message)};
}

/// Runs `body`, turning an exception (only allocation can throw here) into a status.
template <typename Body>
cleveldb_status guarded(Body body) {
  try {
    return body();
  } catch (...) {
    return out_of_memory();
  }
}

template <typename Body>
void guarded(cleveldb_iterator *iterator, Body body) {
  try {
    body();
  } catch (...) {
    iterator->exhausted_memory = true;
  }
}

leveldb::ReadOptions read_options(const cleveldb_snapshot *snapshot, bool fill_cache) {
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = fill_cache;
  if (snapshot != nullptr) options.snapshot = snapshot->snapshot;
  return options;
}

Slice slice(const void *data, size_t size) {
  return size == 0 ? Slice() : Slice(static_cast<const char *>(data), size);
}

}  // namespace

cleveldb_status cleveldb_open(const char *path, cleveldb_options settings, cleveldb **result) {
  *result = nullptr;
  return guarded([&] {
    auto handle = std::make_unique<cleveldb>();
    tollgate::Faults *faults = settings.faults == nullptr ? nullptr : &settings.faults->faults;
    handle->env = std::make_unique<tollgate::HardenedEnv>(faults);
    leveldb::Options options;
    options.env = handle->env.get();
    options.create_if_missing = settings.create_if_missing != 0;
    options.paranoid_checks = settings.paranoid_checks != 0;
    options.write_buffer_size = settings.write_buffer_size;
    options.max_file_size = settings.max_file_size;
    options.max_open_files = settings.max_open_files;
    options.compression = settings.compress != 0 ? leveldb::kSnappyCompression : leveldb::kNoCompression;
    options.reuse_logs = false;
    handle->cache.reset(leveldb::NewLRUCache(settings.cache_size));
    options.block_cache = handle->cache.get();
    if (settings.bloom_bits_per_key > 0) {
      handle->filter.reset(leveldb::NewBloomFilterPolicy(settings.bloom_bits_per_key));
      options.filter_policy = handle->filter.get();
    }
    leveldb::DB *db = nullptr;
    const Status status = leveldb::DB::Open(options, path, &db);
    if (!status.ok()) {
      cleveldb_status failure = export_status(status);
      if (handle->env->lock_refused()) failure.code = CLEVELDB_LOCKED;
      return failure;
    }
    handle->db.reset(db);
    *result = handle.release();
    return done();
  });
}

void cleveldb_destroy(cleveldb *db) { delete db; }

cleveldb_status cleveldb_write(cleveldb *db, cleveldb_batch *batch, int32_t sync) {
  return guarded([&] {
    leveldb::WriteOptions options;
    options.sync = sync != 0;
    return export_status(db->db->Write(options, &batch->batch));
  });
}

cleveldb_status cleveldb_get(cleveldb *db, const cleveldb_snapshot *snapshot, const void *key, size_t key_size,
                             cleveldb_slice *value) {
  *value = {nullptr, 0};
  return guarded([&] {
    std::string found;
    const Status status = db->db->Get(read_options(snapshot, true), slice(key, key_size), &found);
    if (!status.ok()) return export_status(status);
    char *bytes = copy(found);
    if (bytes == nullptr) return out_of_memory();
    *value = {bytes, found.size()};
    return done();
  });
}

char *cleveldb_property(cleveldb *db, const char *name) {
  try {
    std::string value;
    return db->db->GetProperty(name, &value) ? copy(value) : nullptr;
  } catch (...) {
    return nullptr;
  }
}

uint64_t cleveldb_approximate_size(cleveldb *db, const void *from, size_t from_size, const void *to, size_t to_size) {
  try {
    const leveldb::Range range(slice(from, from_size), slice(to, to_size));
    uint64_t size = 0;
    db->db->GetApproximateSizes(&range, 1, &size);
    return size;
  } catch (...) {
    return 0;
  }
}

void cleveldb_compact(cleveldb *db) {
  try {
    db->db->CompactRange(nullptr, nullptr);
  } catch (...) {
    return;
  }
}

void cleveldb_free(const void *memory) { free(const_cast<void *>(memory)); }

cleveldb_snapshot *cleveldb_snapshot_create(cleveldb *db) {
  try {
    auto handle = std::make_unique<cleveldb_snapshot>();
    handle->db = db->db.get();
    handle->snapshot = handle->db->GetSnapshot();
    return handle.release();
  } catch (...) {
    return nullptr;
  }
}

void cleveldb_snapshot_destroy(cleveldb_snapshot *snapshot) {
  snapshot->db->ReleaseSnapshot(snapshot->snapshot);
  delete snapshot;
}

cleveldb_batch *cleveldb_batch_create(void) {
  try {
    return new cleveldb_batch;
  } catch (...) {
    return nullptr;
  }
}

void cleveldb_batch_destroy(cleveldb_batch *batch) { delete batch; }

void cleveldb_batch_clear(cleveldb_batch *batch) { batch->batch.Clear(); }

size_t cleveldb_batch_size(const cleveldb_batch *batch) { return batch->batch.ApproximateSize(); }

int32_t cleveldb_batch_put(cleveldb_batch *batch, const void *key, size_t key_size, const void *value,
                           size_t value_size) {
  try {
    batch->batch.Put(slice(key, key_size), slice(value, value_size));
    return 0;
  } catch (...) {
    return ENOMEM;
  }
}

int32_t cleveldb_batch_delete(cleveldb_batch *batch, const void *key, size_t key_size) {
  try {
    batch->batch.Delete(slice(key, key_size));
    return 0;
  } catch (...) {
    return ENOMEM;
  }
}

cleveldb_iterator *cleveldb_iterator_create(cleveldb *db, const cleveldb_snapshot *snapshot, int32_t fill_cache) {
  try {
    auto handle = std::make_unique<cleveldb_iterator>();
    handle->iterator.reset(db->db->NewIterator(read_options(snapshot, fill_cache != 0)));
    return handle.release();
  } catch (...) {
    return nullptr;
  }
}

void cleveldb_iterator_destroy(cleveldb_iterator *iterator) { delete iterator; }

int32_t cleveldb_iterator_valid(const cleveldb_iterator *iterator) {
  return !iterator->exhausted_memory && iterator->iterator->Valid() ? 1 : 0;
}

void cleveldb_iterator_seek(cleveldb_iterator *iterator, const void *key, size_t key_size) {
  guarded(iterator, [&] { iterator->iterator->Seek(slice(key, key_size)); });
}

void cleveldb_iterator_seek_first(cleveldb_iterator *iterator) {
  guarded(iterator, [&] { iterator->iterator->SeekToFirst(); });
}

void cleveldb_iterator_seek_last(cleveldb_iterator *iterator) {
  guarded(iterator, [&] { iterator->iterator->SeekToLast(); });
}

void cleveldb_iterator_next(cleveldb_iterator *iterator) {
  guarded(iterator, [&] { iterator->iterator->Next(); });
}

void cleveldb_iterator_previous(cleveldb_iterator *iterator) {
  guarded(iterator, [&] { iterator->iterator->Prev(); });
}

cleveldb_slice cleveldb_iterator_key(const cleveldb_iterator *iterator) {
  const Slice key = iterator->iterator->key();
  return {key.data(), key.size()};
}

cleveldb_slice cleveldb_iterator_value(const cleveldb_iterator *iterator) {
  const Slice value = iterator->iterator->value();
  return {value.data(), value.size()};
}

cleveldb_status cleveldb_iterator_status(const cleveldb_iterator *iterator) {
  if (iterator->exhausted_memory) return out_of_memory();
  return guarded([&] { return export_status(iterator->iterator->status()); });
}

cleveldb_faults *cleveldb_faults_create(int32_t hardened) {
  try {
    return new cleveldb_faults{tollgate::Faults(hardened != 0)};
  } catch (...) {
    return nullptr;
  }
}

void cleveldb_faults_destroy(cleveldb_faults *faults) { delete faults; }

void cleveldb_faults_reset(cleveldb_faults *faults) { faults->faults.reset(); }

void cleveldb_faults_arm(cleveldb_faults *faults, int32_t kind, uint64_t nth, uint64_t count, int32_t error,
                         int32_t short_write) {
  faults->faults.arm(kind, nth, count, {error, short_write != 0});
}

uint64_t cleveldb_faults_calls(cleveldb_faults *faults, int32_t kind) { return faults->faults.calls(kind); }

uint64_t cleveldb_faults_fired(cleveldb_faults *faults) { return faults->faults.fired(); }

void cleveldb_faults_delay(cleveldb_faults *faults, int32_t kind, uint64_t microseconds) {
  faults->faults.delay(kind, microseconds);
}

void cleveldb_faults_cut_power(cleveldb_faults *faults) { faults->faults.cut_power(); }

int32_t cleveldb_faults_powerless(cleveldb_faults *faults) { return faults->faults.powerless() ? 1 : 0; }

void cleveldb_faults_restore_power(cleveldb_faults *faults, uint64_t seed) { faults->faults.restore_power(seed); }
