// What turns a sample into features.
#pragma once

#include "host/nn/module.hpp"

namespace moonlab::nn {

/// A trunk: forward gives [B, features()] and nothing else.
class Backbone : public Module {
 public:
  Backbone(std::string kind, int64_t width) : Module(std::move(kind)), width_(width) {}
  int64_t features() const override { return width_; }
  void train(bool on) override;

  /// The parts in the order in which an input passes them, each a list of dotted names of modules or parameters: what
  /// is frozen goes stage by stage from the input on, and so do learning rates. Every child that has parameters, where
  /// a network says nothing else.
  using Stages = std::vector<std::vector<std::string>>;
  virtual Stages stages() const;

 protected:
  /// Weights of the first `count` stages are not trained and their batch statistics stay; -1: of all. To be called at
  /// the end of a constructor.
  void freeze(int64_t count);

  int64_t width_;

 private:
  std::vector<std::shared_ptr<Module>> frozen_;
};

}  // namespace moonlab::nn
