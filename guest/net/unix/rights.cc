#include "net/unix/rights.h"

#include <utility>

#include "lib/global.h"
#include "net/unix/collector.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::net {

namespace {

constinit Global<List<RightsRelease, &RightsRelease::node>> g_releases;

}  // namespace

Result<Ref<RightsInFlight>> RightsInFlight::create(Rights files) {
  const task::Task& task = task::current();
  const Ref<task::User>& user = task.charge.user();
  if (user && user->files_in_flight > task.process->limits.current(task::Resource::kOpenFiles) &&
      !task.credentials.can(task::Capability::kSysResource) && !task.credentials.can(task::Capability::kSysAdmin)) {
    return Errno::kTooManyRefs;
  }
  return make_ref<RightsInFlight>(std::move(files));
}

RightsInFlight::RightsInFlight(Rights files) : files_(std::move(files)), user_(task::current().charge.user()) {
  if (user_) user_->files_in_flight += static_cast<std::uint32_t>(files_.size());
}

RightsInFlight::~RightsInFlight() = default;

Result<Rights> RightsInFlight::duplicate() {
  Rights copy;
  TRY(copy.reserve(files_.size()));
  for (const Ref<fs::File>& file : files_) TRY(copy.push_back(file));
  return copy;
}

void RightsInFlight::enter() {
  entered_ = true;
  for (const Ref<fs::File>& file : files_) note_entered_queue(*file);
}

void RightsInFlight::leave() {
  if (!std::exchange(entered_, false)) return;
  for (const Ref<fs::File>& file : files_) note_left_queue(*file);
  // Counted as long as they are in a queue, or on the way there.
  if (user_) user_->files_in_flight -= static_cast<std::uint32_t>(files_.size());
  user_ = nullptr;
}

void RightsInFlight::last_reference_dropped() {
  leave();
  if (user_) user_->files_in_flight -= static_cast<std::uint32_t>(files_.size());
  user_ = nullptr;
  if (RightsRelease* release = RightsRelease::under_way()) {
    release->add(*this);
    return;
  }
  RightsRelease().add(*this);
}

RightsRelease::RightsRelease() : task_(&task::current()) {
  g_releases->push_back(*this);
}

RightsRelease::~RightsRelease() {
  while (RightsInFlight* next = dropped_.pop_front()) delete next;
}

RightsRelease* RightsRelease::under_way() {
  for (RightsRelease& release : *g_releases) {
    if (release.task_ == &task::current()) return &release;
  }
  return nullptr;
}

}  // namespace kernel::net
