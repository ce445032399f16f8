#include "host/rng.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>

#include <optional>

#include "host/cuda.hpp"
#include "host/device.hpp"

namespace moonlab {

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit.
static uint64_t mix(uint64_t x) noexcept {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

uint64_t derive_seed(uint64_t seed, std::string_view purpose, uint64_t index) noexcept {
  uint64_t h = mix(seed);
  for (unsigned char c : purpose) h = mix(h ^ c);
  // 53 bits: Lua's numbers carry it exactly, so that it can be written down and set again
  return mix(h ^ mix(index)) >> 11;
}

at::Generator stream(uint64_t seed, std::string_view purpose, uint64_t index) {
  return at::detail::createCPUGenerator(derive_seed(seed, purpose, index));
}

static std::optional<uint64_t> device_seed;  // for devices that are not open yet

static void restart(at::Generator g, uint64_t seed) {
  std::lock_guard lock(g.mutex());
  g.set_current_seed(seed);
}

void seed_all(uint64_t seed) {
  // not at::manual_seed: it asks for CUDA's hooks, which are looked up once and for good, before CUDA is opened
  restart(at::detail::getDefaultCPUGenerator(), seed);
  seed_cuda(seed);
}

void seed_cuda(uint64_t seed) {
  device_seed = seed;
  if (cuda_is_open()) seed_device(c10::DeviceType::CUDA);
}

void seed_device(c10::DeviceType type) {
  if (!device_seed) return;
  const auto& hooks = at::globalContext().getAcceleratorHooksInterface(type);
  for (int i = 0; i < static_cast<int>(hooks.deviceCount()); ++i) restart(hooks.getDefaultGenerator(static_cast<c10::DeviceIndex>(i)), *device_seed);
}

at::Generator default_generator(const std::string& device) {
  const at::Device d = open_device(device);
  if (d.is_cpu()) return at::detail::getDefaultCPUGenerator();
  return at::globalContext().getAcceleratorHooksInterface(d.type()).getDefaultGenerator(d.index());
}

at::Generator make_generator(uint64_t seed, const std::string& device) {
  at::Device d = open_device(device);
  at::Generator g = d.is_cpu() ? at::detail::createCPUGenerator() : at::globalContext().getAcceleratorHooksInterface(d.type()).getNewGenerator(d.has_index() ? d.index() : cuda::current_device());
  g.set_current_seed(seed);
  return g;
}

static at::Generator or_default(const at::Generator& g) { return g.defined() ? g : at::detail::getDefaultCPUGenerator(); }

at::Tensor generator_state(const at::Generator& generator) {
  at::Generator g = or_default(generator);
  std::lock_guard lock(g.mutex());
  return g.get_state();
}

void set_generator_state(const at::Generator& generator, const at::Tensor& state) {
  at::Generator g = or_default(generator);
  std::lock_guard lock(g.mutex());
  g.set_state(state);
}

uint64_t generator_seed(const at::Generator& generator) { return or_default(generator).current_seed(); }

void set_generator_seed(const at::Generator& generator, uint64_t seed) { restart(or_default(generator), seed); }

uint64_t random_seed() { return c10::detail::getNonDeterministicRandom(/*is_cuda=*/true); }  // the form with 53 bits

std::string generator_device(const at::Generator& generator) { return or_default(generator).device().str(); }

}  // namespace moonlab
