// Primes below 50, so that something is calculated; the table is data that a wrong extent would cut.
#include "env.h"

static const char digits[] = "0123456789";

int run(void) {
    int found = 0;
    PRINT("plain 1.0, primes:");
    for (int n = 2; n < 50; n++) {
        int divisor = 2;
        while (divisor * divisor <= n && n % divisor) divisor++;
        if (divisor * divisor <= n) continue;
        char text[] = {' ', digits[n / 10], digits[n % 10]};
        print(text, sizeof text);
        found++;
    }
    PRINT("\n");
    return found;
}
