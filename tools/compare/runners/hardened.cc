#include "tools/compare/runners/hardened.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "tools/compare/isolation/vm_interfaces.h"
#include "tools/compare/process.h"
#include "tools/compare/roots.h"
#include "tools/compare/runners/seccomp_profile.h"
#include "vmm/error.h"
#include "vmm/runner/program.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;
constexpr gid_t kNogroup = 65534;

// For the container's ids: the end of the range that systemd keeps for containers (systemd's UIDS-GIDS.md).
constexpr std::uint32_t kFirstMappedId = 0x6fff0000 - 0x10000;
constexpr std::uint32_t kMappedIds = 0x10000;

// An unprivileged user must be able to get at the image. The scratch directory is on a tmpfs that only this comparison's
// processes see, but the directories above it are the host's.
std::string why_out_of_reach(const Context& context) {
  for (fs::path above = context.scratch.parent_path(); above != above.root_path(); above = above.parent_path()) {
    struct stat status {};
    if (stat(above.c_str(), &status) != 0 || (status.st_mode & S_IXOTH) == 0) {
      return "only root can reach " + above.string() + " (set TMPDIR to a directory that others can search)";
    }
  }
  return {};
}

void let_others_reach(const Context& context) {
  fs::permissions(context.scratch, fs::perms(0711));
}

Availability only_when(Availability availability, std::initializer_list<std::string> obstacles) {
  for (const std::string& obstacle : obstacles) {
    if (availability.available && !obstacle.empty()) return {false, {}, obstacle};
  }
  return availability;
}

std::string why_not_root() {
  return geteuid() == 0 ? "" : "needs root, to become somebody else";
}

std::string missing_program(const char* name, const char* package) {
  return find_program(name).empty() ? std::string("not installed (apt package ") + package + ")" : std::string();
}

// Executes what follows as "nobody", for good.
std::vector<std::string> as_nobody(gid_t group) {
  return {find_program("setpriv"),
          "--reuid=" + std::to_string(kNobody),
          "--regid=" + std::to_string(group),
          "--clear-groups",
          "--no-new-privs",
          "--inh-caps=-all",
          "--bounding-set=-all"};
}

void append(std::vector<std::string>& words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
}

// Opens files that the command cannot open itself: it finds them as descriptors 3, 4, ...
std::vector<std::string> with_open_files(const std::vector<std::string>& files,
                                         const std::vector<std::string>& command) {
  std::string script;
  for (std::size_t i = 0; i < files.size(); ++i) {
    script += "exec " + std::to_string(3 + i) + "<\"$1\"; shift; ";
  }
  std::vector<std::string> words = {"/bin/sh", "-c", script + "exec \"$@\"", "sh"};
  append(words, files);
  append(words, command);
  return words;
}

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

}  // namespace

Availability QemuHardened::detect(const Context& context) const {
  return only_when(Qemu::detect(context), {why_not_root(), missing_program("setpriv", "util-linux")});
}

void QemuHardened::prepare(const Context& context) {
  Qemu::prepare(context);
  scratch_ = context.scratch;
}

std::vector<std::string> QemuHardened::command(const Invocation& invocation) {
  std::vector<std::string> words = Qemu::command(invocation);
  // The user owns nothing, so QEMU gets descriptors: kernel and image to read, its log and the streams as sets of them.
  const std::vector<std::string> files = {kernel_, readable_image(invocation.root->erofs)};
  for (std::string& word : words) {
    // Without truncating, which a pipe refuses.
    replace_all(word, "path=/dev/stdout", "append=on,path=/dev/fdset/1");
    replace_all(word, "path=/dev/stderr", "append=on,path=/dev/fdset/2");
    replace_all(word, "path=" + log_, "append=on,path=/dev/fdset/3");
    replace_all(word, kernel_, "/proc/self/fd/3");
    replace_all(word, invocation.root->erofs.string(), "/proc/self/fd/4");
  }
  append(words, {"-add-fd", "fd=6,set=1", "-add-fd", "fd=7,set=2", "-add-fd", "fd=5,set=3", "-sandbox",
                 "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"});
  struct stat kvm {};
  stat("/dev/kvm", &kvm);
  const bool others_may = (kvm.st_mode & S_IWOTH) != 0;
  std::vector<std::string> unprivileged = as_nobody(others_may ? kNogroup : kvm.st_gid);
  append(unprivileged, words);
  std::vector<std::string> opened = with_open_files(files, unprivileged);
  // QEMU takes no standard stream as a set's descriptor, and only one that was opened as it would open it.
  opened[2] = "exec 5>\"$1\" 6>>/dev/fd/1 7>>/dev/fd/2; shift; " + opened[2];
  opened.insert(opened.begin() + 4, log_);
  return opened;
}

// QEMU opens the descriptor's file once more, and the cache's files are the caller's alone: a copy, made once.
std::string QemuHardened::readable_image(const std::filesystem::path& erofs) {
  fs::path& copy = copies_[erofs];
  if (copy.empty()) {
    const fs::path file = scratch_ / (name() + "-image-" + std::to_string(copies_.size()));
    fs::copy_file(erofs, file);
    fs::permissions(file, fs::perms(0644));
    copy = file;
  }
  return copy;
}

Boundary QemuHardened::boundary(const std::vector<std::string>&) const {
  return {.kind = Boundary::Kind::kVcpus, .program = program_, .arguments = {}};
}

Availability RuncHardened::detect(const Context& context) const {
  return only_when(OciRuntime::detect(context), {seccomp_profile_missing(), why_out_of_reach(context)});
}

void RuncHardened::prepare(const Context& context) {
  OciRuntime::prepare(context);
  let_others_reach(context);
}

