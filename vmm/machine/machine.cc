#include "vmm/machine/machine.h"

#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <limits>

#include "abi/husk_abi.h"
#include "vmm/boot/boot_arena.h"
#include "vmm/boot/descriptor_tables.h"
#include "vmm/boot/entry_state.h"
#include "vmm/boot/page_tables.h"
#include "vmm/boot/ring_probe.h"
#include "vmm/emergency_exit.h"
#include "vmm/error.h"
#include "vmm/forwarded_signals.h"
#include "vmm/log.h"
#include "vmm/machine/signal_forwarder.h"
#include "vmm/sandbox/sandbox.h"

namespace husk::machine {
namespace {

// What the kernel needs beyond its image to start any payload: page tables, a heap, the payload's first pages.
constexpr std::uint64_t kWorkingMemory = std::uint64_t{2} << 20;
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

// Guest pages below abi::kKernelGpa that every boot touches: descriptor tables, statistics, log, the consoles' queues,
// page tables, tree.
constexpr std::uint64_t kBootPages = 23;
// And behind the kernel's image: the first page frames that it hands out, enough for a small payload.
constexpr std::uint64_t kWarmPages = 60;

std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

std::uint64_t realtime_ns() {
  timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t ram_size(const ContainerSpec& spec) {
  return std::max(spec.memory_bytes / abi::kPageSize * abi::kPageSize, abi::kKernelGpa);
}

// Behind the RAM if there is room, so that both share one memory slot: every slot waits for a grace period of KVM's
// SRCU, which costs 15 us on an idle host and several milliseconds on a busy one. Else in a slot of its own. In either
// case nobody can write to it: the mapping is read-only.
boot::MemoryRange place_root_image(std::uint64_t ram_size, const std::optional<RootImageFile>& image) {
  if (!image) return {};
  const std::uint64_t size = round_up(image->span(), abi::kPageSize);
  if (size == 0 || size > abi::kMaxRootImage) {
    throw Error("map the root image", image->name, "its size is not supported");
  }
  const bool above_hole = ram_size > abi::kRamHoleStart;
  const Gpa end{above_hole ? ram_size + (abi::kRamHoleEnd - abi::kRamHoleStart) : ram_size};
  const std::uint64_t limit = above_hole ? abi::kRootImageGpa : abi::kRamHoleStart;
  return {size <= limit - end.value ? end : Gpa{abi::kRootImageGpa}, size};
}

bool is_behind_ram(const boot::MemoryRange& root_range) {
  return root_range.size != 0 && root_range.start != Gpa{abi::kRootImageGpa};
}

void check_memory_size(const ContainerSpec& spec, const boot::KernelImage& image) {
  const std::uint64_t minimum = round_up(image.end().value + kWorkingMemory, kMiB);
  const std::string size = std::to_string(spec.memory_bytes / kMiB) + " MiB of guest memory";
  if (spec.memory_bytes < minimum) {
    throw Error("run with", size, "too little for the guest kernel",
                "give -m " + std::to_string(minimum / kMiB) + "M or more");
  }
  if (spec.memory_bytes > abi::kMaxRam) {
    throw Error("run with", size, "more than a micro-VM can have",
                "give -m " + std::to_string(abi::kMaxRam / kMiB / 1024) + "G or less");
  }
}

}  // namespace

Machine::Machine(MachineConfig config, Timeline& timeline)
    : spec_(*config.spec),
      timeline_(timeline),
      jail_(config.jail),
      kept_open_(std::move(config.kept_open)),
      root_image_(std::move(config.root_image)),
      root_range_(place_root_image(ram_size(spec_), root_image_)),
      ram_(ram_size(spec_), is_behind_ram(root_range_) ? root_range_.size : 0),
      system_(std::move(config.system)),
      vm_(system_.create_vm()),
      profile_(std::move(config.profile)),
      guest_words_(log::write, monotonic_ns),
      guest_log_(ram_.memory(), guest_words_) {
  const boot::KernelFile kernel =
      config.kernel_path.empty() ? boot::KernelFile::embedded() : boot::KernelFile::open(config.kernel_path);
  const boot::KernelImage image = boot::KernelImage::parse(kernel.bytes(), kernel.name());
  check_memory_size(spec_, image);
  add_memory_slots();
  vm_.enable_split_irqchip();
  vcpu_.emplace(vm_.create_vcpu(system_.vcpu_mapping_size()));
  if (config.wants_kvm_counters) {
    statistics_.emplace_back(vm_.fd());
    statistics_.emplace_back(vcpu_->fd());
  }
  timeline_.vm_created_ns = monotonic_ns();

  const boot::Ring ring = prepare_cpu();
  timeline_.guest_ring = ring == boot::Ring::kRing0 ? 0 : 3;
  // KVM's instruction emulator knows FXSAVE but neither XSAVE nor XGETBV: where it emulates CPL 0, a kernel that runs
  // there must not be offered them. Its payload has the registers all the same, so the VMM saves them.
  const bool emulated = emulates_cpl0();
  if (emulated && ring == boot::Ring::kRing0) {
    if (profile_.features.xsave) vector_components_ = profile_.features.xcr0 & abi::kVectorComponents;
    profile_.features.xsave = false;
  }
  devices_.emplace(spec_, ram_, vm_, io_thread_, static_cast<ControlHost&>(*this), guest_words_);

  // Where KVM emulates CPL 0 it also shadows page tables in software, and every page that the guest is the first to
  // touch costs a fault there. One call for all pages that every boot touches is far cheaper.
  const std::uint64_t warm = emulated ? kWarmPages * abi::kPageSize : 0;
  ram_.populate(Gpa{0}, kBootPages * abi::kPageSize);
  // Not the pages between segments, one below each stack, which are in no mapping; those that are seldom used; and those that will be
  // the kernel file's.
  Gpa start{0}, end = start;
  for (const boot::Segment& segment : image.segments()) {
    if (segment.seldom || (!segment.writable && !emulated)) continue;
    if (segment.start != end) {
      ram_.populate(start, end - start);
      start = segment.start;
    }
    end = segment.start + segment.pages() * abi::kPageSize;
  }
  ram_.populate(start, end - start + warm);
  ram_.load_kernel(kernel, image, emulated ? KernelPages::kCopied : KernelPages::kShared);
  load_boot_tables(image, ring);
}

Machine::~Machine() {
  terminal_.reset();  // before anything that may take its time
  // The payload has ended, so husk ends, whoever does not read what it wrote.
  if (!io_thread_.stop_within(kPatienceAtTheEnd)) {
    emergency_exit(exit_status_.value_or(kExitHuskError),
                   "husk: input or output that somebody else uses as well is stuck: ended without tidying up\n");
  }
}

void Machine::add_memory_slots() {
  const bool behind = is_behind_ram(root_range_);
  if (behind) map_root_image(ram_.behind());
  std::uint32_t slot = 0;
  for (const boot::MemoryRange& range : ram_.ranges()) {
    const bool last = slot + 1 == ram_.ranges().size();
    vm_.add_memory(slot++, range.start, last && behind ? ram_.last_range_and_behind() : ram_.host(range),
                   kvm::SlotAccess::kReadWrite);
  }
  if (!root_image_ || behind) return;
  void* address = ::mmap(nullptr, root_range_.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) throw Error::from_errno("map the root image", root_image_->name);
  root_mapping_ = Mapping(address, root_range_.size);
  map_root_image(root_mapping_.data());
  vm_.add_memory(slot, root_range_.start, root_mapping_.bytes(), kvm::SlotAccess::kReadOnly);
}

// All parts of it, at one stretch of addresses that is reserved, so they share one memory slot, however many they are. What lies
// between two is nobody's, and nobody's to read: in an image that is as it was made nothing leads there, and what a guest would
// find there would be no file's.
void Machine::map_root_image(std::byte* address) const {
  std::uint64_t end = 0;
  const auto map = [&](int fd, std::uint64_t offset, std::uint64_t size, const std::string& name) {
    const std::uint64_t rounded = round_up(size, abi::kPageSize);
    if (offset < end || offset % abi::kPageSize != 0 || rounded > root_range_.size - offset) {
      throw Error("map the root image", name, "its place is taken");
    }
    if (::mmap(address + offset, rounded, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
      throw Error::from_errno("map the root image", name);
    }
    end = offset + rounded;
  };
  if (!root_image_->layers.empty() && ::mprotect(address, root_range_.size, PROT_NONE) != 0) {
    throw Error::from_errno("map the root image", root_image_->name);
  }
  map(root_image_->fd.get(), 0, root_image_->size, root_image_->name);
  for (const RootImageFile::Layer& layer : root_image_->layers)
    map(layer.fd.get(), layer.offset, layer.size, layer.name);
}

// Gives the vCPU its CPUID and decides in which ring the guest's kernel runs.
boot::Ring Machine::prepare_cpu() {
  vcpu_->set_cpuid(profile_.cpuid);
  timeline_.tsc_khz = profile_.tsc_khz;
  switch (spec_.guest_ring) {
    case GuestRing::kRing0:
      return boot::Ring::kRing0;
    case GuestRing::kRing3:
      return boot::Ring::kRing3;
    case GuestRing::kAuto:
      break;
  }
  return boot::best_ring(profile_.cpl0_ticks_per_instruction);
}

void Machine::load_boot_tables(const boot::KernelImage& image, boot::Ring ring) {
  const GuestMemory& memory = ram_.memory();
  boot::BootArena arena(memory);
  devices_->prepare_queues(arena);
  boot::PageTables tables(arena, ring == boot::Ring::kRing0 ? boot::PageOwner::kSupervisor : boot::PageOwner::kUser);
  // Page 0 stays unmapped: a null pointer plus kKernelBase faults.
  tables.map(Gpa{abi::kGdtGpa}, abi::kGuestStatsGpa - abi::kGdtGpa, boot::PageAccess::kReadOnly);
  tables.map(Gpa{abi::kGuestStatsGpa}, abi::kKernelGpa - abi::kGuestStatsGpa, boot::PageAccess::kReadWrite);
  for (const boot::Segment& segment : image.segments()) {
    tables.map(segment.start, segment.memory_size,
               segment.executable ? boot::PageAccess::kReadExecute
               : segment.writable ? boot::PageAccess::kReadWrite
                                  : boot::PageAccess::kReadOnly);
  }
  for (const boot::MemoryRange& range : ram_.ranges()) {
    const Gpa start = std::max(range.start, image.end());
    tables.map(start, range.start + range.size - start, boot::PageAccess::kReadWrite);
  }
  constexpr std::uint64_t kLargePage = 2 * kMiB;
  tables.map(Gpa{abi::kMmioBase}, kLargePage, boot::PageAccess::kReadWrite);
  boot::DeviceTreeInput tree;
  if (root_image_) {
    // Large pages to the end: what lies behind the image is in no memory slot, and touching it ends the VM.
    const std::uint64_t end = round_up(root_range_.start.value + root_range_.size, kLargePage);
    tables.map(root_range_.start, end - root_range_.start.value, boot::PageAccess::kReadOnly);
    tree.root_image = root_range_;
  }
  boot::write_gdt(memory, image.note());
  boot::write_idt(memory, image.note(), ring);

  tree.ram = ram_.ranges();
  tree.devices = devices_->nodes();
  tree.kernel_end = image.end();
  tree.log_level = static_cast<std::uint32_t>(log::level());
  // The kernel tells its programs (AT_HWCAP); to ask its processor would cost it an exit at each start.
  const auto features = std::ranges::find(profile_.cpuid, 1u, &kvm_cpuid_entry2::function);
  if (features != profile_.cpuid.end()) tree.cpu_features = features->edx;
  tree.vector_components = vector_components_;
  tree.payload = &spec_;
  if (::getrandom(tree.rng_seed.data(), tree.rng_seed.size(), 0) != static_cast<ssize_t>(tree.rng_seed.size())) {
    throw Error::from_errno("read", "random numbers for the guest");
  }
  tree.clock = relate_clocks();
  const Gpa tree_address = boot::write_device_tree(arena, tree);
  boot::set_entry_state(*vcpu_, {ring, tables.root(), tree_address, &image.note()}, profile_.features);
}

// The guest's TSC, and what the host's clocks said at that moment. Whoever takes the processor away between the
// readings would shift every moment that the guest tells, so they are taken again when they lie far apart.
boot::Clock Machine::relate_clocks() {
  constexpr std::uint64_t kCloseNs = 50'000;
  constexpr int kAttempts = 5;
  boot::Clock clock{.tsc_khz = profile_.tsc_khz};
  std::uint64_t narrowest = std::numeric_limits<std::uint64_t>::max();
  for (int attempt = 0; attempt < kAttempts && narrowest > kCloseNs; ++attempt) {
    const std::uint64_t before = monotonic_ns();
    const std::uint64_t tsc = vcpu_->tsc();
    const std::uint64_t realtime = realtime_ns();
    const std::uint64_t apart = monotonic_ns() - before;
    if (apart >= narrowest) continue;
    narrowest = apart;
    timeline_.reference_tsc = clock.boot_tsc = tsc;
    timeline_.reference_ns = before + apart / 2;
    clock.boot_realtime_ns = realtime;
  }
  return clock;
}

bool Machine::emulates_cpl0() const {
  return boot::best_ring(profile_.cpl0_ticks_per_instruction) == boot::Ring::kRing3;
}

void Machine::read_kvm_counters() {
  for (kvm::Statistics& statistics : statistics_) {
    for (kvm::Counter& counter : statistics.read()) timeline_.kvm_counters.push_back(std::move(counter));
  }
  if (!emulates_cpl0()) return;
  const auto emulated = std::ranges::find(timeline_.kvm_counters, "insn_emulation", &kvm::Counter::name);
  if (emulated != timeline_.kvm_counters.end()) timeline_.guest_cpl0_instructions = emulated->value;
}

// From here on the VMM holds what a running machine needs, and nothing else (docs/isolation.md). The image and the
// kernel are mapped, /dev/kvm was asked all there is to ask: their descriptors are not in the list.
void Machine::confine() const {
  std::vector<int> kept = kept_open_;
  kept.insert(kept.end(), {vm_.fd(), vcpu_->fd(), io_thread_.wakeup_descriptor()});
  for (const kvm::Statistics& statistics : statistics_) kept.push_back(statistics.descriptor());
  const std::uint64_t behind = root_image_ ? root_range_.size : 0;
  sandbox::enter({.descriptors = kept,
                  .filtered = {.vcpu = vcpu_->fd(),
                               .vm = vm_.fd(),
                               .terminal = terminal_ ? STDIN_FILENO : -1,
                               .vectors = vector_components_ != 0 ? vcpu_->fd() : -1},
                  .guest_bytes = ram_.size() + behind,
                  .jail = jail_});
}

int Machine::run() {
  const SignalForwarder signals(devices_->control());
  if (spec_.terminal) terminal_.emplace();  // behind the handlers: from here on every way out restores it
  confine();
  timeline_.guest_entered_ns = monotonic_ns();
  while (!exit_status_) {
    const int error = vcpu_->run();
    if (error == 0) {
      handle_exit();
    } else if (error == EINTR) {
      ++timeline_.exits_signal;
    } else if (error == EAGAIN) {
      // Not the signal's EINTR: KVM's worker thread (kvm-nx-lpage-recovery) could not be started, now or ever.
      fail("KVM_RUN failed: KVM cannot start its thread (the limit of processes, ulimit -u, is reached)");
    } else if (error == EFAULT) {
      fail("the guest touched memory that the host cannot provide (a read-only page, or the root image was truncated)");
    } else {
      fail(std::string("KVM_RUN failed: ") + std::strerror(error));
    }
    // In every turn, whatever it was for: a guest need never let KVM_RUN be interrupted.
    if (const int signal = signals.unanswered(); signal != 0 && !exit_status_) {
      terminal_.reset();
      log::write(log::Severity::kWarning, "the guest kernel does not respond to signals: ended");
      exit_status_ = 128 + signal;
    }
  }
  timeline_.guest_left_ns = monotonic_ns();
  read_kvm_counters();
  terminal_.reset();  // before the log's lines
  timeline_.guest = ram_.memory().read<abi::GuestStats>(Gpa{abi::kGuestStatsGpa}).value_or(abi::GuestStats{});
  guest_log_.print_last_lines();
  return *exit_status_;
}

void Machine::handle_exit() {
  kvm_run& state = vcpu_->state();
  switch (state.exit_reason) {
    case KVM_EXIT_MMIO:
      ++timeline_.exits_mmio;
      handle_mmio(state);
      return;
    case KVM_EXIT_SHUTDOWN:
      return fail("the guest kernel crashed (triple fault)");
    case KVM_EXIT_IO:
      return fail("the guest used an I/O port; there is none");
    case KVM_EXIT_INTERNAL_ERROR:
      return fail("KVM cannot continue the guest (internal error " + std::to_string(state.internal.suberror) + ")");
    case KVM_EXIT_FAIL_ENTRY:
      return fail("the processor refuses to enter the guest (reason " +
                  std::to_string(state.fail_entry.hardware_entry_failure_reason) + ")");
    default:
      return fail("unexpected exit from the guest (KVM exit reason " + std::to_string(state.exit_reason) + ")");
  }
}

void Machine::handle_mmio(kvm_run& state) {
  const std::uint64_t address = state.mmio.phys_addr;
  const std::span data(reinterpret_cast<std::byte*>(state.mmio.data), std::min<std::size_t>(state.mmio.len, 8));
  const MmioWindow& window = devices_->window();
  if (state.mmio.is_write ? window.write(Gpa{address}, data) : window.read(Gpa{address}, data)) return;
  char text[160];
  std::snprintf(text, sizeof text, "the guest %s %s at guest-physical 0x%llx", state.mmio.is_write ? "wrote" : "read",
                address >= root_range_.start.value && address - root_range_.start.value < root_range_.size
                    ? "the read-only root image"
                    : "where there is nothing,",
                static_cast<unsigned long long>(address));
  fail(text);
}

// The VM ends because of the guest kernel or KVM, not because of the payload.
void Machine::fail(const std::string& reason) {
  ++timeline_.exits_other;
  exit_status_ = kExitHuskError;
  terminal_.reset();
  guest_log_.print_last_lines();
  char where[64] = "";
  try {
    const kvm_regs regs = vcpu_->regs();
    std::snprintf(where, sizeof where, " (rip=0x%llx rsp=0x%llx)", regs.rip, regs.rsp);
  } catch (const Error&) {  // then without registers
  }
  log::write(log::Severity::kError, reason + where);
}

void Machine::guest_exited(std::uint8_t code, std::uint8_t signal) {
  exit_status_ = signal != 0 ? 128 + (signal & 0x7f) : code;
}

std::uint32_t Machine::window_size() {
  if (!spec_.terminal) return 0;
  const WindowSize size = husk::window_size().value_or(WindowSize{});
  // The guest asks because it was told of SIGWINCH: the terminal's configuration space shall say the same.
  devices_->set_window_size(size.rows, size.columns);
  return (std::uint32_t{size.rows} << 16) | size.columns;
}

// KVM's image is as large as a page, and what lies behind the components that a kernel knows is empty.
void Machine::save_vectors(Gpa area) {
  if (vector_components_ == 0) return;
  alignas(kvm_xsave) std::array<std::byte, sizeof(kvm_xsave)> image{};
  const std::span<std::byte> target = ram_.memory().writable(area, abi::kVectorImageSize);
  if (target.empty() || !vcpu_->save_vectors(image)) return fail("the guest cannot have its vector registers saved");
  std::memcpy(target.data(), image.data(), target.size());
}

void Machine::load_vectors(Gpa area) {
  if (vector_components_ == 0) return;
  alignas(kvm_xsave) std::array<std::byte, sizeof(kvm_xsave)> image{};
  const std::span<const std::byte> source = ram_.memory().readable(area, abi::kVectorImageSize);
  if (!source.empty()) std::memcpy(image.data(), source.data(), source.size());
  // KVM looks at a copy of its own, and refuses what the processor would.
  if (source.empty() || !vcpu_->load_vectors(image)) return fail("the guest cannot have its vector registers loaded");
}

void Machine::guest_panicked() {
  fail("the guest kernel panicked");
}

}  // namespace husk::machine
