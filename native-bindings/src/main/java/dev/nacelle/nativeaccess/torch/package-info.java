/**
 * LibTorch through its stable C interface: owned handles with an explicit life, the dispatcher that
 * calls any ATen operator by name, and one small class for each group of operators that we call.
 * Begin at {@link dev.nacelle.nativeaccess.torch.TorchBackend#load}; nothing of LibTorch is opened
 * before. Autograd is off: what is saved for backward, the tape decides.
 *
 * <p>A handle belongs to whoever got it: close it, or give it to a {@link
 * dev.nacelle.nativeaccess.torch.TorchScope}. The garbage collector frees nothing here. A handle is
 * used by one thread at a time. After warm-up a call makes no garbage beyond the Java face of its
 * result, and that one is usually optimised away.
 *
 * <p>A group of operators is added by copying the smallest one: a direct shim where the C interface
 * has one (it takes scalars), else {@link dev.nacelle.nativeaccess.torch.TorchOperator}.
 */
@NullMarked
package dev.nacelle.nativeaccess.torch;

import org.jspecify.annotations.NullMarked;
