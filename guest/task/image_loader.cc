#include "task/image_loader.h"

#include <algorithm>
#include <span>

#include "fs/fs.h"
#include "lib/random.h"
#include "lib/string.h"
#include "lib/vector.h"
#include "mm/user_ptr.h"
#include "task/elf.h"

namespace kernel::task {
namespace {

using mm::kPageSize;
using mm::page_ceil;
using mm::page_floor;
using mm::page_offset;

constexpr std::size_t kMaxProgramHeaders = 4096 / sizeof(elf::ProgramHeader);  // as Linux: they must fit in a page
constexpr std::size_t kMaxInterpreterPath = 4096;

// Where position-independent programs and interpreters go, before randomisation: as on Linux, the program at two thirds
// of the address space and the interpreter in mmap's area.
constexpr std::uint64_t kProgramBase = 0x5555'5555'4000;
constexpr std::uint64_t kRandomPages = 1 << 20;

constexpr std::uint64_t kMaxEagerData = 16 * kPageSize;

struct ElfFile {
  Ref<fs::File> file;
  elf::Header header;
  Vector<elf::ProgramHeader> programs;

  bool position_independent() const { return header.type == elf::kTypeShared; }
};

Result<void> read_exactly(fs::File& file, std::uint64_t offset, std::span<std::byte> memory) {
  const std::size_t got = TRY(file.read_at(offset, memory));
  if (got != memory.size()) return Errno::kNoExec;
  return {};
}

Result<ElfFile> parse(const Ref<fs::File>& file) {
  ElfFile result;
  result.file = file;
  TRY(read_exactly(*file, 0, std::as_writable_bytes(std::span(&result.header, 1))));
  const elf::Header& header = result.header;
  // Magic, 64-bit, little-endian.
  constexpr std::uint8_t kIdentification[] = {0x7f, 'E', 'L', 'F', 2, 1};
  if (!std::equal(std::begin(kIdentification), std::end(kIdentification), header.identification)) return Errno::kNoExec;
  if (header.type != elf::kTypeExecutable && header.type != elf::kTypeShared) return Errno::kNoExec;
  if (header.machine != elf::kMachineX86_64 || header.program_header_size != sizeof(elf::ProgramHeader))
    return Errno::kNoExec;
  const std::size_t count = header.program_header_count;
  if (count == 0 || count > kMaxProgramHeaders) return Errno::kNoExec;
  TRY(result.programs.resize(count));
  TRY(read_exactly(*file, header.program_header_offset, std::as_writable_bytes(result.programs.span())));
  for (const elf::ProgramHeader& program : result.programs) {
    if (program.type != elf::kLoad) continue;
    const std::uint64_t end = program.virtual_address + program.memory_size;
    if (program.file_size > program.memory_size || end < program.virtual_address || end > husk::abi::kUserEnd ||
        program.offset + program.file_size < program.offset ||
        (program.file_size != 0 && page_offset(program.virtual_address) != page_offset(program.offset))) {
      return Errno::kNoExec;
    }
  }
  return result;
}

// The addresses that the segments span, from page to page.
struct Span {
  std::uint64_t start = ~std::uint64_t{0};
  std::uint64_t end = 0;
};
Span span_of(const ElfFile& elf_file) {
  Span span;
  for (const elf::ProgramHeader& program : elf_file.programs) {
    if (program.type != elf::kLoad || program.memory_size == 0) continue;
    span.start = std::min(span.start, page_floor(program.virtual_address));
    span.end = std::max(span.end, page_ceil(program.virtual_address + program.memory_size));
  }
  return span;
}

Result<void> map_segment(mm::AddressSpace& space, const ElfFile& elf_file, const elf::ProgramHeader& program,
                         std::uint64_t bias, const Ref<mm::MemoryObject>& object) {
  const std::uint64_t start = page_floor(bias + program.virtual_address);
  const std::uint64_t file_end = bias + program.virtual_address + program.file_size;
  const std::uint64_t memory_end = bias + program.virtual_address + program.memory_size;
  const mm::Protection protection{.read = (program.flags & elf::kFlagRead) != 0,
                                  .write = (program.flags & elf::kFlagWrite) != 0,
                                  .execute = (program.flags & elf::kFlagExecute) != 0};
  if (program.file_size != 0) {
    mm::AddressSpace::MapRequest request;
    request.address = start;
    request.length = page_ceil(file_end) - start;
    request.fixed = true;
    request.mapping.protection = protection;
    request.mapping.object = object;
    request.mapping.object_page = program.offset >> mm::kPageShift;
    request.mapping.file = elf_file.file;
    TRY(space.map(std::move(request)));
  }
  const std::uint64_t zero_start = program.file_size != 0 ? page_ceil(file_end) : start;
  if (memory_end > zero_start) {
    mm::AddressSpace::MapRequest request;
    request.address = zero_start;
    request.length = page_ceil(memory_end) - zero_start;
    request.fixed = true;
    // What has nothing in the file is as brk(2) makes it, whatever the segment says of reading and writing (elf_load() of Linux).
    request.mapping.protection = {.read = true, .write = true, .execute = protection.execute};
    TRY(space.map(std::move(request)));
  }
  // A small .data is written page by page as soon as the program starts; copying it now saves a fault for each page.
  if (protection.write && program.file_size != 0 && program.file_size <= kMaxEagerData) {
    for (std::uint64_t page = start; page < file_end; page += kPageSize) {
      TRY(space.wait_for_frame(page, mm::FaultAccess::kWrite));
    }
  }
  // The rest of the last file page belongs to .bss (gABI, "Program Loading"): zero, in the process's own copy of the
  // page.
  if (program.memory_size > program.file_size && program.file_size != 0 && protection.write &&
      page_offset(file_end) != 0) {
    // All of it, also beyond .bss: ld.so uses the rest of its last page as its first heap.
    const std::uint64_t size = page_ceil(file_end) - file_end;
    const mm::Pfn pfn = TRY(space.wait_for_frame(file_end, mm::FaultAccess::kWrite));
    memset(mm::frame_data(pfn) + page_offset(file_end), 0, size);
  }
  return {};
}

// Returns the bias that was added to the file's addresses.
Result<std::uint64_t> map_segments(mm::AddressSpace& space, const ElfFile& elf_file, std::uint64_t preferred_base) {
  const Span span = span_of(elf_file);
  if (span.end <= span.start) return Errno::kNoExec;
  const Ref<mm::MemoryObject> object = TRY(elf_file.file->memory_object());
  std::uint64_t bias = 0;
  if (elf_file.position_independent()) {
    // Reserves the whole span first, so that the segments keep their distances.
    mm::AddressSpace::MapRequest request;
    request.address = preferred_base;
    request.length = span.end - span.start;
    const auto reserved =
        TRY(mm::UserRange::of(TRY(space.map(std::move(request))), span.end - span.start, Errno::kNoMem));
    bias = reserved.start() - span.start;
    TRY(space.unmap(reserved));
  } else if (span.start < husk::abi::kUserMin) {
    return Errno::kNoExec;
  }
  for (const elf::ProgramHeader& program : elf_file.programs) {
    if (program.type == elf::kLoad && program.memory_size != 0)
      TRY(map_segment(space, elf_file, program, bias, object));
  }
  return bias;
}

Result<Ref<fs::File>> open_interpreter(const ElfFile& elf_file, const elf::ProgramHeader& program) {
  if (program.file_size < 2 || program.file_size > kMaxInterpreterPath) return Errno::kNoExec;
  Vector<char> path;
  TRY(path.resize(program.file_size));
  TRY(read_exactly(*elf_file.file, program.offset, std::as_writable_bytes(path.span())));
  if (path.back() != '\0') return Errno::kNoExec;
  if (path[0] == '\0') return Errno::kAcces;  // the working directory, to Linux
  return fs::open_executable(path.data());
}

Result<ElfFile> parse_interpreter(const Ref<fs::File>& file) {
  auto interpreter = parse(file);
  if (!interpreter && interpreter.error() == Errno::kNoExec) return Errno::kLibBad;
  return interpreter;
}

}  // namespace

Result<LoadedImage> load_image(mm::AddressSpace& space, const Ref<fs::File>& file) {
  const ElfFile program = TRY(parse(file));
  LoadedImage image;
  const std::uint64_t random_offset = (random_value<std::uint64_t>() % kRandomPages) * kPageSize;
  const std::uint64_t bias = TRY(map_segments(space, program, kProgramBase + random_offset));
  image.program_entry = image.entry = bias + program.header.entry;
  image.program_header_count = program.programs.size();
  std::uint64_t highest = 0;
  for (const elf::ProgramHeader& header : program.programs) {
    if (header.type == elf::kLoad) {
      const std::uint64_t offset = program.header.program_header_offset;
      if (offset >= header.offset && offset < header.offset + header.file_size) {
        image.program_headers = bias + header.virtual_address + (offset - header.offset);
      }
      highest = std::max(highest, bias + header.virtual_address + header.memory_size);
    } else if (header.type == elf::kGnuStack) {
      image.executable_stack = header.flags & elf::kFlagExecute;
    }
  }
  space.initialise_break(page_ceil(highest) + (program.position_independent() ? random_offset % (32 << 20) : 0));

  for (const elf::ProgramHeader& header : program.programs) {
    if (header.type != elf::kInterpreter) continue;
    const ElfFile interpreter = TRY(parse_interpreter(TRY(open_interpreter(program, header))));
    const std::uint64_t interpreter_bias = TRY(map_segments(space, interpreter, 0));
    interpreter.file->hold({});  // from now on it may be written again, unlike the program (execve(2), ETXTBSY)
    image.interpreter_base = interpreter_bias + (interpreter.position_independent() ? 0 : span_of(interpreter).start);
    image.entry = interpreter_bias + interpreter.header.entry;
    break;
  }
  return image;
}

}  // namespace kernel::task
