#ifndef CZLIB_SHIM_H
#define CZLIB_SHIM_H

#include <zlib.h>

// Begins to inflate a gzip stream; zlib has a macro for this, which Swift does not see.
static inline int czlib_begin_gunzip(z_stream *stream) {
  return inflateInit2(stream, 16 + MAX_WBITS);
}

#endif
