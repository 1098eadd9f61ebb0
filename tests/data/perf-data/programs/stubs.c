/* A library that calls a function of another object through a stub in .plt.got, because it also needs its address. */
void other(void);

void (*address(void))(void) {
    return other;
}

void call(void) {
    other();
    other();
}
