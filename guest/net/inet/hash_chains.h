// A hash table of objects that carry their own links: inserting cannot fail, and an empty table is zero.
#pragma once

#include <cstddef>

namespace kernel::net::inet {

template <typename T>
class HashLink {
 public:
  HashLink() = default;
  HashLink(const HashLink&) = delete;
  HashLink& operator=(const HashLink&) = delete;
  ~HashLink() { unlink(); }

  bool linked() const { return place_ != nullptr; }
  void unlink() {
    if (!place_) return;
    *place_ = next_;
    if (next_) next_->place_ = place_;
    next_ = nullptr;
    place_ = nullptr;
  }

 private:
  template <typename U, HashLink<U> U::*Link, std::size_t Chains>
  friend class HashChains;
  T* object_ = nullptr;
  HashLink* next_ = nullptr;
  HashLink** place_ = nullptr;
};

template <typename T, HashLink<T> T::*Link, std::size_t Chains>
class HashChains {
 public:
  // The newest one is found first.
  void insert(std::size_t hash, T& object) {
    HashLink<T>& link = object.*Link;
    HashLink<T>*& first = chains_[hash % Chains];
    link.object_ = &object;
    link.next_ = first;
    link.place_ = &first;
    if (first) first->place_ = &link.next_;
    first = &link;
  }
  // The first one for which match() says so, or null.
  template <typename Match>
  T* find(std::size_t hash, Match match) {
    for (HashLink<T>* link = chains_[hash % Chains]; link; link = link->next_) {
      if (match(*link->object_)) return link->object_;
    }
    return nullptr;
  }
  // visit() changes nothing here.
  template <typename Visit>
  void for_each(Visit visit) {
    for (HashLink<T>* chain : chains_) {
      for (HashLink<T>* link = chain; link; link = link->next_) visit(*link->object_);
    }
  }

 private:
  HashLink<T>* chains_[Chains] = {};
};

}  // namespace kernel::net::inet
