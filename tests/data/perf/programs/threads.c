/* Threads with the names people give them: spaces, digits, colons, '#', brackets, bytes that are no UTF-8. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

static const char *const names[] = {
    "Web Content", "worker 42", "#1 spare", "(io)", "a:b: c", "kworker/3:1H", "[gc]", "caf\xe9",
    "\xe6\x97\xa5\xe6\x9c\xac", "semi;colon", "pool 7/9", "x  y", "12345", "tokio-runtime-w", "java", "%s \"q\" <&>",
};
enum { COUNT = sizeof names / sizeof *names };

static volatile unsigned long sink[COUNT];

__attribute__((noinline)) static void burn(unsigned long n, volatile unsigned long *out) {
    while (n--) *out = *out * 31 + n;
}

__attribute__((noinline)) static void serve(int i) { burn(9000000ul + 1000000ul * (i % 3), &sink[i]); }

static void *run(void *arg) {
    int i = (int)(long)arg;
    prctl(PR_SET_NAME, names[i]);
    serve(i);
    return 0;
}

int main(void) {
    pthread_t all[COUNT];
    for (long i = 0; i < COUNT; i++) pthread_create(&all[i], 0, run, (void *)i);
    for (int i = 0; i < COUNT; i++) pthread_join(all[i], 0);
    return 0;
}
