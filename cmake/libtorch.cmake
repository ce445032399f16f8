# LibTorch by path: find_package(Torch) would insist on a CUDA toolkit with a CUDA build.
# MOONLAB_TORCH names a folder that holds include/ and lib/ (an unpacked libtorch, or the torch/ folder of a wheel).
set(MOONLAB_TORCH "$ENV{MOONLAB_TORCH}" CACHE PATH "folder of LibTorch with include/ and lib/")
if(NOT EXISTS "${MOONLAB_TORCH}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "no LibTorch at '${MOONLAB_TORCH}': ./moonlab fetches one, or set MOONLAB_TORCH=/path/to/libtorch (CPU or CUDA, 2.11 or newer)")
endif()
add_library(libtorch INTERFACE)
target_include_directories(libtorch SYSTEM INTERFACE
  ${MOONLAB_TORCH}/include ${MOONLAB_TORCH}/include/torch/csrc/api/include)
target_link_libraries(libtorch INTERFACE ${MOONLAB_TORCH}/lib/libtorch_cpu.so ${MOONLAB_TORCH}/lib/libc10.so)
# The CUDA build's libtorch_cpu needs the CUDA runtime, found through its own rpath; the linker need not resolve it.
target_link_options(libtorch INTERFACE -Wl,--allow-shlib-undefined -Wl,-rpath,${MOONLAB_TORCH}/lib)
