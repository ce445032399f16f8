#include "host/tensor/profiler.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/record_function.h>
#include <c10/core/Allocator.h>
#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "host/device.hpp"
#include "host/error.hpp"
#include "host/script_place.hpp"
#include "host/tensor/cpu_memory.hpp"

namespace moonlab {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kEngine = "autograd::engine::evaluate_function: ";

std::string shapes_of(at::ArrayRef<const c10::IValue> inputs) {
  std::string text;
  for (const auto& v : inputs) {
    if (!v.isTensor() || !v.toTensor().defined()) continue;
    if (!text.empty()) text += ", ";
    text += '[';
    bool first = true;
    for (int64_t n : v.toTensor().sizes()) {
      if (!first) text += ", ";
      text += std::to_string(n);
      first = false;
    }
    text += ']';
  }
  return text;
}

struct RowKey {
  uint32_t name, shapes, place;
  bool backward;
  bool operator==(const RowKey&) const = default;
};

struct RowHash {
  size_t operator()(const RowKey& k) const {
    return ((k.name * size_t{0x9e3779b97f4a7c15} + k.shapes) * 0x9e3779b97f4a7c15 + k.place) * 2 + k.backward;
  }
};

/// Texts as numbers.
class Texts {
 public:
  uint32_t of(const std::string& text) {
    auto [at, added] = numbers_.try_emplace(text, static_cast<uint32_t>(all_.size()));
    if (added) all_.push_back(text);
    return at->second;
  }
  const std::string& operator[](uint32_t i) const { return all_[i]; }

 private:
  std::unordered_map<std::string, uint32_t> numbers_;
  std::vector<std::string> all_;
};

}  // namespace

struct Profiler::Recorder : c10::MemoryReportingInfoBase {
  /// An operator that runs now.
  struct Open {
    uint32_t row, name, place;
    bool backward, engine;
    bool outermost;  // no operator of this name around it: only then its whole time counts as the name's
    Clock::time_point begin;
    Clock::duration inside{0};  // time of the operators called from it
    int64_t timing = -1;        // index into timings
  };
  /// Events on the GPU around one call, read at the end.
  struct Timing {
    c10::Event begin, end;
    uint32_t row;
    int64_t parent;
    bool outermost;
    double inside = 0;
  };

  ProfileOptions options;
  Clock::time_point began = Clock::now();
  Texts texts;
  std::vector<Open> open;
  std::vector<uint32_t> open_names;  // how often each name is open
  std::unordered_map<RowKey, uint32_t, RowHash> numbers;
  std::vector<Timing> timings;
  std::unordered_map<int64_t, uint32_t> places;  // line by the sequence number of the node made there
  Profile profile;
  int64_t level = 0;
  at::CallbackHandle handle = 0;
  bool reporting = false;

  static thread_local Recorder* active;

  uint32_t row(const RowKey& key) {
    auto [at, added] = numbers.try_emplace(key, static_cast<uint32_t>(profile.rows.size()));
    if (added) {
      ProfileRow r;
      r.name = texts[key.name];
      r.shapes = texts[key.shapes];
      r.place = texts[key.place];
      r.backward = key.backward;
      profile.rows.push_back(std::move(r));
    }
    return at->second;
  }

  void enter(const at::RecordFunction& f) {
    std::string_view name = f.name();
    const bool engine = name.substr(0, kEngine.size()) == kEngine;
    Open o{};
    const bool node = f.scope() == at::RecordScope::BACKWARD_FUNCTION;
    // inside an operator a hook or a custom function may run script again; its operators keep the outer line
    o.place = open.empty() ? texts.of(script_place()) : open.back().place;
    o.backward = engine || node || (!open.empty() && open.back().backward);
    if (!node && f.seqNr() >= 0) places[f.seqNr()] = o.place;
    if (auto made = node ? places.find(f.seqNr()) : places.end(); made != places.end()) {
      o.place = made->second;
      // the engine's own entry around this node cannot say which it is
      if (Open* around = open.empty() ? nullptr : &open.back(); around && around->engine) {
        around->place = o.place;
        around->row = row({around->name, texts.of(""), o.place, true});
      }
    }
    o.engine = engine;
    std::string shown(engine ? std::string(name.substr(kEngine.size())) + " (engine)" : std::string(name));
    if (shown.rfind("aten::", 0) == 0) shown.erase(0, 6);
    o.name = texts.of(shown);
    const uint32_t shapes = texts.of(options.shapes && !engine ? shapes_of(f.inputs()) : "");
    o.row = row({o.name, shapes, o.place, o.backward});
    if (open_names.size() <= o.name) open_names.resize(o.name + 1);
    o.outermost = open_names[o.name]++ == 0;
    if (options.device) {
      const c10::impl::VirtualGuardImpl guard(c10::DeviceType::CUDA);
      o.timing = static_cast<int64_t>(timings.size());
      int64_t parent = open.empty() ? -1 : open.back().timing;
      timings.push_back({c10::Event(c10::DeviceType::CUDA, c10::EventFlag::BACKEND_DEFAULT),
                         c10::Event(c10::DeviceType::CUDA, c10::EventFlag::BACKEND_DEFAULT), o.row, parent, o.outermost});
      timings.back().begin.record(guard.getStream(guard.getDevice()));
    }
    o.begin = Clock::now();
    open.push_back(o);
  }

