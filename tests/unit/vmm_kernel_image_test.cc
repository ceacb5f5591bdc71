// The guest kernel's ELF file comes from the user (`--kernel`): whatever is in it, parsing ends with an answer or one
// husk::Error, and what it accepts lies inside the file and inside the kernel's address range.
#include "vmm/boot/kernel_image.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "vmm/error.h"
#include "vmm/machine/guest_ram.h"

namespace husk::boot {
namespace {

constexpr std::uint64_t kBase = abi::kKernelBase + abi::kKernelGpa;
constexpr std::uint64_t kNoteOffset = 0x200;

struct [[gnu::packed]] Note {
  Elf64_Nhdr header{5, sizeof(abi::KernelNote), abi::kKernelNoteType};
  char name[8] = "husk";
  abi::KernelNote kernel{.abi_version = abi::kAbiVersion,
                         .vector_stub_size = 16,
                         .entry = kBase,
                         .boot_stack_top = kBase + 0x4000,
                         .vector_stubs_ring0 = kBase + 0x100,
                         .vector_stubs_ring3 = kBase + 0x100,
                         .syscall_entry = kBase + 8,
                         .tss = kBase + 0x3000,
                         .tss_size = 104};
};

// A small kernel file: text of two pages, data of one page with a page of bss behind it, and the note.
struct KernelFileImage {
  Elf64_Ehdr header{};
  Elf64_Phdr program[3]{};
  Note note;
  std::size_t size = 0x4000;

  KernelFileImage() {
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_type = ET_EXEC;
    header.e_machine = EM_X86_64;
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 3;
    program[0] = {PT_LOAD, PF_R | PF_X, 0x1000, kBase, 0, 0x2000, 0x2000, 0x1000};
    program[1] = {PT_LOAD, PF_R | PF_W, 0x3000, kBase + 0x3000, 0, 0x800, 0x1800, 0x1000};
    program[2] = {PT_NOTE, PF_R, kNoteOffset, 0, 0, sizeof note, sizeof note, 4};
  }

