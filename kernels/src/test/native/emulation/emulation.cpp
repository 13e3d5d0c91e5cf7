/*
 * Runs a grid: block after block, each block's threads as fibers that switch when they wait. A thread
 * that never waits costs no switch but its own start, and gives its stack to the next.
 *
 * A launch that went wrong returns a sentence; the fibers that were under way are dropped where they
 * stand. Kernels own nothing that would have to be released.
 */
#include "emulation.h"

#include <mutex>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string>
#include <sys/mman.h>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

/* Saves the registers that a call must keep on the stack, *from = the stack, and goes on at `to`. */
#if defined(__x86_64__)
asm(R"(
.text
.type emulation_switch, @function
emulation_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size emulation_switch, .-emulation_switch
)");
static const int SAVED = 6;
#elif defined(__aarch64__)
asm(R"(
.text
.type emulation_switch, %function
emulation_switch:
  sub sp, sp, #160
  stp x19, x20, [sp]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size emulation_switch, .-emulation_switch
)");
#else
#error "fibers are written for x86-64 and aarch64"
#endif
extern "C" void emulation_switch(void **from, void *to);

namespace emulation {

Thread *now;
Launch launch;

namespace {

/* Enough for the kernels' arrays, also with a sanitizer's room around each. */
const size_t STACK = 256 << 10;
/* What every GPU of the list gives a block without being asked for more. */
const size_t SHARED = 48 << 10;
const size_t ZONE = 64;
const unsigned char POISON = 0xff; /* NaN in every storage type */

enum State { FRESH, READY, AT_BARRIER, IN_WARP, ENDED };

struct Fiber : Thread {
  State state;
  void *stack, *saved, *fake;
  Site site;
  int phase; /* of its exchanges with the warp */
};

struct Warp {
  uint64_t values[2][32];
  int arrived;
  Site site;
};

struct Piece {
  const void *key;
  const char *name;
  size_t at, bytes;
};

Kernel *kernels;
const Kernel *kernel;
void **arguments;
std::vector<Fiber> fibers;
std::vector<Warp> warps;
std::vector<void *> stacks; /* free ones */
std::vector<Piece> pieces;
alignas(256) unsigned char memory[2 * SHARED];
size_t used, dynamic_bytes;
void *scheduler;
[[maybe_unused]] void *scheduler_fake;
[[maybe_unused]] const void *scheduler_bottom;
[[maybe_unused]] size_t scheduler_size;
Fiber *fiber;
int at_barrier, ended;
std::string problem;
int64_t launches;

void to_scheduler(bool last) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(last ? nullptr : &fiber->fake, scheduler_bottom, scheduler_size);
#else
  (void)last;
#endif
  Fiber *self = fiber;
  emulation_switch(&self->saved, scheduler);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(self->fake, &scheduler_bottom, &scheduler_size);
#endif
}

void body() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &scheduler_bottom, &scheduler_size);
#endif
  kernel->call(kernel->function, arguments);
  fiber->state = ENDED;
  to_scheduler(true);
  abort();
}

void prepare(Fiber *f) {
  if (stacks.empty()) {
    /* The lowest page is a wall: a stack that runs over ends here and not in its neighbour. */
    void *room = mmap(nullptr, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) abort();
    mprotect(room, 4096, PROT_NONE);
    stacks.push_back(room);
  }
  f->stack = stacks.back();
  stacks.pop_back();
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region((char *)f->stack + 4096, STACK - 4096);
#endif
  void **top = (void **)((char *)f->stack + STACK);
#if defined(__x86_64__)
  /* As after a call: the address to return to, at 8 below a multiple of 16. */
  *--top = nullptr;
  *--top = (void *)body;
  for (int i = 0; i < SAVED; i++) *--top = nullptr;
#else
  top -= 20;
  memset(top, 0, 160);
  top[11] = (void *)body;
#endif
  f->saved = top;
}

void resume(Fiber *f) {
  if (f->state == FRESH) prepare(f);
  f->state = READY;
  fiber = f;
  now = f;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&scheduler_fake, f->stack, STACK);
#endif
  emulation_switch(&scheduler, f->saved);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(scheduler_fake, nullptr, nullptr);
#endif
  if (f->state == ENDED) {
    ended++;
    stacks.push_back(f->stack);
    f->stack = nullptr;
  }
}

std::string place(const Site &site) {
  return std::string(site.what) + " at " + site.file + ":" + std::to_string(site.line);
}

std::string describe(const Fiber &f) {
  std::string text = "thread " + std::to_string(f.number);
  return f.state == ENDED ? text + " has ended" : text + " waits in " + place(f.site);
}

