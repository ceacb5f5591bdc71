// A global object without a destructor. The kernel never ends, and it runs neither constructors nor destructors of
// globals: they must be constant-initialised (constinit), and what they hold stays.
//
//   constinit Global<List<Task, &Task::run_node>> run_queue;
#pragma once

namespace kernel {

template <typename T>
class Global {
 public:
  constexpr Global() : value_() {}
  constexpr ~Global() {}  // NOLINT(modernize-use-equals-default): the union's member is not destroyed
  constexpr T& operator*() { return value_; }
  constexpr T* operator->() { return &value_; }

 private:
  union {
    T value_;
  };
};

}  // namespace kernel
