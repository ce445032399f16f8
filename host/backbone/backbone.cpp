#include "host/backbone/backbone.hpp"

#include "host/error.hpp"

namespace moonlab::nn {

void Backbone::train(bool on) {
  Module::train(on);
  for (auto& module : frozen_) module->train(false);
}

Backbone::Stages Backbone::stages() const {
  Stages all;
  for (const auto& [name, held] : children())
    if (held->count() > 0) all.push_back({name});
  return all;
}

void Backbone::freeze(int64_t count) {
  const Stages all = stages();
  const auto n = static_cast<int64_t>(all.size());
  if (count < -1 || count > n) fail(kind(), ": freeze takes a number of stages up to ", n, ", got ", count);
  for (int64_t i = 0; i < (count < 0 ? n : count); ++i)
    for (const auto& name : all[i]) {
      std::shared_ptr<Module> at;
      for (size_t from = 0, dot; from != name.npos; from = dot == name.npos ? dot : dot + 1) {
        dot = name.find('.', from);
        const std::string part = name.substr(from, dot == name.npos ? dot : dot - from);
        Module& owner = at ? *at : *this;
        if (Entry* entry = owner.find(part)) entry->value.set_requires_grad(false), at = nullptr;
        else at = owner.part(part);
      }
      if (!at) continue;
      at->requires_grad(false);
      frozen_.push_back(at);
    }
  train(training());
}

}  // namespace moonlab::nn
