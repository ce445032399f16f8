// Random streams by purpose, all from one seed, so that an ablation changes one thing.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace moonlab {

/// A seed for one purpose ("init", "order", "augment", "decode", "dropout") and, where it belongs to one sample or
/// one epoch, its index. Different purposes and indices give unrelated seeds; equal ones give equal seeds everywhere.
uint64_t derive_seed(uint64_t seed, std::string_view purpose, uint64_t index = 0) noexcept;

/// A CPU generator of its own, started from derive_seed.
at::Generator stream(uint64_t seed, std::string_view purpose, uint64_t index = 0);

/// Restarts the default generators of every device from a seed, as torch.manual_seed does; devices that are opened
/// later start from it too (seed_device, called by who opens one).
void seed_all(uint64_t seed);
/// The same for the GPUs alone, opened or not.
void seed_cuda(uint64_t seed);
void seed_device(c10::DeviceType type);

/// The generator that operators on this device use where none is given.
at::Generator default_generator(const std::string& device);

/// A generator of its own on a device ("cpu", "cuda:1").
at::Generator make_generator(uint64_t seed, const std::string& device);

/// State of a generator as uint8 tensor, and back; an undefined generator is the CPU's default one.
at::Tensor generator_state(const at::Generator& generator);
void set_generator_state(const at::Generator& generator, const at::Tensor& state);
uint64_t generator_seed(const at::Generator& generator);
void set_generator_seed(const at::Generator& generator, uint64_t seed);
std::string generator_device(const at::Generator& generator);

/// A seed that nobody can foresee, of 53 bits.
uint64_t random_seed();

}  // namespace moonlab
