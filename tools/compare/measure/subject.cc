#include "tools/compare/measure/stages.h"

namespace husk::compare {

Invocation Subject::start(RootForm form) const {
  Invocation invocation;
  invocation.roots = roots.get();
  invocation.argv = workload->start.argv;
  invocation.is_embedded = workload->is_embedded();
  invocation.form = form;
  return invocation;
}

Invocation Subject::task(const Task& task) const {
  Invocation invocation;
  invocation.roots = task.is_embedded ? roots.get() : task_roots.get();
  invocation.argv = task.argv;
  invocation.is_embedded = task.is_embedded;
  return invocation;
}

Invocation Subject::embedded(std::vector<std::string> argv) const {
  Invocation invocation = start();
  invocation.argv = std::move(argv);
  return invocation;
}

Invocation Subject::idle() const {
  if (workload->is_embedded()) {
    Invocation invocation = embedded(idle_command());
    invocation.waiting = Waiting();
    return invocation;
  }
  Invocation invocation = start();
  invocation.waiting = workload->waiting;
  return invocation;
}

std::string Subject::why_not_idle() const {
  return workload->is_embedded() || workload->waiting ? "" : workload->why_not_waiting;
}

}  // namespace husk::compare
