#include "host/weights/torch_script.hpp"

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>

#include "host/error.hpp"
#include "host/weights/mapped_file.hpp"
#include "host/weights/zip_archive.hpp"

namespace moonlab::weights {

// The only file that includes LibTorch's jit headers: they cost some ten seconds.
struct TorchScript::Script {
  torch::jit::Module module;
  std::vector<std::pair<size_t, std::string>> tensors;  // slots of the module's own tensors, and their names here
};

namespace {

std::string own_name(const torch::jit::Module& module) {
  const auto name = module.type()->name();
  return name ? name->name() : "";
}

// LibTorch's texts end in traces of its own sources; the first lines say what is wrong.
std::string first_lines(std::string text) {
  for (const char* tail : {"\nException raised from", "\nC++ CapturedTraceback"})
    if (const auto at = text.find(tail); at != text.npos) text.erase(at);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

// A stranger's archive goes to LibTorch only when its directory is sound and holds code.
void check_archive(const std::string& path) {
  const auto file = MappedFile::open(path);
  if (!ZipArchive::looks_like_one(file->bytes())) fail(path, ": no TorchScript archive: it is no zip file");
  const ZipArchive archive(file->bytes(), path);
  bool code = false, data = false;
  for (const auto& entry : archive.entries()) {
    code = code || entry.name.find("/code/") != entry.name.npos || entry.name.ends_with("/constants.pkl");
    data = data || entry.name.ends_with("/data.pkl");
  }
  if (data && !code) fail(path, ": holds weights without code; torch.load reads it");
  if (!code || !data) fail(path, ": no TorchScript archive: it has no ", data ? "code" : "data.pkl");
}

}  // namespace

std::shared_ptr<TorchScript> TorchScript::load(const std::string& path, std::optional<at::Device> device) {
  check_archive(path);
  try {
    auto script = std::make_unique<Script>();
    script->module = torch::jit::load(path, device);
    auto loaded = std::make_shared<TorchScript>(std::move(script));
    loaded->train(false);
    loaded->requires_grad(false);
    return loaded;
  } catch (const c10::Error& e) {
    fail(path, ": cannot be loaded as TorchScript: ", first_lines(e.what_without_backtrace()));
  } catch (const Error&) {
    throw;
  } catch (const std::exception& e) {  // the parser of its code has its own
    fail(path, ": cannot be loaded as TorchScript: ", first_lines(e.what()));
  }
}

TorchScript::TorchScript(std::unique_ptr<Script> script) : nn::Module("ScriptModule"), script_(std::move(script)) {
  const auto object = script_->module._ivalue();
  const auto& type = *object->type();
  for (size_t i = 0; i < type.numAttributes(); ++i) {
    const auto& name = type.getAttributeName(i);
    const c10::IValue& value = object->getSlot(i);
    if (value.isModule()) {
      auto part = std::make_unique<Script>();
      part->module = torch::jit::Module(value.toObject());
      set_child(name, std::make_shared<TorchScript>(std::move(part)));
    } else if (type.is_parameter(i) && (value.isTensor() || value.isNone())) {
      // the script's own tensor, so that what is done to one side is seen on the other
      register_parameter(name, at::Tensor(), false);
      if (value.isTensor()) find(name)->value = value.toTensor();
      script_->tensors.emplace_back(i, name);
    } else if (value.isTensor() && !type.is_parameter(i)) {
      register_buffer(name, at::Tensor());
      find(name)->value = value.toTensor();
      script_->tensors.emplace_back(i, name);
    }
  }
  training_ = script_->module.is_training();
}

TorchScript::~TorchScript() = default;

// Tensors that took a place here (load_state_dict with assign, to_empty) take it in the script as well.
void TorchScript::follow() {
  const auto object = script_->module._ivalue();
  for (const auto& [slot, name] : script_->tensors) {
    const at::Tensor& value = find(name)->value;
    const c10::IValue& held = object->getSlot(slot);
    if (value.defined() && !(held.isTensor() && held.toTensor().is_same(value))) object->setSlot(slot, value);
  }
  for (const auto& [name, child] : children())
    if (auto* part = dynamic_cast<TorchScript*>(child.get())) part->follow();
}

std::vector<std::string> TorchScript::methods() const {
  std::vector<std::string> names;
  for (const auto& method : script_->module.get_methods()) names.push_back(method.name());
  std::sort(names.begin(), names.end());
  return names;
}

const c10::FunctionSchema& TorchScript::schema(const std::string& method) const {
  if (auto found = script_->module.find_method(method)) return found->function().getSchema();
  const auto names = methods();
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  fail(own_name(script_->module), ": no method '", method, "'", did_you_mean(method, names), " (", list, ")");
}

c10::IValue TorchScript::invoke(const std::string& method, std::vector<c10::IValue> inputs,
                                const std::unordered_map<std::string, c10::IValue>& keywords) {
  schema(method);
  follow();
  try {
    return script_->module.get_method(method)(std::move(inputs), keywords);
  } catch (const c10::Error& e) {
    fail(own_name(script_->module), ".", method, ": ", first_lines(e.what_without_backtrace()));
  } catch (const Error&) {
    throw;
  } catch (const std::exception& e) {  // raised by the script, with its own trace
    fail(own_name(script_->module), ".", method, ": ", first_lines(e.what()));
  }
}

nn::Tensors TorchScript::forward(const nn::Tensors& inputs) {
  std::vector<c10::IValue> values;
  for (const auto& input : inputs) values.push_back(input.defined() ? c10::IValue(input) : c10::IValue());
  const c10::IValue result = invoke("forward", std::move(values));
  if (result.isTensor()) return {result.toTensor()};
  if (result.isTensorList()) return result.toTensorVector();
  nn::Tensors outputs;
  const bool several = result.isTuple();
  if (several) {
    for (const auto& item : result.toTupleRef().elements()) {
      if (!item.isTensor() && !item.isNone()) break;
      outputs.push_back(item.isTensor() ? item.toTensor() : at::Tensor());
    }
  }
  if (!several || outputs.size() != result.toTupleRef().elements().size()) {
    fail(own_name(script_->module), ".forward returns ", result.type()->str(),
         ": inside another module it must be tensors");
  }
  return outputs;
}

std::string TorchScript::describe() const { return "original_name=" + own_name(script_->module); }

void TorchScript::train(bool on) {
  nn::Module::train(on);
  // a module without a training flag (one that was frozen) has only the one mode
  if (script_->module.hasattr("training")) script_->module.setattr("training", on);
}

}  // namespace moonlab::weights
