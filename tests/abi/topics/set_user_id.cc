// execve(2) of set-user-ID and set-group-ID programs: ids, AT_SECURE, what is dumpable, and what forbids it.
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "../topic.h"

using namespace abi;

namespace {

// Run as the other program.
int tell(const char* what) {
  uid_t ids[3];
  gid_t groups[3];
  ::getresuid(&ids[0], &ids[1], &ids[2]);
  ::getresgid(&groups[0], &groups[1], &groups[2]);
  int death_signal = -1;
  ::prctl(PR_GET_PDEATHSIG, &death_signal);
  say("  %s: uid %u %u %u fs %ld, gid %u %u %u fs %ld", what, ids[0], ids[1], ids[2], ::syscall(SYS_setfsuid, -1),
      groups[0], groups[1], groups[2], ::syscall(SYS_setfsgid, -1));
  say(", auxv %lu %lu %lu %lu secure %lu", ::getauxval(AT_UID), ::getauxval(AT_EUID), ::getauxval(AT_GID),
      ::getauxval(AT_EGID), ::getauxval(AT_SECURE));
  say(", dumpable %d, dies with its parent %d\n", ::prctl(PR_GET_DUMPABLE), death_signal);
  return 0;
}

void copy_program(const char* path, uid_t uid, gid_t gid, mode_t mode) {
  char buffer[65536];
  const int in = ::open(self_path(), O_RDONLY);
  const int out = ::open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);
  for (ssize_t size; (size = ::read(in, buffer, sizeof buffer)) > 0;) {
    if (::write(out, buffer, static_cast<std::size_t>(size)) != size) say("%s: %s\n", path, outcome(-1));
  }
  ::fchown(out, uid, gid);
  ::fchmod(out, mode);
  ::close(in);
  ::close(out);
}

void run_it(const char* what, const char* path, uid_t uid, gid_t gid) {
  say_end(what, in_child([&] {
            ::setgroups(0, nullptr);
            ::setresgid(gid, gid, gid);
            ::setresuid(uid, uid, uid);
            ::prctl(PR_SET_PDEATHSIG, SIGUSR1);
            ::execl(path, "abi_topics", "set_user_id", "told", nullptr);
            say("  %s\n", outcome(-1));
            return 1;
          }));
}

int run() {
  if (arguments[0] != nullptr) return tell("program");

  ::mkdir("programs", 0755);
  say("mount %s\n", outcome(::mount("programs", "programs", "tmpfs", 0, "mode=755")));
  ::chdir("programs");
  copy_program("plain", 0, 0, 0755);
  copy_program("secret", 0, 0, 0711);
  copy_program("root", 0, 0, 04755);
  copy_program("user", 1001, 1001, 04755);
  copy_program("group", 0, 1002, 02755);
  copy_program("both", 1001, 1002, 06755);
  copy_program("locking", 0, 1002, 02745);
  write_file("script", "#!./root set_user_id\n", 0755);
  ::chmod("script", 06755);
  for (const char* path : {"plain", "secret", "root", "user", "group", "both", "locking"}) {
    say("%s\n", path);
    run_it(" user", path, 1000, 1000);
    run_it(" its owner", path, 1001, 1001);
    run_it(" root", path, 0, 0);
  }
  say("script\n");
  run_it(" user", "script", 1000, 1000);
  write_file("plain-script", "#!./plain set_user_id\n", 0755);
  ::chmod("plain-script", 06755);
  run_it(" a script with the bits", "plain-script", 1000, 1000);

  say_end("ids that differ already", in_child([] {
            ::setresgid(5, 6, 7);
            ::setresuid(8, 9, 10);
            ::execl("plain", "abi_topics", "set_user_id", "told", nullptr);
            return 1;
          }));
  say_end("root as a user", in_child([] {
            ::setresuid(0, 1000, 0);
            ::execl("plain", "abi_topics", "set_user_id", "told", nullptr);
            return 1;
          }));
  say_end("no new privileges", in_child([] {
            ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            ::setresuid(1000, 1000, 1000);
            ::execl("root", "abi_topics", "set_user_id", "told", nullptr);
            return 1;
          }));
  say_end("a shared root directory", in_child([] {
            static char stack[65536];
            const pid_t other = ::clone(
                [](void*) -> int {
                  ::pause();
                  return 0;
                },
                stack + sizeof stack, CLONE_FS | CLONE_VM, nullptr);
            const pid_t child = ::vfork();
            if (child == 0) ::_exit(0);
            ::waitpid(child, nullptr, 0);
            ::setresuid(1000, 1000, 1000);
            const pid_t sharer =
                static_cast<pid_t>(::syscall(SYS_clone, CLONE_FS | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
            if (sharer == 0) {
              ::execl("root", "abi_topics", "set_user_id", "told", nullptr);
              ::_exit(1);
            }
            int status = 0;
            ::waitpid(sharer, &status, 0);
            ::kill(other, SIGKILL);
            return WEXITSTATUS(status);
          }));
  say("remount %s\n", outcome(::mount(nullptr, ".", nullptr, MS_REMOUNT | MS_BIND | MS_NOSUID, nullptr)));
  run_it(" root's, where it does not count", "root", 1000, 1000);
  return 0;
}

const Topic topic("set_user_id", run);

}  // namespace
