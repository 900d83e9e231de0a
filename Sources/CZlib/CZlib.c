#include "CZlib.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct tollgate_inflater {
  z_stream stream;
  int gzip;
  int started;
  int ended;
};

tollgate_inflater *tollgate_inflater_create(int gzip) {
  tollgate_inflater *inflater = calloc(1, sizeof *inflater);
  if (inflater == NULL) return NULL;
  inflater->gzip = gzip;
  if (inflateInit2(&inflater->stream, gzip ? 15 + 16 : 15) != Z_OK) {
    free(inflater);
    return NULL;
  }
  return inflater;
}

void tollgate_inflater_destroy(tollgate_inflater *inflater) {
  if (inflater == NULL) return;
  inflateEnd(&inflater->stream);
  free(inflater);
}

int tollgate_inflater_run(tollgate_inflater *inflater, const uint8_t *input, size_t input_length, size_t *consumed,
                          uint8_t *output, size_t output_length, size_t *produced) {
  *consumed = 0;
  *produced = 0;
  if (input_length == 0 && !inflater->started) return TOLLGATE_INFLATE_MORE;
  z_stream *stream = &inflater->stream;
  if (inflater->ended) {
    // A gzip file may have further members; anything else after the end is padding.
    if (!inflater->gzip || input_length == 0) return TOLLGATE_INFLATE_END;
    if (input[0] != 0x1f || inflateReset(stream) != Z_OK) return TOLLGATE_INFLATE_END;
    inflater->ended = 0;
  }
  if (!inflater->started) {
    inflater->started = 1;
    // "deflate" is sent both with and without the zlib wrapper; the first byte tells.
    int wrapped = (input[0] & 0x0f) == 8 && (input[0] >> 4) <= 7;
    if (!inflater->gzip && !wrapped && inflateReset2(stream, -15) != Z_OK) return TOLLGATE_INFLATE_ERROR;
  }
  uInt in = input_length > UINT_MAX ? UINT_MAX : (uInt)input_length;
  uInt out = output_length > UINT_MAX ? UINT_MAX : (uInt)output_length;
  stream->next_in = (Bytef *)input;
  stream->avail_in = in;
  stream->next_out = output;
  stream->avail_out = out;
  int result = inflate(stream, Z_NO_FLUSH);
  *consumed = in - stream->avail_in;
  *produced = out - stream->avail_out;
  stream->next_in = NULL;
  stream->next_out = NULL;
  if (result == Z_STREAM_END) {
    inflater->ended = 1;
    return TOLLGATE_INFLATE_END;
  }
  // Z_BUF_ERROR only says that there was nothing to do.
  return result == Z_OK || result == Z_BUF_ERROR ? TOLLGATE_INFLATE_MORE : TOLLGATE_INFLATE_ERROR;
}

uint32_t tollgate_crc32(uint32_t crc, const void *bytes, size_t length) {
  return (uint32_t)crc32_z(crc, bytes, length);
}