  void leave() {
    const auto now = Clock::now();
    Open o = open.back();
    open.pop_back();
    --open_names[o.name];
    const auto took = now - o.begin;
    auto seconds = [](Clock::duration d) { return std::chrono::duration<double>(d).count(); };
    if (!open.empty()) open.back().inside += took;
    ProfileRow& r = profile.rows[o.row];
    ++r.calls;
    ++profile.calls;
    r.self += seconds(took - o.inside);
    if (o.outermost) r.total += seconds(took);
    if (profile.events.size() < Profile::kMaxEvents) profile.events.push_back({o.row, seconds(o.begin - began), seconds(took)});
    if (o.timing >= 0) {
      const c10::impl::VirtualGuardImpl guard(c10::DeviceType::CUDA);
      timings[o.timing].end.record(guard.getStream(guard.getDevice()));
    }
  }

  void read_timings() {
    if (timings.empty()) return;
    synchronize(at::Device(c10::DeviceType::CUDA));
    // a call stands after the one around it, so that from the back everything inside is known
    for (size_t i = timings.size(); i-- > 0;) {
      Timing& t = timings[i];
      const double took = t.begin.elapsedTime(t.end) / 1e3;
      if (t.parent >= 0) timings[t.parent].inside += took;
      profile.rows[t.row].device_self += std::max(0.0, took - t.inside);
      if (t.outermost) profile.rows[t.row].device_total += took;
    }
    timings.clear();
  }

  void allocated(int64_t requested, int64_t actual) {
    level += actual;
    profile.peak = std::max(profile.peak, level);
    if (requested > 0 && !open.empty()) profile.rows[open.back().row].allocated += requested;
  }
  static void on_cpu_memory(int64_t requested, int64_t actual) {
    if (active) active->allocated(requested, actual);
  }
  // the allocators of devices report here; the CPU's would complain of blocks from before, and is counted by our own
  void reportMemoryUsage(void*, int64_t bytes, size_t, size_t, c10::Device) override {
    if (active == this) allocated(bytes, bytes);  // else a thread that LibTorch gave this one's state
  }
  bool memoryProfilingEnabled() const override { return false; }

  static std::unique_ptr<at::ObserverContext> on_begin(const at::RecordFunction& f) {
    if (active) active->enter(f);
    return nullptr;
  }
  static void on_end(const at::RecordFunction&, at::ObserverContext*) {
    if (active && !active->open.empty()) active->leave();
  }

  void end() {
    if (active != this) return;
    at::removeCallback(handle);
    if (reporting) {
      observe_cpu_memory(nullptr);
      c10::ThreadLocalDebugInfo::_pop(c10::DebugInfoKind::PROFILER_STATE);
    }
    active = nullptr;
    profile.wall = std::chrono::duration<double>(Clock::now() - began).count();
  }
};

thread_local Profiler::Recorder* Profiler::Recorder::active = nullptr;

Profiler::Profiler(const ProfileOptions& options) {
  if (Recorder::active) fail("a profile is being recorded already; it ends with the function it was given");
  recorder_ = std::make_shared<Recorder>();
  recorder_->options = options;
  if (options.device && !cuda_is_open()) recorder_->options.device = false;
  recorder_->handle = at::addThreadLocalCallback(
      at::RecordFunctionCallback(Recorder::on_begin, Recorder::on_end)
          .needsInputs(options.shapes)
          .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION, at::RecordScope::USER_SCOPE}));
  if (options.memory) {
    c10::ThreadLocalDebugInfo::_push(c10::DebugInfoKind::PROFILER_STATE, recorder_);
    observe_cpu_memory(Recorder::on_cpu_memory);
    recorder_->reporting = true;
  }
  Recorder::active = recorder_.get();
  recorder_->began = Clock::now();
}

Profiler::~Profiler() { recorder_->end(); }

Profile Profiler::stop() {
  recorder_->end();
  recorder_->read_timings();
  return std::move(recorder_->profile);
}

struct ProfileSpan::Impl {
  at::RecordFunction record{at::RecordScope::USER_SCOPE};
};

ProfileSpan::ProfileSpan(const std::string& name) : impl_(new Impl) {
  if (impl_->record.isActive()) impl_->record.before(name, -1);
}
ProfileSpan::~ProfileSpan() = default;

void Profile::write_chrome_trace(const std::string& path) const {
  std::ofstream file(path);
  auto text = [](const std::string& s) { return nlohmann::json(s).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace); };
  const long process = ::getpid();
  file << "{\"displayTimeUnit\": \"ms\", \"traceEvents\": [\n"
       << "{\"ph\": \"M\", \"name\": \"process_name\", \"pid\": " << process << ", \"tid\": 0, \"args\": {\"name\": \"moonlab\"}}";
  file.precision(3);
  file << std::fixed;
  for (const auto& e : events) {
    const ProfileRow& r = rows[e.row];
    file << ",\n{\"ph\": \"X\", \"cat\": " << (r.backward ? "\"backward\"" : "\"operator\"") << ", \"name\": " << text(r.name)
         << ", \"pid\": " << process << ", \"tid\": 0, \"ts\": " << e.begin * 1e6 << ", \"dur\": " << e.length * 1e6 << ", \"args\": {\"line\": " << text(r.place);
    if (!r.shapes.empty()) file << ", \"shapes\": " << text(r.shapes);
    file << "}}";
  }
  file << "\n]}\n";
  file.close();
  if (!file) fail("cannot write the trace to ", path);
}

}  // namespace moonlab
