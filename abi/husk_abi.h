// The contract between husk's VMM and husk's guest kernel: the only file that both sides include.
//
// Addresses are guest-physical (GPA) unless a name says otherwise. All structures are little-endian and naturally
// aligned. The VMM is the boot loader: it places the kernel, the page tables, the descriptor tables and a flattened
// device tree in guest RAM and enters the kernel in 64-bit mode with
//     RDI = guest-physical address of the device tree
//     RSI = guest ring (0 or 3): the privilege mode that the VMM chose for the kernel's C++ code
//     RDX = guest-physical address of the root page table (which CPL 3 could not read from CR3)
//     RSP = KernelNote::boot_stack_top, RIP = KernelNote::entry, interrupts disabled in ring 0, enabled in ring 3
#pragma once

#include <cstddef>
#include <cstdint>

namespace husk::abi {

// ---------------------------------------------------------------- guest-physical address space
inline constexpr std::uint64_t kPageSize = 4096;

// RAM starts at 0. It never covers [3 GiB, 4 GiB): what does not fit below continues at 4 GiB, as on a PC.
inline constexpr std::uint64_t kRamHoleStart = 0xC000'0000;
inline constexpr std::uint64_t kRamHoleEnd = 0x1'0000'0000;
inline constexpr std::uint64_t kMaxRam = std::uint64_t{64} << 30;

// [0, kKernelGpa) belongs to the VMM: the fixed pages below, then page tables and the device tree in any order.
// The kernel never allocates from it.
inline constexpr std::uint64_t kGdtGpa = 0x1000;         // 16 entries
inline constexpr std::uint64_t kIdtGpa = 0x2000;         // 256 gates, for the mode in use
inline constexpr std::uint64_t kGuestStatsGpa = 0x3000;  // struct GuestStats
inline constexpr std::uint64_t kGuestLogGpa = 0x4000;    // struct GuestLog
inline constexpr std::uint64_t kGuestLogSize = 0x4000;
inline constexpr std::uint64_t kBootTablesGpa = 0x8000;  // page tables and device tree from here on
inline constexpr std::uint64_t kKernelGpa = 0x10'0000;   // physical load address of the kernel image

// One page per device: the control device first, then virtio-mmio devices.
inline constexpr std::uint64_t kMmioBase = 0xD000'0000;
inline constexpr std::uint64_t kMmioStride = 0x1000;
inline constexpr std::uint64_t kMaxMmioDevices = 32;
inline constexpr std::uint64_t kControlGpa = kMmioBase;

// The root file system image (EROFS), read-only, backed by the host's page cache. The device tree says where it is:
// right behind the RAM, or here where it would not fit below the hole under 4 GiB.
inline constexpr std::uint64_t kRootImageGpa = 0x20'0000'0000;
inline constexpr std::uint64_t kMaxRootImage = 0x20'0000'0000;

// ---------------------------------------------------------------- guest-virtual address space
// PML4 slot 255 belongs to the kernel, in both modes: a direct map of everything above, so VA = kKernelBase + GPA.
// Native code in CPL 3 can only use the lower canonical half where KVM emulates CPL 0, hence not a higher-half kernel.
inline constexpr std::uint64_t kKernelBase = 0x7f80'0000'0000;
inline constexpr unsigned kKernelPml4Slot = 255;
inline constexpr std::uint64_t kUserMin = 0x1'0000;
inline constexpr std::uint64_t kUserEnd = 0x7f7f'ffff'f000;  // first address that no payload mapping may reach

// ---------------------------------------------------------------- segment selectors (as on Linux, which payloads see)
inline constexpr std::uint16_t kKernelCs = 0x10;
inline constexpr std::uint16_t kKernelSs = 0x18;
inline constexpr std::uint16_t kUserCs32 = 0x23;
inline constexpr std::uint16_t kUserSs = 0x2b;
inline constexpr std::uint16_t kUserCs = 0x33;
inline constexpr std::uint16_t kTssSelector = 0x40;
// IA32_STAR (SDM vol. 3, 5.8.8): SYSCALL loads CS from [47:32]; SYSRET takes CS from [63:48] + 16, SS from + 8.
inline constexpr std::uint64_t kStar = (std::uint64_t{kUserCs32} << 48) | (std::uint64_t{kKernelCs} << 32);
// RFLAGS bits that SYSCALL clears: TF, DF, AC, NT; and IF, but only where the kernel runs in CPL 0 and can set it
// again.
inline constexpr std::uint64_t kSyscallMaskRing3 = 0x4'4500;
inline constexpr std::uint64_t kSyscallMaskRing0 = kSyscallMaskRing3 | 0x200;

// ---------------------------------------------------------------- what the kernel's ELF file tells the VMM
// An ELF note (name "husk", type kKernelNoteType) in a PT_NOTE segment; its descriptor is a KernelNote.
inline constexpr std::uint32_t kKernelNoteType = 0x4b53;  // "SK"
inline constexpr std::uint32_t kAbiVersion = 3;

// A PT_LOAD segment with this flag (ELF gABI: PF_MASKOS, OS-specific) is for other boot loaders than husk's VMM, which
// leaves it out.
inline constexpr std::uint32_t kSegmentForBootLoaders = 0x10'0000;
// And one with this flag is not touched by an ordinary start: a VMM need not prepare its pages. In the file it is as long as in
// memory.
inline constexpr std::uint32_t kSegmentSeldom = 0x20'0000;

struct KernelNote {
  std::uint32_t abi_version;
  std::uint32_t vector_stub_size;  // bytes from one vector's stub to the next; 256 stubs in each table
  std::uint64_t entry;             // guest-virtual addresses from here on
  std::uint64_t boot_stack_top;
  std::uint64_t vector_stubs_ring0;  // IDT targets where the kernel's C++ runs in CPL 0
  std::uint64_t vector_stubs_ring3;  // IDT targets where it runs in CPL 3: short CPL 0 stubs that forward
  std::uint64_t syscall_entry;       // IA32_LSTAR, either mode
  std::uint64_t tss;                 // a complete 64-bit TSS in the kernel's data, for the TR register
  std::uint64_t tss_size;
};

// ---------------------------------------------------------------- control device (one page at kControlGpa)
// Registers are 32 bits wide, accessed with aligned 32-bit moves.
enum class ControlRegister : std::uint32_t {
  // Write: the VM ends now; bits 7:0 are the exit code, bits 15:8 the signal that killed the payload (0: none).
  kExit = 0x00,
  // Read: bitmask of signals (bit n = signal n, n in 1..31) that husk was sent and forwards; reading clears it. A kernel
  // that leaves SIGTERM, SIGINT, SIGHUP or SIGQUIT for 0.7 s is taken to be hung, and its VM ends.
  kSignals = 0x04,
  // Write: the kernel panicked; its last words are in the log. The VM ends.
  kPanic = 0x08,
  // Write: n = request the VMM to print the log ring's new lines now (used for lines that must not wait for the end).
  kFlushLog = 0x0c,
  // Read: terminal size (rows << 16 | columns), 0 when there is no terminal.
  kWindowSize = 0x10,
  // Write: the VMM stores the vCPU's vector registers at guest-physical 64 * n, or loads them from there: kVectorImageSize bytes, an
  // XSAVE image of the standard format. Only where the device tree has vector-components: for a kernel in CPL 0 whose processor has
  // the registers, but is a KVM that emulates CPL 0 and knows no XSAVE.
  kSaveVectors = 0x14,
  kLoadVectors = 0x18,
  // Write: the kernel is about to use RAM that it has never used, and the host had better back it with memory at once than page by
  // page. Bits 31:9 are the first page's number / kPreparedUnitPages, bits 8:0 how many units of so many pages. A hint.
  kPrepareRam = 0x1c,
};
inline constexpr std::uint64_t kPreparedUnitPages = 4;
inline constexpr unsigned kPreparedUnitsBits = 9;
static_assert((kRamHoleEnd + kMaxRam) / kPageSize / kPreparedUnitPages <= std::uint64_t{1}
                                                                              << (32 - kPreparedUnitsBits));
// The largest image that there is: x87, SSE, AVX, AVX-512 and PKRU, laid out as on the processors that have them all.
inline constexpr std::size_t kVectorImageSize = 2696;
// Those components (SDM vol. 1, 13.1). Not AMX: its 8 KiB of tiles are enabled per process on request (arch_prctl's
// ARCH_REQ_XCOMP_PERM), which the kernel does not offer.
inline constexpr std::uint64_t kVectorComponents = 0x2e7;

// Interrupts are message-signalled: the device tree gives each device its vector.
inline constexpr std::uint8_t kTimerVector = 0x20;        // LAPIC timer
inline constexpr std::uint8_t kControlVector = 0x21;      // control device: kSignals has become non-zero
inline constexpr std::uint8_t kFirstDeviceVector = 0x30;  // virtio-mmio device n uses kFirstDeviceVector + n

// ---------------------------------------------------------------- husk's stream extension of virtio-console
// A device-specific feature bit (virtio 1.2, section 2.2: 50 to 127) that a driver need not accept. With it, every chain
// of the receive queue begins with a ConsoleStatus and every chain of the transmit queue ends with one; both are
// device-writable (devices/virtio/console.h). Input behind the status: kOk and no byte is the end of the file; kReadable
// says that there is something now, of which nothing was taken.
inline constexpr std::uint64_t kConsoleFeatureStream = std::uint64_t{1} << 63;

enum class ConsoleStatusCode : std::uint32_t {
  kOk = 0,
  kHungUp = 1,         // nobody reads the stream any more: EPIPE and SIGPIPE
  kNoSpace = 2,        // ENOSPC
  kIoError = 3,        // EIO
  kReadable = 4,       // input only: ask again
  kFileTooLarge = 5,   // the limit of RLIMIT_FSIZE: EFBIG and SIGXFSZ
  kBadDescriptor = 6,  // not open in this direction: EBADF
  kDirectory = 7,      // EISDIR
  kMore = 8,           // input only: kOk, and the next read would not wait either
};

struct ConsoleStatus {
  std::uint32_t code;      // ConsoleStatusCode: why `accepted` is less than what was sent or asked for
  std::uint32_t accepted;  // bytes that the stream has taken, or given
};

// ---------------------------------------------------------------- husk's promise of virtio-balloon
// What is reported as free (virtio 1.2, section 5.5.6.7) is "uninitialized memory" when it is used again, whatever the device has done with
// it. With this feature bit the used length of a report says how many of its bytes, from the first on, the host has taken, and that
// they are zero: the driver need not clear them. The queues are numbered without those that the device's features do not bring: reports
// go to queue 2.
inline constexpr std::uint64_t kBalloonFeatureZeroes = std::uint64_t{1} << 63;

// ---------------------------------------------------------------- prepared virtqueues
// Bringing a virtio device up takes some 15 register accesses, each an exit. So the VMM does it as a boot loader would,
// through the same registers, for the devices that nearly every payload uses: a device whose node has the property
// husk,queues has status DRIVER_OK, with VIRTIO_F_VERSION_1 and kConsoleFeatureStream accepted, and each queue in a
// zeroed page of its own, laid out like this. A kernel that does not want that resets the device and starts over.
inline constexpr std::uint16_t kPreparedQueueSize = 16;
inline constexpr std::uint64_t kPreparedDescriptors = 0x000;  // offsets in the page
inline constexpr std::uint64_t kPreparedAvailable = 0x100;
inline constexpr std::uint64_t kPreparedUsed = 0x140;
inline constexpr std::uint64_t kPreparedEnd = 0x200;  // the rest of the page is the kernel's

// ---------------------------------------------------------------- shared memory written by the guest, read by the VMM
// Everything here is untrusted to the VMM.
inline constexpr std::uint64_t kGuestStatsMagic = 0x3173746174736b68;  // "hkstats1"

struct GuestStats {
  std::uint64_t magic;
  std::uint64_t tsc_entry;    // first instruction of the kernel
  std::uint64_t tsc_payload;  // just before the first instruction of the payload
  std::uint64_t tsc_end;      // the payload has ended
  std::uint64_t syscalls;
  std::uint64_t page_faults;
  std::uint64_t cow_faults;
  std::uint64_t context_switches;
  std::uint64_t interrupts;
  std::uint64_t gates;  // privileged operations asked of the CPL 0 stub (ring 3 only)
  std::uint64_t frames_total;
  std::uint64_t frames_peak;  // most page frames in use at one time
  std::uint64_t oom_kills;
  std::uint64_t frames_given_back;  // page frames that the host took back while they were free: each as often as it did
};

// A byte ring of text lines, each "<L>text\n" with L the syslog severity ('3' error, '4' warning, '6' info, '7' debug).
struct GuestLog {
  std::uint64_t written;  // bytes ever written; the ring holds the last sizeof(text) of them
  char text[kGuestLogSize - 8];
};
static_assert(sizeof(GuestLog) == kGuestLogSize);
static_assert(sizeof(GuestStats) <= kPageSize);

}  // namespace husk::abi
