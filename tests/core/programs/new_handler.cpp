// operator new that finds no memory: the handler is run, may give some back, and may end it by an exception.
#include <cstdio>
#include <new>

namespace {

char *reserve;
int calls;

void give_up_reserve() {
  calls++;
  delete[] reserve;
  reserve = nullptr;
  std::set_new_handler(nullptr);
}

} // namespace

int main(int argc, char **) {
  const std::size_t too_much = static_cast<std::size_t>(argc) << 60; // not a constant: the compiler would refuse it
  reserve = new char[1000];
  std::set_new_handler(give_up_reserve);
  bool threw = false;
  try {
    ::operator delete(::operator new(too_much));
  } catch (const std::bad_alloc &) {
    threw = true;
  }
  std::printf("handler %d, exception %d\n", calls, threw);
  return calls == 1 && threw && reserve == nullptr ? 0 : 1;
}
