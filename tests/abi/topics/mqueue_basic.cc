// POSIX message queues: opening and removing, priorities, waiting, attributes, poll(2), and the file of a queue.
#include <dirent.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <set>
#include <string>

#include "../answers.h"
#include "../topic.h"

using namespace abi;

static std::string receive(mqd_t queue, std::size_t size = 8192, const struct timespec* timeout = nullptr) {
  static char buffer[70000];
  unsigned priority = 0;
  const long length = ::syscall(SYS_mq_timedreceive, queue, buffer, size, &priority, timeout);
  if (length < 0) return outcome(length);
  return std::to_string(priority) + "=" + std::string(buffer, static_cast<std::size_t>(length)).substr(0, 20);
}

static const char* send(mqd_t queue, unsigned priority, const std::string& text,
                        const struct timespec* timeout = nullptr) {
  return outcome(::syscall(SYS_mq_timedsend, queue, text.data(), text.size(), priority, timeout));
}

static void say_attributes(const char* what, mqd_t queue) {
  struct mq_attr attributes {};
  const int result = ::mq_getattr(queue, &attributes);
  say("%s: %s flags %lo most %ld size %ld now %ld\n", what, outcome(result), attributes.mq_flags, attributes.mq_maxmsg,
      attributes.mq_msgsize, attributes.mq_curmsgs);
}

static void opening() {
  struct mq_attr attributes {};
  attributes.mq_maxmsg = 4;
  attributes.mq_msgsize = 100;
  say("absent: %s", outcome(::mq_open("/q", O_RDWR)));
  const mqd_t queue = ::mq_open("/q", O_RDWR | O_CREAT | O_EXCL, 0640, &attributes);
  say(", made %s", outcome(queue));
  say(", exclusive %s", outcome(::mq_open("/q", O_RDWR | O_CREAT | O_EXCL, 0600, nullptr)));
  attributes.mq_maxmsg = -1;
  const mqd_t again = ::mq_open("/q", O_RDONLY | O_CREAT | O_NONBLOCK, 0600, &attributes);
  say(", again %s\n", outcome(again));
  say_attributes("queue", queue);
  say_attributes("again", again);
  say("flags: %o %o cloexec %d\n", ::fcntl(queue, F_GETFL), ::fcntl(again, F_GETFL), ::fcntl(queue, F_GETFD));
  for (const char* name : {"", ".", "..", "a/b", "/q"})
    say("'%s': %s\n", name, outcome(::syscall(SYS_mq_open, name, O_RDWR | O_CREAT, 0600, nullptr)));
  const std::string longest(255, 'n');
  const long named = ::syscall(SYS_mq_open, longest.c_str(), O_RDWR | O_CREAT, 0600, nullptr);
  say("longest name: %s, longer %s, removed %s\n", outcome(named),
      outcome(::syscall(SYS_mq_open, (longest + "n").c_str(), O_RDWR | O_CREAT, 0600, nullptr)),
      outcome(::syscall(SYS_mq_unlink, longest.c_str())));
  say("nowhere: %s %s, access mode %s\n", outcome(::syscall(SYS_mq_open, nullptr, O_RDWR, 0, nullptr)),
      outcome(::syscall(SYS_mq_open, "x", O_RDWR | O_CREAT, 0600, 1)),
      outcome(::syscall(SYS_mq_open, "q", 3, 0, nullptr)));
  say("read-only: send %s, write-only: ", send(again, 0, "x"));
  const mqd_t writer = ::mq_open("/q", O_WRONLY);
  say("receive %s\n", receive(writer).c_str());
  say("no queue: %s %s %s\n", send(0, 0, "x"), receive(1).c_str(), outcome(::mq_getattr(99, &attributes)));
  ::mq_close(again);
  ::mq_close(writer);
  ::close(static_cast<int>(named));

  struct stat st {};
  ::fstat(queue, &st);
  say("file: mode %o links %lu size %ld\n", st.st_mode, st.st_nlink, st.st_size);
  struct statfs fs {};
  ::fstatfs(queue, &fs);
  say("file system: %lx\n", static_cast<unsigned long>(fs.f_type));
  char link[300] = "";
  ::readlink(("/proc/self/fd/" + std::to_string(queue)).c_str(), link, sizeof link - 1);
  say("descriptor: %s\n", link);
  say("unlink: %s", outcome(::mq_unlink("/q")));
  say(", again %s, still usable %s", outcome(::mq_unlink("/q")), send(queue, 1, "here"));
  say(" %s", receive(queue).c_str());
  ::fstat(queue, &st);
  say(", links %lu\n", st.st_nlink);
  ::mq_close(queue);
}

