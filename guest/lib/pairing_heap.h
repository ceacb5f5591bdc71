// A pairing heap (Fredman, Sedgewick, Sleator, Tarjan, 1986) of objects that carry their own links, so that inserting
// cannot fail. Inserting is O(1); removing any object is O(log n) amortised.
//
//   struct Earlier { static bool before(const Timer& a, const Timer& b); };
//   PairingHeap<Timer, &Timer::links, Earlier> heap;
#pragma once

#include <utility>

namespace kernel {

// Of an object in a heap: its first child, its next sibling, and its previous sibling or (of a first child) its parent.
template <typename T>
struct HeapLinks {
  T* child = nullptr;
  T* next = nullptr;
  T* previous = nullptr;
};

template <typename T, HeapLinks<T> T::*Links, typename Order>
class PairingHeap {
 public:
  constexpr PairingHeap() = default;
  PairingHeap(const PairingHeap&) = delete;
  PairingHeap& operator=(const PairingHeap&) = delete;

  T* first() const { return root_; }
  bool empty() const { return root_ == nullptr; }
  // An object that is in no heap.
  void insert(T& object) { root_ = meld(root_, &object); }
  // One that is in this heap.
  void remove(T& object) {
    if (&object == root_) {
      root_ = meld_children(object);
      return;
    }
    HeapLinks<T>& own = object.*Links;
    T*& from = (own.previous->*Links).child == &object ? (own.previous->*Links).child : (own.previous->*Links).next;
    from = own.next;
    if (own.next) (own.next->*Links).previous = own.previous;
    own.next = own.previous = nullptr;
    root_ = meld(root_, meld_children(object));
  }

 private:
  // Makes the later of two roots the first child of the earlier one.
  static T* meld(T* a, T* b) {
    if (!a) return b;
    if (!b) return a;
    if (Order::before(*b, *a)) std::swap(a, b);
    HeapLinks<T>& upper = a->*Links;
    HeapLinks<T>& lower = b->*Links;
    lower.next = upper.child;
    if (lower.next) (lower.next->*Links).previous = b;
    lower.previous = a;
    upper.child = b;
    return a;
  }

  // One heap of all children of `object`: meld them in pairs from the left, then all pairs from the right.
  static T* meld_children(T& object) {
    T* pairs = nullptr;  // a stack, linked through next
    for (T* one = std::exchange((object.*Links).child, nullptr); one != nullptr;) {
      T* other = (one->*Links).next;
      T* rest = other ? (other->*Links).next : nullptr;
      (one->*Links).next = nullptr;
      if (other) (other->*Links).next = nullptr;
      T* pair = meld(one, other);
      (pair->*Links).next = pairs;
      pairs = pair;
      one = rest;
    }
    T* heap = nullptr;
    while (pairs) {
      T* pair = pairs;
      pairs = (pair->*Links).next;
      (pair->*Links).next = nullptr;
      heap = meld(heap, pair);
    }
    if (heap) (heap->*Links).previous = nullptr;
    return heap;
  }

  T* root_ = nullptr;
};

}  // namespace kernel
