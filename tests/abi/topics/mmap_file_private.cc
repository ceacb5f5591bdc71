// Private file mappings: contents, the tail of the last page, writes that stay private, pages beyond the end.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "../topic.h"

using namespace abi;

static constexpr std::size_t kPage = 4096;

static int run() {
  std::string contents(2 * kPage + 100, '\0');
  for (std::size_t i = 0; i < contents.size(); ++i) contents[i] = static_cast<char>('a' + i % 26);
  write_file("file", contents.c_str());
  const int fd = ::open("file", O_RDONLY);
  char* area = static_cast<char*>(::mmap(nullptr, 4 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
  say("writable private mapping of a read-only descriptor: %s\n", area == MAP_FAILED ? outcome(-1) : "ok");
  say("contents: %s\n", std::memcmp(area, contents.data(), contents.size()) == 0 ? "equal" : "different");
  bool zero = true;
  for (std::size_t i = contents.size(); i < 3 * kPage; ++i) zero = zero && area[i] == 0;
  say("zero after the end: %s\n", zero ? "yes" : "no");
  area[0] = 'X';
  area[3 * kPage - 1] = 'Y';
  char first = 0;
  ::pread(fd, &first, 1, 0);
  struct stat status {};
  ::fstat(fd, &status);
  say("file after a private write: %c, size %ld\n", first, static_cast<long>(status.st_size));
  say("the mapping: %c, %c, %c\n", area[0], area[1], area[3 * kPage - 1]);
  say_end("a page wholly beyond the end", in_child([&] { return area[3 * kPage]; }));

  char* second = static_cast<char*>(::mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE, fd, static_cast<off_t>(kPage)));
  say("at an offset: %s\n", std::memcmp(second, contents.data() + kPage, kPage) == 0 ? "equal" : "different");
  ::close(fd);
  say("after close: %c\n", second[1]);
  ::unlink("file");
  say("after unlink: %c\n", second[2]);

  // The program file itself, from the image: the first bytes of an ELF file, and a private write to them.
  const int self = ::open("/proc/self/exe", O_RDONLY);
  char* program = static_cast<char*>(::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE, self, 0));
  say("program: %.3s\n", program + 1);
  program[1] = 'e';
  char magic[4];
  ::pread(self, magic, 4, 0);
  say("after a private write: %.3s, and the file: %.3s\n", program + 1, magic + 1);

  say("offset not page-aligned: %s\n",
      outcome(::mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE, self, 5) == MAP_FAILED ? -1 : 0));
  say("bad descriptor: %s\n", outcome(::mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE, 999, 0) == MAP_FAILED ? -1 : 0));
  const int directory = ::open(".", O_RDONLY);
  say("a directory: %s\n",
      outcome(::mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE, directory, 0) == MAP_FAILED ? -1 : 0));
  const int write_only = ::open("other", O_WRONLY | O_CREAT, 0644);
  say("write-only: %s\n",
      outcome(::mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE, write_only, 0) == MAP_FAILED ? -1 : 0));
  return 0;
}

static const Topic topic("mmap_file_private", run);
