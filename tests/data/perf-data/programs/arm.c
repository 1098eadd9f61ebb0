// A program for AArch64 that needs no library. Its functions keep what they return to in the link register, on the
// stack, and there with a signature.

static volatile long sink;

__attribute__((noinline)) static long leaf(long number)
{
    for (long step = 0; step < 3; step++)
        sink += number * step;
    return sink;
}

__attribute__((noinline)) static long grow(long size)
{
    volatile long space[size];
    for (long at = 0; at < size; at++)
        space[at] = leaf(at);
    return space[size - 1];
}

__attribute__((noinline)) static long recurse(long depth)
{
    return depth ? recurse(depth - 1) + 1 : grow(2) + leaf(1);
}

__attribute__((noinline)) static long run(void)
{
    return recurse(2) + leaf(5);
}

void _start(void)
{
    run();
    register long number __asm__("x8") = 94;
    register long status __asm__("x0") = 0;
    __asm__ volatile("svc 0" : : "r"(number), "r"(status));
    __builtin_unreachable();
}
