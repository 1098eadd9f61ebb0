/* A program that needs no library, so that all of its stack is its own: inlined calls, recursion, a child process,
   a thread name, and some system calls. */
#define NAME "a thread"

static long call(long number, long a, long b) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b) : "rcx", "r11", "memory");
    return result;
}

enum { FORK = 57, EXIT = 60, WAIT = 61, GETPPID = 110, PRCTL = 157, SET_NAME = 15 };

static volatile unsigned long sink;

static inline __attribute__((always_inline)) void mix(unsigned long n) {
    while (n--)
        sink = sink * 31 + n;
}

static inline __attribute__((always_inline)) void mix_twice(unsigned long n) {
    mix(n);
    mix(n / 2);
}

__attribute__((noinline)) static void leaf(unsigned long n) {
    mix_twice(n);
    sink += 1;
}

__attribute__((noinline)) static void recurse(int depth, unsigned long n) {
    if (depth)
        recurse(depth - 1, n);
    else
        leaf(n);
    sink += 1;
}

__attribute__((noinline)) static void ask(int times) {
    while (times--)
        sink += call(GETPPID, 0, 0);
}

__attribute__((noinline)) static void child(void) {
    call(PRCTL, SET_NAME, (long)NAME);
    recurse(3, 12000000);
    sink += 1;
}

__attribute__((noinline, used)) static void run(void) {
    recurse(1, 15000000);
    long id = call(FORK, 0, 0);
    if (id == 0)
        child();
    else
        ask(150000);
    call(EXIT, 0, 0);
}

__attribute__((naked)) void _start(void) {
    __asm__(".cfi_undefined rip\n\txor %ebp, %ebp\n\tcall run\n\thlt");
}
