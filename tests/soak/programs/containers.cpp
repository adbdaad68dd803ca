// Containers, streams, regular expressions, threads and exceptions: what C++ programs ask of new and delete.
#include <bits/stdc++.h>

namespace {

std::uint64_t random_state = 1;
std::uint64_t next_random() {
  random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
  return random_state >> 33;
}

struct alignas(64) Wide {
  std::uint64_t values[8];
};

std::size_t fill_and_empty() {
  std::map<std::string, std::vector<std::uint64_t>> map;
  for (int i = 0; i < 200000; i++) map["key " + std::to_string(next_random() % 5000)].push_back(next_random());
  for (int i = 0; i < 5000; i += 2) map.erase("key " + std::to_string(i));
  std::size_t sum = 0;
  for (const auto &entry : map) sum += entry.first.size() * entry.second.size();
  return sum;
}

std::size_t over_aligned() {
  std::vector<std::unique_ptr<Wide>> wide;
  for (int i = 0; i < 50000; i++) {
    wide.push_back(std::make_unique<Wide>());
    wide.back()->values[i % 8] = next_random();
  }
  std::shuffle(wide.begin(), wide.end(), std::mt19937(1));
  wide.resize(wide.size() / 2);
  return wide.size();
}

std::size_t words() {
  std::stringstream text;
  for (int i = 0; i < 30000; i++) text << "word" << next_random() % 100 << (i % 7 ? ' ' : '\n');
  const std::regex pattern("word([0-9]*)7\\b");
  std::size_t found = 0;
  for (std::string line; std::getline(text, line);)
    found += std::distance(std::sregex_iterator(line.begin(), line.end(), pattern), std::sregex_iterator());
  return found;
}

std::size_t caught() {
  std::size_t count = 0;
  for (int i = 0; i < 20000; i++) {
    try {
      if (next_random() % 2) throw std::runtime_error("number " + std::to_string(i));
      std::vector<int>().at(1);
    } catch (const std::exception &error) {
      count += std::strlen(error.what()) > 0;
    }
  }
  try {
    const std::unique_ptr<char[]> refused(new char[std::size_t{1} << 62]);
  } catch (const std::bad_alloc &) {
    count++;
  }
  return count + (new (std::nothrow) char[std::size_t{1} << 62] == nullptr);
}

std::size_t threads() {
  std::mutex mutex;
  std::list<std::string> shared;
  std::vector<std::thread> workers;
  for (int t = 0; t < 8; t++)
    workers.emplace_back([&] {
      for (int i = 0; i < 20000; i++) {
        std::string mine(static_cast<std::size_t>(i % 300), 'x');
        const std::lock_guard<std::mutex> guard(mutex);
        shared.push_back(std::move(mine));
        if (shared.size() > 100) shared.pop_front();
      }
    });
  for (auto &worker : workers) worker.join();
  return shared.size();
}

}  // namespace

int main() {
  std::cout << fill_and_empty() << ' ' << over_aligned() << ' ' << words() << ' ' << caught() << ' ' << threads() << '\n';
}
