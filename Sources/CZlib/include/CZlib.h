#pragma once
// Inflating in pieces, and CRC-32, over the system's zlib. No call allocates after creation and none can fail hard.
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tollgate_inflater tollgate_inflater;

enum {
  TOLLGATE_INFLATE_MORE = 0,   // progress was made; call again with the rest of the input or with more
  TOLLGATE_INFLATE_END = 1,    // the data, or a gzip member, ended; only another member may follow
  TOLLGATE_INFLATE_ERROR = -1, // not valid compressed data
};

// A decoder for gzip (any number of members), or for deflate with or without the zlib wrapper. NULL without memory.
tollgate_inflater *tollgate_inflater_create(int gzip);
void tollgate_inflater_destroy(tollgate_inflater *inflater);

// Decodes from `input` into `output`; says how much of each was used.
int tollgate_inflater_run(tollgate_inflater *inflater, const uint8_t *input, size_t input_length, size_t *consumed,
                          uint8_t *output, size_t output_length, size_t *produced);

// CRC-32 (IEEE), continuing from `crc`; 0 to begin.
uint32_t tollgate_crc32(uint32_t crc, const void *bytes, size_t length);

#ifdef __cplusplus
}
#endif
