/* Counts and sorts words: plain C, deep recursion, some kernel time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct node { char word[16]; unsigned count; struct node *less, *more; };

static unsigned seed = 7;

static unsigned next_random(void) {
    seed = seed * 1103515245u + 12345u;
    return seed >> 16;
}

static void make_word(char *word) {
    unsigned length = 2 + next_random() % 5;
    for (unsigned i = 0; i < length; i++)
        word[i] = "etaoinshrdlu"[next_random() % 12];
    word[length] = 0;
}

__attribute__((noinline)) static struct node *insert(struct node *at, const char *word) {
    if (!at) {
        at = calloc(1, sizeof *at);
        strcpy(at->word, word);
    }
    int order = strcmp(word, at->word);
    if (order < 0)
        at->less = insert(at->less, word);
    else if (order > 0)
        at->more = insert(at->more, word);
    else
        at->count++;
    return at;
}

__attribute__((noinline)) static unsigned print_tree(struct node *at, FILE *out) {
    if (!at)
        return 0;
    unsigned sum = print_tree(at->less, out);
    fprintf(out, "%s %u\n", at->word, at->count);
    fflush(out);
    return sum + at->count + print_tree(at->more, out);
}

__attribute__((noinline)) static struct node *read_words(int count) {
    struct node *root = NULL;
    char word[16];
    while (count--) {
        make_word(word);
        root = insert(root, word);
    }
    return root;
}

int main(int argc, char **argv) {
    int count = argc > 1 ? atoi(argv[1]) : 200000;
    FILE *out = fopen("/dev/null", "w");
    struct node *root = read_words(count);
    printf("%u\n", print_tree(root, out));
    return 0;
}
