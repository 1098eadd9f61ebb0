// A library with a function of which the loader is told at run time which one it is, and which is called through a stub.

static int one(void)
{
    return 1;
}

static int (*choose(void))(void)
{
    return one;
}

int chosen(void) __attribute__((ifunc("choose"), visibility("protected")));

int ask(void)
{
    return chosen() + 1;
}