void poison_shared() {
  memset(memory, POISON, sizeof(memory));
  pieces.clear();
  used = dynamic_bytes == 0 ? 0 : (dynamic_bytes + ZONE + 255) / 256 * 256;
#if defined(__SANITIZE_ADDRESS__)
  __asan_poison_memory_region(memory, sizeof(memory));
  __asan_unpoison_memory_region(memory, dynamic_bytes);
#endif
}

void hold(size_t from, size_t to, const char *name) {
#if !defined(__SANITIZE_ADDRESS__)
  for (size_t i = from; i < to && problem.empty(); i++)
    if (memory[i] != POISON)
      problem = std::string("wrote behind the end of the shared memory '") + name + "'";
#else
  (void)from;
  (void)to;
  (void)name;
#endif
}

/* The zones between the pieces of shared memory must be as they were. */
void check_zones() {
  size_t end = dynamic_bytes;
  const char *name = "of the launch";
  for (const Piece &piece : pieces) {
    hold(end, piece.at, name);
    end = piece.at + piece.bytes;
    name = piece.name;
  }
  hold(end, end + ZONE, name);
}

void run_block(bool backwards) {
  int threads = (int)fibers.size();
  poison_shared();
  at_barrier = 0;
  ended = 0;
  for (Warp &warp : warps) warp.arrived = 0;
  for (int i = 0; i < threads; i++) {
    Fiber &f = fibers[i];
    f.number = i;
    f.thread = {(uint32_t)i % launch.block.x, (uint32_t)i / launch.block.x % launch.block.y,
                (uint32_t)i / launch.block.x / launch.block.y};
    f.state = FRESH;
    f.phase = 0;
    f.stack = nullptr;
  }
  while (ended < threads && problem.empty()) {
    bool moved = false;
    for (int i = 0; i < threads && problem.empty(); i++) {
      Fiber *f = &fibers[backwards ? threads - 1 - i : i];
      if (f->state == FRESH || f->state == READY) {
        resume(f);
        moved = true;
      }
    }
    if (at_barrier == threads) {
      at_barrier = 0;
      for (Fiber &f : fibers) f.state = READY;
      moved = true;
    }
    if (!moved && ended < threads && problem.empty()) {
      const Fiber *waits = nullptr, *other = nullptr;
      for (const Fiber &f : fibers)
        if (f.state != ENDED && (!waits || waits->state == IN_WARP)) waits = &f;
      for (const Fiber &f : fibers)
        if (&f != waits && (f.state != waits->state || f.site.line != waits->site.line)) other = &f;
      problem = "divergent barrier: " + describe(*waits) + ", but " +
                (other ? describe(*other) : "nobody else comes");
    }
  }
  if (problem.empty()) check_zones();
  for (Fiber &f : fibers)
    if (f.stack) stacks.push_back(f.stack);
}

std::string refuse(const char *signature, int64_t shared) {
  int64_t threads = (int64_t)launch.block.x * launch.block.y * launch.block.z;
  if (strcmp(signature, kernel->signature) != 0)
    return std::string("takes ") + kernel->signature + ", given " + signature;
  if (threads < 1 || threads > kernel->threads)
    return "takes blocks of at most " + std::to_string(kernel->threads) + " threads, given " +
           std::to_string(threads);
  if (threads % 32 != 0) return "takes whole warps, given " + std::to_string(threads) + " threads";
  if (launch.grid.x < 1 || launch.grid.x > 0x7fffffffu || launch.grid.y < 1 ||
      launch.grid.y > 65535 || launch.grid.z < 1 || launch.grid.z > 65535)
    return "cannot have a grid of " + std::to_string(launch.grid.x) + ", " +
           std::to_string(launch.grid.y) + ", " + std::to_string(launch.grid.z);
  if (shared < 0 || shared > (int64_t)SHARED)
    return "cannot have " + std::to_string(shared) + " bytes of shared memory";
  return "";
}

} // namespace

void add(Kernel *k) {
  k->next = kernels;
  kernels = k;
}

void fail(const char *format, ...) {
  char text[512];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof(text), format, list);
  va_end(list);
  problem = text;
  fiber->state = IN_WARP;
  to_scheduler(false);
  abort();
}

void block_barrier(const Site &site) {
  for (const Fiber &f : fibers)
    if (f.state == AT_BARRIER && f.site.line != site.line)
      fail("divergent barrier: thread %d is in %s:%d, thread %d in %s:%d", fiber->number, site.file,
           site.line, f.number, f.site.file, f.site.line);
  fiber->site = site;
  fiber->state = AT_BARRIER;
  at_barrier++;
  to_scheduler(false);
}

