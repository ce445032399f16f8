# Debian packages. LuaJIT and libedit have no CMake files of their own: pkg-config knows them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(nlohmann_json 3.9 REQUIRED)
find_package(Catch2 2 REQUIRED)
find_package(JPEG REQUIRED)
pkg_check_modules(LUAJIT REQUIRED IMPORTED_TARGET luajit)
pkg_check_modules(EDIT REQUIRED IMPORTED_TARGET libedit)
pkg_check_modules(MD REQUIRED IMPORTED_TARGET libmd)
add_library(luajit ALIAS PkgConfig::LUAJIT)
add_library(edit ALIAS PkgConfig::EDIT)
add_library(md ALIAS PkgConfig::MD)

# Scripts make and drop tensors by the thousand: mimalloc takes a seventh off a small operator (tests/bench/dispatch.lua).
find_library(MIMALLOC mimalloc)
find_path(MIMALLOC_INCLUDE mimalloc.h)

# OpenCV's own CMake files come with libopencv-dev alone, which brings all of its modules.
find_path(OPENCV_INCLUDE opencv2/imgcodecs.hpp PATH_SUFFIXES opencv4 REQUIRED)
add_library(opencv INTERFACE)
target_include_directories(opencv SYSTEM INTERFACE ${OPENCV_INCLUDE})
foreach(part core imgproc imgcodecs)
  find_library(OPENCV_${part} opencv_${part} REQUIRED)
  target_link_libraries(opencv INTERFACE ${OPENCV_${part}})
endforeach()
