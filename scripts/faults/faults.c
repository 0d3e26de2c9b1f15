// Lets the system refuse one of a program's changes to files, or ends the program before it: preloaded
// (LD_PRELOAD), it counts what is written, renamed, synchronized, made and removed below FAULT_FOLDER.
// The change number FAULT_AT fails as FAULT_KIND says: `space`, `io`, or `kill`. Each is noted in
// FAULT_LOG, a line of its number, the call and the path.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_int count;

// Notes a change; whether it is the one that fails.
static int fails(const char *call, const char *path) {
  const char *folder = getenv("FAULT_FOLDER"), *log = getenv("FAULT_LOG");
  if (!folder || !path || strncmp(path, folder, strlen(folder)) != 0) return 0;
  const int number = atomic_fetch_add(&count, 1) + 1;
  if (log) {
    char line[PATH_MAX + 64];
    const int size = snprintf(line, sizeof line, "%d %s %s\n", number, call, path);
    const int file = (int)syscall(SYS_open, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    syscall(SYS_write, file, line, (size_t)size);
    syscall(SYS_close, file);
  }
  const char *at = getenv("FAULT_AT"), *kind = getenv("FAULT_KIND");
  if (!at || !kind || atoi(at) != number) return 0;
  if (strcmp(kind, "kill") == 0) {
    kill(getpid(), SIGKILL);
    pause();
  }
  errno = strcmp(kind, "space") == 0 ? ENOSPC : EIO;
  return 1;
}

static int fails_at(const char *call, int file) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < 0) return 0;
  path[size] = 0;
  return fails(call, path);
}

// A path as the program gave it, from the root.
static const char *whole(const char *path, char *buffer) {
  if (path[0] == '/') return path;
  if (!getcwd(buffer, PATH_MAX / 2)) return path;
  strcat(buffer, "/");
  return strncat(buffer, path, PATH_MAX / 2 - 1);
}

#define NEXT(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int file, const void *bytes, size_t size) {
  return fails_at("write", file) ? -1 : NEXT(write)(file, bytes, size);
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t place) {
  return fails_at("write", file) ? -1 : NEXT(pwrite)(file, bytes, size, place);
}

ssize_t writev(int file, const struct iovec *parts, int number) {
  return fails_at("write", file) ? -1 : NEXT(writev)(file, parts, number);
}

int fsync(int file) { return fails_at("sync", file) ? -1 : NEXT(fsync)(file); }

int fdatasync(int file) { return fails_at("sync", file) ? -1 : NEXT(fdatasync)(file); }

int ftruncate(int file, off_t size) {
  return fails_at("truncate", file) ? -1 : NEXT(ftruncate)(file, size);
}

int rename(const char *from, const char *to) {
  char buffer[PATH_MAX];
  return fails("rename", whole(to, buffer)) ? -1 : NEXT(rename)(from, to);
}

int renameat(int a, const char *from, int b, const char *to) {
  char buffer[PATH_MAX];
  return fails("rename", whole(to, buffer)) ? -1 : NEXT(renameat)(a, from, b, to);
}

int mkdir(const char *path, mode_t mode) {
  char buffer[PATH_MAX];
  return fails("mkdir", whole(path, buffer)) ? -1 : NEXT(mkdir)(path, mode);
}

int unlink(const char *path) {
  char buffer[PATH_MAX];
  return fails("remove", whole(path, buffer)) ? -1 : NEXT(unlink)(path);
}

int rmdir(const char *path) {
  char buffer[PATH_MAX];
  return fails("remove", whole(path, buffer)) ? -1 : NEXT(rmdir)(path);
}

#define OPEN(name)                                                                                \
  int name(const char *path, int flags, ...) {                                                    \
    va_list list;                                                                                 \
    va_start(list, flags);                                                                        \
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0;                 \
    va_end(list);                                                                                 \
    char buffer[PATH_MAX];                                                                        \
    if (flags & O_CREAT && fails("open", whole(path, buffer))) return -1;                         \
    return NEXT(name)(path, flags, mode);                                                         \
  }

OPEN(open)
OPEN(open64)
