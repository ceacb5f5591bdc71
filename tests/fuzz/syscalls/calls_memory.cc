// System calls on the address space, as the fuzzer makes them.
#include <asm/prctl.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tests/fuzz/syscalls/calls.h"

namespace fuzz {
namespace {

constexpr Argument kProtection =
    flags<PROT_READ, PROT_WRITE, PROT_EXEC, PROT_READ | PROT_WRITE, PROT_GROWSDOWN, PROT_GROWSUP>();
constexpr Argument kMapFlags = flags<MAP_SHARED, MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS, MAP_PRIVATE | MAP_ANONYMOUS,
                                     MAP_SHARED | MAP_ANONYMOUS, MAP_32BIT, MAP_FIXED_NOREPLACE, MAP_GROWSDOWN,
                                     MAP_HUGETLB, MAP_LOCKED, MAP_NONBLOCK, MAP_NORESERVE, MAP_POPULATE, MAP_STACK>();
constexpr Argument kPlainMapFlags =
    choice<MAP_PRIVATE | MAP_ANONYMOUS, MAP_SHARED | MAP_ANONYMOUS, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
           MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, MAP_PRIVATE | MAP_FIXED, MAP_SHARED | MAP_FIXED, MAP_PRIVATE,
           MAP_SHARED, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE>();
constexpr Argument kAdvice =
    choice<0, 1, 2, 3, 4, 4, 4, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 100>();
constexpr Argument kFutexOperation =
    choice<FUTEX_WAIT, FUTEX_WAKE, FUTEX_FD, FUTEX_REQUEUE, FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP, FUTEX_LOCK_PI,
           FUTEX_UNLOCK_PI, FUTEX_TRYLOCK_PI, FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET, FUTEX_WAIT_REQUEUE_PI,
           FUTEX_CMP_REQUEUE_PI, FUTEX_WAIT | 128, FUTEX_WAKE | 128, FUTEX_REQUEUE | 128, FUTEX_WAIT_BITSET | 128 | 256,
           FUTEX_WAKE_OP | 128>();

constexpr Description kRows[] = {
    {SYS_mmap, "mmap", 14, 0, {kAddress, kMapLength, kProtection, kPlainMapFlags, kFd, kOffset}},
    {SYS_mmap, "mmap", 8, 0, {kAddress, kMapLength, kProtection, kMapFlags, kFd, kOffset}},
    {SYS_munmap, "munmap", 10, 0, {kAddress, kMapLength}},
    {SYS_mprotect, "mprotect", 12, 0, {kAddress, kMapLength, kProtection}},
    {SYS_mremap, "mremap", 10, 0, {kAddress, kMapLength, kMapLength, flags<1, 2, 4>(), kAddress}},
    {SYS_brk, "brk", 4, 0, {kAddress}},
    {SYS_msync, "msync", 3, 0, {kAddress, kMapLength, flags<1, 2, 4>()}},
    {SYS_mincore, "mincore", 4, 0, {kAddress, kMapLength, kOut}},
    {SYS_madvise, "madvise", 10, 0, {kAddress, kMapLength, kAdvice}},
    {SYS_mlock, "mlock", 3, 0, {kAddress, kMapLength}},
    {SYS_mlock2, "mlock2", 2, 0, {kAddress, kMapLength, up_to<3>()}},
    {SYS_munlock, "munlock", 2, 0, {kAddress, kMapLength}},
    {SYS_mlockall, "mlockall", 1, 0, {flags<1, 2, 4>()}},
    {SYS_munlockall, "munlockall", 1, 0, {}},
    {SYS_remap_file_pages, "remap_file_pages", 1, 0, {kAddress, kMapLength, kSmall, kOffset, kSmall}},
    {SYS_futex, "futex", 12, kBlocks, {kFutex, kFutexOperation, kSmall, kTimespec, kFutex, kNumber}},
    {SYS_futex,
     "futex",
     4,
     kBlocks,
     {kFutex, choice<FUTEX_REQUEUE, FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP>(), kSmall, kSmall, kFutex, kSmall}},
    {SYS_set_robust_list, "set_robust_list", 3, 0, {kIn, choice<24, 0, 8, 25>()}},
    {SYS_get_robust_list, "get_robust_list", 1, 0, {kPid, kOut, kOut}},
    {SYS_rseq, "rseq", 1, 0, {kIn, choice<32, 0, 33, 64>(), choice<0, 1, 2>(), choice<0x53053053, 0>()}},
    {SYS_membarrier, "membarrier", 1, 0, {flags<1, 2, 4, 8, 16, 32, 64, 128, 256>(), kSmall, kSmall}},
    {SYS_arch_prctl,
     "arch_prctl",
     3,
     0,
     {choice<ARCH_SET_GS, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS, 0x1011, 0x1012, 0x1021, 0x1022, 0x2001>(), kOut}},
    {SYS_set_tid_address, "set_tid_address", 2, 0, {kFutex}},
    {SYS_process_vm_readv, "process_vm_readv", 1, 0, {kPid, kIovec, kCount, kIovec, kCount, kSmall}},
    {SYS_process_vm_writev, "process_vm_writev", 1, 0, {kPid, kIovec, kCount, kIovec, kCount, kSmall}},
    {SYS_process_madvise, "process_madvise", 1, 0, {kFd, kIovec, kCount, kAdvice, kSmall}},
    {SYS_mbind, "mbind", 1, 0, {kAddress, kMapLength, kSmall, kIn, kSmall, kSmall}},
    {SYS_get_mempolicy, "get_mempolicy", 1, 0, {kOut, kOut, kSmall, kAddress, kSmall}},
    {SYS_pkey_mprotect, "pkey_mprotect", 1, 0, {kAddress, kMapLength, kProtection, kSmall}},
    {SYS_getrandom, "getrandom", 3, 0, {kOut, kLength, flags<1, 2, 4>()}},
};

}  // namespace

constinit const Table kMemoryTable{kRows, sizeof kRows / sizeof kRows[0]};

}  // namespace fuzz
