// The vDSO: its ELF file, read as a C library does that knows nothing of it; its functions, beside the system calls that
// they stand for; and its place among the mappings.
#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "../topic.h"

using namespace abi;

namespace {

using GetTime = int(int, timespec*);
using GetTimeOfDay = int(timeval*, void*);
using Time = time_t(time_t*);
using GetCpu = long(unsigned*, unsigned*, void*);

// ---------------------------------------------------------------------------------------------------- the file
class Object {
 public:
  explicit Object(const char* base) : base_(base) {
    if (base == nullptr || std::memcmp(base, ELFMAG, SELFMAG) != 0) return;
    const auto* header = reinterpret_cast<const Elf64_Ehdr*>(base);
    const auto* segments = reinterpret_cast<const Elf64_Phdr*>(base + header->e_phoff);
    say("a shared object: %d, for this machine: %d\n", header->e_type == ET_DYN, header->e_machine == EM_X86_64);
    const Elf64_Dyn* entry = nullptr;
    for (unsigned i = 0; i < header->e_phnum; ++i) {
      if (segments[i].p_type == PT_LOAD) {
        bias_ = base - segments[i].p_vaddr + segments[i].p_offset;
        say("loaded as %c%c%c\n", segments[i].p_flags & PF_R ? 'r' : '-', segments[i].p_flags & PF_W ? 'w' : '-',
            segments[i].p_flags & PF_X ? 'x' : '-');
      } else if (segments[i].p_type == PT_DYNAMIC) {
        entry = reinterpret_cast<const Elf64_Dyn*>(base + segments[i].p_offset);
      } else if (segments[i].p_type == PT_GNU_EH_FRAME) {
        say("can be unwound\n");
      }
    }
    if (entry == nullptr) return;
    for (; entry->d_tag != DT_NULL; ++entry) {
      const char* at = bias_ + entry->d_un.d_ptr;
      switch (entry->d_tag) {
        case DT_STRTAB:
          strings_ = at;
          break;
        case DT_SYMTAB:
          symbols_ = reinterpret_cast<const Elf64_Sym*>(at);
          break;
        case DT_GNU_HASH:
          hash_ = reinterpret_cast<const std::uint32_t*>(at);
          break;
        case DT_VERSYM:
          versions_ = reinterpret_cast<const Elf64_Half*>(at);
          break;
        case DT_VERDEF:
          definitions_ = at;
          break;
        case DT_SONAME:
          soname_ = entry->d_un.d_val;
          break;
        default:
          break;
      }
    }
    say("soname %s\n", strings_ + soname_);
  }

  // By the table that ld.so uses (DT_GNU_HASH).
  template <typename Function>
  Function* find(const char* name) const {
    const Elf64_Sym* symbol = look_up(name);
    if (symbol == nullptr) {
      say("%s is missing\n", name);
      return nullptr;
    }
    say("%s: version %s, type %d, defined %d\n", name, version_of(symbol - symbols_), ELF64_ST_TYPE(symbol->st_info),
        symbol->st_shndx != SHN_UNDEF);
    return reinterpret_cast<Function*>(const_cast<char*>(bias_) + symbol->st_value);
  }
  bool is_same(const char* name, const char* other) const {
    const Elf64_Sym* a = look_up(name);
    const Elf64_Sym* b = look_up(other);
    return a != nullptr && b != nullptr && a->st_value == b->st_value;
  }

 private:
  const Elf64_Sym* look_up(const char* name) const {
    std::uint32_t hash = 5381;
    for (const char* c = name; *c != '\0'; ++c) hash = hash * 33 + static_cast<unsigned char>(*c);
    const std::uint32_t buckets = hash_[0], first = hash_[1], words = hash_[2];
    const std::uint32_t* bucket = hash_ + 4 + 2 * words;
    const std::uint32_t* chain = bucket + buckets;
    for (std::uint32_t i = bucket[hash % buckets]; i >= first; ++i) {
      if ((chain[i - first] | 1) == (hash | 1) && std::strcmp(strings_ + symbols_[i].st_name, name) == 0)
        return &symbols_[i];
      if (chain[i - first] & 1) break;
    }
    return nullptr;
  }
  const char* version_of(std::ptrdiff_t symbol) const {
    const unsigned wanted = versions_[symbol] & 0x7fff;
    for (const char* at = definitions_;;) {
      const auto* definition = reinterpret_cast<const Elf64_Verdef*>(at);
      if (definition->vd_ndx == wanted)
        return strings_ + reinterpret_cast<const Elf64_Verdaux*>(at + definition->vd_aux)->vda_name;
      if (definition->vd_next == 0) return "none";
      at += definition->vd_next;
    }
  }

