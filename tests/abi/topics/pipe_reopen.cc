// Opening a pipe that has no name through /proc/self/fd: at once, whoever has it open, as a new description.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "../topic.h"

using namespace abi;

namespace {

int reopen(int fd, int flags) {
  return ::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), flags);
}

void both_ends() {
  int ends[2];
  ::pipe(ends);
  ::write(ends[1], "one two", 7);
  ::close(ends[1]);
  const int reader = reopen(ends[0], O_RDONLY);
  say("reader with no writer: %s\n", outcome(reader));
  struct stat a, b;
  ::fstat(ends[0], &a), ::fstat(reader, &b);
  say("the same inode: %d\n", a.st_ino == b.st_ino && a.st_dev == b.st_dev);
  char text[16] = {};
  say("read %zd", ::read(reader, text, 3));
  say(" [%s]", text);
  say(" read %zd", ::read(ends[0], text, 16));
  say(" [%.4s]", text);
  say(" read %zd\n", ::read(reader, text, 16));
  const int writer = reopen(ends[0], O_WRONLY);
  say("writer: %s, ", outcome(writer));
  say("write %zd\n", ::write(writer, "back", 4));
  const int again = reopen(ends[0], O_RDONLY | O_NONBLOCK);
  say("flags %x, %x\n", ::fcntl(again, F_GETFL) & O_NONBLOCK, ::fcntl(ends[0], F_GETFL) & O_NONBLOCK);
  say("read %zd, ", ::read(again, text, 16));
  say("then %s\n", outcome(::read(again, text, 16)));
  ::close(writer);
  say("then %zd\n", ::read(again, text, 16));
  ::close(ends[0]), ::close(reader);
  const int lonely = reopen(again, O_WRONLY | O_NONBLOCK);
  say("a writer that does not wait: %s\n", outcome(lonely));
  ::close(again);
  const int nobody = reopen(lonely, O_WRONLY | O_NONBLOCK);
  say("with no reader left: %s\n", outcome(nobody));
  const int two = reopen(lonely, O_RDWR);
  say("both: %s\n", outcome(two));
  ::close(nobody), ::close(lonely), ::close(two);
}

void names() {
  int ends[2];
  ::pipe(ends);
  ::write(ends[1], "text\n", 5);
  const pid_t child = in_child([&] {
    ::dup2(ends[0], 0);
    ::close(ends[0]), ::close(ends[1]);
    ::execl("/bin/cat", "cat", "/dev/stdin", nullptr);
    return 1;
  });
  ::close(ends[0]), ::close(ends[1]);
  say_end("cat /dev/stdin", child);
  const pid_t shell = in_child([] {
    ::execl("/bin/sh", "sh", "-c",
            "echo hi | cat /dev/fd/0; echo b a | tr ' ' '\\n' | sort /dev/stdin; echo 'echo sourced' | . /dev/stdin;"
            "echo three | { cat /dev/fd/3 3<&0; }; echo out | tee /dev/stderr 2>/dev/null; echo x >/dev/stdout | cat",
            nullptr);
    return 1;
  });
  say_end("shell", shell);
}

// A FIFO that has a name still waits for its other end.
void fifo() {
  ::mkfifo("named", 0600);
  const pid_t child = in_child([] {
    const int fd = ::open("named", O_RDONLY);
    char text[8] = {};
    ::read(fd, text, 5);
    say("through the name: [%s]\n", text);
    return 0;
  });
  await_asleep(child);
  const int fd = ::open("named", O_WRONLY);
  ::write(fd, "hello", 5);
  say_end("reader", child);
  say("a writer with nobody: %s\n", outcome(::open("named", O_WRONLY | O_NONBLOCK)));
  ::close(fd);
}

int run() {
  both_ends();
  names();
  fifo();
  return 0;
}

const Topic topic("pipe_reopen", run);

}  // namespace
