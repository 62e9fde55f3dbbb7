/* A card that is slow, or full: files under DISK_FOLDER only.
 *
 * DISK_FILE names a file of two 64-bit numbers, read at every call: the bytes of room left, and the milliseconds that
 * each fsync and fdatasync takes longer. A write that lengthens a file takes room, removing a file gives it back.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

struct card {
    _Atomic int64_t room;
    _Atomic int64_t sync_ms;
};
static struct card *card;
static const char *folder;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void open_card(void) {
    int file = open(getenv("DISK_FILE"), O_RDWR | O_CLOEXEC);
    void *mapped = mmap(NULL, sizeof *card, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) abort();
    card = mapped;
    folder = getenv("DISK_FOLDER");
    close(file);
}

static int below(const char *path) {
    size_t length = folder ? strlen(folder) : 0;
    return length && strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static int is_ours(int file) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return below(path);
}

/* Take the room that a file needs to reach *end*; 0, or -1 with errno. */
static int take(int file, off_t end) {
    struct stat status;
    if (!is_ours(file) || fstat(file, &status) != 0 || end <= status.st_size) return 0;
    int64_t more = end - status.st_size;
    if (atomic_fetch_sub(&card->room, more) >= more) return 0;
    atomic_fetch_add(&card->room, more);
    errno = ENOSPC;
    return -1;
}

ssize_t pwrite64(int file, const void *data, size_t bytes, off64_t at) {
    return take(file, at + bytes) ? -1 : REAL(pwrite64)(file, data, bytes, at);
}

ssize_t pwrite(int file, const void *data, size_t bytes, off_t at) {
    return pwrite64(file, data, bytes, at);
}

ssize_t write(int file, const void *data, size_t bytes) {
    off_t at = lseek(file, 0, SEEK_CUR);
    if (at >= 0 && take(file, at + bytes)) return -1;
    return REAL(write)(file, data, bytes);
}

int posix_fallocate64(int file, off64_t at, off64_t bytes) {
    return take(file, at + bytes) ? errno : REAL(posix_fallocate64)(file, at, bytes);
}

int posix_fallocate(int file, off_t at, off_t bytes) {
    return posix_fallocate64(file, at, bytes);
}

int ftruncate64(int file, off64_t length) {
    return take(file, length) ? -1 : REAL(ftruncate64)(file, length);
}

int ftruncate(int file, off_t length) {
    return ftruncate64(file, length);
}

int unlink(const char *path) {
    struct stat status;
    int64_t given_back = below(path) && stat(path, &status) == 0 ? status.st_size : 0;
    int result = REAL(unlink)(path);
    if (result == 0) atomic_fetch_add(&card->room, given_back);
    return result;
}

int statvfs(const char *path, struct statvfs *status) {
    int result = REAL(statvfs)(path, status);
    if (result == 0 && below(path)) status->f_bavail = status->f_bfree = card->room / (int64_t)status->f_frsize;
    return result;
}

int statvfs64(const char *path, struct statvfs64 *status) {
    int result = REAL(statvfs64)(path, status);
    if (result == 0 && below(path)) status->f_bavail = status->f_bfree = card->room / (int64_t)status->f_frsize;
    return result;
}

static void wait_for_card(int file) {
    int64_t ms = is_ours(file) ? card->sync_ms : 0;
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    if (ms) nanosleep(&pause, NULL);
}

int fsync(int file) {
    wait_for_card(file);
    return REAL(fsync)(file);
}

int fdatasync(int file) {
    wait_for_card(file);
    return REAL(fdatasync)(file);
}
