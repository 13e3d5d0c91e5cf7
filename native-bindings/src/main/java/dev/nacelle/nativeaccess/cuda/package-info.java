/**
 * The CUDA driver and its run-time compiler: devices, contexts, modules, streams, events, memory of
 * the device, pools of it, pinned memory, launches, and programs compiled by NVRTC. Handles are
 * plain longs inside, objects that close outside; an error has the driver's own name for it, the
 * call, and of a launch the grid and the shapes. What to launch does not belong here.
 *
 * <p>All objects of a context may be used by any thread, one at a time; each call makes its context
 * the thread's current one first, which is the primary context that LibTorch uses too.
 */
@NullMarked
package dev.nacelle.nativeaccess.cuda;

import org.jspecify.annotations.NullMarked;
