#include "host/thread/random.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <dlfcn.h>

#include <mutex>

#include "host/error.hpp"

static thread_local at::Generator own;

// LibTorch has one default CPU generator for all threads: two workers that draw from it get numbers that depend on who
// came first. All of LibTorch asks for it through this function, which is not bound inside the library: a definition
// in the program comes before it. tests/host/thread/worker.cpp fails should a LibTorch bind it.
namespace at::detail {

const Generator& getDefaultCPUGenerator() {
  if (own.defined()) return own;
  using Get = const Generator& (*)();
  static const Get original = reinterpret_cast<Get>(dlsym(RTLD_NEXT, "_ZN2at6detail22getDefaultCPUGeneratorEv"));
  if (!original) moonlab::fail("this LibTorch has no default CPU generator");
  return original();
}

}  // namespace at::detail

namespace moonlab::thread {

void own_default_generator(uint64_t seed) {
  if (!own.defined()) own = at::detail::createCPUGenerator(seed);
  std::lock_guard lock(own.mutex());
  own.set_current_seed(seed);
}

}  // namespace moonlab::thread
