#include "vmm/image/confinement.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "vmm/become_user.h"
#include "vmm/error.h"
#include "vmm/filter_program.h"
#include "vmm/lower_limit.h"

namespace husk::image {
namespace {

constexpr int kImageFd = 3;
constexpr int kFirstFree = 16;  // beyond the descriptors that are put in place

// linux/landlock.h of 6.7 and later; Debian 12's headers end with the ABI's version 2.
constexpr std::uint64_t kTruncate = std::uint64_t{1} << 14;
constexpr std::uint64_t kIoctlDevice = std::uint64_t{1} << 15;
struct RulesetAttributes {
  std::uint64_t files;
  std::uint64_t network;  // bind and connect of TCP
  std::uint64_t scoped;   // abstract sockets and signals
};

constexpr std::uint64_t kReadTree = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kReadFile = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE;

// Denied with EPERM, so that a library that only tries goes on without. Much of it is about other processes of the same
// user, who may be the caller himself: Landlock keeps signals from them only since Linux 6.12 (ABI 6). Not in the list,
// because their arguments matter: prlimit64 of another process, fcntl that names a receiver of signals, and clone,
// which is for threads only (mkfs.erofs has some from version 1.8 on); clone3's flags lie in memory, so libc shall take
// clone.
constexpr auto kDenied = std::to_array<std::uint32_t>({SYS_socket,
                                                       SYS_socketpair,
                                                       SYS_connect,
                                                       SYS_bind,
                                                       SYS_ptrace,
                                                       SYS_process_vm_readv,
                                                       SYS_process_vm_writev,
                                                       SYS_pidfd_getfd,
                                                       SYS_fork,
                                                       SYS_vfork,
                                                       SYS_unshare,
                                                       SYS_setns,
                                                       SYS_mount,
                                                       SYS_umount2,
                                                       SYS_pivot_root,
                                                       SYS_chroot,
                                                       SYS_open_tree,
                                                       SYS_move_mount,
                                                       SYS_fsopen,
                                                       SYS_fsmount,
                                                       SYS_io_uring_setup,
                                                       SYS_bpf,
                                                       SYS_perf_event_open,
                                                       SYS_userfaultfd,
                                                       SYS_add_key,
                                                       SYS_request_key,
                                                       SYS_keyctl,
                                                       SYS_kill,
                                                       SYS_tkill,
                                                       SYS_tgkill,
                                                       SYS_pidfd_open,
                                                       SYS_pidfd_send_signal,
                                                       SYS_rt_sigqueueinfo,
                                                       SYS_rt_tgsigqueueinfo,
                                                       SYS_setpriority,
                                                       SYS_ioprio_set,
                                                       SYS_sched_setparam,
                                                       SYS_sched_setscheduler,
                                                       SYS_sched_setattr,
                                                       SYS_sched_setaffinity,
                                                       SYS_process_madvise,
                                                       SYS_migrate_pages,
                                                       SYS_move_pages,
                                                       SYS_shmget,
                                                       SYS_shmat,
                                                       SYS_msgget,
                                                       SYS_msgsnd,
                                                       SYS_msgrcv,
                                                       SYS_semget,
                                                       SYS_semop,
                                                       SYS_semtimedop,
                                                       SYS_mq_open,
                                                       SYS_name_to_handle_at,
                                                       SYS_open_by_handle_at});

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
  // Past RLIMIT_FSIZE, write fails with EFBIG, which mkfs.erofs can put into words.
  ::signal(SIGXFSZ, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// capabilities(7): the kernel's sets are two words each.
struct CapabilitySets {
  std::array<__user_cap_data_struct, 2> words{};
};

// Leaves `kept` (a word of the first 32 capabilities, of those that are there) and returns what is left of it.
std::uint32_t set_capabilities(std::uint32_t kept) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  CapabilitySets sets;
  ::syscall(SYS_capget, &header, sets.words.data());
  const std::uint32_t left = sets.words[0].permitted & kept;
  sets.words[0] = {.effective = left, .permitted = left, .inheritable = left};
  sets.words[1] = {};
  ::syscall(SYS_capset, &header, sets.words.data());
  return left;
}

void give_up_root(int output, uid_t user) {
  constexpr std::uint32_t kSearch = 1u << CAP_DAC_READ_SEARCH;
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if (capability != CAP_DAC_READ_SEARCH) ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  if (::geteuid() == 0) {
    ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
    if (!become_user(user, user)) say(output, "mkfs.erofs keeps uid 0");
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  // Root's program gets what is in the bounding set, any other's only ambient capabilities.
  if (set_capabilities(kSearch) != 0) ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0);
}

constexpr filter_program::Program make_filter() {
  using namespace filter_program;
  constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
  constexpr std::uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;
  std::vector<Range> calls;
  for (const std::uint32_t call : kDenied) calls.push_back({call, {result(kRefuse)}});
  // The arguments that matter are ints.
  calls.push_back({SYS_prlimit64, {load(argument(0)), unless_equal_skip(0, 1), result(kAllow), result(kRefuse)}});
  calls.push_back({SYS_clone3, {result(SECCOMP_RET_ERRNO | ENOSYS)}});
  calls.push_back(
      {SYS_clone, {load(argument(0)), jump(BPF_JSET, CLONE_THREAD, 0, 1), result(kAllow), result(kRefuse)}});
  calls.push_back({SYS_fcntl,
                   {load(argument(1)), jump(BPF_JEQ, F_SETOWN, 1, 0), jump(BPF_JEQ, F_SETOWN_EX, 0, 1), result(kRefuse),
                    result(kAllow)}});
  std::vector<Range> ranges = ranges_of(std::move(calls), kAllow);
  ranges.push_back({kX32Bit, {result(kRefuse)}});
  return filter_program::make_filter(ranges, SECCOMP_RET_KILL_PROCESS);
}

void filter_calls(int output) {
  constexpr auto& kFilter = filter_program::kConstant<make_filter>;
  const sock_fprog filter{.len = kFilter.size(), .filter = const_cast<sock_filter*>(kFilter.data())};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) say(output, "mkfs.erofs runs without seccomp");
}

bool add_rule(int ruleset, int fd, std::uint64_t access) {
  const landlock_path_beneath_attr rule{.allowed_access = access, .parent_fd = fd};
  return ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

bool is_directory(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

Confinement::Confinement(std::vector<std::string> arguments, const std::string& tree, int image_fd,
                         std::uint64_t max_bytes, uid_t user)
    : arguments_(std::move(arguments)),
      image_(image_fd),
      user_(user),
      max_bytes_(max_bytes),
      tree_(::open(tree.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
  // A pipe that nobody writes to, rather than /dev/null, which a stripped container may lack.
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw Error::from_errno("create pipe for", arguments_[0]);
  no_input_.reset(ends[0]);
  ::close(ends[1]);
  if (!tree_) throw Error::from_errno("open directory", tree);
  for (std::string& argument : arguments_) argv_.push_back(argument.data());
  argv_.push_back(nullptr);
  for (const char* path : {arguments_[0].c_str(), "/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache"}) {
    UniqueFd fd(::open(path, O_PATH | O_CLOEXEC));
    if (fd) readable_.push_back(std::move(fd));
  }
}

// landlock(7). What is handled and not allowed by a rule is denied.
void Confinement::restrict_paths(int output) const {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return say(output, "mkfs.erofs runs without Landlock");
  RulesetAttributes attributes{};
  attributes.files = (std::uint64_t{1} << 13) - 1;
  if (version >= 2) attributes.files |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) attributes.files |= kTruncate;
  if (version >= 5) attributes.files |= kIoctlDevice;
  if (version >= 4) attributes.network = 3;
  if (version >= 6) attributes.scoped = 3;
  const std::size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
  const int ruleset = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0));
  bool good = ruleset >= 0 && add_rule(ruleset, tree_.get(), kReadTree) &&
              add_rule(ruleset, image_,
                       LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | (version >= 3 ? kTruncate : 0));
  for (const UniqueFd& fd : readable_) {
    good = good && add_rule(ruleset, fd.get(), is_directory(fd.get()) ? kReadTree | kReadFile : kReadFile);
  }
  if (!good || ::syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) say(output, "mkfs.erofs runs without Landlock");
}

void Confinement::execute(int output, pid_t parent) const {
  reset_signals();
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  restrict_paths(output);
  give_up_root(output, user_);
  lower_limit(RLIMIT_CORE, 0);
  lower_limit(RLIMIT_FSIZE, max_bytes_);
  lower_limit(RLIMIT_NOFILE, 256);

  const int image = ::fcntl(image_, F_DUPFD, kFirstFree);
  const int out = ::fcntl(output, F_DUPFD, kFirstFree);
  if (image < 0 || out < 0 || ::dup2(no_input_.get(), STDIN_FILENO) < 0 || ::dup2(out, STDOUT_FILENO) < 0 ||
      ::dup2(out, STDERR_FILENO) < 0 || ::dup2(image, kImageFd) < 0 || ::close_range(kImageFd + 1, ~0U, 0) != 0) {
    ::_exit(kExecFailed - 1);
  }
  // Dies with the builder: a build that nobody waits for would hold disk space and processor time. (Changing the user
  // id clears this, so it comes late.)
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kExecFailed - 1);
  filter_calls(STDERR_FILENO);
  static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  static char language[] = "LC_ALL=C";
  char* const environment[] = {path, language, nullptr};
  ::execve(argv_[0], argv_.data(), environment);
  say(STDERR_FILENO, argv_[0], "<E> cannot execute ");
  ::_exit(kExecFailed);
}

}  // namespace husk::image
