// TorchScript archives (torch.jit.save) as modules: their parts, parameters and buffers under PyTorch's names,
// callable.
//
// Loaded frozen: in evaluation mode, parameters without gradient; train() and requires_grad() undo that. Their code is
// TorchScript, run by LibTorch's interpreter: it computes with tensors and reaches neither files nor other programs.
#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/nn/module.hpp"

namespace moonlab::weights {

class TorchScript : public nn::Module {
 public:
  /// Reads an archive; with a device, its tensors go there rather than where they were saved from. Throws Error that
  /// names the file: no such file, no zip archive or a broken one, weights without code, code of a newer LibTorch.
  static std::shared_ptr<TorchScript> load(const std::string& path, std::optional<at::Device> device);
  ~TorchScript() override;

  /// Calls a method with any values of TorchScript. Arguments are checked against its schema.
  c10::IValue invoke(const std::string& method, std::vector<c10::IValue> inputs,
                     const std::unordered_map<std::string, c10::IValue>& keywords = {});
  /// What a method takes, its first argument (self) left in. Throws Error with the nearest name and the list of
  /// methods.
  const c10::FunctionSchema& schema(const std::string& method) const;
  std::vector<std::string> methods() const;

  /// forward() for parents in C++: tensors in (undefined: None), a tensor or a tuple or list of tensors out.
  nn::Tensors forward(const nn::Tensors& inputs) override;
  std::string describe() const override;
  void train(bool on) override;

  struct Script;  // LibTorch's module
  explicit TorchScript(std::unique_ptr<Script> script);

 private:
  void follow();

  std::unique_ptr<Script> script_;
};

}  // namespace moonlab::weights
