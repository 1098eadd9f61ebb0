/* Prices baskets: an argument makes one of its functions slower. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static volatile uint64_t sink;

__attribute__((noinline)) static uint64_t mix(uint64_t x) {
    for (int i = 0; i < 200; i++) x = x * 6364136223846793005u + 1442695040888963407u;
    return x;
}

__attribute__((noinline)) static void price(int basket, int rounds) {
    for (int i = 0; i < rounds; i++) sink += mix(basket + i);
}

__attribute__((noinline)) static void print(int basket) {
    for (int i = 0; i < 60; i++) sink += mix(basket + i);
}

__attribute__((noinline)) static void serve(int basket, int rounds) {
    price(basket, rounds);
    print(basket);
}

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 40;
    for (int basket = 0; basket < 14000; basket++) serve(basket, rounds);
    return 0;
}
