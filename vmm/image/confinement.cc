#include "vmm/image/confinement.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "vmm/become_user.h"
#include "vmm/descriptors.h"
#include "vmm/error.h"
#include "vmm/filter_program.h"
#include "vmm/lower_limit.h"
#include "vmm/sandbox/environment.h"

namespace husk::image {
namespace {

// linux/landlock.h of 6.7 and later; Debian 12's headers end with the ABI's version 2.
constexpr std::uint64_t kTruncate = std::uint64_t{1} << 14;
constexpr std::uint64_t kIoctlDevice = std::uint64_t{1} << 15;
struct RulesetAttributes {
  std::uint64_t files;
  std::uint64_t network;  // bind and connect of TCP
  std::uint64_t scoped;   // abstract sockets and signals
};

constexpr std::uint64_t kReadTree = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
// All that is let through. Anything else is denied with EPERM, so that a library that only tries goes on without.
constexpr auto kAllowed = std::to_array<std::uint32_t>(
    {SYS_openat2,   SYS_close, SYS_fstat,    SYS_newfstatat, SYS_statx,        SYS_getdents64,   SYS_readlinkat,
     SYS_fchdir,    SYS_read,  SYS_pread64,  SYS_lseek,      SYS_flistxattr,   SYS_fgetxattr,    SYS_llistxattr,
     SYS_lgetxattr, SYS_write, SYS_pwrite64, SYS_ftruncate,  SYS_brk,          SYS_munmap,       SYS_mremap,
     SYS_madvise,   SYS_futex, SYS_exit,     SYS_exit_group, SYS_rt_sigreturn, SYS_clock_gettime});
// The same for who reads an archive, and (with the call that opens files) a directory of blobs.
constexpr auto kAllowedForArchive =
    std::to_array<std::uint32_t>({SYS_close, SYS_fstat, SYS_newfstatat, SYS_read, SYS_pread64, SYS_lseek, SYS_write,
                                  SYS_pwrite64, SYS_ftruncate, SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise, SYS_futex,
                                  SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_clock_gettime});
constexpr auto kAllowedForBlobs = [] {
  std::array<std::uint32_t, kAllowedForArchive.size() + 1> calls{SYS_openat2};
  std::ranges::copy(kAllowedForArchive, calls.begin() + 1);
  return calls;
}();

void say(int output, std::string_view what, std::string_view prefix = "husk: ") {
  const int reason = errno;
  std::array<char, 160> line{};
  std::size_t size = 0;
  for (const std::string_view part :
       {prefix, what, std::string_view(": "), std::string_view(::strerrordesc_np(reason)), std::string_view("\n")}) {
    const std::size_t count = std::min(part.size(), line.size() - size);
    std::memcpy(line.data() + size, part.data(), count);
    size += count;
  }
  [[maybe_unused]] const ssize_t written = ::write(output, line.data(), size);
}

void reset_signals() {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  // Past RLIMIT_FSIZE, write fails with EFBIG, which can be put into words.
  ::signal(SIGXFSZ, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);  // the same with EPIPE
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// capabilities(7): the kernel's sets are two words each.
struct CapabilitySets {
  std::array<__user_cap_data_struct, 2> words{};
};

// Leaves `kept` (a word of the first 32 capabilities), of those that are there.
void keep_capabilities(std::uint32_t kept) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  CapabilitySets sets;
  ::syscall(SYS_capget, &header, sets.words.data());
  const std::uint32_t left = sets.words[0].permitted & kept;
  sets.words[0] = {.effective = left, .permitted = left, .inheritable = 0};
  sets.words[1] = {};
  ::syscall(SYS_capset, &header, sets.words.data());
}

constexpr std::uint32_t kSearch = 1u << CAP_DAC_READ_SEARCH;

// `kept`: kSearch, or no capability.
void give_up_root(int output, uid_t user, std::uint32_t kept) {
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if (capability != CAP_DAC_READ_SEARCH || kept == 0) ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  if (::geteuid() == 0) {
    ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
    if (!become_user(user, user)) say(output, "what makes the image keeps uid 0");
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  keep_capabilities(kept);
}

template <const auto& kCalls>
constexpr filter_program::Program make_filter() {
  using namespace filter_program;
  constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
  constexpr std::uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;
  std::vector<Range> calls;
  for (const std::uint32_t call : kCalls) calls.push_back({call, {result(kAllow)}});
  calls.push_back({SYS_mmap, {load(argument(2)), jump(BPF_JSET, PROT_EXEC, 0, 1), result(kRefuse), result(kAllow)}});
  std::vector<Range> ranges = ranges_of(std::move(calls), kRefuse);
  ranges.push_back({kX32Bit, {result(kRefuse)}});
  return filter_program::make_filter(ranges, SECCOMP_RET_KILL_PROCESS);
}

template <const auto& kCalls>
void filter_calls(int output) {
  constexpr auto& kFilter = filter_program::kConstant<make_filter<kCalls>>;
  const sock_fprog filter{.len = kFilter.size(), .filter = const_cast<sock_filter*>(kFilter.data())};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0)
    say(output, "what makes the image runs without seccomp");
}

bool add_rule(int ruleset, int fd, std::uint64_t access) {
  const landlock_path_beneath_attr rule{.allowed_access = access, .parent_fd = fd};
  return ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

// landlock(7). What is handled and not allowed by a rule is denied; without a tree there is no rule.
void restrict_paths(int output, int tree) {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return say(output, "what makes the image runs without Landlock");
  RulesetAttributes attributes{};
  attributes.files = (std::uint64_t{1} << 13) - 1;
  if (version >= 2) attributes.files |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) attributes.files |= kTruncate;
  if (version >= 5) attributes.files |= kIoctlDevice;
  if (version >= 4) attributes.network = 3;
  if (version >= 6) attributes.scoped = 3;
  const std::size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
  const int ruleset = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0));
  // What is open already, the image, is beyond Landlock's reach.
  const bool good = ruleset >= 0 && (tree < 0 || add_rule(ruleset, tree, kReadTree));
  if (!good || ::syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
    say(output, "what makes the image runs without Landlock");
}

void limit_resources(std::uint64_t most_bytes, rlim_t descriptors) {
  lower_limit(RLIMIT_CORE, 0);
  lower_limit(RLIMIT_FSIZE, most_bytes);
  lower_limit(RLIMIT_NOFILE, descriptors);
}

// A build that nobody waits for would hold disk space and processor time. (Changing the user id clears this, so it comes
// late.)
void die_with(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) throw Error("go on after", "husk", "it has gone");
}

}  // namespace

