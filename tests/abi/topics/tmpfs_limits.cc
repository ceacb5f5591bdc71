// A tmpfs with a size and a number of inodes (tmpfs(5)): what counts, and what happens at the end of it.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "../topic.h"

using namespace abi;

namespace {

constexpr std::size_t kPage = 4096;

void say_free(const char* what) {
  struct statfs status {};
  ::statfs("small", &status);
  say("%s: %ld of %ld blocks, %ld of %ld inodes are free\n", what, static_cast<long>(status.f_bfree),
      static_cast<long>(status.f_blocks), static_cast<long>(status.f_ffree), static_cast<long>(status.f_files));
}

long remount(const char* options) {
  return ::mount("none", "small", nullptr, MS_REMOUNT, options);
}

void pages() {
  const std::string text(6 * kPage, 'x');
  const int fd = ::open("small/a", O_RDWR | O_CREAT, 0644);
  say("write 6 pages: %ld\n", static_cast<long>(::write(fd, text.data(), text.size())));
  say_free("full");
  say("one byte more: %s\n", outcome(::write(fd, "x", 1)));
  say("in what is there: %ld\n", static_cast<long>(::pwrite(fd, "y", 1, 0)));
  say("a hole: %s\n", outcome(::ftruncate(fd, 100 * kPage)));
  say("in the hole: %s\n", outcome(::pwrite(fd, "x", 1, 50 * kPage)));
  say_end("touch the hole", in_child([&] {
            auto* memory =
                static_cast<volatile char*>(::mmap(nullptr, 100 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
            memory[0] = 'z';
            memory[60 * kPage] = 'z';
            return 0;
          }));
  ::ftruncate(fd, kPage + 1);
  say_free("cut off");
  say("allocate 4 pages: %s\n", outcome(::fallocate(fd, 0, 0, 4 * kPage)));
  say_free("allocated");
  say("allocate 5 pages: %s\n", outcome(::fallocate(fd, 0, 0, 5 * kPage)));
  say_free("not allocated");
  say("a hole punched: %s\n", outcome(::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 2 * kPage)));
  say_free("punched");
  ::unlink("small/a");
  say_free("without a name");
  ::close(fd);
  say_free("gone");
}

void inodes() {
  say_free("empty");
  write_file("small/1", "");
  say("mkdir %s\n", outcome(::mkdir("small/2", 0755)));
  say("symlink %s\n", outcome(::symlink("target", "small/3")));
  say("mkfifo %s\n", outcome(::mkfifo("small/4", 0644)));
  say_free("all");
  say("creat %s\n", outcome(::creat("small/5", 0644)));
  say("mkdir %s\n", outcome(::mkdir("small/5", 0755)));
  say("symlink %s\n", outcome(::symlink("target", "small/5")));
  say("link %s\n", outcome(::link("small/1", "small/5")));
  say("rename %s\n", outcome(::rename("small/1", "small/5")));
  ::unlink("small/4");
  say("link %s\n", outcome(::link("small/5", "small/6")));
  say_free("a second name");
  say("rename over it %s\n", outcome(::rename("small/3", "small/6")));
  say_free("one name less");
}

void remounts() {
  write_file("small/data", std::string(2 * kPage, 'x').c_str());
  say("to less than there is: %s\n", outcome(remount("size=4k")));
  say("to fewer inodes than there are: %s\n", outcome(remount("nr_inodes=2")));
  say("to what there is: %s\n", outcome(remount("size=8k")));
  say_free("full");
  say("to more: %s\n", outcome(remount("size=40k,nr_inodes=20")));
  say_free("larger");
  say("nonsense: %s\n", outcome(remount("size=x")));
}

int run() {
  ::mkdir("small", 0755);
  for (const char* options :
       {"size=x", "size=", "size", "mode=9", "mode=", "uid=x", "nr_inodes=-1", "nothing=1", "size=16k,nothing"}) {
    say("%s: %s\n", options, outcome(::mount("none", "small", "tmpfs", 0, options)));
  }
  say("mount %s\n", outcome(::mount("none", "small", "tmpfs", 0, "size=15k,nr_inodes=5,mode=750,uid=12,gid=13")));
  struct stat status {};
  ::stat("small", &status);
  say("root %o %u %u\n", status.st_mode, status.st_uid, status.st_gid);
  say_free("at first");
  pages();
  inodes();
  ::umount("small");
  say("mount %s\n", outcome(::mount("none", "small", "tmpfs", 0, "size=16k,nr_inodes=8")));
  remounts();
  ::umount("small");
  say("mount %s\n", outcome(::mount("none", "small", "tmpfs", 0, "nr_blocks=3,nr_inodes=1k")));
  say_free("by blocks");
  return 0;
}

const Topic topic("tmpfs_limits", run);

}  // namespace
