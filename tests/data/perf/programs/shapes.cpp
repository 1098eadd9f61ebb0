// Names that are hard to cut: templates, operators, lambdas, an anonymous namespace, smart pointers.
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#define KEEP __attribute__((noinline))

static volatile double sink;

KEEP static void spin(int n) {
    // A leaf has no frame of its own in gcc's eyes; without one its caller is missing from the stack.
    if (!__builtin_frame_address(0)) return;
    for (int i = 0; i < n; i++) sink = sink * 1.0000001 + i;
}

namespace {
struct Area {
    KEEP double of(double a, double b) const { spin(60000); return a * b; }
};
KEEP double total(const std::vector<double> &all) {
    double sum = 0;
    for (double one : all) sum += Area().of(one, 2.0);
    return sum;
}
}  // namespace

namespace shapes {
template <typename T, int N> struct Grid {
    T cells[N];
    KEEP T operator()(int x, int y) const { spin(60000); return cells[(x + y) % N]; }
    KEEP bool operator<(const Grid &other) const { spin(40000); return cells[0] < other.cells[0]; }
    KEEP bool operator>(const Grid &other) const { spin(40000); return cells[0] > other.cells[0]; }
    KEEP Grid &operator<<(int n) { spin(40000); cells[n % N] += n; return *this; }
    KEEP T &operator[](std::size_t n) { spin(30000); return cells[n % N]; }
    KEEP operator bool() const { spin(30000); return cells[0] != 0; }
};
template <typename T> struct Handle {
    T *inner;
    KEEP T *operator->() const { spin(60000); return inner; }
    KEEP T &operator*() const { spin(30000); return *inner; }
};
KEEP int count_if(const std::vector<int> &all, std::function<bool(int, const std::string &)> test) {
    int n = 0;
    for (int one : all) n += test(one, "some text");
    return n;
}
struct Shape {
    virtual ~Shape() {}
    virtual double area() const = 0;
};
template <typename... Sides> struct Polygon : Shape {
    KEEP double area() const override { spin(60000); return sizeof...(Sides); }
};
}  // namespace shapes

KEEP static int lambdas() {
    std::vector<int> all{1, 2, 3, 4};
    int limit = 2;
    return shapes::count_if(all, [limit](int one, const std::string &text) {
        spin(30000);
        return one > limit && !text.empty();
    });
}

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 100;
    shapes::Grid<int, 8> a{{1}}, b{{2}};
    shapes::Handle<shapes::Grid<int, 8>> handle{&a};
    std::unique_ptr<shapes::Shape> shape(new shapes::Polygon<int, std::map<std::string, long>>());
    double sum = 0;
    for (int i = 0; i < rounds; i++) {
        a << i << 3;
        sum += a(i, 2) + (a < b) + (a > b) + a[i] + bool(b);
        sum += (*handle).cells[0] + handle->cells[1];
        sum += shape->area() + total({1, 2, 3}) + lambdas();
    }
    std::printf("%g\n", sum);
    return 0;
}
