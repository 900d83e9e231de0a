// A C face for the system's libleveldb, with a hardened file layer underneath.
//
// Ownership: every `create`, `open` and `new` is paired with one `destroy`. Messages inside a status and strings
// returned by value belong to the caller and go back through `cleveldb_free`. No C++ exception crosses this header.
// Threads: a database may be used from any thread; a batch or an iterator from one thread at a time.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cleveldb cleveldb;
typedef struct cleveldb_batch cleveldb_batch;
typedef struct cleveldb_iterator cleveldb_iterator;
typedef struct cleveldb_snapshot cleveldb_snapshot;
typedef struct cleveldb_faults cleveldb_faults;

enum {
  CLEVELDB_OK = 0,
  CLEVELDB_NOT_FOUND = 1,
  CLEVELDB_CORRUPTION = 2,
  CLEVELDB_NOT_SUPPORTED = 3,
  CLEVELDB_INVALID_ARGUMENT = 4,
  CLEVELDB_IO_ERROR = 5,
  CLEVELDB_LOCKED = 6,
  CLEVELDB_OUT_OF_MEMORY = 7,
};

/// The outcome of a call. `system_error` is the errno behind an I/O error, or 0 when it is not known.
typedef struct {
  int32_t code;
  int32_t system_error;
  char *message;  // NULL when the code is CLEVELDB_OK
} cleveldb_status;

typedef struct {
  const void *data;
  size_t size;
} cleveldb_slice;

typedef struct {
  size_t write_buffer_size;
  size_t max_file_size;
  size_t cache_size;
  int32_t max_open_files;
  int32_t bloom_bits_per_key;  // 0 = no filter
  int32_t create_if_missing;
  int32_t paranoid_checks;
  int32_t compress;
  cleveldb_faults *faults;  // tests only, else NULL; must outlive the database
} cleveldb_options;

cleveldb_status cleveldb_open(const char *path, cleveldb_options options, cleveldb **result);
void cleveldb_destroy(cleveldb *db);  // closes; iterators and snapshots must be gone
cleveldb_status cleveldb_write(cleveldb *db, cleveldb_batch *batch, int32_t sync);
/// Copies the value; the caller frees `value->data` with `cleveldb_free`. Not found is CLEVELDB_NOT_FOUND.
cleveldb_status cleveldb_get(cleveldb *db, const cleveldb_snapshot *snapshot, const void *key, size_t key_size,
                             cleveldb_slice *value);
char *cleveldb_property(cleveldb *db, const char *name);  // NULL when unknown
uint64_t cleveldb_approximate_size(cleveldb *db, const void *from, size_t from_size, const void *to, size_t to_size);
void cleveldb_compact(cleveldb *db);
void cleveldb_free(const void *memory);

cleveldb_snapshot *cleveldb_snapshot_create(cleveldb *db);
void cleveldb_snapshot_destroy(cleveldb_snapshot *snapshot);

cleveldb_batch *cleveldb_batch_create(void);
void cleveldb_batch_destroy(cleveldb_batch *batch);
void cleveldb_batch_clear(cleveldb_batch *batch);
size_t cleveldb_batch_size(const cleveldb_batch *batch);
/// 0 when done, otherwise the batch ran out of memory and must not be written.
int32_t cleveldb_batch_put(cleveldb_batch *batch, const void *key, size_t key_size, const void *value,
                           size_t value_size);
int32_t cleveldb_batch_delete(cleveldb_batch *batch, const void *key, size_t key_size);

/// NULL when out of memory. Checksums are always verified.
cleveldb_iterator *cleveldb_iterator_create(cleveldb *db, const cleveldb_snapshot *snapshot, int32_t fill_cache);
void cleveldb_iterator_destroy(cleveldb_iterator *iterator);
int32_t cleveldb_iterator_valid(const cleveldb_iterator *iterator);
void cleveldb_iterator_seek(cleveldb_iterator *iterator, const void *key, size_t key_size);
void cleveldb_iterator_seek_first(cleveldb_iterator *iterator);
void cleveldb_iterator_seek_last(cleveldb_iterator *iterator);
void cleveldb_iterator_next(cleveldb_iterator *iterator);
void cleveldb_iterator_previous(cleveldb_iterator *iterator);
cleveldb_slice cleveldb_iterator_key(const cleveldb_iterator *iterator);    // only while valid
cleveldb_slice cleveldb_iterator_value(const cleveldb_iterator *iterator);  // only while valid
cleveldb_status cleveldb_iterator_status(const cleveldb_iterator *iterator);

// Fault injection, for tests. A counter counts calls from the last `reset`; the n-th call (from 1) of an armed kind
// fails, and so do the `count - 1` calls after it.
enum {
  CLEVELDB_FAULT_OPEN = 0,       // creating a file
  CLEVELDB_FAULT_APPEND = 1,     // writing to it
  CLEVELDB_FAULT_SYNC = 2,       // syncing it
  CLEVELDB_FAULT_RENAME = 3,     // giving a file another name
  CLEVELDB_FAULT_REMOVE = 4,     // removing a file
  CLEVELDB_FAULT_DIRECTORY = 5,  // syncing a directory
  CLEVELDB_FAULT_READ = 6,       // opening a file for reading
  CLEVELDB_FAULT_KINDS = 7,
};

// In place of an errno: the process ends as by kill -9, or the power goes, just before the call.
enum { CLEVELDB_ERROR_KILL = -1, CLEVELDB_ERROR_POWER = -2 };

cleveldb_faults *cleveldb_faults_create(int32_t hardened);
void cleveldb_faults_destroy(cleveldb_faults *faults);
void cleveldb_faults_reset(cleveldb_faults *faults);  // disarms everything, counters to 0
/// `short_write` makes a failing append leave half of its bytes behind. `error` is an errno, or one of the two above.
void cleveldb_faults_arm(cleveldb_faults *faults, int32_t kind, uint64_t nth, uint64_t count, int32_t error,
                         int32_t short_write);
uint64_t cleveldb_faults_calls(cleveldb_faults *faults, int32_t kind);
uint64_t cleveldb_faults_fired(cleveldb_faults *faults);
/// Every call of a kind takes so much longer, 0 for no more.
void cleveldb_faults_delay(cleveldb_faults *faults, int32_t kind, uint64_t microseconds);
/// From here on nothing reaches the disk: what a process writes after the power went.
void cleveldb_faults_cut_power(cleveldb_faults *faults);
int32_t cleveldb_faults_powerless(cleveldb_faults *faults);
/// After the database was closed: cuts every file back to its synced length, removes files whose directory entry
/// was never synced, and lets writes through again. With a `seed` other than 0 a disk is played that had written a
/// part of what was not synced, another one for each seed.
void cleveldb_faults_restore_power(cleveldb_faults *faults, uint64_t seed);

#ifdef __cplusplus
}
#endif
