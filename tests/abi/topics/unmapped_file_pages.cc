// What was mapped of a program's file and is not any more: nobody finds it in its place, neither the process itself, nor its
// child, nor the next process of the same program, whatever a kernel keeps of page tables.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <csetjmp>
#include <cstring>

#include "../topic.h"

using namespace abi;

static constexpr std::size_t kPage = 4096;
static constexpr std::size_t kPages = 24;
static constexpr int kRounds = 4;
// In the part of the address space in which libraries lie, where nothing is.
static char* const place = reinterpret_cast<char*>(0x7f10'0000'0000);

static sigjmp_buf escape;
static volatile int code;
static volatile unsigned long error_code;

static void note(int, siginfo_t* information, void* context) {
  code = information->si_code;
  error_code = static_cast<unsigned long>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_ERR]);
  ::siglongjmp(escape, 1);
}

// What reading the first byte of a page gives; -1 if that is a fault.
static int look(std::size_t page) {
  if (::sigsetjmp(escape, 1)) return -1;
  return static_cast<unsigned char>(*static_cast<volatile char*>(place + page * kPage));
}

static void say_place(const char* when) {
  int faults = 0, missing = 0;
  for (std::size_t page = 0; page < kPages; ++page) {
    if (look(page) >= 0) continue;
    ++faults;
    if (code == SEGV_MAPERR && !(error_code & 1)) ++missing;
  }
  unsigned char resident[kPages];
  const int status = ::mincore(place, kPages * kPage, resident);
  say("%s: %d pages fault, %d of them as not mapped; mincore: %s\n", when, faults, missing, outcome(status));
}

static char* map(int fd, std::size_t first_page, int protection) {
  return static_cast<char*>(
      ::mmap(place, kPages * kPage, protection, MAP_PRIVATE | MAP_FIXED, fd, static_cast<off_t>(first_page * kPage)));
}

static bool shows(int fd, std::size_t first_page) {
  char wanted[kPage];
  for (std::size_t page = 0; page < kPages; ++page) {
    if (::pread(fd, wanted, sizeof wanted, static_cast<off_t>((first_page + page) * kPage)) !=
            static_cast<ssize_t>(sizeof wanted) ||
        std::memcmp(place + page * kPage, wanted, sizeof wanted) != 0)
      return false;
  }
  return true;
}

// One life: nothing is there at first, though the one before has left its pages mapped at its end.
static int live() {
  struct sigaction action {};
  action.sa_sigaction = note;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGSEGV, &action, nullptr);
  say_place("at the start");
  const int fd = ::open("/proc/self/exe", O_RDONLY);
  map(fd, 0, PROT_READ);
  say("the beginning of the file: %d\n", shows(fd, 0));
  say_end("a child, which sees it", in_child([&] { return shows(fd, 0) ? 0 : 1; }));
  ::munmap(place, kPages * kPage);
  say_place("unmapped");
  say_end("a child, for which it faults", in_child([] { return look(3) < 0 && look(17) < 0 ? 0 : 1; }));
  ::mmap(place, kPages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  int zero = 0;
  for (std::size_t page = 0; page < kPages; page += 3) zero += look(page) == 0;
  say("anonymous memory: %d pages are zero\n", zero);
  ::munmap(place, 5 * kPage);
  map(fd, 7, PROT_READ | PROT_WRITE);
  say("another part: %d\n", shows(fd, 7));
  place[2 * kPage] = 'x';
  map(fd, 7, PROT_READ);
  say("and without what was written to it: %d\n", shows(fd, 7));
  map(fd, 7, PROT_NONE);
  code = 0;
  const int seen = look(4);
  say("no access: %d, %s\n", seen, code == SEGV_ACCERR ? "SEGV_ACCERR" : "another code");
  map(fd, 0, PROT_READ);
  say("the beginning again: %d\n", shows(fd, 0));
  return 0;
}

static int run() {
  if (arguments[0] != nullptr) return live();
  for (int round = 0; round < kRounds; ++round) {
    say_end("life", in_child([] {
              ::execl(self_path(), "abi_topics", "unmapped_file_pages", "live", nullptr);
              return 1;
            }));
  }
  return 0;
}

static const Topic topic("unmapped_file_pages", run);
