/* A library whose stubs are in .plt.sec, because calls through pointers must end at marked instructions. */
void other(void);

void call(void) {
    other();
    other();
}
