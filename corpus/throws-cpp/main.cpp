// Exceptions as C++ uses them: types and hierarchies, rethrown and nested ones, destructors on the way, in loops,
// through a pointer to a function, and one that nothing catches.
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

struct Noisy {
    const char *name;
    ~Noisy() { std::printf("~%s\n", name); }
};

struct Mine : std::runtime_error {
    int code;
    explicit Mine(int code) : std::runtime_error("mine"), code(code) {}
};

static int parse(const std::string &text) {
    Noisy noisy{"parse"};
    if (text.empty()) throw std::invalid_argument("empty");
    if (text == "mine") throw Mine(7);
    long value = 0;
    for (char c : text) {
        if (c < '0' || c > '9') throw std::invalid_argument(text);
        value = value * 10 + (c - '0');
        if (value > 1000000000) throw std::out_of_range("large");
    }
    return static_cast<int>(value);
}

static int deep(int depth) {
    Noisy noisy{"deep"};
    if (depth == 0) throw 42;
    return deep(depth - 1) + 1;
}

static int (*volatile any)(int) = deep;

int main(int argc, char **) {
    for (const char *text : {"12", "", "x", "mine", "99999999999"}) {
        try {
            std::printf("%d\n", parse(text));
        } catch (const Mine &mine) {
            std::printf("mine %d %s\n", mine.code, mine.what());
        } catch (const std::logic_error &error) {
            std::printf("logic %s\n", error.what());
        }
    }
    try {
        any(3);
    } catch (int number) {
        std::printf("int %d\n", number);
    }
    try {
        try {
            throw Mine(1);
        } catch (std::exception &error) {
            std::printf("again %s\n", error.what());
            throw;
        }
    } catch (Mine &mine) {
        std::printf("mine %d\n", mine.code);
    }
    try {
        std::vector<int> none;
        none.at(3) = 1;
    } catch (...) {
        std::printf("anything\n");
    }
    long sum = 0;
    for (int i = 0; i < 1000; i++) {
        try {
            if (i % 10 == 0) throw i;
            sum += i;
        } catch (int caught) {
            sum -= caught;
        }
    }
    std::printf("%ld\n", sum);
    if (argc > 1) throw Mine(9);
    return 3;
}