  std::vector<std::byte> bytes() const {
    std::vector<std::byte> file(std::max<std::size_t>(size, 0x400));
    std::memcpy(file.data(), &header, sizeof header);
    std::memcpy(file.data() + sizeof header, program, sizeof program);
    std::memcpy(file.data() + kNoteOffset, &note, sizeof note);
    file.resize(size);
    return file;
  }
};

void expect_refused(const std::function<void(KernelFileImage&)>& damage, const std::string& reason) {
  KernelFileImage image;
  damage(image);
  const std::vector<std::byte> file = image.bytes();
  try {
    KernelImage::parse(file, "the test kernel");
    FAIL() << "accepted: " << reason;
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
  }
}

TEST(KernelImage, ParsesAGoodFile) {
  const std::vector<std::byte> file = KernelFileImage().bytes();
  const KernelImage image = KernelImage::parse(file, "the test kernel");
  ASSERT_EQ(image.segments().size(), 2u);
  EXPECT_EQ(image.segments()[0].start, Gpa{abi::kKernelGpa});
  EXPECT_TRUE(image.segments()[0].executable);
  EXPECT_FALSE(image.segments()[0].writable);
  EXPECT_EQ(image.segments()[1].memory_size, 0x1800u);
  EXPECT_TRUE(image.segments()[1].writable);
  EXPECT_EQ(image.end(), Gpa{abi::kKernelGpa + 0x5000});
  EXPECT_EQ(image.note().entry, kBase);
}

TEST(KernelImage, KnowsWhatIsSeldomUsed) {
  KernelFileImage file;
  file.program[0].p_flags |= abi::kSegmentSeldom;
  const std::vector<std::byte> bytes = file.bytes();
  const KernelImage image = KernelImage::parse(bytes, "the test kernel");
  ASSERT_EQ(image.segments().size(), 2u);
  EXPECT_TRUE(image.segments()[0].seldom);
  EXPECT_FALSE(image.segments()[1].seldom);
  // Its pages are the file's: there are none behind the end.
  expect_refused([](auto& i) { i.program[1].p_flags |= abi::kSegmentSeldom; }, "as long in the file as in memory");
}

TEST(KernelImage, RefusesWhatIsNoKernel) {
  expect_refused([](auto& i) { i.size = 0; }, "not an ELF file");
  expect_refused([](auto& i) { i.size = 63; }, "not an ELF file");
  expect_refused([](auto& i) { i.header.e_ident[0] = '#'; }, "not an ELF file");
  expect_refused([](auto& i) { i.header.e_machine = EM_386; }, "not an x86-64");
  expect_refused([](auto& i) { i.header.e_ident[EI_CLASS] = ELFCLASS32; }, "not an x86-64");
  expect_refused([](auto& i) { i.header.e_type = ET_DYN; }, "fixed address");
  expect_refused([](auto& i) { i.header.e_phnum = 0; }, "program header");
  expect_refused([](auto& i) { i.header.e_phnum = 60000; }, "program header");
  expect_refused([](auto& i) { i.header.e_phentsize = 1; }, "program header");
  expect_refused([](auto& i) { i.header.e_phoff = ~0ull; }, "outside the file");
  expect_refused([](auto& i) { i.header.e_phoff = i.size - 8; }, "outside the file");
}

TEST(KernelImage, RefusesSegmentsOutOfPlace) {
  expect_refused([](auto& i) { i.program[0].p_vaddr = 0x400000; }, "address range");
  expect_refused([](auto& i) { i.program[0].p_vaddr = abi::kKernelBase; }, "address range");
  expect_refused([](auto& i) { i.program[1].p_vaddr = ~0xfffull; }, "address range");
  expect_refused([](auto& i) { i.program[1].p_memsz = KernelImage::kMaxSize; }, "address range");
  expect_refused([](auto& i) { i.program[1].p_memsz = ~0ull; }, "address range");
  expect_refused([](auto& i) { i.program[0].p_vaddr += 8; }, "page-aligned");
  expect_refused([](auto& i) { i.program[0].p_offset += 8; }, "page-aligned");
  expect_refused([](auto& i) { i.program[0].p_offset = 0x7ffffffffffff000; }, "outside the file");
  expect_refused([](auto& i) { i.program[0].p_filesz = ~0ull; }, "outside the file");
  expect_refused([](auto& i) { i.program[1].p_filesz = 0x1000, i.program[1].p_memsz = 0x800; }, "valid size");
  expect_refused([](auto& i) { i.program[1].p_vaddr = kBase + 0x1000; }, "overlap");
  expect_refused([](auto& i) { i.program[0].p_flags = PF_R | PF_W | PF_X; }, "both writable and executable");
  expect_refused([](auto& i) { i.program[0].p_type = i.program[1].p_type = PT_NULL; }, "nothing to load");
}

TEST(KernelImage, RefusesNotesThatPointElsewhere) {
  expect_refused([](auto& i) { i.program[2].p_type = PT_NULL; }, "no husk note");
  expect_refused([](auto& i) { i.note.name[0] = 'H'; }, "no husk note");
  expect_refused([](auto& i) { i.note.header.n_namesz = 0xffffffff; }, "note");
  expect_refused([](auto& i) { i.note.header.n_descsz = 0xfffffff0; }, "outside its segment");
  expect_refused([](auto& i) { i.note.header.n_descsz = 8; }, "too short");
  expect_refused([](auto& i) { i.program[2].p_offset = ~0ull; }, "outside the file");
  expect_refused([](auto& i) { i.note.kernel.abi_version = 99; }, "ABI version is 99");
  expect_refused([](auto& i) { i.note.kernel.entry = kBase + 0x3000; }, "outside its code");
  expect_refused([](auto& i) { i.note.kernel.entry = 0; }, "outside its code");
  expect_refused([](auto& i) { i.note.kernel.vector_stub_size = 0; }, "outside its code");
  expect_refused([](auto& i) { i.note.kernel.vector_stub_size = 0xffffffff; }, "outside its code");
  expect_refused([](auto& i) { i.note.kernel.syscall_entry = ~0ull; }, "outside its code");
  expect_refused([](auto& i) { i.note.kernel.boot_stack_top = kBase; }, "outside its data");
  expect_refused([](auto& i) { i.note.kernel.tss = kBase; }, "outside its data");
  expect_refused([](auto& i) { i.note.kernel.tss_size = 8; }, "outside its data");
  expect_refused([](auto& i) { i.note.kernel.tss_size = ~0ull; }, "outside its data");
}

// Random damage: never a crash, and what is accepted is in bounds.
TEST(KernelImage, SurvivesRandomDamage) {
  std::mt19937 random(20261123);
  const std::vector<std::byte> good = KernelFileImage().bytes();
  unsigned accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::byte> file = good;
    const unsigned changes = 1 + random() % 4;
    for (unsigned i = 0; i < changes; ++i) file[random() % 0x280] = static_cast<std::byte>(random());
    if (random() % 8 == 0) file.resize(random() % file.size());
    try {
      const KernelImage image = KernelImage::parse(file, "the test kernel");
      ++accepted;
      for (const Segment& segment : image.segments()) {
        ASSERT_LE(segment.file_offset + segment.file_size, file.size());
        ASSERT_LE(segment.file_size, segment.memory_size);
        ASSERT_GE(segment.start, Gpa{abi::kKernelGpa});
        ASSERT_LE(segment.start + segment.memory_size, Gpa{abi::kKernelGpa + KernelImage::kMaxSize});
      }
    } catch (const Error&) {
    }
  }
  EXPECT_GT(accepted, 0u);  // the damage often hits a byte that does not matter
}

// Below the kernel's end some of the RAM may be a file's, and be that again.
TEST(GuestRam, GivesBackWhatLiesBehindTheKernel) {
  constexpr std::uint64_t kSize = 4 << 20, kEnd = abi::kKernelGpa + 0x5000;
  std::string path = testing::TempDir() + "husk_kernel.XXXXXX";
  const UniqueFd fd(::mkstemp(path.data()));
  const std::vector<std::byte> bytes = KernelFileImage().bytes();
  ASSERT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  const KernelFile file = KernelFile::open(path);
  ::unlink(path.c_str());
  const KernelImage image = KernelImage::parse(file.bytes(), file.name());
  ASSERT_EQ(image.end(), Gpa{kEnd});

  machine::GuestRam ram(kSize, abi::kPageSize);
  const std::span<std::byte> all = ram.memory().writable(Gpa{0}, kSize);
  EXPECT_FALSE(ram.give_back(all.last(abi::kPageSize))) << "before there is a kernel";
  ram.load_kernel(file, image, machine::KernelPages::kShared);
  std::ranges::fill(all.subspan(kEnd - abi::kPageSize), std::byte{1});
  EXPECT_FALSE(ram.give_back(all.first(abi::kPageSize)));
  EXPECT_FALSE(ram.give_back(all.subspan(kEnd - abi::kPageSize, 2 * abi::kPageSize)));
  EXPECT_FALSE(ram.give_back({all.data() + kSize - abi::kPageSize, 2 * abi::kPageSize})) << "what is behind is no RAM";
  EXPECT_TRUE(ram.give_back(all.subspan(kEnd, abi::kPageSize)));
  EXPECT_TRUE(ram.give_back(all.last(2 * abi::kPageSize)));
  EXPECT_EQ(all[kEnd - 1], std::byte{1});
  EXPECT_EQ(all[kEnd], std::byte{0});
  EXPECT_EQ(all[kEnd + abi::kPageSize], std::byte{1});
  EXPECT_EQ(all[kSize - 1], std::byte{0});
}

}  // namespace
}  // namespace husk::boot
