/* A program that calls its functions through code made at run time, as `python -X perf` does. */
static long call(long number, long a, long b, long c, long d) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = -1;
    register long r9 __asm__("r9") = 0;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

enum { MMAP = 9, MPROTECT = 10, EXIT = 60, PAGE = 4096, READ_WRITE = 3, READ_EXECUTE = 5, PRIVATE_ANONYMOUS = 0x22 };

/* sub $8, %rsp; call *%rcx; add $8, %rsp; ret. Python leaves no room between two. */
static const char trampoline[11] = {0x48, 0x83, 0xec, 8, 0xff, 0xd1, 0x48, 0x83, 0xc4, 8, 0xc3};

typedef void Code(unsigned long, long, long, void (*)(unsigned long));

static char *made;
static volatile unsigned long sink;

static Code *code_of(int function) { return (Code *)(made + sizeof trampoline * function); }

__attribute__((noinline)) static void leaf(unsigned long n) {
    while (n--)
        sink = sink * 31 + n;
}

__attribute__((noinline)) static void inner(unsigned long n) {
    code_of(1)(n, 0, 0, leaf);
    sink += n;
}

__attribute__((noinline)) static void outer(unsigned long n) {
    code_of(0)(n, 0, 0, inner);
    sink += n;
}

__attribute__((noinline, used)) static void run(void) {
    made = (char *)call(MMAP, 0, PAGE, READ_WRITE, PRIVATE_ANONYMOUS);
    for (int function = 0; function < 3; function++)
        for (int at = 0; at < (int)sizeof trampoline; at++)
            made[sizeof trampoline * function + at] = trampoline[at];
    call(MPROTECT, (long)made, PAGE, READ_EXECUTE, 0);
    code_of(2)(30000000, 0, 0, outer);
    call(EXIT, 0, 0, 0, 0);
}

__attribute__((naked)) void _start(void) {
    __asm__(".cfi_undefined rip\n\tmov $7, %ebp\n\tcall run\n\thlt");
}
