// The same in C++, every other form of new and delete once, and one new that fails.
#include <cstdlib>
#include <new>

namespace {

struct alignas(64) Wide {
  char bytes[192];
};

// The compiler may leave out a pair of new and delete that it sees both of.
template <class T> T *seen(T *object) {
  T *volatile kept = object;
  return kept;
}

void each_form_once() {
  delete seen(new int);
  delete[] seen(new int[3]);
  delete seen(new Wide);
  delete[] seen(new Wide[2]);
  ::operator delete(::operator new(50, std::nothrow), std::nothrow);
  ::operator delete[](::operator new[](60, std::nothrow), std::nothrow);
  const std::align_val_t line{64};
  ::operator delete(::operator new(70, line, std::nothrow), line, std::nothrow);
  ::operator delete[](::operator new[](80, line, std::nothrow), line, std::nothrow);
  ::operator delete(::operator new(90), std::size_t{90});
  ::operator delete[](::operator new[](95), std::size_t{95});
  ::operator delete(::operator new(96, line), std::size_t{96}, line);
  ::operator delete[](::operator new[](97, line), std::size_t{97}, line);
}

} // namespace

int main(int argc, char **) {
  const std::size_t too_much = static_cast<std::size_t>(argc) << 60; // not a constant: the compiler would refuse it
  char *blocks[1000];
  for (char *&block : blocks) block = new char[100];
  for (int i = 0; i < 500; i++) delete[] blocks[i];
  for (int i = 500; i < 700; i++) blocks[i] = static_cast<char *>(std::realloc(blocks[i], 5000));
  each_form_once();
  return ::operator new(too_much, std::nothrow) != nullptr;
}
