// What a program may expect of its start, tried in a program that has vmm/start/start.cc in the place of glibc's: run
// without arguments it starts itself again, with known arguments and a known environment, and judges what it finds and
// how that ended. In the program that is started every check says what failed and ends it with status 1.
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "FAILED: %s\n", what);
  std::_Exit(1);
}

// Constructors run before main in their order, destructors after it in the other.
std::string& events() {
  static auto* const text = new std::string;
  return *text;
}
struct Noted {
  explicit Noted(char name) : name_(name) { events() += name; }
  ~Noted() { (void)!write(STDOUT_FILENO, &name_, 1); }
  char name_;
};
Noted first('1');
Noted second('2');

thread_local int of_thread = 7;
thread_local std::string text_of_thread = "made in each thread";

std::uint64_t at_fs(unsigned offset) {
  std::uint64_t value;
  asm volatile("movq %%fs:(%q1), %0" : "=r"(value) : "r"(std::uint64_t{offset}));
  return value;
}

void check_guards() {
  const auto* const random = reinterpret_cast<const unsigned char*>(getauxval(AT_RANDOM));
  std::uint64_t canary, key;
  std::memcpy(&canary, random, sizeof canary);
  std::memcpy(&key, random + 8, sizeof key);
  check(at_fs(0x28) == (canary & ~std::uint64_t{0xff}) && at_fs(0x28) != 0, "the canary is AT_RANDOM's, with a zero");
  check(at_fs(0x30) == key, "the pointer key is AT_RANDOM's other half");
  std::thread([canary] { check(at_fs(0x28) == (canary & ~std::uint64_t{0xff}), "a thread has the canary"); }).join();
}

void check_threads() {
  of_thread = 8;
  std::thread([] {
    check(of_thread == 7 && text_of_thread == "made in each thread", "a thread's variables are its own");
    try {
      throw std::runtime_error("thrown");
    } catch (const std::exception& error) {
      check(std::strcmp(error.what(), "thrown") == 0, "an exception in a thread");
    }
  }).join();
  check(of_thread == 8, "the main thread's variables are its own");
}

// Copies of every size class and across the thresholds that start.cc sets, against a plain loop.
void check_copies() {
  std::vector<unsigned char> from(5 << 20), to(from.size() + 64);
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<unsigned char>(i * 167 + (i >> 8));
  for (const std::size_t size : {0,          1,
                                 7,          15,
                                 16,         31,
                                 63,         64,
                                 127,        128,
                                 255,        256,
                                 511,        2047,
                                 2048,       2049,
                                 4096,       16 * 1024,
                                 256 * 1024, 768 * 1024 - 1,
                                 768 * 1024, 768 * 1024 + 1,
                                 1 << 20,    4 << 20}) {
    std::fill(to.begin(), to.end(), 0xee);
    std::memcpy(to.data() + 3, from.data() + 5, size);
    check(std::equal(from.begin() + 5, from.begin() + 5 + static_cast<std::ptrdiff_t>(size), to.begin() + 3) &&
              to[2] == 0xee && to[3 + size] == 0xee,
          "memcpy");
    std::vector<unsigned char> moved = from;
    std::memmove(moved.data() + 9, moved.data(), size);
    check(std::equal(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(size), moved.begin() + 9), "memmove");
    std::memset(to.data() + 1, 0x5a, size);
    check(static_cast<std::size_t>(std::count(to.begin(), to.end(), 0x5a)) >= size && to[0] == 0xee, "memset");
  }
  const std::string text(1000, 'x');
  check(std::strlen(text.c_str()) == 1000 && std::strchr(text.c_str(), 'y') == nullptr, "strings");
}

int started(int argc, char** argv) {
  check(events() == "12", "constructors run before main, in order");
  check(argc == 3 && std::strcmp(argv[1], "one") == 0 && std::strcmp(argv[2], "") == 0 && argv[3] == nullptr,
        "arguments");
  check(std::getenv("KNOWN") != nullptr && std::strcmp(std::getenv("KNOWN"), "value") == 0, "getenv");
  check(environ[0] != nullptr && environ[1] == nullptr && std::getenv("PATH") == nullptr, "the environment, no more");
  check(getauxval(AT_PAGESZ) == 4096 && sysconf(_SC_PAGESIZE) == 4096, "the auxiliary vector");
  check(sysconf(_SC_MINSIGSTKSZ) >= 2048 && sysconf(_SC_NPROCESSORS_ONLN) >= 1, "sysconf");
  check(std::strcmp(program_invocation_short_name, "known name") == 0, "the program's name");
  check_guards();
  check_threads();
  check_copies();
  std::jmp_buf place;
  volatile int jumps = 0;
  if (setjmp(place) == 0) {
    jumps = jumps + 1;
    std::longjmp(place, 1);
  }
  check(jumps == 1, "setjmp and longjmp");
  std::atexit([] { (void)!write(STDOUT_FILENO, "a", 1); });
  std::printf("buffered ");  // written by exit, behind what is written at once
  return 42;
}

int start_again() {
  int ends[2];
  check(pipe(ends) == 0, "pipe");
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    char name[] = "a directory/known name", one[] = "one", empty[] = "", known[] = "KNOWN=value";
    char* arguments[] = {name, one, empty, nullptr};
    char* environment[] = {known, nullptr};
    execve("/proc/self/exe", arguments, environment);
    _exit(99);
  }
  close(ends[1]);
  std::string output;
  char buffer[256];
  for (ssize_t got; (got = read(ends[0], buffer, sizeof buffer)) > 0;)
    output.append(buffer, static_cast<std::size_t>(got));
  int status = 0;
  check(waitpid(child, &status, 0) == child && WIFEXITED(status), "it ended by itself");
  if (WEXITSTATUS(status) == 1) return 1;  // and has said why
  check(WEXITSTATUS(status) == 42, "main's value is the status");
  check(output == "a21buffered ", "exit: functions and destructors in order, buffers written");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return argc == 1 ? start_again() : started(argc, argv);
}
