// /proc/sysvipc: all objects of System V IPC, in the columns that ipcs(1) reads. Who may not read an object is shown it
// all the same, as on Linux.
#include "ipc/proc_files.h"

#include "ipc/message_queue.h"
#include "ipc/semaphore_set.h"
#include "ipc/shared_memory.h"

namespace kernel::ipc {

namespace {

using fs::ProcNode;
using fs::ProcText;

// A number on the right of a column of `width`.
void put_column(ProcText& text, std::int64_t value, unsigned width) {
  FixedText<24> digits;
  digits.print("{}", value);
  for (std::size_t i = digits.view().size(); i < width; ++i) text.put(" ");
  text.put(digits.view());
}

void put_unsigned(ProcText& text, std::uint64_t value, unsigned width) {
  text.put_number(value, 10, width, ' ');
}

// Key, id and mode, with which each line begins.
void put_object(ProcText& text, const Object& object) {
  put_column(text, object.key(), 10);
  text.put(" ");
  put_column(text, object.id(), 10);
  text.put("  ");
  text.put_number(object.mode, 8, 4, ' ');
  text.put(" ");
}

void put_owners(ProcText& text, const Object& object) {
  for (const std::uint32_t id : {object.uid, object.gid, object.cuid, object.cgid}) {
    text.put(" ");
    put_unsigned(text, id, 5);
  }
}

template <typename... Times>
void put_times(ProcText& text, Times... times) {
  for (const std::int64_t time : {times...}) {
    text.put(" ");
    put_column(text, time, 10);
  }
}

template <typename T, typename Put>
void for_each(const TableOf<T>& table, Put put) {
  for (T* object = table.first_from(0); object; object = table.first_from(object->place() + 1)) put(*object);
}

void write_shared_memory(ProcText& text) {
  text.put("       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime");
  text.put("      dtime      ctime                   rss                  swap\n");
  for_each(segments(), [&](const Segment& segment) {
    const SharedRecord record = segment.record();
    put_object(text, segment);
    put_unsigned(text, record.size, 21);
    text.put(" ");
    put_column(text, record.creator, 5);
    text.put(" ");
    put_column(text, record.last, 5);
    text.put("  ");
    put_unsigned(text, record.attachments, 5);
    put_owners(text, segment);
    put_times(text, record.attached, record.detached, record.changed);
    text.put(" ");
    put_unsigned(text, segment.resident_pages() * mm::kPageSize, 21);
    text.put(" ");
    put_unsigned(text, 0, 21);
    text.put("\n");
  });
}

void write_semaphores(ProcText& text) {
  text.put("       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n");
  for_each(semaphore_sets(), [&](const SemaphoreSet& set) {
    const SemaphoreRecord record = set.record();
    put_object(text, set);
    put_unsigned(text, record.count, 10);
    put_owners(text, set);
    put_times(text, record.operated, record.changed);
    text.put("\n");
  });
}

void write_message_queues(ProcText& text) {
  text.put("       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime");
  text.put("      rtime      ctime\n");
  for_each(message_queues(), [&](const MessageQueue& queue) {
    const QueueRecord record = queue.record();
    put_object(text, queue);
    text.put(" ");
    put_unsigned(text, record.bytes, 10);
    text.put(" ");
    put_unsigned(text, record.messages, 10);
    text.put(" ");
    put_column(text, record.last_sender, 5);
    text.put(" ");
    put_column(text, record.last_receiver, 5);
    put_owners(text, queue);
    put_times(text, record.sent, record.received, record.changed);
    text.put("\n");
  });
}

constexpr ProcNode kNodes[] = {
    {.name = "msg", .generate = write_message_queues},
    {.name = "sem", .generate = write_semaphores},
    {.name = "shm", .generate = write_shared_memory},
};

constexpr ProcNode kDirectory[] = {
    {.name = "sysvipc", .children = [] { return std::span<const ProcNode>(kNodes); }},
};

}  // namespace

std::span<const ProcNode> proc_nodes() {
  return kDirectory;
}

}  // namespace kernel::ipc