Confinement::Confinement(const std::string& tree, int image_fd, std::uint64_t max_bytes, uid_t user)
    : image_(image_fd),
      user_(user),
      max_bytes_(max_bytes),
      tree_(::open(tree.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (!tree_) throw Error::from_errno("open directory", tree);
  // A pipe that nobody writes to, rather than /dev/null, which a stripped container may lack.
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw Error::from_errno("create pipe for", "the image's maker");
  no_input_.reset(ends[0]);
  ::close(ends[1]);
}

void Confinement::keep_descriptors(int output) const {
  if (::dup2(no_input_.get(), STDIN_FILENO) < 0 || ::dup2(output, STDOUT_FILENO) < 0 ||
      ::dup2(output, STDERR_FILENO) < 0) {
    throw Error::from_errno("arrange", "descriptors");
  }
  keep_only(std::array{tree_.get(), image_});
}

void Confinement::enter(int output, pid_t parent) const {
  reset_signals();
  sandbox::forget_environment();
  ::prctl(PR_SET_NAME, "husk-image");
  keep_descriptors(output);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  restrict_paths(STDERR_FILENO, tree_.get());
  give_up_root(STDERR_FILENO, user_, kSearch);
  limit_resources(max_bytes_, 256);
  die_with(parent);
  filter_calls<kAllowed>(STDERR_FILENO);
}

void enter_import_confinement(const ImportConfinement& confinement, pid_t parent) {
  reset_signals();
  sandbox::forget_environment();
  ::prctl(PR_SET_NAME, "husk-import");
  keep_only(confinement.files);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  restrict_paths(STDERR_FILENO, confinement.directory);
  const bool opens_files = confinement.directory >= 0;
  give_up_root(STDERR_FILENO, confinement.user, opens_files ? kSearch : 0);
  limit_resources(confinement.most_bytes, 1024);  // an image has up to 512 layers
  lower_limit(RLIMIT_AS, confinement.most_memory);
  die_with(parent);
  if (opens_files) {
    filter_calls<kAllowedForBlobs>(STDERR_FILENO);
  } else {
    filter_calls<kAllowedForArchive>(STDERR_FILENO);
  }
}

}  // namespace husk::image
