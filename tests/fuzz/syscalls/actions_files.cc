// Programs that are executed, /proc that is read from end to end, and trees of directories and mounts that are deep.
#include <elf.h>
#include <fcntl.h>
#include <sys/mount.h>

#include "tests/fuzz/syscalls/actions.h"
#include "tests/fuzz/syscalls/raw.h"
#include "tests/fuzz/syscalls/worker.h"

namespace fuzz {
namespace {

constexpr std::uint64_t kHere = static_cast<std::uint64_t>(AT_FDCWD);

// A program that only exits, or whose headers say what none should.
struct Program {
  Elf64_Ehdr header;
  Elf64_Phdr segments[4];
  char interpreter[32];
  unsigned char code[16];
};

void fill_program(Worker& worker, Program& program) {
  Random& random = worker.random();
  Values& values = worker.values();
  auto* bytes = reinterpret_cast<unsigned char*>(&program);
  for (std::size_t index = 0; index < sizeof program; ++index) bytes[index] = 0;
  constexpr unsigned char kIdentity[] = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT};
  for (std::size_t index = 0; index < sizeof kIdentity; ++index) program.header.e_ident[index] = kIdentity[index];
  constexpr unsigned char kExit[] = {0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05, 0x0f, 0x0b};
  for (std::size_t index = 0; index < sizeof kExit; ++index) program.code[index] = kExit[index];
  constexpr std::uint64_t kBase = 0x60'0000'0000;
  Elf64_Ehdr& header = program.header;
  header.e_type = random.one_in(3) ? ET_DYN : ET_EXEC;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_entry = kBase + offsetof(Program, code);
  header.e_phoff = sizeof(Elf64_Ehdr);
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = static_cast<Elf64_Half>(1 + random.below(4));
  program.segments[0] = {PT_LOAD, PF_R | PF_X, 0, kBase, kBase, sizeof(Program), sizeof(Program), kPage};
  program.segments[1] = {PT_LOAD, PF_R | PF_W, 0, kBase + 4 * kPage, kBase, 64, 64 + random.below(8 * kPage), kPage};
  program.segments[2] = {PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, random.one_in(2) ? values.number() : 0, 16};
  program.segments[3] = {PT_NOTE, PF_R, 0, 0, 0, 64, 64, 4};
  if (random.one_in(3)) {
    program.segments[1] = {PT_INTERP, PF_R, offsetof(Program, interpreter), 0, 0, sizeof program.interpreter, 0, 1};
    const char* path = random.one_of({"exe", "file", "/proc/self/exe", "run", ".", ""});
    program.segments[1].p_filesz = 1;
    for (int index = 0; path[index] != '\0'; ++index, ++program.segments[1].p_filesz)
      program.interpreter[index] = path[index];
  }
  // Some fields anything. Where it says an address, user code would be there with nothing in between.
  for (std::uint64_t count = random.below(3); count > 0; --count) {
    Elf64_Phdr& segment = program.segments[random.below(4)];
    std::uint64_t* const fields[] = {&segment.p_offset, &segment.p_vaddr, &segment.p_filesz, &segment.p_memsz,
                                     &segment.p_align};
    switch (random.below(4)) {
      case 0:
        header.e_entry = values.word();
        break;
      case 1:
        bytes[random.below(sizeof(Elf64_Ehdr))] = static_cast<unsigned char>(random.next());
        header.e_entry = for_own_use(worker.world(), header.e_entry);
        break;
      default:
        *random.one_of(fields) = values.word();
    }
  }
  if (random.one_in(4)) program.segments[random.below(4)].p_type = static_cast<Elf64_Word>(random.below(9));
}

void write_whole(const char* path, const void* data, std::uint64_t size) {
  const long fd =
      raw(SYS_openat, kHere, address_of(path), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, 0755);
  if (fd < 0) return;
  raw(SYS_write, static_cast<std::uint64_t>(fd), address_of(data), size);
  raw(SYS_close, static_cast<std::uint64_t>(fd));
}

}  // namespace

void execute_something(Worker& worker) {
  Random& random = worker.random();
  Values& values = worker.values();
  const char* path = "exe";
  switch (random.below(6)) {
    case 0: {
      static const char script[] = "#!./exe a\n";
      write_whole("run", script, sizeof script - 1);
      path = "run";
      break;
    }
    case 1: {
      static const char script[] = "#!./run\n";  // for ever
      write_whole("run", script, sizeof script - 1);
      path = "run";
      break;
    }
    case 2: {
      worker.begin(SYS_execve, {values.path(), values.strings(8), values.strings(8), 0, 0, 0});
      break;
    }
    default: {
      Program program;
      fill_program(worker, program);
      write_whole("exe", &program, random.one_in(8) ? random.below(sizeof program) : sizeof program);
    }
  }
  const std::uint64_t arguments = values.strings(random.one_in(10) ? 500 : 6), environment = values.strings(6);
  if (random.one_in(4)) {
    worker.begin(SYS_execveat,
                 {random.one_in(2) ? kHere : random.below(24), random.one_in(4) ? address_of("") : address_of(path),
                  arguments, environment, random.one_of({0ull, 0x1000ull, 0x100ull}), 0});
    worker.end(
        raw(SYS_execveat, kHere, address_of(path), arguments, environment, random.one_of({0ull, 0x1000ull, 0x100ull})));
  } else {
    worker.begin(SYS_execve, {address_of(path), arguments, environment, 0, 0, 0});
    worker.end(raw(SYS_execve, address_of(path), arguments, environment));
  }
}

