#include "task/exec.h"

#include <algorithm>
#include <array>

#include "arch/x86_64/privileged.h"
#include "arch/x86_64/vector_state.h"
#include "boot_parameters.h"
#include "fs/file_table.h"
#include "fs/fs.h"
#include "lib/log.h"
#include "lib/random.h"
#include "mm/address_space.h"
#include "mm/user_ptr.h"
#include "task/elf.h"
#include "task/exit.h"
#include "task/identity.h"
#include "task/image_loader.h"
#include "task/process.h"
#include "task/signal.h"
#include "task/signal_frame.h"
#include "task/trace/stops.h"
#include "task/vdso.h"

namespace kernel::task {
namespace {

using mm::page_ceil;
using mm::page_floor;

// execve(2), "Limits on size of arguments and environment".
constexpr std::size_t kMaxString = 32 * mm::kPageSize;
constexpr std::size_t kMaxStrings = std::size_t{2} << 20;
constexpr unsigned kMaxScriptDepth = 5;     // exec_binprm() of Linux
constexpr std::size_t kScriptHeader = 256;  // BINPRM_BUF_SIZE

constexpr std::uint64_t kStackTop = husk::abi::kUserEnd - (1 + kVdsoMappedPages) * mm::kPageSize;
constexpr std::uint64_t kStackRandomPages = 1 << 12;
constexpr std::uint64_t kInitialStack = 128 << 10;
constexpr std::uint64_t kHasFsGsBase = 2;  // HWCAP2_FSGSBASE: CR4.FSGSBASE is set (privileged.h)

// "#!interpreter [argument]": the interpreter takes the program's place, with the script's path as an argument.
Result<bool> replace_script(Program& program) {
  std::array<char, kScriptHeader> header;
  const std::size_t size = TRY(program.file->read_at(0, std::as_writable_bytes(std::span(header))));
  std::string_view line(header.data(), size);
  if (!line.starts_with("#!")) return false;
  line = line.substr(2, line.find('\n') - 2);
  const auto trim = [](std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return std::string_view();
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
  };
  line = trim(line);
  // Names end at a NUL, too, and nothing counts that comes after it.
  const std::string_view interpreter = line.substr(0, line.find_first_of(std::string_view(" \t\0", 3)));
  std::string_view argument = line.substr(interpreter.size());
  argument = argument.starts_with('\0') ? std::string_view() : trim(argument);
  const bool has_argument = !argument.empty();
  argument = argument.substr(0, argument.find('\0'));
  if (interpreter.empty()) return Errno::kNoExec;
  if (program.path_closes) return Errno::kNoEnt;
  program.arguments.drop_first();
  TRY(program.arguments.prepend(program.path));
  if (has_argument) TRY(program.arguments.prepend(argument));
  TRY(program.arguments.prepend(interpreter));
  program.script = std::move(program.file);
  program.file = TRY(fs::open_executable(interpreter));
  program.path = TRY(String::from(interpreter));
  return true;
}

struct NewStack {
  std::uint64_t pointer = 0;
  std::uint64_t arguments_start = 0, arguments_end = 0, environment_start = 0, environment_end = 0;
  std::uint64_t auxiliary_start = 0, auxiliary_end = 0;
};

// The initial stack, from high to low (psABI 3.4.1): path, platform, random bytes, environment and argument strings;
// auxiliary vector; pointers; argc.
// `name` is what was executed, a script itself and not its interpreter.
Result<NewStack> build_stack(mm::AddressSpace& space, const Program& program, std::string_view name,
                             const LoadedImage& image, const ProgramIdentity& who) {
  const std::uint64_t top = kStackTop - random_value<std::uint64_t>() % kStackRandomPages * mm::kPageSize;
  const std::size_t pointers = program.arguments.count() + program.environment.count() + 64;
  const std::uint64_t needed = program.arguments.size() + program.environment.size() + name.size() + pointers * 8 + 512;
  if (needed > current().process->limits.current(Resource::kStack) / 4 + kInitialStack) return Errno::k2Big;
  mm::AddressSpace::MapRequest request;
  request.length = page_ceil(needed + kInitialStack);
  request.address = top - request.length;
  request.fixed = true;
  request.mapping.protection = {.read = true, .write = true, .execute = image.executable_stack};
  request.mapping.grows_down = true;
  request.mapping.label = "[stack]";
  TRY(space.map(std::move(request)));
  const std::uint64_t vdso = TRY(map_vdso(space, top));

  std::uint64_t position = top - 8;
  auto push = [&](const void* data, std::size_t size) -> Result<std::uint64_t> {
    position -= size;
    TRY(mm::copy_to_space(space, position, data, size));
    return position;
  };
  TRY(push("", 1));
  const std::uint64_t path_address = TRY(push(name.data(), name.size()));
  const std::uint64_t platform_address = TRY(push("x86_64", 7));
  std::array<std::byte, 16> random;
  random_bytes(random);
  const std::uint64_t random_address = TRY(push(random.data(), random.size()));
  NewStack stack;
  stack.environment_end = position;
  stack.environment_start = TRY(push(program.environment.data(), program.environment.size()));
  stack.arguments_end = position;
  stack.arguments_start = TRY(push(program.arguments.data(), program.arguments.size()));

  Vector<std::uint64_t> words;
  TRY(words.reserve(pointers));
  TRY(words.push_back(program.arguments.count()));
  auto push_pointers = [&](const StringBlock& block, std::uint64_t address) -> Result<void> {
    const char* text = block.data();
    for (std::size_t i = 0; i < block.count(); ++i) {
      TRY(words.push_back(address));
      const std::size_t size = strlen(text) + 1;
      text += size;
      address += size;
    }
    return words.push_back(0);
  };
  TRY(push_pointers(program.arguments, stack.arguments_start));
  TRY(push_pointers(program.environment, stack.environment_start));
  const std::uint64_t auxiliary[][2] = {{elf::kAuxSysinfoEhdr, vdso},
                                        {elf::kAuxPagesz, mm::kPageSize},
                                        {elf::kAuxPhdr, image.program_headers},
                                        {elf::kAuxPhent, sizeof(elf::ProgramHeader)},
                                        {elf::kAuxPhnum, image.program_header_count},
                                        {elf::kAuxBase, image.interpreter_base},
                                        {elf::kAuxFlags, 0},
                                        {elf::kAuxEntry, image.program_entry},
                                        {elf::kAuxUid, who.users.real},
                                        {elf::kAuxEuid, who.users.effective},
                                        {elf::kAuxGid, who.groups.real},
                                        {elf::kAuxEgid, who.groups.effective},
                                        {elf::kAuxSecure, who.secure},
                                        {elf::kAuxClktck, 100},
                                        {elf::kAuxRandom, random_address},
                                        {elf::kAuxPlatform, platform_address},
                                        {elf::kAuxHwcap, boot_parameters().cpu_features},
                                        {elf::kAuxHwcap2, kHasFsGsBase},
                                        {elf::kAuxRseqFeatureSize, 28},
                                        {elf::kAuxRseqAlign, 32},
                                        {elf::kAuxMinsigstksz, largest_signal_frame()},
                                        {elf::kAuxExecfn, path_address},
                                        {elf::kAuxNull, 0}};
  for (const auto& pair : auxiliary) {
    TRY(words.push_back(pair[0]));
    TRY(words.push_back(pair[1]));
  }
  // The stack pointer at the program's start is a multiple of 16.
  position = (position - words.size() * 8) & ~std::uint64_t{15};
  stack.auxiliary_end = position + words.size() * 8;
  stack.auxiliary_start = stack.auxiliary_end - sizeof auxiliary;
  TRY(mm::copy_to_space(space, position, words.data(), words.size() * 8));
  stack.pointer = position;
  return stack;
}

void set_name(Task& task, std::string_view path) {
  const std::string_view base = path.substr(path.rfind('/') + 1);
  const std::size_t size = std::min(base.size(), sizeof task.name - 1);
  memset(task.name, 0, sizeof task.name);
  memcpy(task.name, base.data(), size);
}

}  // namespace

Result<void> StringBlock::append(std::string_view text) {
  TRY(text_.append(text));
  TRY(text_.push_back('\0'));
  ++count_;
  return {};
}

Result<StringBlock> StringBlock::from_user(std::uint64_t array_address) {
  StringBlock block;
  if (!array_address) return block;  // Linux takes NULL as an empty list
  for (mm::UserPtr<const std::uint64_t> entry(array_address);; entry = entry + 1) {
    const std::uint64_t address = TRY(entry.read());
    if (!address) return block;
    auto text = mm::copy_string_from_user(address, kMaxString);
    if (!text) return text.error() == Errno::kNameTooLong ? Errno::k2Big : text.error();
    TRY(block.append(text.value()));
    if (block.size() + block.count() * 8 > kMaxStrings) return Errno::k2Big;
  }
}

void StringBlock::drop_first() {
  if (count_ == 0) return;
  text_.erase(0, strlen(text_.data()) + 1);
  --count_;
}

Result<void> StringBlock::prepend(std::string_view text) {
  StringBlock block;
  TRY(block.append(text));
  TRY(block.text_.append(text_.span()));
  block.count_ += count_;
  *this = std::move(block);
  return {};
}

Result<void> execute(Program program) {
  Task& self = current();
  Process& process = *self.process;
  // execve(2), EAGAIN: what setuid(2) could not refuse.
  if (self.joined_full_user && has_too_many_tasks(*self.charge.user(), process)) return Errno::kAgain;
  self.joined_full_user = false;
  String name = TRY(program.path.clone());
  for (unsigned depth = 0; TRY(replace_script(program)); ++depth) {
    if (depth == kMaxScriptDepth) return Errno::kLoop;
  }
  const String own_name = TRY(String::from(program.nameless ? program.file->path().dentry->name() : name.view()));
  if (program.arguments.count() == 0) TRY(program.arguments.append(""));  // as Linux since 5.18
  Ref<mm::AddressSpace> space = TRY(mm::AddressSpace::create(&program.file->inode()));
  const LoadedImage image = TRY(load_image(*space, program.file));
  const ProgramIdentity identity = TRY(identity_for_program(self, *program.file));
  const NewStack stack = TRY(build_stack(*space, program, name, image, identity));
  String executable_path = TRY(fs::path_text(*program.file));
  const int number_before = self.tid;
  if (!end_other_threads()) return Errno::kAgain;

  // The point of no return.
  if (auto reset = reset_signals_for_exec(self); !reset) {
    begin_process_exit(process, signal_status(kSigKill));
    return reset.error();
  }
  if (self.files->references() > 1) {
    auto own = self.files->clone();
    if (!own) {
      begin_process_exit(process, signal_status(kSigKill));
      return own.error();
    }
    self.files = own.take();
  }
  self.files->close_marked_on_exec();
  // Before its first program a task has no memory to leave, and has not used the vector registers: they are as the VM's
  // start left them.
  if (self.space) {
    leave_address_space(self);
    note_peak_memory(process, *self.space);
    arch::reset_vector_state();
  }
  space->load();
  self.space = std::move(space);
  process.vfork.end();
  set_name(self, own_name);
  process.program.executable = std::move(program.file);
  process.program.path = std::move(executable_path);
  process.program.arguments = {stack.arguments_start, stack.arguments_end};
  process.program.environment = {stack.environment_start, stack.environment_end};
  process.program.auxiliary = {stack.auxiliary_start, stack.auxiliary_end};
  ++process.program.generation;
  assume(self, identity);
  process.policy.membarrier_registrations = 0;
  process.family.exit_signal = kSigChld;
  arch::write_fs_base({});
  arch::write_gs_base({});

  arch::TrapFrame& frame = self.frame();
  // It still is the system call that it was, for a tracer to see.
  const std::uint64_t vector = frame.vector, number = frame.error_code, result = frame.rax;
  frame = {};
  frame.rax = result;
  frame.vector = vector;
  frame.error_code = number;
  frame.rip = image.entry;
  frame.rsp = stack.pointer;
  frame.cs = husk::abi::kUserCs;
  frame.ss = husk::abi::kUserSs;
  frame.rflags = arch::user_rflags(0);
  if (self.tracee) report_event(self, TraceEvent::kExec, static_cast<std::uint64_t>(number_before));
  return {};
}

}  // namespace kernel::task