static void messages() {
  struct mq_attr attributes {};
  attributes.mq_maxmsg = 8;
  attributes.mq_msgsize = 50;
  const mqd_t queue = ::mq_open("/m", O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attributes);
  say("empty: %s", receive(queue).c_str());
  const struct {
    unsigned priority;
    const char* text;
  } all[] = {{1, "a"}, {5, "b"}, {5, "c"}, {0, ""}, {32767, "d"}, {1, "e"}, {5, "f"}};
  for (const auto& one : all) send(queue, one.priority, one.text);
  say(", too high %s, too large %s", send(queue, 32768, "x"), send(queue, 0, std::string(51, 'x')));
  say(", largest %s, full %s\n", send(queue, 2, std::string(50, 'g')), send(queue, 9, "x"));
  say_attributes("full", queue);
  say("in order:");
  say(" (too small %s)", receive(queue, 49).c_str());
  for (int i = 0; i < 9; ++i) say(" %s", receive(queue, 50).c_str());
  say("\n");
  send(queue, 3, "lost");
  say("nowhere: %s", outcome(::syscall(SYS_mq_timedreceive, queue, nullptr, 50, nullptr, nullptr)));
  say(", then %s", receive(queue).c_str());
  say(", sent from nowhere %s\n", outcome(::syscall(SYS_mq_timedsend, queue, nullptr, 5, 0, nullptr)));

  attributes.mq_flags = O_APPEND;
  struct mq_attr old {};
  say("set: wrong %s", outcome(::mq_setattr(queue, &attributes, nullptr)));
  attributes.mq_flags = 0;
  attributes.mq_maxmsg = 99;
  say(", blocking %s flags %lo", outcome(::mq_setattr(queue, &attributes, &old)), old.mq_flags);
  say_attributes("", queue);
  struct timespec time {
    1, 0
  };
  say("long ago: %s", receive(queue, 50, &time).c_str());
  time = {1, 1'000'000'000};
  say(", wrong %s", receive(queue, 50, &time).c_str());
  time = {-1, 0};
  say(" %s", receive(queue, 50, &time).c_str());
  ::clock_gettime(CLOCK_REALTIME, &time);
  time.tv_nsec += 20'000'000;
  if (time.tv_nsec >= 1'000'000'000) time = {time.tv_sec + 1, time.tv_nsec - 1'000'000'000};
  say(", soon %s", receive(queue, 50, &time).c_str());
  for (int i = 0; i < 8; ++i) send(queue, 0, "x");
  say(", full %s\n", send(queue, 0, "x", &time));
  ::mq_close(queue);
  ::mq_unlink("/m");
}

static void waiting() {
  ::pipe(answers);
  struct mq_attr attributes {};
  attributes.mq_maxmsg = 2;
  attributes.mq_msgsize = 20;
  const mqd_t queue = ::mq_open("/w", O_RDWR | O_CREAT, 0600, &attributes);
  for (int i = 1; i <= 2; ++i) waiter(i, [&] { return receive(queue); });
  say("receivers:");
  send(queue, 1, "one");
  say_answers(1);
  send(queue, 1, "two");
  say_answers(1);
  send(queue, 4, "first"), send(queue, 2, "second");
  waiter(1, [&] { return std::string(send(queue, 1, "low")); });
  waiter(2, [&] { return std::string(send(queue, 9, "high")); });
  say("senders: received %s,", receive(queue).c_str());
  say_answers(1);
  say("received %s,", receive(queue).c_str());
  say_answers(1);
  say("left %s %s\n", receive(queue).c_str(), receive(queue).c_str());
  say_attributes("empty", queue);
  for (const bool restart : {false, true}) {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    action.sa_flags = restart ? SA_RESTART : 0;
    ::sigaction(SIGUSR1, &action, nullptr);
    const pid_t child = waiter(1, [&] { return receive(queue); });
    ::kill(child, SIGUSR1);
    if (restart) {
      await_asleep(child);
      send(queue, 1, "late");
    }
    say("a handler:");
    say_answers(1);
  }
  ::mq_close(queue);
  ::mq_unlink("/w");
}

static void say_ready(mqd_t queue) {
  struct pollfd item {
    queue, POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM, 0
  };
  const int count = ::poll(&item, 1, 0);
  fd_set readable, writable;
  FD_ZERO(&readable);
  FD_ZERO(&writable);
  FD_SET(queue, &readable), FD_SET(queue, &writable);
  struct timeval none {};
  const int selected = ::select(queue + 1, &readable, &writable, nullptr, &none);
  say(" %d:%x/%d", count, item.revents, selected);
}

static void polling() {
  struct mq_attr attributes {};
  attributes.mq_maxmsg = 2;
  attributes.mq_msgsize = 20;
  const mqd_t queue = ::mq_open("/p", O_RDWR | O_CREAT, 0600, &attributes);
  say("ready:");
  say_ready(queue);
  send(queue, 0, "x");
  say_ready(queue);
  send(queue, 0, "x");
  say_ready(queue);
  receive(queue), receive(queue);
  say("\npoll waits:");
  waiter(1, [&] {
    struct pollfd item {
      queue, POLLIN, 0
    };
    ::poll(&item, 1, -1);
    return std::to_string(item.revents);
  });
  send(queue, 0, "x");
  say_answers(1);
  send(queue, 0, "x");
  waiter(1, [&] {
    struct pollfd item {
      queue, POLLOUT, 0
    };
    ::poll(&item, 1, -1);
    return std::to_string(item.revents);
  });
  receive(queue);
  say("for room:");
  say_answers(1);
  ::mq_close(queue);
  ::mq_unlink("/p");
}

static void file() {
  struct statfs fs {};
  say("/dev/mqueue: %s", outcome(::statfs("/dev/mqueue", &fs)));
  say(" %lx flags %lx\n", static_cast<unsigned long>(fs.f_type), static_cast<unsigned long>(fs.f_flags));
  ::mkdir("queues", 0755);
  say("mount: %s", outcome(::mount("mqueue", "queues", "mqueue", 0, nullptr)));
  struct stat st {};
  ::stat("queues", &st);
  say(", mode %o size %ld links %lu\n", st.st_mode, st.st_size, st.st_nlink);
  struct mq_attr attributes {};
  attributes.mq_maxmsg = 5;
  attributes.mq_msgsize = 100;
  const mqd_t queue = ::mq_open("/seen", O_RDWR | O_CREAT, 0600, &attributes);
  send(queue, 1, "12345"), send(queue, 1, "678");
  const int fd = ::open("queues/seen", O_RDWR);
  char text[200] = "";
  long length = ::read(fd, text, sizeof text);
  say("read: %ld %s", length, text);
  length = ::pread(queue, text, 9, 3);
  say("a part: %ld %.*s", length, static_cast<int>(length), text);
  say(", at the end %zd, write %s, seek %ld, sync %s\n", ::read(fd, text, sizeof text), outcome(::write(fd, "x", 1)),
      static_cast<long>(::lseek(fd, 0, SEEK_END)), outcome(::fsync(fd)));
  say("it is a queue: %s %s\n", receive(fd).c_str(), receive(queue).c_str());
  ::close(fd);
  const int made = ::open("queues/made", O_RDWR | O_CREAT, 0644);
  say("made by open: %s", outcome(made));
  say_attributes("", made);
  say("directory: %s, link %s, rename %s, symlink %s, FIFO %s\n", outcome(::mkdir("queues/d", 0755)),
      outcome(::link("queues/made", "queues/other")), outcome(::rename("queues/made", "queues/other")),
      outcome(::symlink("made", "queues/other")), outcome(::mkfifo("queues/f", 0600)));
  ::stat("queues", &st);
  say("size %ld\n", st.st_size);
  std::set<std::string> names;
  DIR* directory = ::opendir("queues");
  while (const struct dirent* entry = ::readdir(directory)) names.insert(entry->d_name);
  ::closedir(directory);
  say("names:");
  for (const std::string& name : names) say(" %s", name.c_str());
  say("\nchmod: %s", outcome(::chmod("queues/seen", 0421)));
  ::stat("queues/seen", &st);
  say(" %o, truncate %s", st.st_mode, outcome(::truncate("queues/seen", 10)));
  ::stat("queues/seen", &st);
  say(" %ld\n", st.st_size);
  say("unlink: %s", outcome(::unlink("queues/made")));
  say(" %s, by name %s", outcome(::mq_unlink("/seen")), outcome(::access("queues/seen", F_OK)));
  say(" %s\n", outcome(::mq_open("/made", O_RDWR)));
  ::close(made);
  ::mkdir("second", 0755);
  ::mount("mqueue", "second", "mqueue", 0, nullptr);
  ::close(::open("queues/both", O_RDWR | O_CREAT, 0600));
  const int kept = ::open("second/both", O_RDONLY);
  say("both: %s, removed %s, then %s\n", outcome(kept), outcome(::unlink("queues/both")),
      outcome(::access("second/both", F_OK)));
  ::close(kept);
  say("umount: %s %s\n", outcome(::umount("queues")), outcome(::umount("second")));
  ::mq_close(queue);
}

static int run() {
  opening();
  messages();
  waiting();
  polling();
  file();
  return 0;
}

static const Topic topic("mqueue_basic", run);
