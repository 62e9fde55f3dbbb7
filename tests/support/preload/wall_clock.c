/* Moves the wall clock of one process tree, and no other clock of it.
 *
 * WALL_CLOCK_FILE names a file of one 64-bit number: nanoseconds that are added to CLOCK_REALTIME, read at every call.
 * (libfaketime 0.9.10 can leave the monotonic clock alone too, but then its clock_nanosleep fails with EINVAL.)
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000LL

static const volatile int64_t *offset_ns;

__attribute__((constructor)) static void open_offset(void) {
    int file = open(getenv("WALL_CLOCK_FILE"), O_RDONLY | O_CLOEXEC);
    void *mapped = mmap(NULL, sizeof *offset_ns, PROT_READ, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) abort();
    offset_ns = mapped;
    close(file);
}

static struct timespec moved(struct timespec real) {
    int64_t ns = real.tv_sec * NS_PER_S + real.tv_nsec + (offset_ns ? *offset_ns : 0);
    return (struct timespec){ns / NS_PER_S, ns % NS_PER_S};
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) *now = moved(*now);
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    *now = (struct timeval){precise.tv_sec, precise.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *now) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (now) *now = precise.tv_sec;
    return precise.tv_sec;
}
