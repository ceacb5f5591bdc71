// What a user may do: owner, group and others, directories, set-ids, chown, access.
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "../topic.h"

using namespace abi;

static void as(const char* who, uid_t uid, gid_t gid, const std::function<void()>& body) {
  say_end(who, in_child([&] {
            ::setgroups(0, nullptr);
            if (::setresgid(gid, gid, gid) != 0 || ::setresuid(uid, uid, uid) != 0) {
              say("%s: cannot become %u: %s\n", who, uid, outcome(-1));
              return 1;
            }
            body();
            return 0;
          }));
}

static void try_all(const char* path) {
  say("  %s: read %s", path, outcome(::open(path, O_RDONLY)));
  say(", write %s", outcome(::open(path, O_WRONLY)));
  say(", access x %s\n", outcome(::access(path, X_OK)));
}

static int run() {
  write_file("mode640", "x");
  ::chown("mode640", 100, 200);
  ::chmod("mode640", 0640);
  write_file("mode000", "x");
  ::chown("mode000", 100, 200);
  ::chmod("mode000", 0);
  write_file("mode711", "x");
  ::chmod("mode711", 0711);
  ::mkdir("closed", 0700);
  write_file("closed/file", "x");
  ::mkdir("listable", 0744);
  write_file("listable/file", "x");
  ::mkdir("sticky", 01777);
  ::chmod("sticky", 01777);
  write_file("sticky/roots", "x");
  const auto look = [] {
    for (const char* path : {"mode640", "mode000", "mode711", "closed/file", "listable/file", "sticky/roots"})
      try_all(path);
  };
  as("root", 0, 0, look);
  as("owner", 100, 300, look);
  as("group", 300, 200, look);
  as("other", 300, 300, [&] {
    look();
    say("  chmod of another's file: %s\n", outcome(::chmod("mode640", 0777)));
    say("  chown: %s\n", outcome(::chown("mode711", 300, 300)));
    say("  create in root's directory: %s\n", outcome(::open("new", O_WRONLY | O_CREAT, 0644)));
    say("  create in the sticky one: %s\n", outcome(::open("sticky/mine", O_WRONLY | O_CREAT, 0644)));
    say("  remove root's there: %s\n", outcome(::unlink("sticky/roots")));
    say("  rename root's there: %s\n", outcome(::rename("sticky/roots", "sticky/stolen")));
    say("  remove own: %s\n", outcome(::unlink("sticky/mine")));
    say("  list: %s\n", outcome(::open("listable", O_RDONLY | O_DIRECTORY)));
    say("  chdir: %s\n", outcome(::chdir("listable")));
    say("  become root: %s\n", outcome(::setuid(0)));
    say("  kill the first process: %s\n", outcome(::kill(1, 0)));
  });
  as("owner of a file", 100, 100, [] {
    say("  chmod: %s\n", outcome(::chmod("mode000", 0600)));
    say("  give it away: %s\n", outcome(::chown("mode000", 101, static_cast<gid_t>(-1))));
    say("  to a foreign group: %s\n", outcome(::chown("mode000", static_cast<uid_t>(-1), 777)));
  });

  write_file("setid", "x");
  ::chmod("setid", 06755);
  ::chown("setid", 100, 200);
  struct stat status {};
  ::stat("setid", &status);
  say("chown clears the set-id bits: %o\n", status.st_mode & 07777);
  uid_t real = 1, effective = 1, saved = 1;
  say_end("effective ids", in_child([&] {
            say("seteuid: %s\n", outcome(::seteuid(100)));
            ::getresuid(&real, &effective, &saved);
            say("%u %u %u\n", real, effective, saved);
            say("access asks for the real one: %s, open for the effective: ", outcome(::access("closed/file", R_OK)));
            say("%s\n", outcome(::open("closed/file", O_RDONLY)));
            say("and back: %s\n", outcome(::seteuid(0)));
            return 0;
          }));
  gid_t groups[4] = {5, 6, 7, 8};
  say("setgroups: %s\n", outcome(::setgroups(3, groups)));
  say("getgroups: %d\n", ::getgroups(0, nullptr));
  return 0;
}

static const Topic topic("permissions", run);
