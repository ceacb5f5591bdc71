// The first instructions of a static husk: what is between the kernel's jump to `_start` and `main`.
//
// Why husk has its own. glibc's static start asks the processor about itself to choose among string functions and to size
// copies: 68 CPUID instructions on an AMD processor, as many on an Intel one. Inside of a virtual machine, where most of
// the hosts that husk runs on are, each leaves the machine (SDM vol. 3C, 25.1.2; APM vol. 2, 15.9): 3.6 us each and
// 0.25 ms in all where this was measured, an eighth of a start. The VMM copies little and compares less, so it takes the
// string functions that every x86-64 has (SSE2) and asks nothing.
//
// What this is. `__libc_start_main` of a static program, which crt1 calls, made of the same parts of glibc in the same
// order (csu/libc-start.c in glibc 2.36), without the processor's features: `_dl_x86_cpu_features` stays zero, which every
// resolver of an indirect function reads as "nothing but the baseline". The parts are internal to glibc and may change, so
// CMakeLists.txt uses this file for the version that it was written for and glibc's own start for every other.
//
// Nothing here may be called, and no canary checked, before the lines that make that possible: this file is compiled
// without stack protection, and calls no function that could be an indirect one before `_dl_relocate_static_pie`.

#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "common/bare_call.h"
#include "vmm/own_executable.h"

#if !defined(__x86_64__) || __GLIBC__ != 2 || __GLIBC_MINOR__ != 36
#error "written for the static start of glibc 2.36 on x86-64"
#endif

using Initializer = void (*)(int, char**, char**);
using Finalizer = void (*)();
using Main = int (*)(int, char**, char**);

extern "C" {

// glibc's parts. All are hidden symbols of libc.a.
extern void* __libc_stack_end;
extern int __libc_enable_secure;
extern void* _dl_random;                 // AT_RANDOM: 16 bytes
extern std::size_t _dl_minsigstacksize;  // AT_MINSIGSTKSZ, or 0 before Linux 5.14
void _dl_aux_init(ElfW(auxv_t) *);
void __tunables_init(char**);
void _dl_relocate_static_pie();
void __libc_setup_tls();
void __libc_early_init(bool initial);
void __libc_init_first(int, char**, char**);
void __libc_check_standard_fds();
r_debug* _dl_debug_initialize(ElfW(Addr), long name_space);
int __cxa_atexit(void (*)(void*), void*, void*);

// The linker's and the compiler's.
extern const ElfW(Rela) __rela_iplt_start[] __attribute__((weak));
extern const ElfW(Rela) __rela_iplt_end[] __attribute__((weak));
extern Initializer __preinit_array_start[] __attribute__((visibility("hidden")));
extern Initializer __preinit_array_end[] __attribute__((visibility("hidden")));
extern Initializer __init_array_start[] __attribute__((visibility("hidden")));
extern Initializer __init_array_end[] __attribute__((visibility("hidden")));
extern Finalizer __fini_array_start[] __attribute__((visibility("hidden")));
extern Finalizer __fini_array_end[] __attribute__((visibility("hidden")));
void _init();
void _fini();

// The sizes by which glibc's copies choose their way (sysdeps/x86/cacheinfo.h): glibc's own defaults, and for the
// threshold of non-temporal stores, which has none there, three quarters of the shared cache as glibc computes it.
// They are defined here because libc.a keeps them in the object that this file takes the place of.
long __x86_data_cache_size_half = 32 * 1024 / 2;
long __x86_data_cache_size = 32 * 1024;
long __x86_shared_cache_size_half = 1024 * 1024 / 2;
long __x86_shared_cache_size = 1024 * 1024;
long __x86_shared_non_temporal_threshold = 1024 * 1024 * 3 / 4;
long __x86_rep_movsb_threshold = 2048;
long __x86_rep_stosb_threshold = 2048;
long __x86_rep_movsb_stop_threshold = 1024 * 1024 * 3 / 4;
int __x86_string_control = 0;

// Where the program lies, for $ORIGIN in the paths of shared objects: glibc asks /proc/self/exe at each start. A static
// program that loads none does not need it; this is glibc's word for "not known".
const char* _dl_get_origin() {
  return reinterpret_cast<const char*>(-1);
}

}  // extern "C"