  const char* base_;
  const char* bias_ = nullptr;
  const char* strings_ = nullptr;
  const Elf64_Sym* symbols_ = nullptr;
  const std::uint32_t* hash_ = nullptr;
  const Elf64_Half* versions_ = nullptr;
  const char* definitions_ = nullptr;
  std::uint64_t soname_ = 0;
};

GetTime* get_time;
GetTime* get_resolution;
GetTimeOfDay* get_time_of_day;
Time* get_seconds;
GetCpu* get_cpu;

// ---------------------------------------------------------------------------------------------------- its functions
std::int64_t ns_of(const timespec& time) {
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}
std::int64_t ask_kernel(int clock) {
  timespec time{};
  return ::syscall(SYS_clock_gettime, clock, &time) == 0 ? ns_of(time) : -1;
}
std::int64_t ask(int clock) {
  timespec time{};
  return get_time(clock, &time) == 0 ? ns_of(time) : -1;
}

void clocks() {
  for (const int clock :
       {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW,
        CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_TAI}) {
    bool in_order = true;
    for (int i = 0; i < 5; ++i) {
      const std::int64_t before = ask_kernel(clock), between = ask(clock), after = ask_kernel(clock);
      in_order = in_order && before >= 0 && before <= between && between <= after;
    }
    timespec own{}, kernels{};
    const int result = get_resolution(clock, &own);
    ::syscall(SYS_clock_getres, clock, &kernels);
    say("clock %d: as the kernel has it %d, resolution %d, as the kernel has it %d, into nothing %d\n", clock, in_order,
        result, ns_of(own) == ns_of(kernels), get_resolution(clock, nullptr));
  }
  for (const int clock : {10, 12, 31, 32, 33, 77, 1 << 20, -1, -100, INT32_MIN, INT32_MAX}) {
    timespec time{};
    const long kernels = ::syscall(SYS_clock_gettime, clock, &time) == 0 ? 0 : -errno;
    const long kernels_resolution = ::syscall(SYS_clock_getres, clock, &time) == 0 ? 0 : -errno;
    say("clock %d: as the kernel says %d %d\n", clock, get_time(clock, &time) == kernels,
        get_resolution(clock, &time) == kernels_resolution);
  }
}

void others() {
  const std::int64_t before = ask_kernel(CLOCK_REALTIME) / 1000;
  timeval time{};
  struct {
    int west, dst;
  } zone{-1, -1};
  say("gettimeofday: %d", get_time_of_day(&time, &zone));
  const std::int64_t now = time.tv_sec * 1'000'000 + time.tv_usec;
  say(", in order %d, zone %d %d", before <= now && now <= ask_kernel(CLOCK_REALTIME) / 1000, zone.west, zone.dst);
  say(", nothing wanted %d, microseconds %d\n", get_time_of_day(nullptr, nullptr), time.tv_usec < 1'000'000);
  const std::int64_t second = ask_kernel(CLOCK_REALTIME_COARSE) / 1'000'000'000;
  time_t stored = 0;
  const time_t seconds = get_seconds(&stored);
  say("time: stored what it says %d, in order %d, without a place %d\n", stored == seconds,
      second <= seconds && seconds <= ask_kernel(CLOCK_REALTIME) / 1'000'000'000, get_seconds(nullptr) >= second);
  cpu_set_t set;
  CPU_ZERO(&set);
  unsigned cpu = 99, node = 99, kernels_cpu = 98, kernels_node = 98;
  ::syscall(SYS_getcpu, &cpu, nullptr, nullptr);
  CPU_SET(cpu, &set);
  ::sched_setaffinity(0, sizeof set, &set);
  say("getcpu: %ld", get_cpu(&cpu, &node, nullptr));
  ::syscall(SYS_getcpu, &kernels_cpu, &kernels_node, nullptr);
  say(", as the kernel says %d, nothing wanted %ld\n", cpu == kernels_cpu && node == kernels_node,
      get_cpu(nullptr, nullptr, nullptr));
}

bool never_backwards(int clock, int reads) {
  std::int64_t last = ask(clock);
  for (int i = 0; i < reads; ++i) {
    const std::int64_t now = ask(clock);
    if (now < last) return false;
    last = now;
  }
  return true;
}

std::atomic<std::int64_t> latest{0};
std::atomic<bool> fell_behind{false};

// What one thread has read and told is not in the future of another one.
void* read_with_others(void*) {
  for (int i = 0; i < 20'000; ++i) {
    const std::int64_t told = latest.load();
    const std::int64_t now = ask(CLOCK_MONOTONIC);
    if (now < told) fell_behind = true;
    std::int64_t expected = told;
    while (expected < now && !latest.compare_exchange_weak(expected, now)) {
    }
  }
  return nullptr;
}

void order() {
  say("a million reads in order: %d %d\n", never_backwards(CLOCK_MONOTONIC, 1'000'000),
      never_backwards(CLOCK_REALTIME, 100'000));
  pthread_t threads[4];
  for (pthread_t& thread : threads) ::pthread_create(&thread, nullptr, read_with_others, nullptr);
  for (const pthread_t thread : threads) ::pthread_join(thread, nullptr);
  say("threads agree: %d\n", !fell_behind.load());
  const std::int64_t before = ask(CLOCK_MONOTONIC);
  say_end("a child's clock goes on", in_child([before] {
            const std::int64_t now = ask(CLOCK_MONOTONIC);
            return now >= before && now <= ask_kernel(CLOCK_MONOTONIC) && never_backwards(CLOCK_BOOTTIME, 1000) ? 4 : 5;
          }));
}

void bad_pointers() {
  auto* const nowhere = reinterpret_cast<timespec*>(16);
  say_end("a bad pointer", in_child([nowhere] { return get_time(CLOCK_MONOTONIC, nowhere); }));
  say_end("one for the kernel", in_child([nowhere] { return -get_time(CLOCK_THREAD_CPUTIME_ID, nowhere); }));
  say_end("one for a time",
          in_child([nowhere] { return static_cast<int>(get_seconds(reinterpret_cast<time_t*>(nowhere)) != 0); }));
}

// ---------------------------------------------------------------------------------------------------- its place
// Linux may have sealed these mappings (since 6.16, CONFIG_MSEAL_SYSTEM_MAPPINGS).
int sealed_or_wrong() {
  return errno == EPERM ? 4 : 1;
}

void place(const char* base) {
  std::FILE* maps = std::fopen("/proc/self/maps", "r");
  char line[256];
  std::uint64_t clocks_start = 0, clocks_end = 0, object_end = 0;
  while (std::fgets(line, sizeof line, maps) != nullptr) {
    unsigned long start = 0, end = 0, offset = 0, inode = 0;
    char access[8] = {}, name[64] = {};
    if (std::sscanf(line, "%lx-%lx %7s %lx %*s %lu %63s", &start, &end, access, &offset, &inode, name) < 5) continue;
    if (std::strncmp(name, "[vvar", 5) == 0) {
      if (clocks_start == 0) clocks_start = start;
      clocks_end = end;
      if (std::strcmp(name, "[vvar]") == 0) say("%s %s, offset %lu, inode %lu\n", name, access, offset, inode);
    } else if (std::strcmp(name, "[vdso]") == 0) {
      say("%s %s, offset %lu, inode %lu, behind the clocks %d, at AT_SYSINFO_EHDR %d\n", name, access, offset, inode,
          start == clocks_end, start == reinterpret_cast<unsigned long>(base));
      object_end = end;
    }
  }
  std::fclose(maps);

  constexpr std::size_t kPage = 4096;
  // Linux has more pages of each than it may be cut into.
  char* const object = const_cast<char*>(base);
  const std::size_t size = object_end - reinterpret_cast<std::uint64_t>(base);
  say("written to: ");
  say_end("the clocks", in_child([object] {
            object[-static_cast<std::ptrdiff_t>(kPage)] = 1;
            return 0;
          }));
  say_end("the object", in_child([object] {
            object[0] = 1;
            return 0;
          }));
  say("the clocks made writable: %s\n", outcome(::mprotect(object - kPage, kPage, PROT_READ | PROT_WRITE)));
  say_end("as a debugger does", in_child([=] {
            if (::mprotect(object, size, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) return sealed_or_wrong();
            object[8] = 'x';
            return ask(CLOCK_MONOTONIC) <= ask_kernel(CLOCK_MONOTONIC) ? 4 : 5;
          }));
  say("others see nothing of it: %d\n", base[8] != 'x');
  say_end("moved away", in_child([=] {
            void* const moved = ::mremap(object, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, 0x5000'0000);
            if (moved == MAP_FAILED) return sealed_or_wrong();
            return std::memcmp(moved, ELFMAG, SELFMAG) == 0 && ask_kernel(CLOCK_MONOTONIC) > 0 ? 4 : 5;
          }));
  say_end("unmapped", in_child([=] {
            if (::munmap(reinterpret_cast<void*>(clocks_start), object_end - clocks_start) != 0)
              return sealed_or_wrong();
            return ask_kernel(CLOCK_MONOTONIC) > 0 ? 4 : 5;
          }));
}

int run() {
  const auto* base = reinterpret_cast<const char*>(::getauxval(AT_SYSINFO_EHDR));
  say("AT_SYSINFO_EHDR: %s\n", base != nullptr ? "set" : "missing");
  if (base == nullptr) return 1;
  const Object object(base);
  get_time = object.find<GetTime>("__vdso_clock_gettime");
  get_resolution = object.find<GetTime>("__vdso_clock_getres");
  get_time_of_day = object.find<GetTimeOfDay>("__vdso_gettimeofday");
  get_seconds = object.find<Time>("__vdso_time");
  get_cpu = object.find<GetCpu>("__vdso_getcpu");
  say("by their short names: %d %d %d %d\n", object.is_same("clock_gettime", "__vdso_clock_gettime"),
      object.is_same("gettimeofday", "__vdso_gettimeofday"), object.is_same("time", "__vdso_time"),
      object.is_same("getcpu", "__vdso_getcpu"));
  clocks();
  others();
  order();
  bad_pointers();
  place(base);
  return 0;
}

const Topic topic("vdso", run);

}  // namespace
