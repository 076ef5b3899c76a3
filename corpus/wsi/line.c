// line: a line editor. Bytes are typed at the cursor; ^A ^E go to the ends, ^B ^F by one, ^H and DEL delete before it,
// ^D the one below it or ends an empty line, ^K to the end, ^U to the start, ^P and ^N walk through the last lines.
#include "layer.h"

enum { MOST = 200, PAST = 4 };

static char line[MOST + 1], past[PAST][MOST + 1];
static unsigned length, cursor, lines;

static void load(const char *from) {
    length = 0;
    for (; from[length]; length++) line[length] = from[length];
    line[length] = 0;
    cursor = length;
}

static void erase(unsigned at) {
    for (; at < length; at++) line[at] = line[at + 1];
    length--;
}

static void type(char byte) {
    if (length == MOST) return;
    for (unsigned i = length + 1; i > cursor; i--) line[i] = line[i - 1];
    line[cursor++] = byte;
    length++;
}

static void enter(void) {
    lines++;
    printf("%u: [%s] %u\n", lines, line, cursor);
    for (unsigned i = 0; i <= length; i++) past[lines % PAST][i] = line[i];
    load("");
}

int main(int argc, char **argv) {
    char byte;
    unsigned back = 0;
    (void)argc, (void)argv;
    wsi_sub input = {0, WSI_IN, 0, 0};
    printf("terminal: %s\n", isatty(0) ? "yes" : "no");
    for (;;) {
        // An idle minute ends the program.
        if (wsi_io_poll(&input, 1, monotonic() + 60000000000ll) <= 0) return 1;
        if (read(0, &byte, 1) <= 0) break;
        switch (byte) {
        case 1: cursor = 0; break;
        case 2: cursor -= cursor > 0; break;
        case 4:
            if (!length) goto end;
            if (cursor < length) erase(cursor);
            break;
        case 5: cursor = length; break;
        case 6: cursor += cursor < length; break;
        case 8:
        case 127:
            if (cursor) erase(--cursor);
            break;
        case 11: line[length = cursor] = 0; break;
        case 21:
            while (cursor) erase(--cursor);
            break;
        case 14:
        case 16:
            back += byte == 16 ? back < PAST - 1 && back < lines : -(back > 0);
            load(back ? past[(lines + 1 - back) % PAST] : "");
            break;
        case '\n': back = 0, enter(); break;
        default:
            if (byte >= ' ' || byte < 0) type(byte);
        }
    }
end:
    if (length) enter();
    printf("%u lines\n", lines);
    return 0;
}