namespace husk {
namespace {

// Of a signal frame with AVX-512 state, on kernels that do not tell (before Linux 5.14, which know nothing larger).
constexpr std::size_t kLargestOldSignalFrame = 4096;

// The auxiliary vector lies behind the environment (System V ABI, AMD64 supplement, 3.4.1).
ElfW(auxv_t) * auxiliary_vector(char** environment) {
  while (*environment != nullptr) ++environment;
  return reinterpret_cast<ElfW(auxv_t)*>(environment + 1);
}

// Functions that choose their implementation at start, in a program that is not position-independent; in one that is,
// _dl_relocate_static_pie has done it.
void choose_indirect_functions() {
  for (const ElfW(Rela)* entry = __rela_iplt_start; entry < __rela_iplt_end; ++entry) {
    auto* const resolver = reinterpret_cast<ElfW(Addr) (*)()>(entry->r_addend);
    *reinterpret_cast<ElfW(Addr)*>(entry->r_offset) = resolver();
  }
}

// The canary of -fstack-protector and the key by which setjmp and atexit hide pointers. Their places in the thread's
// control block are part of the ABI between gcc and glibc (sysdeps/x86_64/nptl/tls.h: stack_guard, pointer_guard). The
// canary's lowest byte is zero, so that a string that runs over it ends there.
void set_guards() {
  const auto* const random = static_cast<const std::uint64_t*>(_dl_random);
  const std::uint64_t canary = random[0] & ~std::uint64_t{0xff};
  const std::uint64_t pointer_key = random[1];
  asm volatile("movq %0, %%fs:0x28" : : "r"(canary) : "memory");
  asm volatile("movq %0, %%fs:0x30" : : "r"(pointer_key) : "memory");
}

// The data segment is written to all over by the relocations, and each of its pages would be a fault of its own: 15 of
// husk's. One call makes them (madvise(2); before Linux 5.14 it fails, and they come one by one). Not the pages behind it
// that no file has, of which some are never touched.
void populate_data() {
  constexpr std::uint64_t kPage = 4096;
  const OwnExecutable self = own_executable();
  for (const ElfW(Phdr) & segment : self.headers) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) == 0) continue;
    const std::uint64_t begin = (segment.p_vaddr + self.bias) & ~(kPage - 1);
    const std::uint64_t end = segment.p_vaddr + self.bias + segment.p_filesz;
    bare::system_call(SYS_madvise, static_cast<long>(begin), static_cast<long>(end - begin), MADV_POPULATE_WRITE);
  }
}

// glibc compares each variable with the names of all tunables, which takes 20,000 instructions for 40 variables. These are
// what the names begin with (dl-tunables.list in glibc 2.36: GLIBC_TUNABLES, MALLOC_ARENA_MAX, LD_HWCAP_MASK and others).
// Arrays and no pointers, which would not be relocated yet.
constexpr char kTunablesBegin[][8] = {"GLIBC_", "MALLOC_", "LD_"};

bool may_have_tunables(char** environment) {
  for (; *environment != nullptr; ++environment) {
    for (const auto& prefix : kTunablesBegin) {
      std::size_t alike = 0;
      while (prefix[alike] != '\0' && prefix[alike] == (*environment)[alike]) ++alike;
      if (prefix[alike] == '\0') return true;
    }
  }
  return false;
}

void run_finalizers(void*) {
  for (Finalizer* finalizer = __fini_array_end; finalizer != __fini_array_start;) (*--finalizer)();
  _fini();
}

void run_initializers(int argc, char** argv, char** environment) {
  for (Initializer* it = __preinit_array_start; it != __preinit_array_end; ++it) (*it)(argc, argv, environment);
  _init();
  for (Initializer* it = __init_array_start; it != __init_array_end; ++it) (*it)(argc, argv, environment);
}

}  // namespace
}  // namespace husk

extern "C" [[noreturn]] int __libc_start_main(Main main, int argc, char** argv, Initializer, Finalizer,
                                              void (*loader_finalizer)(), void* stack_end) {
  using namespace husk;
  populate_data();
  char** const environment = argv + argc + 1;
  environ = environment;
  __libc_stack_end = stack_end;
  _dl_aux_init(auxiliary_vector(environment));
  if (_dl_minsigstacksize == 0) _dl_minsigstacksize = kLargestOldSignalFrame;
  if (may_have_tunables(environment)) __tunables_init(environment);

  _dl_relocate_static_pie();
  choose_indirect_functions();
  __libc_setup_tls();
  set_guards();

  if (loader_finalizer != nullptr) __cxa_atexit(reinterpret_cast<void (*)(void*)>(loader_finalizer), nullptr, nullptr);
  __libc_early_init(true);
  __libc_init_first(argc, argv, environment);
  __cxa_atexit(run_finalizers, nullptr, nullptr);
  if (__libc_enable_secure != 0) __libc_check_standard_fds();
  run_initializers(argc, argv, environment);
  _dl_debug_initialize(0, 0);  // where a debugger looks for the program's address
  std::exit(main(argc, argv, environment));
}
