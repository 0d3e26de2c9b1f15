#ifndef CMATIO_INTERFACE_H
#define CMATIO_INTERFACE_H

#include <stddef.h>

// What is used of matio 1.5's interface. The library is loaded at run time, so neither it nor its
// header is needed to build.

// The beginning of matvar_t.
typedef struct {
  size_t byte_count;
  int rank;
  int data_type;
  int element_size;
  int class_type;
  int is_complex;
  int is_global;
  int is_logical;
  size_t *dimensions;
  char *name;
  void *data;
} cmatio_variable;

enum { CMATIO_READ_ONLY = 0, CMATIO_CLASS_DOUBLE = 6, CMATIO_CLASS_UINT8 = 9 };

typedef void (*cmatio_get_version)(int *major, int *minor, int *release);
typedef void *(*cmatio_open)(const char *path, int mode);
typedef cmatio_variable *(*cmatio_read)(void *file, const char *name);
typedef void (*cmatio_free)(cmatio_variable *variable);
typedef int (*cmatio_close)(void *file);

#endif