void RuncHardened::adjust(nlohmann::json& config) const {
  const auto granted = config["process"]["capabilities"]["bounding"].get<std::set<std::string>>();
  config["linux"]["seccomp"] = installed_oci_seccomp(granted);
  nlohmann::json& namespaces = config["linux"]["namespaces"];
  for (const char* kind : {"user", "cgroup"}) {
    const nlohmann::json one = nlohmann::json::object({{"type", kind}});
    if (std::find(namespaces.begin(), namespaces.end(), one) == namespaces.end()) namespaces.push_back(one);
  }
  const nlohmann::json mapping = {{"containerID", 0}, {"hostID", kFirstMappedId}, {"size", kMappedIds}};
  config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = nlohmann::json::array({mapping});
}

Availability BwrapHardened::detect(const Context& context) const {
  const std::string program = find_program("bwrap");
  return only_when({true, program.empty() ? "" : version_of(program), {}},
                   {missing_program("bwrap", "bubblewrap"), missing_program("setpriv", "util-linux"), why_not_root(),
                    seccomp_profile_missing(), why_out_of_reach(context)});
}

void BwrapHardened::prepare(const Context& context) {
  let_others_reach(context);
  const fs::path filter = context.scratch / "bwrap-filter";
  write_bpf(installed_oci_seccomp({}), filter);
  std::vector<std::string> words = as_nobody(kNogroup);
  append(words, {find_program("bwrap"), "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent",
                 "--new-session", "--cap-drop", "ALL", "--clearenv", "--setenv", "PATH", runner::kDefaultPath,
                 "--seccomp", "3"});
  command_ = with_open_files({filter}, words);
}

std::vector<std::string> BwrapHardened::command(const Invocation& invocation) {
  std::vector<std::string> words = command_;
  append(words, {"--ro-bind", invocation.root->directory.string(), "/", "--proc", "/proc", "--dev", "/dev"});
  append(words, invocation.argv);
  return words;
}

// Where its user finds its run directory: podman refuses one whose name is longer than 50 characters, which that of a
// scratch directory may be. A mount that only its namespace has.
constexpr const char* kRunDirectory = "/mnt";

Availability PodmanRootless::detect(const Context& context) const {
  const std::string program = find_program("podman");
  return only_when(
      {true, program.empty() ? "" : version_of(program), {}},
      {missing_program("podman", "podman"), missing_program("conmon", "conmon"), missing_program("runc", "runc"),
       missing_program("setpriv", "util-linux"), why_not_root(), why_out_of_reach(context)});
}

std::string PodmanRootless::objection(const Invocation& invocation) const {
  // A copy of it is quickly made; one of a whole system is not.
  return invocation.is_embedded ? "" : "only the embedded payload: the image would have to be the user's own";
}

void PodmanRootless::prepare(const Context& context) {
  let_others_reach(context);
  const fs::path home = context.scratch / "rootless";
  root_ = home / "root";
  for (const char* part : {"run", "home"}) {
    fs::create_directories(home / part);
    if (chown((home / part).c_str(), kNobody, kNogroup) != 0)
      throw Error::from_errno("give away", (home / part).string());
  }
  if (chown(home.c_str(), kNobody, kNogroup) != 0) throw Error::from_errno("give away", home.string());
  fs::permissions(home / "run", fs::perms(0700));
  // Root's user namespace maps "nobody" alone, so podman is root in it and nobody outside.
  engine_ = {"/usr/bin/env",
             "-i",
             "PATH=" + std::string(runner::kDefaultPath),
             "HOME=" + (home / "home").string(),
             "XDG_RUNTIME_DIR=" + std::string(kRunDirectory),
             "_CONTAINERS_USERNS_CONFIGURED=done",
             "_CONTAINERS_ROOTLESS_UID=" + std::to_string(kNobody),
             find_program("setpriv"),
             "--reuid=" + std::to_string(kNobody),
             "--regid=" + std::to_string(kNogroup),
             "--clear-groups",
             find_program("unshare"),
             "--user",
             "--map-root-user",
             "--mount",
             "/bin/sh",
             "-c",
             R"(mount --bind "$1" "$2" && shift 2 && exec "$@")",
             "sh",
             (home / "run").string(),
             kRunDirectory,
             find_program("podman"),
             "--root=" + (home / "store").string(),
             "--runroot=" + std::string(kRunDirectory) + "/c",
             "--tmpdir=" + (home / "tmp").string(),
             "--runtime=" + find_program("runc"),
             "--storage-driver=vfs",
             "--cgroup-manager=cgroupfs",
             "--events-backend=none"};
}

std::vector<std::string> PodmanRootless::command(const Invocation& invocation) {
  if (!fs::exists(root_)) {
    fs::copy(invocation.roots->files(), root_, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    for (const char* name : {"etc", "run", "var"}) fs::create_directories(root_ / name);  // podman makes files in them
    if (lchown(root_.c_str(), kNobody, kNogroup) != 0) throw Error::from_errno("give away", root_.string());
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root_)) {
      if (lchown(entry.path().c_str(), kNobody, kNogroup) != 0)
        throw Error::from_errno("give away", entry.path().string());
    }
  }
  std::vector<std::string> words = engine_;
  append(words, {"run", "--rm", "--interactive", "--network=none", "--log-driver=k8s-file", "--ulimit=nofile=1024:1024",
                 "--ulimit=nproc=1000:1000", "--rootfs", root_.string()});
  append(words, invocation.argv);
  return words;
}

void PodmanRootless::clean_up() {
  if (engine_.empty()) return;
  std::vector<std::string> remove = engine_;
  append(remove, {"rm", "--all", "--force", "--time=0"});
  if (!output_of(remove)) throw Error("remove", "the containers of rootless podman", "podman rm failed");
}

}  // namespace husk::compare
