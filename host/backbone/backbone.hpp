// What turns a sample into features.
#pragma once

#include "host/nn/module.hpp"

namespace moonlab::nn {

/// A trunk: forward gives [B, features()] and nothing else.
class Backbone : public Module {
 public:
  Backbone(std::string kind, int64_t width) : Module(std::move(kind)), width_(width) {}
  int64_t features() const override { return width_; }

 protected:
  int64_t width_;
};

}  // namespace moonlab::nn
