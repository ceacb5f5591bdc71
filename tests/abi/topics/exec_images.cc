// Programs as execve(2) loads them: segments without anything in the file, interpreters that are none, scripts of scripts.
#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

#include "../topic.h"

using namespace abi;

constexpr std::uint64_t kBase = 0x40'0000, kData = 0x41'0000;

// Writes to kData if there is such a segment, and exits with 7.
static std::string image(bool with_data, unsigned data_flags = PF_R, std::uint16_t machine = EM_X86_64,
                         const std::string& interpreter = {}) {
  std::string code;
  if (with_data) code += std::string("\xc6\x04\x25\x08\x00\x41\x00\x01", 8);  // movb $1, kData + 8
  code += std::string("\xbf\x07\x00\x00\x00\xb8\x3c\x00\x00\x00\x0f\x05", 12);
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, "\177ELF\2\1\1", 7);
  header.e_type = ET_EXEC;
  header.e_machine = machine;
  header.e_version = 1;
  header.e_phoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 3;
  Elf64_Phdr segments[3]{};
  const std::uint64_t start = sizeof header + sizeof segments;
  header.e_entry = kBase + start;
  segments[0] = {.p_type = PT_LOAD,
                 .p_flags = PF_R | PF_X,
                 .p_offset = 0,
                 .p_vaddr = kBase,
                 .p_paddr = 0,
                 .p_filesz = start + code.size(),
                 .p_memsz = start + code.size(),
                 .p_align = 4096};
  // Its offset does not go with its address, which does not matter where nothing is read.
  if (with_data)
    segments[1] = {.p_type = PT_LOAD,
                   .p_flags = data_flags,
                   .p_offset = 100,
                   .p_vaddr = kData,
                   .p_paddr = 0,
                   .p_filesz = 0,
                   .p_memsz = 4096,
                   .p_align = 4096};
  if (!interpreter.empty())
    segments[2] = {.p_type = PT_INTERP,
                   .p_flags = PF_R,
                   .p_offset = start + code.size(),
                   .p_vaddr = 0,
                   .p_paddr = 0,
                   .p_filesz = interpreter.size(),
                   .p_memsz = interpreter.size(),
                   .p_align = 1};
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) +
         std::string(reinterpret_cast<const char*>(segments), sizeof segments) + code + interpreter;
}

static void write_image(const char* path, const std::string& contents) {
  write_file(path, "", 0755);
  if (::truncate(path, 0) != 0) return;
  FILE* file = ::fopen(path, "we");
  ::fwrite(contents.data(), 1, contents.size(), file);
  ::fclose(file);
}

static void execute(const char* what, const char* path) {
  say_end(what, in_child([&] {
            char* const arguments[] = {const_cast<char*>(path), nullptr};
            ::execve(path, arguments, nullptr);
            say("%s: %s\n", what, std::strerror(errno));
            return 0;
          }));
}

static int run() {
  const std::string end(1, '\0');
  write_image("plain", image(false));
  execute("plain", "plain");
  write_image("data", image(true));
  execute("a segment of nothing, for reading", "data");
  write_image("data", image(true, 0));
  execute("a segment of nothing, for nothing", "data");
  write_image("other", image(false, 0, EM_AARCH64));
  execute("another machine's", "other");

  write_image("program", image(false, 0, EM_X86_64, "plain" + end));
  execute("its interpreter is the first's", "program");
  for (const char* bad : {"other", "text", "nowhere", "directory", "unreadable"}) {
    write_file("text", "long enough to be a header of a program, which has sixty-four bytes, were it one", 0755);
    write_file("unreadable", "x", 0644);
    ::mkdir("directory", 0755);
    write_image("program", image(false, 0, EM_X86_64, bad + end));
    execute(bad, "program");
  }
  write_image("program", image(false, 0, EM_X86_64, end + end));
  execute("no name", "program");
  write_image("program", image(false, 0, EM_X86_64, end));
  execute("no name, one byte", "program");
  write_image("program", image(false, 0, EM_X86_64, "plain"));
  execute("a name without end", "program");

  std::string interpreter = "plain";
  for (int i = 1; i <= 6; ++i) {
    const std::string script = "script" + std::to_string(i);
    write_file(script.c_str(), ("#!" + interpreter + "\n").c_str(), 0755);
    execute(script.c_str(), script.c_str());
    interpreter = script;
  }
  return 0;
}

static const Topic topic("exec_images", run);
