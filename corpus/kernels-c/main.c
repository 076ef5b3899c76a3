// Three kernels that do nothing but compute in memory: what an access costs is measured with them.
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))
#define MOST 64
#define BYTES 16384

static float a[MOST][MOST], b[MOST][MOST], c[MOST][MOST];
static uint8_t bytes[BYTES];
static uint32_t numbers[BYTES / 4];

static uint32_t next(uint32_t *state) { return *state = *state * 1664525 + 1013904223; }

// Multiplies two n by n matrices of small numbers; gives a checksum.
EXPORT("matmul") int matmul(int n) {
    uint32_t state = 1;
    if (n > MOST) n = MOST;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            a[i][j] = (float)(next(&state) >> 28);
            b[i][j] = (float)(next(&state) >> 28);
        }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            c[i][j] = 0;
            for (int k = 0; k < n; k++) c[i][j] += a[i][k] * b[k][j];
        }
    uint32_t sum = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) sum = sum * 31 + (uint32_t)c[i][j];
    return (int)sum;
}

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, int by) { return x >> by | x << (32 - by); }

static void block(uint32_t *h, const uint8_t *data) {
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)data[4 * i] << 24 | data[4 * i + 1] << 16 | data[4 * i + 2] << 8 | data[4 * i + 3];
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
               (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
    for (int i = 0; i < 8; i++) s[i] = h[i];
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + K[i] + w[i];
        uint32_t t2 = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        for (int j = 7; j > 0; j--) s[j] = s[j - 1];
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) h[i] += s[i];
}

// SHA-256 of n zero bytes, n a multiple of 64; gives the first word.
EXPORT("sha256") int sha256(int n) {
    uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint8_t last[64] = {0x80};
    if (n > BYTES) n = BYTES;
    for (int i = 0; i < n; i++) bytes[i] = 0;
    for (int i = 0; i + 64 <= n; i += 64) block(h, bytes + i);
    for (int i = 0; i < 4; i++) last[60 + i] = (uint8_t)(n * 8 >> (24 - 8 * i));
    block(h, last);
    return (int)h[0];
}

static void quicksort(uint32_t *from, uint32_t *to) {
    while (to - from > 1) {
        uint32_t pivot = from[(to - 1 - from) / 2], *i = from - 1, *j = to;
        for (;;) {
            do i++;
            while (*i < pivot);
            do j--;
            while (*j > pivot);
            if (i >= j) break;
            uint32_t other = *i;
            *i = *j;
            *j = other;
        }
        quicksort(from, j + 1);
        from = j + 1;
    }
}

// Sorts n numbers; gives a checksum of the sorted ones.
EXPORT("sort") int sort(int n) {
    uint32_t state = 7, sum = 0;
    if (n > BYTES / 4) n = BYTES / 4;
    for (int i = 0; i < n; i++) numbers[i] = next(&state);
    quicksort(numbers, numbers + n);
    for (int i = 0; i < n; i++) {
        if (i && numbers[i - 1] > numbers[i]) return -1;
        sum = sum * 31 + numbers[i];
    }
    return (int)sum;
}
