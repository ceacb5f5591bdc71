// POSIX message queues: RLIMIT_MSGQUEUE, the limits in /proc/sys/fs/mqueue, and who may open and remove a queue.
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <mqueue.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "../topic.h"

using namespace abi;

static mqd_t make(const char* name, long messages, long size, mode_t mode = 0600) {
  struct mq_attr attributes {};
  attributes.mq_maxmsg = messages;
  attributes.mq_msgsize = size;
  return ::mq_open(name, O_RDWR | O_CREAT | O_EXCL, mode, &attributes);
}

static const char* attempt(long messages, long size) {
  const mqd_t queue = make("/try", messages, size);
  const int error = errno;
  if (queue >= 0) {
    ::mq_close(queue);
    ::mq_unlink("/try");
  }
  errno = error;
  return outcome(queue);
}

static std::string contents(const std::string& name) {
  char text[64] = "";
  const int fd = ::open(("/proc/sys/fs/mqueue/" + name).c_str(), O_RDONLY);
  ::read(fd, text, sizeof text - 1);
  ::close(fd);
  return text;
}

static const char* store(const std::string& name, const char* text) {
  const int fd = ::open(("/proc/sys/fs/mqueue/" + name).c_str(), O_WRONLY);
  if (fd < 0) return outcome(fd);
  const ssize_t written = ::write(fd, text, std::strlen(text));
  ::close(fd);
  return outcome(written);
}

static void set_limit(rlim_t bytes) {
  const struct rlimit limit { bytes, bytes };
  ::setrlimit(RLIMIT_MSGQUEUE, &limit);
}

static void without_privileges() {
  set_limit(819200);
  ::setuid(fresh_user());
  say("shapes: 0 %s, no size %s, negative %s %s", attempt(0, 1), attempt(1, 0), attempt(-1, 1), attempt(1, -1));
  say(", largest %s, more %s, larger %s\n", attempt(10, 8192), attempt(11, 8192), attempt(10, 8193));
  int count = 0;
  while (make(("/l" + std::to_string(count)).c_str(), 10, 8192) >= 0) ++count;
  say("default queues: %d %s", count, outcome(-1));
  ::mq_unlink("/l0");
  say(", unlinked but open %s", attempt(10, 8192));
  // What is left: 819200 - 9 * (10 * (8192 + 48 + 48)).
  long messages = 10;
  const auto fits = [&](long size) { return std::strcmp(attempt(messages, size), "ok") == 0; };
  long low = 1, high = 8192;
  while (low < high) {
    const long middle = (low + high + 1) / 2;
    if (fits(middle)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  say(", what fits still: %ld bytes\n", fits(low) ? low : 0);
  for (int i = 0; i < count; ++i) ::mq_unlink(("/l" + std::to_string(i)).c_str());
}

static void permissions() {
  ::umask(0);
  ::mq_close(make("/mode", 1, 10, 0642));
  ::mq_close(make("/other", 1, 10, 0666));
  const struct {
    const char* what;
    uid_t uid;
    gid_t gid;
  } users[] = {{"group", 1000, 0}, {"other", 1000, 1}};
  for (const auto& user : users) {
    say_end(user.what, in_child([&] {
              ::setgroups(0, nullptr);
              ::setresgid(user.gid, user.gid, user.gid);
              ::setresuid(user.uid, user.uid, user.uid);
              for (const int flags : {O_RDONLY, O_WRONLY, O_RDWR}) say(" %s", outcome(::mq_open("/mode", flags)));
              say(", unlink %s", outcome(::mq_unlink("/other")));
              const mqd_t own = make("/own", 1, 10, 04755);
              struct stat st {};
              ::fstat(own, &st);
              say(", own %o %d %d, unlink %s\n", st.st_mode, st.st_uid, st.st_gid, outcome(::mq_unlink("/own")));
              return 0;
            }));
  }
  ::umask(027);
  const mqd_t queue = make("/masked", 1, 10, 0777);
  struct stat st {};
  ::fstat(queue, &st);
  say("umask: %o\n", st.st_mode);
  ::mq_unlink("/masked");
  ::mq_unlink("/mode");
  ::mq_unlink("/other");
}

static void limits() {
  for (const char* name : {"msg_default", "msg_max", "msgsize_default", "msgsize_max", "queues_max"}) {
    struct stat st {};
    ::stat((std::string("/proc/sys/fs/mqueue/") + name).c_str(), &st);
    const std::string before = contents(name);
    say("%s %o: %s", name, st.st_mode, before.c_str());
    for (const char* text : {"0", "1", "x", "127", "128", "65536", "65537", "16777216", "16777217"})
      say(" %s %s", text, store(name, text));
    say("\n now %s", contents(name).c_str());
    store(name, before.c_str());
  }
  store("msg_default", "3");
  store("msgsize_default", "1000");
  struct mq_attr attributes {};
  mqd_t queue = ::mq_open("/d", O_RDWR | O_CREAT, 0600, nullptr);
  ::mq_getattr(queue, &attributes);
  say("defaults: %ld %ld", attributes.mq_maxmsg, attributes.mq_msgsize);
  ::mq_close(queue), ::mq_unlink("/d");
  store("msg_max", "2");
  store("msgsize_max", "500");
  queue = ::mq_open("/d", O_RDWR | O_CREAT, 0600, nullptr);
  ::mq_getattr(queue, &attributes);
  say(", not above the maximum: %ld %ld\n", attributes.mq_maxmsg, attributes.mq_msgsize);
  ::mq_close(queue), ::mq_unlink("/d");
  store("queues_max", "2");
  say_end("two queues", in_child([] {
            ::setuid(1000);
            say("max: %s %s %s", attempt(2, 500), attempt(3, 500), attempt(2, 501));
            say(", %s", outcome(make("/1", 1, 1)));
            say(" %s", outcome(make("/2", 1, 1)));
            say(" %s\n", outcome(make("/3", 1, 1)));
            ::mq_unlink("/1"), ::mq_unlink("/2");
            say("%s\n", store("queues_max", "100"));
            return 0;
          }));
}

static int run() {
  say_end("user", in_child([] {
            without_privileges();
            return 0;
          }));
  permissions();
  limits();
  say_end("no bytes", in_child([] {
            set_limit(96);
            ::setuid(fresh_user());
            say("%s", attempt(1, 1));
            say("\n");
            return 0;
          }));
  set_limit(97);
  ::setuid(fresh_user());
  say("97: %s %s\n", attempt(1, 1), attempt(1, 2));
  return 0;
}

static const Topic topic("mqueue_limits", run);
