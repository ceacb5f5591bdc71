// The files of /proc/PID that say which namespaces and limits a process is in, and those that change it: comm,
// oom_score_adj, oom_adj. proc(5).
#include <algorithm>

#include "fs/proc/process_files.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "task/out_of_memory.h"

namespace kernel::fs {

namespace {

using task::kHighestOomAdjustment;
// oom_adj, which oom_score_adj replaced: -17 never, 15 first.
constexpr int kOldNever = -17, kOldHighest = 15;

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\v\f\r";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// As Linux's kstrtoint with base 10: kInval for anything but one number, kRange for one that is too large.
Result<int> parse_number(std::string_view text) {
  text = trim(text.substr(0, text.find('\0')));
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return Errno::kInval;
  constexpr std::int64_t kLargest = 0x7fffffff;
  std::int64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return Errno::kInval;
    value = std::min(value * 10 + (c - '0'), kLargest + 1);
  }
  if (value > kLargest) return Errno::kRange;
  return static_cast<int>(negative ? -value : value);
}

Result<void> set_adjustment(task::Process& process, int adjustment) {
  const bool privileged = task::current().credentials.can(task::Capability::kSysResource);
  if (adjustment < process.policy.oom_score_adj_minimum && !privileged) return Errno::kAcces;
  process.policy.oom_score_adj = adjustment;
  if (privileged) process.policy.oom_score_adj_minimum = adjustment;
  return {};
}

// As kstrtouint with base 0: hexadecimal after 0x, octal after 0.
Result<std::uint32_t> parse_mask(std::string_view text) {
  text = trim(text.substr(0, text.find('\0')));
  unsigned base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text.front() == '0') {
    base = 8;
    text.remove_prefix(1);
  }
  if (text.empty()) return Errno::kInval;
  std::uint64_t value = 0;
  for (const char c : text) {
    const char lower = static_cast<char>(c | 0x20);
    const unsigned digit = c >= '0' && c <= '9'           ? static_cast<unsigned>(c - '0')
                           : lower >= 'a' && lower <= 'f' ? static_cast<unsigned>(lower - 'a' + 10)
                                                          : base;
    if (digit >= base) return Errno::kInval;
    value = value * base + digit;
    if (value > 0xffff'ffff) return Errno::kRange;
  }
  return static_cast<std::uint32_t>(value);
}

}  // namespace

Result<void> write_process_coredump_filter(const ProcSubject& subject, ProcText& text) {
  if (!subject.task || !subject.task->space) return {};  // a zombie has no memory that could be dumped
  text.put_number(subject.process.policy.core_filter, 16, 8, '0');
  text.put("\n");
  return {};
}

Result<void> accept_coredump_filter(const ProcSubject& subject, std::string_view text) {
  constexpr std::uint32_t kKinds = 0x1ff;  // MMF_DUMP_FILTER_MASK
  const std::uint32_t value = TRY(parse_mask(text));
  if (!subject.task || !subject.task->space) return Errno::kSrch;
  subject.process.policy.core_filter = value & kKinds;
  return {};
}

Result<void> write_process_children(const ProcSubject& subject, ProcText& text) {
  if (!subject.task) return {};
  for (task::Process& child : subject.process.family.children()) {
    if (child.family.parent_thread() == subject.task) text.print("{} ", int{child.ids.pid});
  }
  return {};
}

// The kernel's symbols are nobody's affair.
Result<void> write_process_wchan(const ProcSubject&, ProcText& text) {
  text.put("0");
  return {};
}

Result<void> write_process_oom_score_adj(const ProcSubject& subject, ProcText& text) {
  const int value = subject.process.policy.oom_score_adj;
  text.print("{}{}\n", value < 0 ? "-" : "", static_cast<unsigned>(value < 0 ? -value : value));
  return {};
}

Result<void> accept_oom_score_adj(const ProcSubject& subject, std::string_view text) {
  const int value = TRY(parse_number(text));
  if (value < task::kLowestOomAdjustment || value > kHighestOomAdjustment) return Errno::kInval;
  return set_adjustment(subject.process, value);
}

Result<void> write_process_oom_adj(const ProcSubject& subject, ProcText& text) {
  const int adjustment = subject.process.policy.oom_score_adj;
  const int value = adjustment == kHighestOomAdjustment ? kOldHighest : adjustment * -kOldNever / kHighestOomAdjustment;
  text.print("{}{}\n", value < 0 ? "-" : "", static_cast<unsigned>(value < 0 ? -value : value));
  return {};
}

Result<void> accept_oom_adj(const ProcSubject& subject, std::string_view text) {
  const int value = TRY(parse_number(text));
  if (value < kOldNever || value > kOldHighest) return Errno::kInval;
  const int adjustment = value == kOldHighest ? kHighestOomAdjustment : value * kHighestOomAdjustment / -kOldNever;
  // The old file only ever went up without privilege, whatever root had allowed.
  const bool privileged = task::current().credentials.can(task::Capability::kSysResource);
  if (adjustment < subject.process.policy.oom_score_adj && !privileged) return Errno::kAcces;
  return set_adjustment(subject.process, adjustment);
}

// 0 to 1000 and a third, in which a process without memory or adjustment has 666 (Linux's proc_oom_score).
Result<void> write_process_oom_score(const ProcSubject& subject, ProcText& text) {
  const auto badness = task::badness_of(subject.process);
  const auto all = static_cast<std::int64_t>(mm::memory_statistics().total_frames);
  const std::int64_t score = badness ? (1000 + *badness * 1000 / all) * 2 / 3 : 0;
  text.print("{}\n", static_cast<std::uint64_t>(std::max<std::int64_t>(0, score)));
  return {};
}

// By the process's own threads only.
Result<void> accept_comm(const ProcSubject& subject, std::string_view text) {
  if (!subject.task || &subject.process != task::current().process.get()) return Errno::kInval;
  text = text.substr(0, std::min(text.find('\n'), sizeof subject.task->name - 1));
  memset(subject.task->name, 0, sizeof subject.task->name);
  memcpy(subject.task->name, text.data(), text.size());
  return {};
}

// There is one namespace of each kind, whose ids are the machine's (user_namespaces(7)), and one control group.
Result<void> write_process_id_map(const ProcSubject&, ProcText& text) {
  text.put("         0          0 4294967295\n");
  return {};
}

Result<void> write_process_setgroups(const ProcSubject&, ProcText& text) {
  text.put("allow\n");
  return {};
}

Result<void> write_process_cgroup(const ProcSubject&, ProcText& text) {
  text.put("0::/\n");
  return {};
}

// PER_LINUX is the only one (docs/processes-signals-time.md).
Result<void> write_process_personality(const ProcSubject&, ProcText& text) {
  text.put("00000000\n");
  return {};
}

}  // namespace kernel::fs
