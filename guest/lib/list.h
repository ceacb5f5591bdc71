// An intrusive doubly linked list: objects carry their own links, so inserting cannot fail. An object can be on several
// lists through several ListNode members; a node unlinks itself when its object is destroyed.
//
//   struct Task { ListNode run_node; };
//   List<Task, &Task::run_node> run_queue;
#pragma once

#include <cstddef>

namespace kernel {

class ListNode {
 public:
  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() { unlink(); }

  bool linked() const { return next_ != this; }
  void unlink() {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = this;
  }

 private:
  template <typename T, ListNode T::*Member>
  friend class List;
  void insert_before(ListNode& position) {
    previous_ = position.previous_;
    next_ = &position;
    previous_->next_ = this;
    position.previous_ = this;
  }

  ListNode* next_ = this;
  ListNode* previous_ = this;
};

template <typename T, ListNode T::*Member>
class List {
 public:
  class Iterator {
   public:
    explicit Iterator(ListNode* node) : node_(node), next_(node->next_) {}
    T& operator*() const { return *List::object(node_); }
    // The successor is read before the body of a loop runs, so that the body may unlink the current object.
    Iterator& operator++() {
      node_ = next_;
      next_ = node_->next_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return node_ != other.node_; }

   private:
    ListNode* node_;
    ListNode* next_;
  };

  bool empty() const { return !head_.linked(); }
  void push_back(T& object) { (object.*Member).insert_before(head_); }
  void push_front(T& object) { (object.*Member).insert_before(*head_.next_); }
  void insert_before(T& position, T& object) { (object.*Member).insert_before(position.*Member); }
  T* front() { return empty() ? nullptr : object(head_.next_); }
  T* back() { return empty() ? nullptr : object(head_.previous_); }
  // The object after this one in the list, or null.
  T* next(T& object_in_list) {
    ListNode* node = (object_in_list.*Member).next_;
    return node == &head_ ? nullptr : object(node);
  }
  T* previous(T& object_in_list) {
    ListNode* node = (object_in_list.*Member).previous_;
    return node == &head_ ? nullptr : object(node);
  }
  T* pop_front() {
    T* first = front();
    if (first) (first->*Member).unlink();
    return first;
  }
  Iterator begin() { return Iterator(head_.next_); }
  Iterator end() { return Iterator(&head_); }

 private:
  static T* object(ListNode* node) {
    // The offset of a member is a constant of T's layout; no T is read through this pointer.
    alignas(T) static constexpr char kStorage[sizeof(T)] = {};
    const auto* sample = reinterpret_cast<const T*>(kStorage);
    const auto offset = reinterpret_cast<const char*>(&(sample->*Member)) - kStorage;
    return reinterpret_cast<T*>(reinterpret_cast<char*>(node) - offset);
  }

  ListNode head_;
};

}  // namespace kernel