// Reads what /proc has of a process, some of it while the process changes or ends.
void walk_proc(Worker& worker) {
  Random& random = worker.random();
  static constexpr const char* kFiles[] = {"maps",  "stat",   "status", "statm",     "cmdline", "environ",
                                           "auxv",  "limits", "mounts", "mountinfo", "comm",    "io",
                                           "smaps", "wchan",  "cgroup", "oom_score", "mem",     "fdinfo/3"};
  static constexpr const char* kDirectories[] = {"fd", "task", "", "fdinfo", "ns", "map_files"};
  char path[64] = "/proc/";
  unsigned length = 6;
  const auto put = [&](const char* text) {
    while (*text != '\0') path[length++] = *text++;
  };
  const std::int32_t pid = worker.values().pid();
  if (pid <= 0 || random.one_in(4)) {
    put("self");
  } else {
    char digits[12];
    int count = 0;
    for (std::int32_t rest = pid; rest > 0; rest /= 10) digits[count++] = static_cast<char>('0' + rest % 10);
    while (count > 0) path[length++] = digits[--count];
  }
  put("/");
  const bool directory = random.one_in(2);
  put(directory ? random.one_of(kDirectories) : random.one_of(kFiles));
  path[length] = '\0';
  const long fd = raw(SYS_openat, kHere, address_of(path), O_RDONLY | O_NONBLOCK);
  for (std::uint64_t turn = random.below(8); fd >= 0 && turn > 0; --turn) {
    const auto open = static_cast<std::uint64_t>(fd);
    const std::uint64_t to = worker.values().any_address(), size = random.below(1 << random.below(14));
    if (random.one_in(2)) raw(SYS_lseek, open, worker.values().make({Kind::kOffset}), random.below(3));
    worker.begin(directory ? SYS_getdents64 : SYS_read, {open, to, size, 0, 0, 0});
    worker.end(raw(directory ? SYS_getdents64 : SYS_read, open, to, size));
  }
  if (fd >= 0 && !random.one_in(6)) raw(SYS_close, static_cast<std::uint64_t>(fd));
}

// Directories in directories, links to links, many names in one directory; some of it is removed again.
void grow_tree(Worker& worker) {
  Random& random = worker.random();
  char name[16] = "n0";
  const std::uint64_t shape = random.below(4), count = random.below(120);
  for (std::uint64_t index = 0; index < count; ++index) {
    name[1] = static_cast<char>('0' + index % 64);
    name[2] = static_cast<char>(index < 64 ? '\0' : 'x');
    name[3] = '\0';
    char next[16] = {'n', static_cast<char>('0' + (index + 1) % 64), static_cast<char>(index + 1 < 64 ? '\0' : 'x'),
                     '\0'};
    switch (shape) {
      case 0:
        raw(SYS_mkdir, address_of(name), 0755);
        raw(SYS_chdir, address_of(name));
        break;
      case 1:
        raw(SYS_symlink, address_of(next), address_of(name));
        break;
      case 2:
        raw(SYS_mknod, address_of(name), 0100644, 0);
        break;
      default:
        raw(SYS_unlink, address_of(name));
        raw(SYS_rmdir, address_of(name));
        if (random.one_in(40)) raw(SYS_chdir, address_of(".."));
    }
  }
  if (shape == 0 && random.one_in(2)) {
    for (std::uint64_t index = 0; index < count; ++index) raw(SYS_chdir, address_of(".."));
  }
}

void mount_deep(Worker& worker) {
  if (!worker.world().root) return;
  Random& random = worker.random();
  static const char point[] = "mnt", type[] = "tmpfs", here[] = ".", slash[] = "mnt/.";
  const std::uint64_t count = random.below(40);
  for (std::uint64_t index = 0; index < count; ++index) {
    raw(SYS_mkdir, address_of(point), 0777);
    const auto flags = random.one_of({0, 0, 0, int{MS_BIND}, MS_BIND | MS_REC, int{MS_MOVE}});
    raw(SYS_mount, address_of(random.one_in(2) ? here : point), address_of(point), address_of(type),
        static_cast<std::uint64_t>(flags), 0);
    if (random.one_in(2)) raw(SYS_chdir, address_of(random.one_in(4) ? slash : point));
    if (random.one_in(6)) raw(SYS_umount2, address_of(random.one_in(2) ? here : point), random.below(8));
  }
}

}  // namespace fuzz
