// Names that were looked up before, found or not found, after the tree has changed: what the kernel remembers of them must
// never be seen.
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "../topic.h"

namespace abi {
namespace {

const char* there(const char* path) {
  struct stat status;
  return outcome(::lstat(path, &status));
}

void made_and_removed() {
  say("before: %s\n", there("a"));
  write_file("a", "1");
  say("made: %s\n", there("a"));
  ::link("a", "b");
  ::unlink("a");
  say("unlinked: %s, its other name: %s\n", there("a"), there("b"));
  ::symlink("b", "a");
  say("a link: %s\n", there("a"));
  write_file("c", "2");
  ::rename("c", "a");
  say("renamed over: %s, %s\n", there("a"), there("c"));
  ::rename("b", "c");
  say("renamed: %s, %s\n", there("b"), there("c"));
  ::renameat2(AT_FDCWD, "a", AT_FDCWD, "c", 2 /* RENAME_EXCHANGE */);
  say("exchanged: %s, %s\n", there("a"), there("c"));
  const int unnamed = ::open(".", O_TMPFILE | O_RDWR, 0600);
  say("linked from nowhere: %s\n", outcome(::linkat(AT_FDCWD, ("/proc/self/fd/" + std::to_string(unnamed)).c_str(),
                                                    AT_FDCWD, "b", AT_SYMLINK_FOLLOW)));
  say("there: %s\n", there("b"));
}

void directories() {
  ::mkdir("d", 0700);
  say("in it: %s\n", there("d/x"));
  write_file("d/x", "");
  ::mkdir("d/e", 0700);
  say("deep: %s %s\n", there("d/x"), there("d/e/y"));
  ::rename("d", "f");
  say("moved: %s %s %s\n", there("d/x"), there("f/x"), there("f/e/y"));
  ::mkdir("d", 0700);
  say("a new one: %s %s\n", there("d/x"), there("d/e"));
  const int inside = ::open("f/e", O_DIRECTORY);
  say("removed: %s\n", outcome(::rmdir("f/e")));
  say("inside: %s, make: %s\n", outcome(::faccessat(inside, "y", F_OK, 0)), outcome(::mkdirat(inside, "y", 0700)));
  ::mkdir("f/e", 0700);
  say("made again: %s, inside: %s\n", there("f/e/y"), outcome(::faccessat(inside, "y", F_OK, 0)));
  say("permission: %s\n", outcome(::chmod("f", 0)));
  if (const pid_t child = in_child([] {
        ::setuid(12345);
        say("others: %s\n", there("f/x"));
        return 0;
      }))
    say_end("child", child);
  ::chmod("f", 0700);
}

void mounts() {
  ::mkdir("m", 0700);
  write_file("m/under", "");
  say("under: %s, over: %s\n", there("m/under"), there("m/over"));
  say("mount: %s\n", outcome(::mount("t", "m", "tmpfs", 0, nullptr)));
  say("under: %s, over: %s\n", there("m/under"), there("m/over"));
  write_file("m/over", "");
  ::mkdir("m/deep", 0700);
  ::mkdir("m/deep/er", 0700);
  say("deep: %s, %s\n", there("m/deep/er"), there("m/deep/er/x"));
  ::mkdir("n", 0700);
  say("bind: %s\n", outcome(::mount("m/deep", "n", nullptr, MS_BIND, nullptr)));
  say("bound: %s, %s\n", there("n/er"), there("n/x"));
  write_file("m/deep/x", "");
  say("seen: %s\n", there("n/x"));
  say("unmount: %s\n", outcome(::umount2("m", MNT_DETACH)));
  say("bound: %s, under: %s, over: %s\n", there("n/er/y"), there("m/under"), there("m/over"));
  say("unmount: %s\n", outcome(::umount("n")));
  say("gone: %s\n", there("n/er"));
}

void processes() {
  const pid_t child = in_child([] {
    ::pause();
    return 0;
  });
  const std::string path = "/proc/" + std::to_string(child) + "/fd/0";
  struct stat status;
  say("process: %s\n", outcome(::lstat(path.c_str(), &status)));
  ::kill(child, 9);
  say_end("process", child);
  say("process: %s\n", outcome(::lstat(path.c_str(), &status)));
}

// Names of files with contents are looked up, and the files removed: their memory is free at once, whatever is remembered.
void memory() {
  constexpr std::size_t kSize = 1 << 20;
  ::mkdir("big", 0700);
  ::mount("t", "big", "tmpfs", 0, nullptr);
  const std::vector<char> text(kSize, 'x');  // before it is asked what is free: that may be all memory
  struct statfs before, after;
  ::statfs("big", &before);
  for (int round = 0; round < 3; ++round) {
    const int file = ::open("big/f", O_CREAT | O_RDWR, 0600);
    ::write(file, text.data(), text.size());
    ::close(file);
    there("big/f");
    if (round == 0) ::unlink("big/f");
    if (round == 1) ::rename("big/f", "big/g"), there("big/g"), ::unlink("big/g");
    if (round == 2) write_file("big/g", ""), there("big/g"), ::rename("big/g", "big/f");
  }
  ::statfs("big", &after);
  say("free again: %s\n",
      (before.f_bfree - after.f_bfree) * 4096 < kSize / 2 || after.f_bfree > before.f_bfree ? "yes" : "no");
  ::umount2("big", MNT_DETACH);
}

// Several at once in the same directories: each name is made by one of them, and no rename is lost.
void together() {
  ::mkdir("p", 0700);
  ::mkdir("p/q", 0700);
  std::atomic<int> made = 0, moved = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 40; ++i) {
        const std::string name = "p/n" + std::to_string(i), inner = "p/q/n" + std::to_string(i);
        const int file = ::open(name.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600);
        if (file >= 0) ++made, ::close(file);
        if (thread % 2 == 0 && ::rename(name.c_str(), inner.c_str()) == 0) ++moved;
        if (thread % 2 == 1 && ::rename(inner.c_str(), name.c_str()) == 0) --moved;
        if (i % 16 == 0) ::sched_yield();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  int outer = 0, inner = 0;
  for (int i = 0; i < 40; ++i) {
    outer += strcmp(there(("p/n" + std::to_string(i)).c_str()), "ok") == 0;
    inner += strcmp(there(("p/q/n" + std::to_string(i)).c_str()), "ok") == 0;
  }
  say("each is somewhere: %s\n", outer + inner >= 40 && made >= 40 ? "yes" : "no");
}

int run() {
  made_and_removed();
  directories();
  mounts();
  processes();
  memory();
  together();
  return 0;
}

const Topic topic("names_kept", run);

}  // namespace
}  // namespace abi