const uint64_t *exchange(const Site &site, uint32_t mask, uint64_t value) {
  if (mask != 0xffffffffu) fail("%s at %s:%d with a mask of %x", site.what, site.file, site.line, mask);
  Warp &warp = warps[(size_t)fiber->number / 32];
  if (warp.arrived > 0 && (warp.site.line != site.line || strcmp(warp.site.what, site.what) != 0))
    fail("divergent warp: thread %d is in %s at %s:%d, others of its warp in %s:%d", fiber->number,
         site.what, site.file, site.line, warp.site.file, warp.site.line);
  const uint64_t *values = warp.values[fiber->phase];
  warp.values[fiber->phase][lane()] = value;
  warp.site = site;
  fiber->phase ^= 1;
  if (++warp.arrived == 32) {
    warp.arrived = 0;
    for (int i = 0; i < 32; i++) {
      Fiber &f = fibers[(size_t)fiber->number / 32 * 32 + (size_t)i];
      if (&f != fiber) f.state = READY;
    }
    return values;
  }
  fiber->site = site;
  fiber->state = IN_WARP;
  to_scheduler(false);
  return values;
}

void *shared(const void *key, const char *name, size_t bytes) {
  for (const Piece &piece : pieces)
    if (piece.key == key) return memory + piece.at;
  size_t total = dynamic_bytes + bytes;
  for (const Piece &piece : pieces) total += piece.bytes;
  if (total > SHARED) fail("%zu bytes of shared memory, a block has %zu", total, SHARED);
  pieces.push_back({key, name, used, bytes});
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(memory + used, bytes);
#endif
  used = (used + bytes + ZONE + 255) / 256 * 256;
  return memory + pieces.back().at;
}

void *dynamic_shared() { return memory; }

} // namespace emulation

using namespace emulation;

/*
 * Runs a grid to its end. `signature` has a letter for each argument, which must be the kernel's own.
 * Null when all went well, else a sentence that holds until the next launch.
 */
extern "C" __attribute__((visibility("default"))) const char *nk_emulation_launch(const char *name, const char *signature, int64_t grid_x,
                                           int64_t grid_y, int64_t grid_z, int64_t block_x,
                                           int64_t block_y, int64_t block_z, int64_t shared_bytes,
                                           void **values) {
  static std::mutex one;
  std::lock_guard<std::mutex> held(one);
  static std::string answer;
  kernel = kernels;
  while (kernel && strcmp(kernel->name, name) != 0) kernel = kernel->next;
  if (!kernel) {
    answer = std::string("no kernel is called ") + name;
    return answer.c_str();
  }
  launch.grid = {(uint32_t)grid_x, (uint32_t)grid_y, (uint32_t)grid_z};
  launch.block = {(uint32_t)block_x, (uint32_t)block_y, (uint32_t)block_z};
  problem = refuse(signature, shared_bytes);
  if (problem.empty()) {
    arguments = values;
    dynamic_bytes = (size_t)shared_bytes;
    fibers.resize((size_t)(block_x * block_y * block_z));
    warps.resize(fibers.size() / 32);
    launches++;
    for (uint32_t z = 0; z < launch.grid.z && problem.empty(); z++)
      for (uint32_t y = 0; y < launch.grid.y && problem.empty(); y++)
        for (uint32_t x = 0; x < launch.grid.x && problem.empty(); x++) {
          launch.at = {x, y, z};
          run_block((launches + x) % 2 != 0);
        }
  }
  if (problem.empty()) return nullptr;
  answer = std::string(name) + ": " + problem;
  char where[128];
  snprintf(where, sizeof(where), " (block %u, %u, %u of %u, %u, %u; %u threads)", launch.at.x,
           launch.at.y, launch.at.z, launch.grid.x, launch.grid.y, launch.grid.z,
           (unsigned)fibers.size());
  answer += where;
  return answer.c_str();
}

/* Names of all kernels, one a line. */
extern "C" __attribute__((visibility("default"))) const char *nk_emulation_kernels(void) {
  static std::string names;
  names.clear();
  for (const Kernel *k = kernels; k; k = k->next) names += std::string(k->name) + "\n";
  return names.c_str();
}

/* Forbids the bytes to everybody, or allows them again; 0 where this build has no AddressSanitizer. */
extern "C" __attribute__((visibility("default"))) int nk_emulation_forbid(void *from, int64_t bytes,
                                                                         int forbid) {
#if defined(__SANITIZE_ADDRESS__)
  if (forbid) {
    __asan_poison_memory_region(from, (size_t)bytes);
  } else {
    __asan_unpoison_memory_region(from, (size_t)bytes);
  }
  return 1;
#else
  (void)from;
  (void)bytes;
  (void)forbid;
  return 0;
#endif
}

extern "C" __attribute__((visibility("default"))) int64_t nk_emulation_launches(void) { return launches; }
