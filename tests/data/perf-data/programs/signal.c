/* A program that works in a signal's handler. What the kernel lets the handler return to says where the signal came. */
static long call(long number, long a, const void *b, const void *c, long d) {
    long result;
    register long r10 __asm__("r10") = d;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
    return result;
}

enum { SIGACTION = 13, GETPID = 39, EXIT = 60, KILL = 62, USER_SIGNAL = 10, HAS_RESTORER = 0x04000000 };

void restore(void);

static volatile unsigned long sink;

__attribute__((noinline)) static void leaf(unsigned long n) {
    while (n--)
        sink = sink * 31 + n;
}

__attribute__((noinline)) static void handler(int signal) {
    leaf(30000000);
    sink += signal;
}

__attribute__((noinline)) static void tell(void) {
    call(KILL, call(GETPID, 0, 0, 0, 0), (void *)USER_SIGNAL, 0, 0);
    sink += 1;
}

__attribute__((noinline, used)) static void run(void) {
    struct { void (*handler)(int); unsigned long flags; void (*restorer)(void); unsigned long mask; } action = {
        handler, HAS_RESTORER, restore, 0};
    call(SIGACTION, USER_SIGNAL, &action, 0, 8);
    tell();
    call(EXIT, 0, 0, 0, 0);
}

/* As in libc: the tables start a byte before, so that looking up what was returned to, less one, finds them. The stack
   pointer and the next instruction are in the context that the kernel has left on the stack. */
__asm__(".text\n\t.cfi_startproc\n\t.cfi_signal_frame\n\t"
        ".cfi_escape 0x0f, 4, 0x77, 0xa0, 0x01, 0x06\n\t"
        ".cfi_escape 0x10, 16, 3, 0x77, 0xa8, 0x01\n\t"
        "nop\n"
        ".globl restore\n.type restore, @function\nrestore:\n\tmov $15, %eax\n\tsyscall\n"
        ".size restore, . - restore\n\t.cfi_endproc\n");

__attribute__((naked)) void _start(void) {
    __asm__(".cfi_undefined rip\n\txor %ebp, %ebp\n\tcall run\n\thlt");
}
