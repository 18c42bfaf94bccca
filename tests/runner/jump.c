/* Preloaded into the runner: after JUMP_AFTER seconds the clock on the wall is JUMP_BY seconds off. The monotonic
   clock is left alone, as the kernel leaves it when somebody sets the time. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static int (*real)(clockid_t, struct timespec *);
static time_t at, by;

__attribute__((constructor)) static void begin(void) {
    struct timespec now;
    real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    real(CLOCK_MONOTONIC, &now);
    at = now.tv_sec + atol(getenv("JUMP_AFTER"));
    by = atol(getenv("JUMP_BY"));
}

int clock_gettime(clockid_t clock, struct timespec *out) {
    struct timespec now;
    int failed = real(clock, out);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        real(CLOCK_MONOTONIC, &now);
        if (now.tv_sec >= at) out->tv_sec += by;
    }
    return failed;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}
