#include "vmm/boot/kernel_image.h"

#include <elf.h>

#include <cstring>
#include <optional>
#include <string>

#include "vmm/error.h"

namespace husk::boot {
namespace {

constexpr std::size_t kMaxProgramHeaders = 32;
constexpr std::uint64_t kMinTssSize = 104;  // SDM vol. 3, 8.7: the 64-bit TSS
constexpr std::uint64_t kLastVector = 255;

class Parser {
 public:
  Parser(std::span<const std::byte> file, std::string_view name) : file_(file), name_(name) {}

  [[noreturn]] void fail(const std::string& reason) const {
    throw Error("load", name_, reason, "give a husk kernel (build/guest/husk_kernel.elf)");
  }

  template <typename T>
  T read(std::uint64_t offset, const char* what) const {
    if (offset > file_.size() || sizeof(T) > file_.size() - offset) fail(std::string(what) + " is outside the file");
    T value;
    std::memcpy(&value, file_.data() + offset, sizeof(T));
    return value;
  }

  Elf64_Ehdr header() const {
    if (file_.size() < sizeof(Elf64_Ehdr) || std::memcmp(file_.data(), ELFMAG, SELFMAG) != 0) fail("not an ELF file");
    const auto header = read<Elf64_Ehdr>(0, "the ELF header");
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
        header.e_machine != EM_X86_64) {
      fail("not an x86-64 ELF file");
    }
    if (header.e_type != ET_EXEC) fail("not an executable linked at a fixed address");
    if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 || header.e_phnum > kMaxProgramHeaders) {
      fail("bad program header table");
    }
    return header;
  }

  Segment segment(const Elf64_Phdr& header) const {
    constexpr std::uint64_t kLowest = abi::kKernelBase + abi::kKernelGpa;
    if (header.p_vaddr % abi::kPageSize != 0 || header.p_offset % abi::kPageSize != 0) {
      fail("a segment is not page-aligned");
    }
    if (header.p_offset > file_.size() || header.p_filesz > file_.size() - header.p_offset) {
      fail("a segment is outside the file");
    }
    if (header.p_memsz == 0 || header.p_filesz > header.p_memsz) fail("a segment has no valid size");
    if (header.p_vaddr < kLowest || header.p_vaddr - kLowest >= KernelImage::kMaxSize ||
        header.p_memsz > KernelImage::kMaxSize - (header.p_vaddr - kLowest)) {
      fail("a segment is outside the kernel's address range");
    }
    if ((header.p_flags & abi::kSegmentSeldom) != 0 && header.p_filesz != header.p_memsz) {
      fail("a segment that is seldom used is not as long in the file as in memory");
    }
    const bool writable = (header.p_flags & PF_W) != 0;
    const bool executable = (header.p_flags & PF_X) != 0;
    if (writable && executable) fail("a segment is both writable and executable");
    return Segment{.start = Gpa{header.p_vaddr - abi::kKernelBase},
                   .file_offset = header.p_offset,
                   .file_size = header.p_filesz,
                   .memory_size = header.p_memsz,
                   .writable = writable,
                   .executable = executable,
                   .seldom = (header.p_flags & abi::kSegmentSeldom) != 0};
  }

  // Walks the notes of one PT_NOTE segment (ELF gABI, "Note Section") for husk's own.
  std::optional<abi::KernelNote> note(const Elf64_Phdr& header) const {
    if (header.p_offset > file_.size() || header.p_filesz > file_.size() - header.p_offset) {
      fail("a note segment is outside the file");
    }
    constexpr std::string_view kName("husk\0", 5);
    std::uint64_t offset = header.p_offset;
    const std::uint64_t end = header.p_offset + header.p_filesz;
    while (end - offset >= sizeof(Elf64_Nhdr)) {
      const auto entry = read<Elf64_Nhdr>(offset, "a note");
      offset += sizeof entry;
      const std::uint64_t name_bytes = (std::uint64_t{entry.n_namesz} + 3) & ~std::uint64_t{3};
      const std::uint64_t desc_bytes = (std::uint64_t{entry.n_descsz} + 3) & ~std::uint64_t{3};
      if (name_bytes > end - offset || desc_bytes > end - offset - name_bytes) fail("a note is outside its segment");
      const std::string_view name(reinterpret_cast<const char*>(file_.data()) + offset, entry.n_namesz);
      if (name == kName && entry.n_type == abi::kKernelNoteType) {
        if (entry.n_descsz < sizeof(abi::KernelNote)) fail("its husk note is too short");
        return read<abi::KernelNote>(offset + name_bytes, "the husk note");
      }
      offset += name_bytes + desc_bytes;
    }
    return std::nullopt;
  }

 private:
  std::span<const std::byte> file_;
  std::string_view name_;
};

enum class Need { kExecutable, kWritable };

// Whether [address, address + length) lies in one segment of the right kind.
bool covered(std::span<const Segment> segments, std::uint64_t address, std::uint64_t length, Need need) {
  if (address < abi::kKernelBase) return false;
  const Gpa start{address - abi::kKernelBase};
  for (const Segment& segment : segments) {
    if (start < segment.start || start - segment.start > segment.memory_size) continue;
    if (length > segment.memory_size - (start - segment.start)) continue;
    if (need == Need::kExecutable ? segment.executable : segment.writable) return true;
  }
  return false;
}

}  // namespace

KernelImage KernelImage::parse(std::span<const std::byte> file, std::string_view name) {
  const Parser parser(file, name);
  const Elf64_Ehdr header = parser.header();

  KernelImage image;
  std::optional<abi::KernelNote> note;
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    if (header.e_phoff > file.size()) parser.fail("the program header table is outside the file");
    const auto program_header =
        parser.read<Elf64_Phdr>(header.e_phoff + i * sizeof(Elf64_Phdr), "the program header table");
    if (program_header.p_type == PT_NOTE && !note) note = parser.note(program_header);
    if (program_header.p_type != PT_LOAD || (program_header.p_flags & abi::kSegmentForBootLoaders) != 0) continue;
    if (image.segment_count_ == kMaxSegments) parser.fail("too many segments");
    const Segment segment = parser.segment(program_header);
    if (image.segment_count_ > 0 && segment.start < image.end()) parser.fail("segments overlap or are not in order");
    image.segments_[image.segment_count_++] = segment;
  }
  if (image.segment_count_ == 0) parser.fail("nothing to load in it");
  if (!note) parser.fail("it has no husk note");

  const std::span<const Segment> segments = image.segments();
  const std::uint64_t stubs = kLastVector * note->vector_stub_size + 1;  // the last one may be shorter
  if (note->abi_version != abi::kAbiVersion) {
    parser.fail("its ABI version is " + std::to_string(note->abi_version) + ", this husk's is " +
                std::to_string(abi::kAbiVersion));
  }
  if (!covered(segments, note->entry, 1, Need::kExecutable) ||
      !covered(segments, note->syscall_entry, 1, Need::kExecutable) || note->vector_stub_size == 0 ||
      !covered(segments, note->vector_stubs_ring0, stubs, Need::kExecutable) ||
      !covered(segments, note->vector_stubs_ring3, stubs, Need::kExecutable)) {
    parser.fail("its husk note points outside its code");
  }
  if (!covered(segments, note->boot_stack_top, 0, Need::kWritable) || note->tss_size < kMinTssSize ||
      note->tss_size > abi::kPageSize * 16 || !covered(segments, note->tss, note->tss_size, Need::kWritable)) {
    parser.fail("its husk note points outside its data");
  }
  image.note_ = *note;
  return image;
}

}  // namespace husk::boot
