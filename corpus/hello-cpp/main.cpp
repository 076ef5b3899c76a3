// What C++ adds to C: static constructors and destructors, virtual calls, containers, function objects.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

struct Announcer {
    const char *name;
    explicit Announcer(const char *n) : name(n) { std::printf("constructed %s\n", name); }
    ~Announcer() { std::printf("destroyed %s\n", name); }
};

static Announcer first("first");
static Announcer second("second");

struct Shape {
    virtual ~Shape() = default;
    virtual int area() const = 0;
    virtual std::string name() const { return "shape"; }
};

struct Square final : Shape {
    int side;
    explicit Square(int s) : side(s) {}
    int area() const override { return side * side; }
    std::string name() const override { return "square"; }
};

struct Strip final : Shape {
    int length;
    explicit Strip(int l) : length(l) {}
    int area() const override { return length; }
};

int main(int argc, char **argv) {
    std::map<std::string, int> words;
    for (int i = 1; i < argc; i++) words[argv[i]]++;
    for (const auto &[word, count] : words) std::printf("%s x%d\n", word.c_str(), count);

    std::vector<std::unique_ptr<Shape>> shapes;
    for (int i = 1; i <= 4; i++) {
        shapes.push_back(std::make_unique<Square>(i));
        shapes.push_back(std::make_unique<Strip>(10 * i));
    }
    std::sort(shapes.begin(), shapes.end(), [](const auto &a, const auto &b) { return a->area() > b->area(); });
    for (const auto &shape : shapes) std::printf("%s of %d\n", shape->name().c_str(), shape->area());

    std::function<int(int)> scale = [factor = argc](int x) { return x * factor; };
    std::vector<int> numbers(100);
    std::iota(numbers.begin(), numbers.end(), 1);
    std::transform(numbers.begin(), numbers.end(), numbers.begin(), scale);
    std::printf("sum %d\n", std::accumulate(numbers.begin(), numbers.end(), 0));
    return 0;
}
