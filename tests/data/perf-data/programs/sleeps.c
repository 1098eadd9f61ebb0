/* A program that needs no library and is off the CPU most of the time: it sleeps, waits for a lock, a pipe and a
   child process. */
static long call(long number, long a, long b, long c, long d) {
    register long fourth __asm__("r10") = d;
    register long fifth __asm__("r8") = -1;
    register long sixth __asm__("r9") = 0;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
                     : "rcx", "r11", "memory");
    return result;
}

enum { READ = 0, WRITE = 1, MMAP = 9, PIPE = 22, NANOSLEEP = 35, FORK = 57, EXIT = 60, WAIT = 61, FUTEX = 202 };
enum { FUTEX_WAIT = 0, FUTEX_WAKE = 1, READ_WRITE = 3, SHARED_ANONYMOUS = 0x21 };

static int ends[2];
static volatile int *lock;
static volatile int depth;

__attribute__((noinline)) static void rest(long milliseconds) {
    long time[2] = {0, milliseconds * 1000000};
    call(NANOSLEEP, (long)time, 0, 0, 0);
    depth++;
}

__attribute__((noinline)) static void take_lock(void) {
    while (__atomic_exchange_n(lock, 1, __ATOMIC_SEQ_CST))
        call(FUTEX, (long)lock, FUTEX_WAIT, 1, 0);
    depth++;
}

__attribute__((noinline)) static void release_lock(void) {
    *lock = 0;
    call(FUTEX, (long)lock, FUTEX_WAKE, 1, 0);
    depth++;
}

__attribute__((noinline)) static void receive(void) {
    char byte;
    call(READ, ends[0], (long)&byte, 1, 0);
    depth++;
}

__attribute__((noinline)) static void send(void) {
    call(WRITE, ends[1], (long)"x", 1, 0);
    depth++;
}

__attribute__((noinline)) static void child(void) {
    receive();
    take_lock();
    rest(3);
    release_lock();
}

__attribute__((noinline)) static void parent(void) {
    take_lock();
    rest(5);
    send();
    rest(10);
    release_lock();
    rest(1);
    take_lock();
    release_lock();
    call(WAIT, -1, 0, 0, 0);
    depth++;
}

__attribute__((noinline, used)) void run(void) {
    lock = (int *)call(MMAP, 0, 4096, READ_WRITE, SHARED_ANONYMOUS);
    call(PIPE, (long)ends, 0, 0, 0);
    if (call(FORK, 0, 0, 0, 0) == 0)
        child();
    else
        parent();
    call(EXIT, 0, 0, 0, 0);
}

__asm__(".globl _start\n_start:\n xor %ebp, %ebp\n call run\n hlt\n");
